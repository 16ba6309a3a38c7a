"""Passkeys and security keys: the two ceremonies of WebAuthn, on fido2 and on allauth's table.

A ceremony begins with options for the browser and a sealed note of the challenge, its purpose and its person, signed
for an hour. It ends once: a challenge that was answered is not accepted again. Nothing waits in the session, so that
the sign-in page costs no write.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.utils import url_str_to_user_pk, user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.core import signing
from django.core.exceptions import ValidationError
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kanton.accounts.factors.errors import NotProven
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core.secrets import token_hash
from kanton.core.throttle import throttle

HOUR = timedelta(hours=1)
SALT = "kanton.accounts.passkeys"


@dataclass(frozen=True)
class Ceremony:
    """What the page needs: options for the browser as JSON, and the sealed note that comes back with the answer."""

    options: str
    sealed: str


def begin_adding(person: Person) -> Ceremony:
    """For a new key or passkey; those that the person has are not offered again."""
    options, state = _server().register_begin(
        PublicKeyCredentialUserEntity(
            id=user_pk_to_url_str(person).encode(), name=person.email, display_name=person.display_name
        ),
        credentials=[_credential(row) for row in rows_of(person)],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        extensions={"credProps": True},
    )
    return _ceremony(options, state, "add", person)


def finish_adding(person: Person, sealed: str, answer: str) -> dict[str, Any]:
    """The credential to keep; raises NotProven."""
    state = _opened(sealed, "add", person)
    credential = _parsed(answer)
    try:
        _server().register_complete(state, RegistrationResponse.from_dict(credential))
    except (ValueError, TypeError, KeyError) as error:
        raise NotProven from error
    return credential


def begin_proving(purpose: str, person: Person | None = None) -> Ceremony:
    """For a proof: by one of the person's keys, or by any passkey when nobody has been named yet."""
    wanted = UserVerificationRequirement.PREFERRED if person else UserVerificationRequirement.REQUIRED
    credentials = [_credential(row) for row in rows_of(person)] if person else None
    options, state = _server().authenticate_begin(credentials, user_verification=wanted)
    return _ceremony(options, state, purpose, person)


def finish_proving(
    purpose: str, sealed: str, answer: str, person: Person | None = None
) -> tuple[Person, Authenticator]:
    """Who proved themselves, and with which key; raises NotProven. A copied key is noticed by its counter."""
    state = _opened(sealed, purpose, person)
    response = _parsed(answer)
    prover = person or _named_by(response)
    rows = {bytes(_credential(row).credential_id): row for row in rows_of(prover)}
    try:
        parsed = AuthenticationResponse.from_dict(response)
        used = _server().authenticate_complete(state, [_credential(row) for row in rows.values()], parsed)
    except (ValueError, TypeError, KeyError) as error:
        raise NotProven from error
    row = rows[bytes(used.credential_id)]
    counter, before = parsed.response.authenticator_data.counter, row.data.get("counter", 0)
    if (counter or before) and counter <= before:
        raise NotProven
    row.data["counter"] = counter
    row.save(update_fields=["data"])
    row.record_usage()
    return prover, row


def rows_of(person: Person) -> list[Authenticator]:
    """The person's keys and passkeys, oldest first."""
    return list(Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).order_by("pk"))


def signs_in_alone(row: Authenticator) -> bool:
    """Is it a passkey, that is, can it be a complete sign-in?"""
    properties = row.data.get("credential", {}).get("clientExtensionResults", {}).get("credProps", {})
    return bool(properties.get("rk"))


def _server() -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=config.web.hostname, name=config.operator.name)
    return Fido2Server(entity, verify_origin=lambda origin: origin == config.web.address)


def _credential(row: Authenticator) -> AttestedCredentialData:
    found = row.wrap().authenticator_data.credential_data
    assert found is not None
    return found  # type: ignore[no-any-return]


def _ceremony(options: Any, state: Any, purpose: str, person: Person | None) -> Ceremony:
    note = {"state": state, "purpose": purpose, "person": person.pk if person else None}
    return Ceremony(json.dumps(dict(options.public_key)), signing.dumps(note, salt=SALT))


def _opened(sealed: str, purpose: str, person: Person | None) -> Any:
    """The state of a ceremony for this purpose and person, which can be opened once."""
    try:
        note = signing.loads(sealed, salt=SALT, max_age=HOUR)
    except signing.BadSignature as error:
        raise NotProven from error
    if note["purpose"] != purpose or note["person"] != (person.pk if person else None):
        raise NotProven
    if not throttle(f"passkey-challenge:{token_hash(note['state']['challenge'])[:40]}", 1, HOUR):
        raise NotProven
    return note["state"]


def _parsed(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer[:20_000])
    except ValueError as error:
        raise NotProven from error
    if not isinstance(found, dict):
        raise NotProven
    return found


def _named_by(response: dict[str, Any]) -> Person:
    """Whom a passkey names; raises NotProven for nobody, in the same words as for a wrong signature."""
    try:
        handle = websafe_decode(response["response"]["userHandle"]).decode()
        person = Person.objects.filter(pk=url_str_to_user_pk(handle), is_active=True).first()
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as error:
        raise NotProven from error
    if person is None:
        raise NotProven
    return person
