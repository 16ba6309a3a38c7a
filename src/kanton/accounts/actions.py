"""Every change of an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import IntegrityError, transaction

from kanton.accounts import emails, following, hooks
from kanton.accounts.activity import Happened
from kanton.accounts.errors import (
    AlreadyConfirmed,
    LinkGone,
    NotConfirmed,
    SameAddress,
    UnknownChoice,
    UnknownScope,
)
from kanton.accounts.identifiers import is_substitute
from kanton.accounts.models import ApiToken, Language, OneTimeLink, Person, Purpose, address_key
from kanton.accounts.passwords import check_new_password, password_again
from kanton.accounts.places import countries, normal_phone, time_zone_of, time_zones
from kanton.activity.log import erase_person
from kanton.core import clock
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.api.scopes import ALL, SCOPES, expand
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF, SYSTEM
from kanton.core.secrets import token_hash


@internal("Whoever has no account has no token; browsers register through the page.")
@action(right=PUBLIC)
def register(
    actor: Actor,
    *,
    email: str,
    password: str,
    phone: str = "",
    recovery_email: str = "",
    first_name: str = "",
    last_name: str = "",
    country: str = "CH",
    language: str = Language.ENGLISH,
    is_address_proven: bool = False,
) -> Person | None:
    """A new account, with a mail to confirm its address (ACC-3, ACC-6); None when the address has one already.

    Who asks must not learn the difference (ACC-5): the known address gets a mail that tells its owner. Of two
    registrations at once, one makes the account (ACC-25). An address proven otherwise needs no confirmation.
    """
    person = Person(
        email=email.strip(),
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        phone=normal_phone(phone, country),
        recovery_email=recovery_email.strip(),
        country=_one_of(country, countries(), "country"),
        language=_one_of(language, Language.choices, "language"),
        time_zone=time_zone_of(country),
        confirmed_at=clock.now() if is_address_proven else None,
    )
    if recovery_email and address_key(recovery_email) == address_key(email):
        raise SameAddress
    if is_substitute(email):
        raise UnknownChoice(field="email", value=email)
    check_new_password(password, person)
    person.set_password(password)  # also for a known address, so that both take as long
    try:
        with transaction.atomic():
            if (holder := hooks.holder_of(address_key(email))) is not None:
                raise IntegrityError("the address can still be taken back")
            person.save(force_insert=True)
    except IntegrityError:
        known = holder or Person.objects.get(email_key=address_key(email))
        record(actor, Happened.REGISTERED_AGAIN, known)
        emails.registered_again(known)
        return None
    record(actor, Happened.REGISTERED, person, email=person.email)
    if not is_address_proven:
        emails.confirm_address(person, OneTimeLink.issue(person, Purpose.CONFIRM))
    return person


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def confirm_address(actor: Actor, *, secret: str) -> Person:
    """The login address is proven. The link works once, for 24 hours (ACC-6)."""
    person = _use_link(secret, Purpose.CONFIRM)
    person.confirmed_at = person.confirmed_at or clock.now()
    person.save(update_fields=["confirmed_at"])
    record(actor, Happened.ADDRESS_CONFIRMED, person)
    hooks.address_confirmed(actor, person)
    return person


@action(right=SELF)
def resend_confirmation(actor: Actor, person: Person) -> None:
    """A fresh confirmation link; the old one dies."""
    if person.is_confirmed:
        raise AlreadyConfirmed
    record(actor, Happened.CONFIRMATION_SENT, person)
    emails.confirm_address(person, OneTimeLink.issue(person, Purpose.CONFIRM))


@internal("A session begins in a browser; programs use tokens.")
@action(right=SELF)
def note_sign_in(actor: Actor, person: Person) -> None:
    """Remember that this person signed in, and from where."""
    record(actor, Happened.SIGNED_IN, person, browser=actor.user_agent)


@internal("Only the sign-in page tries passwords.")
@action(right=PUBLIC)
def note_failed_sign_in(actor: Actor, person: Person) -> None:
    """Remember that a wrong password was typed for this person."""
    record(actor, Happened.SIGN_IN_FAILED, person, browser=actor.user_agent)


@internal("Only the sign-in page asks for a second factor.")
@action(right=PUBLIC)
def note_failed_second_factor(actor: Actor, person: Person) -> None:
    """Five wrong second factors ended a sign-in: somebody knows the password, so tell its owner (ACC-82)."""
    record(actor, Happened.SECOND_FACTOR_FAILED, person, browser=actor.user_agent)
    emails.second_factor_failed(person, actor)


@internal("A session ends in its browser; programs revoke tokens.")
@action(right=SELF)
def note_sign_out(actor: Actor, person: Person) -> None:
    """Remember that this person signed out."""
    record(actor, Happened.SIGNED_OUT, person)


@internal("Whoever forgot the password has no token; browsers ask through the page.")
@action(right=PUBLIC, may_be_silent=True)
def ask_for_reset(actor: Actor, *, email: str) -> None:
    """Have a link to choose a new password sent, if the address has an account.

    A job looks that up, so that the answer takes as long for an address without account (ACC-53).
    """
    from kanton.accounts.tasks import send_reset_link

    after_commit(send_reset_link, email.strip()[:300])


@internal("The job behind ask_for_reset.")
@action(right=SYSTEM)
def issue_reset(actor: Actor, person: Person) -> None:
    """Send a link that works once, for 60 minutes; earlier ones die (ACC-54)."""
    record(actor, Happened.RESET_ASKED, person)
    emails.reset_password(person, OneTimeLink.issue(person, Purpose.RESET))


@internal("The link in a mail leads to a page.")
@action(right=PUBLIC)
def reset_password(actor: Actor, *, secret: str, password: str) -> Person:
    """Choose a new password by the link. Every session and API token ends; second factors stay (ACC-54, ACC-55)."""
    person = _use_link(secret, Purpose.RESET)
    check_new_password(password, person)
    if not person.is_confirmed:
        # Whoever opened the account never proved the address; what they left as ways back is not to be trusted.
        person.confirmed_at, person.phone, person.recovery_email = clock.now(), "", ""
    person.set_password(password)
    person.save()
    forget_ways_in(person)
    person.api_tokens.filter(revoked_at=None).update(revoked_at=clock.now())
    following.reset(actor, person, password)
    record(actor, Happened.PASSWORD_RESET, person)
    emails.password_changed(person)
    return person


@action(right=SELF)
def change_password(
    actor: Actor,
    person: Person,
    *,
    current_password: str,
    new_password: str,
    keep_session: str = "",
    taken: Sequence[str] = (),
) -> Person:
    """Change the login password. Other sessions end and open reset links die; API tokens stay (ACC-27, ACC-31).

    `taken` names the offers of `following` that the person took, such as to revoke the app passwords too.
    """
    password_again(person, current_password)
    check_new_password(new_password, person, field="new_password")
    person.set_password(new_password)
    person.save(update_fields=["password"])
    forget_ways_in(person, keep_session=keep_session)
    following.changed(actor, person, new_password, taken=taken)
    record(actor, Happened.PASSWORD_CHANGED, person)
    emails.password_changed(person)
    return person


@action(right=SELF, may_be_silent=True)
def edit_profile(
    actor: Actor,
    person: Person,
    *,
    first_name: str | None = None,
    last_name: str | None = None,
    language: str | None = None,
    country: str | None = None,
    time_zone: str | None = None,
) -> Person:
    """Change name, language, country or time zone; what is None stays. It applies at once (ACC-12, ACC-17)."""
    changes = {
        "first_name": None if first_name is None else first_name.strip()[:80],
        "last_name": None if last_name is None else last_name.strip()[:80],
        "language": None if language is None else _one_of(language, Language.choices, "language"),
        "country": None if country is None else _one_of(country, countries(), "country"),
        "time_zone": None if time_zone is None else _one_of(time_zone, time_zones(), "time_zone"),
    }
    changed = [
        name for name, value in changes.items() if value is not None and value != getattr(person, name)
    ]
    for name in changed:
        setattr(person, name, changes[name])
    if changed:
        person.save(update_fields=changed)
        record(actor, Happened.PROFILE_CHANGED, person, fields=changed)
    return person


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token and its secret, which can be read only now."""

    token: ApiToken
    secret: str


@action(right=SELF)
def create_token(
    actor: Actor,
    person: Person,
    *,
    name: str,
    scopes: Sequence[str],
    current_password: str,
    expires_at: datetime | None = None,
) -> NewToken:
    """A key to the API with this name and these scopes, shown once (API-18). A token never gives more than it has."""
    password_again(person, current_password)
    if not person.is_confirmed:
        raise NotConfirmed
    token = ApiToken(
        person=person,
        name=name.strip()[:80],
        scopes=_checked_scopes(scopes, actor.scopes),
        expires_at=expires_at,
    )
    secret = token.new_secret()
    token.save()
    record(actor, Happened.TOKEN_CREATED, token, scopes=token.scopes)
    emails.token_created(token)
    return NewToken(token, secret)


@internal("The operator's command line, for the first token of a person.")
@action(right=SYSTEM)
def issue_token(actor: Actor, person: Person, *, name: str, scopes: Sequence[str]) -> NewToken:
    """A key to the API made by the operator for this person."""
    token = ApiToken(person=person, name=name.strip()[:80], scopes=_checked_scopes(scopes, None))
    secret = token.new_secret()
    token.save()
    record(actor, Happened.TOKEN_CREATED, token, scopes=token.scopes)
    emails.token_created(token)
    return NewToken(token, secret)


@action(right=SELF)
def revoke_token(actor: Actor, token: ApiToken) -> None:
    """The key stops opening with its next use."""
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        token.save(update_fields=["revoked_at"])
        emails.token_revoked(token)
    record(actor, Happened.TOKEN_REVOKED, token)


@internal("Done by the clock when an address was never confirmed.")
@action(right=SYSTEM)
def purge_account(actor: Actor, person: Person) -> None:
    """Remove an account that nobody ever confirmed, and blank its personal data in the log (ACC-6)."""
    record(actor, Happened.ACCOUNT_PURGED, person)
    erase_person(person.pk)
    person.delete()


def _use_link(secret: str, purpose: Purpose) -> Person:
    """The person of a usable link, which is used up; of two at once, one gets it."""
    link = (
        OneTimeLink.objects.select_for_update(of=("self",))
        .select_related("person")
        .filter(digest=token_hash(secret), purpose=purpose)
        .first()
    )
    if link is None or not link.is_usable or not link.person.is_active:
        raise LinkGone
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    return link.person


def _checked_scopes(asked: Sequence[str], held: frozenset[str] | None) -> list[str]:
    """The scopes without doubles; none that does not exist, and none that the asking token (`held`) lacks itself."""
    if not asked:
        raise UnknownScope(scope="")
    for scope in asked:
        if scope not in SCOPES or not (held is None or ALL in held or expand([scope]) <= held):
            raise UnknownScope(scope=scope)
    return [ALL] if ALL in asked else sorted(set(asked))


# What else rooms remember of a person's browsers, forgotten when the password changes.
_forgetting: list[Callable[[Person], None]] = []


def register_forgetting(forget: Callable[[Person], None]) -> None:
    """Called when Django starts by a room that lets known browsers in more easily."""
    _forgetting.append(forget)


def forget_ways_in(person: Person, *, keep_session: str = "") -> None:
    """End the sessions and void the reset links. The changed password hash would end sessions at their next
    request anyway; ending them here also takes them off the list of devices."""
    OneTimeLink.objects.filter(person=person, purpose=Purpose.RESET).delete()
    sessions = UserSession.objects.filter(user=person).exclude(session_key=keep_session)
    keys = list(sessions.values_list("session_key", flat=True))
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store().delete(key)
    sessions.delete()
    for forget in _forgetting:
        forget(person)


def _one_of(value: str, choices: Any, field: str) -> str:
    if value not in {code for code, _label in choices}:
        raise UnknownChoice(field=field, value=value)
    return value
