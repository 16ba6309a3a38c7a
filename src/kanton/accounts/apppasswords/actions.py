"""Every change of app passwords."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kanton.accounts.apppasswords import emails
from kanton.accounts.apppasswords.activity import Happened
from kanton.accounts.apppasswords.errors import NoScope, TooManyAppPasswords
from kanton.accounts.apppasswords.models import AppPassword, Scope
from kanton.accounts.errors import NotConfirmed
from kanton.accounts.models import Person
from kanton.accounts.passwords import password_again
from kanton.accounts.queries import has_proved_twice
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SELF, SYSTEM

LIMIT = 50
Listener = Callable[[Person], None]
_listeners: list[Listener] = []


def on_change(listener: Listener) -> None:
    """Called when Django starts, by rooms that publish app passwords to their engines: `listener` runs inside every
    action that changes a person's app passwords."""
    _listeners.append(listener)


def _tell(person: Person) -> None:
    for listener in _listeners:
        listener(person)


@dataclass(frozen=True, slots=True)
class NewAppPassword:
    """An app password and its text, which can be read only now."""

    app_password: AppPassword
    password: str


@action(right=SELF)
def create_app_password(
    actor: Actor,
    person: Person,
    *,
    name: str,
    scopes: Sequence[str],
    current_password: str,
    expires_at: datetime | None = None,
) -> NewAppPassword:
    """A password for one program, shown once, for these scopes only (ACC-76). It never signs in on a page."""
    from kanton.accounts.apppasswords.tasks import end_expired

    password_again(person, current_password)
    if not person.is_confirmed:
        raise NotConfirmed
    if not scopes or set(scopes) - set(Scope.values):
        raise NoScope
    if Person.objects.select_for_update().get(pk=person.pk).app_passwords.count() >= LIMIT:
        raise TooManyAppPasswords(limit=LIMIT)
    made = AppPassword(
        person=person,
        name=name.strip()[:80],
        scopes=[scope for scope in Scope.values if scope in scopes],
        expires_at=expires_at,
        with_second_factor=has_proved_twice(actor),
    )
    password = made.new_secret()
    made.save()
    record(actor, Happened.CREATED, made, scopes=made.scopes)
    emails.app_password_created(made)
    _tell(person)
    if expires_at is not None:
        after_commit(end_expired, run_after=expires_at)
    return NewAppPassword(made, password)


@action(right=SELF)
def revoke_app_password(actor: Actor, app_password: AppPassword) -> None:
    """The program is refused from its next login on, and running sessions end within a minute."""
    record(actor, Happened.REVOKED, app_password)
    emails.app_password_revoked(app_password)
    person = app_password.person
    app_password.delete()
    _tell(person)


@internal("A part of choosing a new password.")
@action(right=SELF, may_be_silent=True)
def revoke_all_app_passwords(actor: Actor, person: Person) -> int:
    """Revoke all app passwords of a person; returns how many there were."""
    return revoke_all(actor, person)


def revoke_all(actor: Actor, person: Person) -> int:
    """The same inside an action whose actor is not the person yet, as after a reset by a link."""
    found = list(person.app_passwords.order_by("pk"))
    for app_password in found:
        record(actor, Happened.REVOKED, app_password)
        app_password.delete()
    if found:
        _tell(person)
    return len(found)


@internal("Done by the clock.")
@action(right=SYSTEM, may_be_silent=True)
def expire_app_passwords(actor: Actor) -> int:
    """Take away those whose time is over; returns how many."""
    over = AppPassword.objects.filter(expires_at__lte=clock.now()).select_related("person").order_by("pk")
    people: dict[int, Person] = {}
    number = 0
    for app_password in over:
        record(actor, Happened.EXPIRED, app_password)
        people[app_password.person_id] = app_password.person
        app_password.delete()
        number += 1
    for person in people.values():
        _tell(person)
    return number
