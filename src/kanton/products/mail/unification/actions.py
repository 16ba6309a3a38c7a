"""Account and mailbox with one password: joined, changed together, parted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kanton.accounts.actions import change_password
from kanton.accounts.models import Person
from kanton.accounts.queries import is_protected
from kanton.core import jobs
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.products.mail import actions as mail_actions
from kanton.products.mail.engine.credentials import hash_password
from kanton.products.mail.models import Mailbox
from kanton.products.mail.rights import PASSWORD
from kanton.products.mail.unification import emails
from kanton.products.mail.unification.activity import Happened
from kanton.products.mail.unification.errors import CannotUnify
from kanton.products.mail.unification.links import (
    holds,
    offered_mailbox,
    unification_of,
)
from kanton.products.mail.unification.models import Unification

KEY = "mailbox"
"""The name under which a change of the login password takes the mailbox along."""


@action(right=PASSWORD)
def change_mailbox_password(
    actor: Actor,
    mailbox: Mailbox,
    *,
    password: str,
    unify: bool = False,
    current_password: str = "",
    keep_session: str = "",
) -> Mailbox:
    """Set a new password of the address (ACC-40…42).

    With `unify`, or when they are unified already, it becomes the login password too, which asks for the present one.
    When somebody else sets it, the two are parted: nobody gets another person's login password to choose.
    """
    link = unification_of(mailbox)
    mail_actions.check_password(password, mailbox.local_part)
    if link is not None and link.person_id == actor.person_id and link.is_shared:
        return _change_both(actor, link.person, mailbox, password, current_password, keep_session)
    if unify:
        person = Person.objects.filter(pk=actor.person_id or 0).first()
        if person is None or offered_mailbox(person) != mailbox:
            raise CannotUnify
        return _change_both(actor, person, mailbox, password, current_password, keep_session)
    if link is not None and link.person_id != actor.person_id:
        part(actor, link)
    return mail_actions.set_mailbox_password(actor, mailbox, password=password)


def _change_both(
    actor: Actor, person: Person, mailbox: Mailbox, password: str, current: str, keep_session: str
) -> Mailbox:
    change_password(
        actor,
        person,
        current_password=current,
        new_password=password,
        keep_session=keep_session,
        taken=[KEY],
    )
    return mailbox


def join(actor: Actor, person: Person, mailbox: Mailbox, password: str) -> None:
    """Let the mailbox open with the login password from now on. Inside the action that changes it."""
    link = Unification.objects.create(
        organization_id=mailbox.organization_id,
        person=person,
        mailbox=mailbox,
        login_hash=hash_password(password),
    )
    record(actor, Happened.UNIFIED, link)
    publish(mailbox)


def part(actor: Actor, link: Unification) -> None:
    """Two passwords again: both keep the one they have, and the person is told (ACC-41). Inside an action."""
    mailbox = link.mailbox
    if link.is_shared:
        mailbox.password_hash = link.login_hash
        mailbox.save(update_fields=["password_hash"])
    record(actor, Happened.DISSOLVED, link)
    emails.passwords_parted(link.person, mailbox)
    link.delete()
    publish(mailbox)


def part_for_departure(actor: Actor, person: Person, mailbox: Mailbox) -> dict[str, Any] | None:
    """The person goes, and their login password opens the mailbox no more. Returns what would join the two again."""
    link = (
        Unification.objects.select_related("mailbox", "person").filter(mailbox=mailbox, person=person).first()
    )
    if link is None:
        return None
    kept = {"login_hash": link.login_hash, "is_shared": link.is_shared, "password": person.password}
    record(actor, Happened.DISSOLVED, link)
    link.delete()
    return kept


def rejoin_after_return(actor: Actor, person: Person, mailbox: Mailbox, kept: Mapping[str, Any]) -> None:
    """The person is back: one password again, if the login password is still the same. Inside an action."""
    if person.password != kept["password"] or Unification.objects.filter(mailbox=mailbox).exists():
        return
    link = Unification.objects.create(
        organization_id=mailbox.organization_id,
        person=person,
        mailbox=mailbox,
        login_hash=kept["login_hash"],
        is_shared=kept["is_shared"],
    )
    record(actor, Happened.UNIFIED, link)


def publish(mailbox: Mailbox) -> None:
    """Have the mailbox published again, soon."""
    from kanton.products.mail.tasks import publish_mail

    jobs.enqueue(publish_mail, mailbox.mail_id, unique_key=f"publish-mail:{mailbox.mail_id}")


@internal("Done by the clock, and when rights or second factors change.")
@action(right=SYSTEM, may_be_silent=True)
def check_unification(actor: Actor, link: Unification) -> None:
    """Part the two when a condition ceased to hold; stop or resume sharing with the second factor."""
    if not holds(link.person, link.mailbox):
        part(actor, link)
    elif link.is_shared is is_protected(link.person_id):
        link.is_shared = not link.is_shared
        link.save(update_fields=["is_shared"])
        publish(link.mailbox)
