"""Which mailboxes a person may open here."""

from __future__ import annotations

from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.query import get_or_not_found
from kanton.organizations.policies.errors import SecondFactorNeeded
from kanton.organizations.policies.queries import meets
from kanton.products.mail.errors import InMaintenance
from kanton.products.mail.models import Mailbox
from kanton.products.mail.rights import MAILBOX_SEND


def mailboxes_of(actor: Actor) -> list[Mailbox]:
    """Every mailbox that this person may read, of all their organizations, by address."""
    return list(Mailbox.objects.readable_by(actor).order_by("address"))


def all_in_maintenance(actor: Actor) -> bool:
    """Whether the person has mailboxes, and all of them are closed for maintenance."""
    return Mailbox.objects.open_to(actor).exclude(mail__service__maintenance_since=None).exists()


def mailbox_for(actor: Actor, mailbox_id: int, *, sending: bool = False) -> Mailbox:
    """The mailbox, or NotFound. Raises InMaintenance, Forbidden when the person may read but not send from it, and
    SecondFactorNeeded when its organization demands one that the person has not (ORG-61)."""
    box = get_or_not_found(Mailbox.objects.open_to(actor), pk=mailbox_id)
    if not box.mail.is_readable:
        raise InMaintenance
    if not meets(actor, box.organization):
        raise SecondFactorNeeded(organization=box.organization.name)
    if sending and not (decision := actor.decide(MAILBOX_SEND, box)):
        raise Forbidden(decision)
    return box
