"""The address one signs in with: changed by a link to the new one, undone by a link to the old one."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction

from kanton.accounts.actions import forget_ways_in
from kanton.accounts.emails import reset_password as mail_reset
from kanton.accounts.errors import LinkGone
from kanton.accounts.identifiers import is_substitute
from kanton.accounts.models import OneTimeLink, Person, Purpose, address_key
from kanton.accounts.passwords import password_again
from kanton.accounts.recovery import emails
from kanton.accounts.recovery.activity import Happened
from kanton.accounts.recovery.errors import (
    AddressTaken,
    DiffersNot,
    NoSuchPlace,
    NothingReleased,
    UnchangedAddress,
)
from kanton.accounts.recovery.models import AddressChange, Released, What
from kanton.accounts.recovery.queries import change_by_undo_link, holder_of
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF
from kanton.core.secrets import new_token, token_hash
from kanton.core.throttle import throttle

HOUR = timedelta(hours=1)


@action(right=SELF)
def change_login_address(actor: Actor, person: Person, *, email: str, current_password: str) -> AddressChange:
    """Ask for another login e-mail. It takes effect by the link sent to it; until then the old one works (ACC-24)."""
    password_again(person, current_password)
    return _begin(actor, person, email)


@internal("Whoever signed in with a recovery identifier sees nothing but its page.")
@action(right=SELF)
def replace_login_address(actor: Actor, person: Person, *, email: str) -> AddressChange:
    """Name the login e-mail that replaces a deleted one. The password was typed a moment ago (ACC-62)."""
    if not is_substitute(person.email):
        raise NothingReleased
    return _begin(actor, person, email)


def _begin(actor: Actor, person: Person, email: str) -> AddressChange:
    email = email.strip()
    person = Person.objects.select_for_update().get(pk=person.pk)
    throttle(f"address-change:{person.pk}", 10, HOUR).or_refuse()
    _require_usable(person, email)
    AddressChange.objects.filter(person=person, what=What.LOGIN, confirmed_at=None).delete()
    secret = new_token()
    change = AddressChange.objects.create(
        person=person, what=What.LOGIN, old=person.email, new=email, digest=token_hash(secret)
    )
    record(actor, Happened.LOGIN_CHANGE_ASKED, person, new=email)
    emails.confirm_change(change, secret)
    if not is_substitute(person.email):
        emails.login_change_asked(change)
    return change


def _require_usable(person: Person, email: str) -> None:
    """Raises what speaks against this login address (ACC-20, ACC-22, ACC-23)."""
    key = address_key(email)
    if key == person.email_key:
        raise UnchangedAddress
    if is_substitute(email):
        raise NoSuchPlace
    if person.recovery_email and key == address_key(person.recovery_email):
        raise DiffersNot
    if Person.objects.filter(email_key=key).exists():
        raise AddressTaken(email=email)
    holder = holder_of(key)
    if holder is not None and holder != person:
        raise AddressTaken(email=email)


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def confirm_login_address(actor: Actor, *, secret: str) -> Person:
    """The new login e-mail takes effect, unless another account was faster (ACC-24, ACC-25)."""
    change = _locked(digest=token_hash(secret), what=What.LOGIN)
    if change is None or not change.can_be_confirmed or not change.person.is_active:
        raise LinkGone
    person = Person.objects.select_for_update().get(pk=change.person_id)
    _require_usable(person, change.new)
    change.old = person.email
    change.old_key = "" if is_substitute(change.old) else person.email_key
    change.confirmed_at = clock.now()
    change.save()
    _sign_in_with(person, change.new)
    Released.objects.filter(person=person, completed_at=None).update(completed_at=clock.now())
    OneTimeLink.objects.filter(person=person).delete()
    shown = "…" if is_substitute(change.old) else change.old
    record(actor, Happened.LOGIN_CHANGED, person, old=shown, new=person.email)
    change.person = person
    emails.login_changed(change)
    return person


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def undo_login_address(actor: Actor, *, secret: str) -> Person:
    """The login e-mail is what it was. All sessions end, and the old address gets a link for a new password (ACC-24).

    Whoever changed it knew the password: what they changed since goes back too.
    """
    found = change_by_undo_link(secret)
    change = _locked(pk=found.pk) if found is not None else None
    if change is None or not change.can_be_undone or not change.person.is_active:
        raise LinkGone
    person = Person.objects.select_for_update().get(pk=change.person_id)
    later = AddressChange.objects.filter(person=person, pk__gte=change.pk, undone_at=None)
    earlier_recovery = (
        later.filter(what=What.RECOVERY)
        .exclude(confirmed_at=None)
        .order_by("pk")
        .values_list("old", flat=True)
    )
    took_effect = change.confirmed_at is not None
    if took_effect:
        if (recovery := earlier_recovery.first()) is not None:
            person.recovery_email = recovery
            person.save(update_fields=["recovery_email"])
        _sign_in_with(person, change.old)
        forget_ways_in(person)
        person.api_tokens.filter(revoked_at=None).update(revoked_at=clock.now())
    later.update(undone_at=clock.now())
    record(actor, Happened.CHANGE_UNDONE, person, new=change.new)
    emails.change_undone(person)
    if took_effect:
        mail_reset(person, OneTimeLink.issue(person, Purpose.RESET))
    return person


def _sign_in_with(person: Person, email: str) -> None:
    """Set the login address; of two claims at once, the database lets one through (ACC-25)."""
    person.email = email
    person.confirmed_at = person.confirmed_at or clock.now()
    try:
        with transaction.atomic():
            person.save(update_fields=["email", "confirmed_at"])
    except IntegrityError as error:
        raise AddressTaken(email=email) from error


def _locked(**lookup: object) -> AddressChange | None:
    changes = AddressChange.objects.select_for_update(of=("self",)).select_related("person")
    return changes.filter(**lookup).first()
