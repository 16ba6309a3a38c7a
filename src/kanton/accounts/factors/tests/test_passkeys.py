"""Passkeys: the ceremonies, and what is refused. The authenticator of these tests is a few lines of software."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from kanton.accounts.factors import passkeys
from kanton.accounts.factors.actions import add_key
from kanton.accounts.factors.errors import NotProven
from kanton.accounts.models import Person
from kanton.accounts.passwords import proving
from kanton.testing import PASSWORD, acting

ORIGIN = "http://localhost:8000"


@dataclass
class Key:
    """A passkey in software."""

    number: bytes = b"k" * 16
    origin: str = ORIGIN
    counter: int = 0
    is_verified: bool = True
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    handle: str = ""

    def _client(self, kind: str, options: dict[str, str]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _flags(self, more: int = 0) -> AuthenticatorData.FLAG:
        return AuthenticatorData.FLAG(0x01 | (0x04 if self.is_verified else 0) | more)

    def make(self, ceremony: passkeys.Ceremony) -> str:
        """The answer to `navigator.credentials.create`."""
        options = json.loads(ceremony.options)
        self.handle = options["user"]["id"]
        public = ES256.from_cryptography_key(self.private.public_key())  # type: ignore[no-untyped-call]
        credential = AttestedCredentialData.create(Aaguid.NONE, self.number, public)
        data = AuthenticatorData.create(
            sha256(options["rp"]["id"].encode()).digest(), self._flags(0x40), self.counter, credential
        )
        return json.dumps(
            {
                "id": websafe_encode(self.number),
                "rawId": websafe_encode(self.number),
                "type": "public-key",
                "clientExtensionResults": {"credProps": {"rk": True}},
                "response": {
                    "clientDataJSON": websafe_encode(self._client("webauthn.create", options)),
                    "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
                },
            }
        )

    def sign(self, ceremony: passkeys.Ceremony) -> str:
        """The answer to `navigator.credentials.get`."""
        options = json.loads(ceremony.options)
        client = self._client("webauthn.get", options)
        data = AuthenticatorData.create(
            sha256(options["rpId"].encode()).digest(), self._flags(), self.counter
        )
        signature = self.private.sign(bytes(data) + sha256(client).digest(), ec.ECDSA(SHA256()))
        return json.dumps(
            {
                "id": websafe_encode(self.number),
                "rawId": websafe_encode(self.number),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": websafe_encode(client),
                    "authenticatorData": websafe_encode(bytes(data)),
                    "signature": websafe_encode(signature),
                    "userHandle": self.handle,
                },
            }
        )


def enrol(person: Person, key: Key) -> None:
    """Add the key to the person's account."""
    ceremony = passkeys.begin_adding(person)
    with proving(lambda one: True):
        add_key(acting(person), person, name="Key", sealed=ceremony.sealed, credential=key.make(ceremony))


@pytest.fixture
def key(ana: Person) -> Key:
    """Ana's passkey."""
    made = Key()
    enrol(ana, made)
    return made


def sign_in(client: Client, key: Key) -> int:
    """Sign in by passkey alone; the status."""
    ceremony = passkeys.begin_proving("sign-in")
    values = {"sealed": ceremony.sealed, "credential": key.sign(ceremony), "next": "/account/"}
    return client.post("/login/passkey", values).status_code


@pytest.mark.spec("ACC-72")
def test_a_passkey_is_a_complete_sign_in_and_a_second_factor(ana: Person, client: Client, key: Key) -> None:
    row = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    assert passkeys.signs_in_alone(row) and str(row) == "Key"
    assert sign_in(client, key) == 302
    assert client.get("/account/").status_code == 200
    row.refresh_from_db()
    assert row.last_used_at is not None
    other = Client()
    answer = other.post("/login", {"email": ana.email, "password": PASSWORD})
    assert answer["Location"] == "/login/second-step"
    page = other.get("/login/key").context
    values = {"sealed": page["ceremony"].sealed, "credential": key.sign(page["ceremony"])}
    assert other.post("/login/key", values)["Location"] == "/"


def test_an_answer_works_once_for_its_own_purpose_and_person(ana: Person, zoe: Person, key: Key) -> None:
    ceremony = passkeys.begin_proving("sign-in")
    answer = key.sign(ceremony)
    assert passkeys.finish_proving("sign-in", ceremony.sealed, answer)[0] == ana
    with pytest.raises(NotProven):  # the same answer again
        passkeys.finish_proving("sign-in", ceremony.sealed, answer)
    ceremony = passkeys.begin_proving("step", ana)
    with pytest.raises(NotProven):  # for another purpose
        passkeys.finish_proving("again", ceremony.sealed, key.sign(ceremony), ana)
    with pytest.raises(NotProven):  # for another person
        passkeys.finish_proving("step", ceremony.sealed, key.sign(ceremony), zoe)
    with pytest.raises(NotProven):  # a challenge that we did not make
        passkeys.finish_proving("step", "forged", key.sign(ceremony), ana)
    assert passkeys.finish_proving("step", ceremony.sealed, key.sign(ceremony), ana)[0] == ana


def test_foreign_pages_thieves_copies_and_missing_fingers_are_refused(
    ana: Person, zoe: Person, client: Client, key: Key
) -> None:
    key.origin = "http://localhost:8000.evil.example"
    assert sign_in(client, key) == 422
    key.origin = ORIGIN
    key.is_verified = False
    assert sign_in(client, key) == 422, "alone it must have checked its owner"
    key.is_verified = True
    thief = Key(number=key.number, handle=key.handle)
    assert sign_in(client, thief) == 422
    stranger = Key(number=b"z" * 16, handle=websafe_encode(b"zzz"))
    assert sign_in(client, stranger) == 422
    assert client.post("/login/passkey", {"sealed": "x", "credential": "[]"}).status_code == 422
    key.counter = 7
    assert sign_in(Client(), key) == 302
    key.counter = 6
    assert sign_in(client, key) == 422, "a copy that lags behind"
    Person.objects.filter(pk=ana.pk).update(is_active=False)
    key.counter = 9
    assert sign_in(client, key) == 422
    assert client.get("/account/").status_code == 302
    assert websafe_decode(key.handle)


def test_a_passkey_proves_its_person_again(ana: Person, client: Client, key: Key) -> None:
    sign_in(client, key)
    assert client.get("/account/two-factor/app").status_code == 302
    page = client.get("/account/again/key?next=/account/two-factor/app").context
    values = {
        "sealed": page["ceremony"].sealed,
        "credential": key.sign(page["ceremony"]),
        "next": page["next"],
    }
    assert client.post("/account/again/key", values)["Location"] == "/account/two-factor/app"
    assert client.get("/account/two-factor/app").status_code == 200


@pytest.mark.spec("ACC-34")
def test_an_account_without_password_proves_itself_by_passkey_instead(
    ana: Person, client: Client, key: Key
) -> None:
    ana.set_password(None)
    ana.save()
    sign_in(client, key)
    page = client.get("/account/again?next=/account/two-factor/app")
    assert 'type="password"' not in page.content.decode()
    assert "Confirm with passkey" in page.content.decode()
    assert client.post("/account/again", {"current_password": "anything"}).status_code == 200
    assert client.get("/account/two-factor/app").status_code == 302, "nothing was proven"
    shown = client.get("/account/again/key").context
    values = {"sealed": shown["ceremony"].sealed, "credential": key.sign(shown["ceremony"])}
    assert client.post("/account/again/key", values).status_code == 303
    assert client.get("/account/two-factor/app").status_code == 200
