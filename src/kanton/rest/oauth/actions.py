"""Every change of applications, of what people allow them, and of the codes and tokens that follow.

What a thief would try ends something although the answer is a refusal; such actions therefore return the `Refused`
that their caller raises once it is saved.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from kanton.accounts.errors import NotConfirmed, UnknownScope
from kanton.accounts.models import Person
from kanton.accounts.passwords import password_again
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.action import action, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.query import get_or_not_found
from kanton.core.rights import PUBLIC, SELF, SYSTEM
from kanton.core.secrets import new_token, token_hash
from kanton.organizations.models import Organization
from kanton.rest.oauth import emails, keys, redirects
from kanton.rest.oauth.activity import Happened
from kanton.rest.oauth.errors import (
    BadRedirect,
    MachineNeedsSecret,
    NoSecret,
    RedirectMissing,
    Refused,
    UnknownCode,
)
from kanton.rest.oauth.models import (
    ACCESS_LIFE,
    ACCESS_PREFIX,
    CODE_LIFE,
    DEVICE_LIFE,
    REFRESH_ENDS,
    REFRESH_LIFE,
    AccessToken,
    Application,
    AuthorizationCode,
    Consent,
    DeviceRequest,
    RefreshToken,
    SigningKey,
)
from kanton.rest.oauth.pkce import is_answered
from kanton.rest.oauth.rights import APPLICATIONS_MANAGE
from kanton.rest.oauth.scopes import known, within

CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words (RFC 8628, 6.1)


@dataclass(frozen=True, slots=True)
class Registered:
    """An application and its secret, which can be read only now; empty when it has none."""

    application: Application
    secret: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint hands out. `refresh` is empty when there is none."""

    consent: Consent
    access: str
    refresh: str
    scopes: list[str]
    auth_time: datetime | None = None
    nonce: str = ""


@action(right=APPLICATIONS_MANAGE)
def register_application(
    actor: Actor,
    organization: Organization,
    *,
    name: str,
    scopes: Sequence[str],
    current_password: str,
    redirect_uris: Sequence[str] = (),
    is_confidential: bool = False,
    is_device: bool = False,
    is_machine: bool = False,
) -> Registered:
    """Register an application. One that runs on a server gets a secret, shown once (API-20)."""
    person = person_of(actor)
    password_again(person, current_password)
    application = Application(
        organization=organization, is_confidential=is_confidential, is_device=is_device, is_machine=is_machine
    )
    _describe(application, name=name, scopes=scopes, redirect_uris=redirect_uris)
    application.acts_for = person if is_machine else None
    secret = application.new_secret() if is_confidential else ""
    application.save()
    record(actor, Happened.APPLICATION_CREATED, application, scopes=application.scopes)
    if is_machine:
        emails.machine_created(person, application)
    return Registered(application, secret)


@action(right=APPLICATIONS_MANAGE)
def edit_application(
    actor: Actor,
    application: Application,
    *,
    name: str,
    scopes: Sequence[str],
    current_password: str,
    redirect_uris: Sequence[str] = (),
    is_device: bool = False,
) -> Application:
    """Change name, scopes or addresses. People who allowed it are asked again; a machine acts for you from now on."""
    person = person_of(actor)
    password_again(person, current_password)
    application = _locked(application)
    application.is_device = is_device
    _describe(application, name=name, scopes=scopes, redirect_uris=redirect_uris)
    _belongs_to(application, person)
    application.save()
    record(actor, Happened.APPLICATION_CHANGED, application, scopes=application.scopes)
    return application


@action(right=APPLICATIONS_MANAGE)
def rotate_secret(actor: Actor, application: Application, *, current_password: str) -> Registered:
    """A new secret; the old one ends at once. A machine acts for you from now on."""
    person = person_of(actor)
    password_again(person, current_password)
    application = _locked(application)
    if not application.is_confidential:
        raise NoSecret
    secret = application.new_secret()
    _belongs_to(application, person)
    application.save()
    record(actor, Happened.SECRET_ROTATED, application)
    return Registered(application, secret)


@action(right=APPLICATIONS_MANAGE)
def delete_application(actor: Actor, application: Application) -> None:
    """The application, and everything that people allowed it, ends."""
    record(actor, Happened.APPLICATION_DELETED, application)
    note_irreversible(str(application))
    application.delete()


@internal(
    "People answer an application in their browser; a program that could do it would allow itself anything."
)
@action(right=SELF)
def allow(
    actor: Actor,
    person: Person,
    *,
    application: Application,
    scopes: Sequence[str],
    redirect_uri: str,
    auth_time: datetime,
    challenge: str = "",
    nonce: str = "",
    wants_refresh: bool = True,
) -> str:
    """Remember the consent, and make the code that the browser carries back to the application (API-20)."""
    consent = _consent(actor, person, application, scopes)
    _code, secret = AuthorizationCode.issue(
        "kc_", CODE_LIFE, consent=consent, scopes=list(scopes), redirect_uri=redirect_uri, challenge=challenge,
        nonce=nonce, auth_time=auth_time, wants_refresh=wants_refresh,
    )  # fmt: skip
    return str(secret)


@action(right=SELF)
def withdraw(actor: Actor, consent: Consent) -> None:
    """The application loses all access in one's name, from its next request on (API-18)."""
    application = _locked(consent.application)
    if application.acts_for_id == consent.person_id:
        application.acts_for, application.is_machine = None, False
        application.save(update_fields=["acts_for", "is_machine"])
    record(actor, Happened.CONSENT_WITHDRAWN, consent)
    consent.delete()


@internal("The token endpoint of the protocol.")
@action(right=PUBLIC, may_be_silent=True)
def exchange_code(
    actor: Actor, *, application: Application, code: str, redirect_uri: str, verifier: str
) -> Tokens | Refused:
    """Tokens for a code, once, for the application and the address it was made for, with the proof key (PKCE).

    A code that comes a second time was stolen: what the first one brought is ended.
    """
    row = AuthorizationCode.objects.select_for_update(of=("self",)).select_related(
        "consent__application", "consent__person"
    ).filter(digest=token_hash(code)).first()  # fmt: skip
    if row is None or row.consent.application_id != application.pk or not row.consent.person.is_active:
        return Refused("invalid_grant", "authorization_code_unknown")
    if row.used_at is not None:
        _end_family(actor, row)
        return Refused("invalid_grant", "authorization_code_used")
    row.used_at = clock.now()
    row.save(update_fields=["used_at"])
    if not row.is_live_at(row.used_at):
        return Refused("invalid_grant", "authorization_code_expired")
    if row.redirect_uri != redirect_uri:
        return Refused("invalid_grant", "redirect_uri_mismatch")
    if not is_answered(row.challenge, verifier):
        return Refused("invalid_grant", "code_verifier_mismatch")
    return _issue(
        row.consent, row.scopes, family=row.family, auth_time=row.auth_time, nonce=row.nonce,
        wants_refresh=row.wants_refresh,
    )  # fmt: skip


@internal("The token endpoint of the protocol.")
@action(right=PUBLIC, may_be_silent=True)
def refresh(
    actor: Actor, *, application: Application, secret: str, scopes: Sequence[str]
) -> Tokens | Refused:
    """New tokens for a refresh token, which is used up. A used one that comes again ends its whole family."""
    row = RefreshToken.objects.select_for_update(of=("self",)).select_related(
        "consent__application", "consent__person"
    ).filter(digest=token_hash(secret)).first()  # fmt: skip
    if row is None or row.consent.application_id != application.pk or not row.consent.person.is_active:
        return Refused("invalid_grant", "refresh_token_unknown")
    if row.used_at is not None:
        _end_family(actor, row)
        return Refused("invalid_grant", "refresh_token_reused")
    now = clock.now()
    if not row.is_live_at(now):
        return Refused("invalid_grant", "refresh_token_expired")
    if not within(scopes, row.scopes):
        return Refused("invalid_scope", "scope_not_granted")
    row.used_at = now
    row.save(update_fields=["used_at"])
    AccessToken.objects.filter(family=row.family).delete()
    # Asking for less narrows this access token; the next refresh may ask for all of it again (RFC 6749, 6).
    return _issue(
        row.consent,
        list(scopes) or row.scopes,
        family=row.family,
        auth_time=row.auth_time,
        lasting=row.scopes,
    )


@internal("The token endpoint of the protocol.")
@action(right=PUBLIC, may_be_silent=True)
def machine_token(actor: Actor, *, application: Application, scopes: Sequence[str]) -> Tokens:
    """A token for a machine, which acts for the person who made it, with the application's scopes (API-20)."""
    person = application.acts_for
    if not application.is_machine or person is None or not person.is_active:
        raise Refused("unauthorized_client", "machine_not_allowed")
    consent, _new = Consent.objects.get_or_create(
        application=application, person=person, defaults={"scopes": application.scopes}
    )
    return _issue(consent, list(scopes) or application.scopes, wants_refresh=False)


@internal("The device endpoint of the protocol.")
@action(right=PUBLIC, may_be_silent=True)
def ask_on_device(
    actor: Actor, *, application: Application, scopes: Sequence[str]
) -> tuple[DeviceRequest, str]:
    """A device asks. Its own secret, and a code of eight letters for the person."""
    secret = new_token("kd_")
    for attempt in range(5):
        try:
            with transaction.atomic():
                found = DeviceRequest.objects.create(
                    application=application,
                    digest=token_hash(secret),
                    user_code="".join(secrets.choice(CODE_LETTERS) for _ in range(8)),
                    scopes=list(scopes),
                    expires_at=clock.now() + DEVICE_LIFE,
                )
            break
        except IntegrityError:  # the same eight letters are open for another device
            if attempt == 4:
                raise
    return found, secret


@internal("People answer a device in their browser.")
@action(right=SELF)
def allow_device(actor: Actor, person: Person, *, asked: DeviceRequest, auth_time: datetime) -> None:
    """The device gets what it asked for."""
    found = _open_request(asked)
    found.consent = _consent(actor, person, found.application, found.scopes)
    found.auth_time = auth_time
    found.save(update_fields=["consent", "auth_time"])


@internal("People answer a device in their browser.")
@action(right=SELF)
def refuse_device(actor: Actor, person: Person, *, asked: DeviceRequest) -> None:
    """The device gets nothing."""
    found = _open_request(asked)
    found.refused_at = clock.now()
    found.save(update_fields=["refused_at"])
    record(actor, Happened.DEVICE_REFUSED, _Named(found.application.name, person.pk))


@internal("The token endpoint of the protocol.")
@action(right=PUBLIC, may_be_silent=True)
def poll_device(actor: Actor, *, application: Application, secret: str) -> Tokens | Refused:
    """What the person answered. Who asks too often is slowed down (RFC 8628, 3.5)."""
    row = DeviceRequest.objects.select_for_update(of=("self",)).select_related(
        "application", "consent__person", "consent__application"
    ).filter(digest=token_hash(secret), application=application).first()  # fmt: skip
    now = clock.now()
    if row is None or row.used_at is not None:
        return Refused("invalid_grant", "device_code_unknown")
    if now >= row.expires_at:
        return Refused("expired_token", "device_code_expired")
    if row.refused_at is not None:
        return Refused("access_denied", "device_refused")
    polled, row.polled_at = row.polled_at, now
    if row.consent is None:
        is_hasty = polled is not None and (now - polled).total_seconds() < row.interval - 0.5
        row.interval += 5 if is_hasty and row.interval < 60 else 0
        row.save(update_fields=["polled_at", "interval"])
        return Refused("slow_down" if is_hasty else "authorization_pending", "device_not_answered")
    row.used_at = now
    row.save(update_fields=["polled_at", "used_at"])
    return _issue(row.consent, row.scopes, auth_time=row.auth_time or now)


@internal("The revocation endpoint of the protocol.")
@action(right=PUBLIC, may_be_silent=True)
def revoke(actor: Actor, *, secret: str, application: Application | None = None) -> bool:
    """End a token and, with a refresh token, its family (RFC 7009). Without `application`, its bearer ends it."""
    digest = token_hash(secret)
    for model in (AccessToken, RefreshToken):
        row: Any = model.objects.select_related("consent").filter(digest=digest).first()
        if row is None or (application is not None and row.consent.application_id != application.pk):
            continue
        if model is RefreshToken or application is None:
            # Signing out of an app: its refresh token must not outlive it.
            AccessToken.objects.filter(family=row.family).delete()
            RefreshToken.objects.filter(family=row.family).delete()
        else:
            row.delete()
        return True
    return False


@internal("Done by the clock.")
@action(right=SYSTEM)
def rotate_key(actor: Actor) -> SigningKey:
    """A new key for signing, published a day before it is used; keys that are long past go."""
    made = keys.make(first=not SigningKey.objects.exists())
    record(actor, Happened.KEY_ROTATED, made)
    keys.forget_old()
    return made


@dataclass(frozen=True, slots=True)
class _Named:
    """The target of a record about a person's dealings with an application."""

    name: str
    person_id: int

    def __str__(self) -> str:
        return self.name


def _locked(application: Application) -> Application:
    """As it is now, and nobody else changes it meanwhile."""
    rows = Application.objects.select_for_update(of=("self",)).select_related("organization")
    return get_or_not_found(rows, pk=application.pk)


def _describe(
    application: Application, *, name: str, scopes: Sequence[str], redirect_uris: Sequence[str]
) -> None:
    for uri in redirect_uris:
        if not redirects.is_allowed(uri):
            raise BadRedirect(uri=uri[:200])
    for scope in scopes:
        if not known(scope):
            raise UnknownScope(scope=scope)
    if not scopes:
        raise UnknownScope(scope="")
    if application.is_machine and not application.is_confidential:
        raise MachineNeedsSecret
    if not (redirect_uris or application.is_device or application.is_machine):
        raise RedirectMissing
    application.name = name.strip()[:80]
    application.scopes = sorted(set(scopes))
    application.redirect_uris = list(dict.fromkeys(redirect_uris))


def _belongs_to(application: Application, person: Person) -> None:
    """Whoever can change a machine could use it: so it acts for them, and what runs under the old name ends."""
    application.changed_at = clock.now()
    if application.is_machine:
        if application.acts_for_id is not None and application.acts_for_id != person.pk:
            Consent.objects.filter(application=application, person_id=application.acts_for_id).delete()
        application.acts_for = person


def _consent(actor: Actor, person: Person, application: Application, scopes: Sequence[str]) -> Consent:
    if not person.is_confirmed:
        raise NotConfirmed
    consent, is_new = Consent.objects.select_for_update(of=("self",)).get_or_create(
        application=application, person=person
    )
    more = sorted({*consent.scopes, *scopes})
    record(actor, Happened.CONSENT_GIVEN, consent, scopes=list(scopes))
    if is_new or more != consent.scopes:
        emails.allowed(consent, scopes)
    consent.scopes, consent.granted_at = more, clock.now()
    consent.save()
    return consent


def _issue(
    consent: Consent,
    scopes: list[str],
    *,
    family: uuid.UUID | None = None,
    auth_time: datetime | None = None,
    nonce: str = "",
    wants_refresh: bool = True,
    lasting: list[str] | None = None,
) -> Tokens:
    common: Mapping[str, Any] = {"consent": consent, "family": family or uuid.uuid4()}
    _row, access = AccessToken.issue(ACCESS_PREFIX, ACCESS_LIFE, scopes=scopes, **common)
    lasting_secret = ""
    if wants_refresh:
        began, now = auth_time or clock.now(), clock.now()
        life = min(REFRESH_LIFE, began + REFRESH_ENDS - now)
        _row, lasting_secret = RefreshToken.issue(
            "kr_", life, scopes=lasting or scopes, auth_time=began, **common
        )
    return Tokens(consent, access, lasting_secret, scopes, auth_time, nonce)


def _end_family(actor: Actor, row: AuthorizationCode | RefreshToken) -> None:
    ended = AccessToken.objects.filter(family=row.family).delete()[0]
    ended += RefreshToken.objects.filter(family=row.family).delete()[0]
    if ended:  # once, however often the thief tries
        record(actor, Happened.STOLEN, row.consent)
        emails.stolen(row.consent)


def _open_request(asked: DeviceRequest) -> DeviceRequest:
    found = (
        DeviceRequest.objects.select_for_update(of=("self",)).select_related("application").get(pk=asked.pk)
    )
    if found.consent_id or found.refused_at or clock.now() >= found.expires_at:
        raise UnknownCode
    return found


def secret_fits(application: Application, secret: str) -> bool:
    """Is this the application's secret? In constant time."""
    return bool(application.secret_digest) and hmac.compare_digest(
        application.secret_digest, token_hash(secret)
    )
