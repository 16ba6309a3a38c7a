"""When account and mailbox may share a password, and which hash mail servers get."""

from __future__ import annotations

from collections.abc import Iterable

from kanton.accounts.models import Person, address_key
from kanton.accounts.queries import has_second_factor, is_protected
from kanton.core.actor import Actor, ActorKind
from kanton.products.mail.models import Mailbox
from kanton.products.mail.queries import users_of
from kanton.products.mail.rights import PASSWORD
from kanton.products.mail.unification.models import Unification


def holds(person: Person, mailbox: Mailbox) -> bool:
    """The three conditions of ACC-39: same address, only reader, may change the password."""
    actor = Actor(ActorKind.PERSON, person.display_name, person.pk)
    return (
        mailbox.deleted_at is None
        and person.is_active
        and person.is_confirmed
        and address_key(mailbox.address) == person.email_key
        and [user.membership.person_id for user in users_of(mailbox)] == [person.pk]
        and actor.has_right(PASSWORD, mailbox)
    )


def own_mailbox(person: Person) -> Mailbox | None:
    """The mailbox here that carries the person's login address, whoever reads it."""
    boxes = Mailbox.objects.alive().filter(address=person.email_key, mail__withdrawn_at=None)
    return boxes.select_related("mail__service", "mail__organization").first()


def offered_mailbox(person: Person) -> Mailbox | None:
    """The mailbox that could share the person's password, if all conditions hold and no second factor is in use."""
    mailbox = own_mailbox(person)
    if mailbox is None or unification_of(mailbox) is not None:
        return None
    return mailbox if holds(person, mailbox) and not is_protected(person.pk) else None


def unification_of(mailbox: Mailbox) -> Unification | None:
    """The link of this mailbox, if there is one."""
    return Unification.objects.select_related("person", "mailbox").filter(mailbox=mailbox).first()


def shared_hashes(mailbox_ids: Iterable[int]) -> dict[int, str]:
    """The hash of the login password for each mailbox that shares it at the moment. One query."""
    found = Unification.objects.filter(mailbox__in=list(mailbox_ids), is_shared=True)
    # Looked at here too: a second factor set up a moment ago counts before the job has noticed.
    found = found.exclude(has_second_factor("person_id"))
    return dict(found.values_list("mailbox_id", "login_hash"))
