"""Which mailboxes the app passwords of people open: those that the person may read (ACC-76, ACC-37).

They are published with the mailbox, so that mail servers ask no database. Whatever changes who may read a mailbox
publishes it again: a grant, a role, a membership that ends, a link, an app password made or revoked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models.signals import post_delete, post_save
from django.utils.translation import ngettext

from kanton.accounts.apppasswords.actions import on_change
from kanton.accounts.apppasswords.models import AppPassword, Scope
from kanton.accounts.apppasswords.queries import digests_of
from kanton.accounts.models import Person
from kanton.core import jobs
from kanton.organizations.models import Grant, Membership, Organization
from kanton.organizations.policies import rules
from kanton.organizations.signals import team_people_changed
from kanton.products.mail.models import Mailbox, MailboxLink, MailService
from kanton.products.mail.queries import users_by_mailbox


@dataclass(frozen=True, slots=True)
class Hashes:
    """What opens one mailbox: of people who may send from it too, and of those who may only read."""

    sending: list[str] = field(default_factory=list)
    reading: list[str] = field(default_factory=list)


def personal_hashes(mailboxes: Sequence[Mailbox], *, with_second_factor: bool = False) -> dict[int, Hashes]:
    """The hashes of people's app passwords for mail, by mailbox; on demand only of those that were made with a second
    factor. A few queries, whatever the number."""
    users = users_by_mailbox(mailboxes)
    people = {user.membership.person_id for of_box in users.values() for user in of_box}
    digests = digests_of(people, Scope.MAIL, with_second_factor=with_second_factor) if people else {}
    found: dict[int, Hashes] = {}
    for pk, of_box in users.items():
        hashes = found[pk] = Hashes()
        for user in of_box:
            (hashes.sending if user.may_send else hashes.reading).extend(
                digests.get(user.membership.person_id, ())
            )
    return found


def publish_for(person: Person) -> None:
    """Publish again the mail services of the person's organizations."""
    mails = MailService.objects.filter(organization__memberships__person=person, withdrawn_at=None)
    _publish(mails.values_list("pk", flat=True))


def _publish(numbers: Any) -> None:
    from kanton.products.mail.tasks import publish_mail

    for number in numbers:
        jobs.enqueue(publish_mail, number, unique_key=f"publish-mail:{number}")


def _access_changed(sender: Any, instance: Membership | Grant | MailboxLink, **more: Any) -> None:
    """A membership, a grant or a link came, changed or went: whose app passwords open what may be different."""
    people: Any = [getattr(instance, "person_id", 0)]
    if isinstance(instance, Grant) and instance.team_id is not None:
        people = Membership.objects.filter(team_members__team=instance.team_id).values("person_id")
    elif isinstance(instance, Grant):
        people = Membership.objects.filter(pk=instance.membership_id or 0).values("person_id")
    if AppPassword.objects.filter(person_id__in=people).exists():
        _publish_organization(instance.organization_id)


def _team_people_changed(sender: Any, organization_id: int, **more: Any) -> None:
    """The same for teams, whose people come and go by the thousand."""
    if AppPassword.objects.filter(person__memberships__organization_id=organization_id).exists():
        _publish_organization(organization_id)


def _publish_organization(organization_id: int) -> None:
    mails = MailService.objects.filter(organization_id=organization_id, withdrawn_at=None)
    _publish(mails.values_list("pk", flat=True))


def _effects(organization: Organization) -> list[str]:
    """What demanding a second factor of apps means here, for whoever decides (ORG-62)."""
    number = Mailbox.objects.alive().filter(organization=organization).count()
    if not number:
        return []
    return [
        ngettext(
            "%(n)s mailbox opens in mail programs only with an app password that was made with a second factor, not "
            "with its own password.",
            "%(n)s mailboxes open in mail programs only with app passwords that were made with a second factor, not "
            "with their own passwords.",
            number,
        )
        % {"n": number}
    ]


def connect() -> None:
    """Called when Django starts. Rooms below know nothing of mail, so it listens to their rows."""
    on_change(publish_for)
    rules.on_change(_publish_organization)
    rules.name_effects(_effects)
    team_people_changed.connect(_team_people_changed, dispatch_uid="mail-access-teams")
    for model in (Membership, Grant, MailboxLink):
        post_save.connect(_access_changed, sender=model, dispatch_uid=f"mail-access-kept-{model.__name__}")
        post_delete.connect(_access_changed, sender=model, dispatch_uid=f"mail-access-gone-{model.__name__}")
