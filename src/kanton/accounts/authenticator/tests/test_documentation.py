"""docs/authenticator.md says what is so: its examples verify, and its answers have the fields of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kanton.accounts.authenticator import errors, protocol
from kanton.accounts.authenticator.tests.conftest import linked_phone
from kanton.accounts.authenticator.tests.phone import Phone
from kanton.accounts.authenticator.tests.test_sign_in import begin
from kanton.accounts.models import Person
from kanton.core.errors import DomainError

PAGE = Path(__file__).parents[5] / "docs" / "authenticator.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="an installed copy has no documentation")


def blocks() -> list[tuple[str, dict[str, Any]]]:
    """Every JSON block with what stands before it."""
    parts = re.split(r"```json\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    return [(parts[at - 1], json.loads(parts[at])) for at in range(1, len(parts), 2)]


def block(mark: str) -> dict[str, Any]:
    """The one after these words."""
    return next(found for before, found in blocks() if mark in before)


@pytest.mark.spec("ACC-84")
def test_the_signed_examples_verify() -> None:
    link, answer = block("example: link"), block("example: answer")
    key = link["public_key"]
    private = ec.derive_private_key(
        int.from_bytes(protocol.from_base64url(link["private_key"])), ec.SECP256R1()
    )
    assert protocol.base64url(protocol.public_point(private.public_key())) == key
    _version, _what, origin, code, _key = link["text"].split("\n")
    assert protocol.linking_text(origin, code, key).decode() == link["text"]
    assert protocol.is_signed_by(key, link["signature"], link["text"].encode())
    _version, _what, origin, device, request, decision, number, expires = answer["text"].split("\n")
    made = protocol.answer_text(origin, device, request, decision, number, int(expires))
    assert made.decode() == answer["text"]
    assert protocol.is_signed_by(key, answer["signature"], made)
    assert not protocol.is_signed_by(key, answer["signature"], made.replace(b"\n42\n", b"\n43\n"))
    assert protocol.normal_code("k7qm 4txn 2p9d") == code


@pytest.mark.spec("ACC-84")
def test_the_answers_have_the_fields_of_ours(ana: Person, client: Any) -> None:
    phone = Phone()
    sent = linked_phone(ana)
    begin(client)
    state, told = sent.state().json(), block("What waits")
    assert set(told) <= set(state)
    assert set(told["requests"][0]) == set(state["requests"][0])
    about = phone.browser.get("/authenticator/api/1/about").json()
    assert set(about) == {"protocol", "origin", "provider", "push_key", "server_time"}
    linked = block("The answer comes once")
    assert set(linked) == {"device", "account", "codes", "backup_codes", *about}
    assert set(linked["codes"]) == {"secret", "algorithm", "digits", "period"}


def test_every_error_of_the_protocol_is_listed() -> None:
    listed = set(re.findall(r"\| (\d+) \| `(authenticator\.\w+)`", PAGE.read_text()))
    ours = {
        (str(error.status), error.code)
        for error in vars(errors).values()
        if isinstance(error, type)
        and issubclass(error, DomainError)
        and error.code.startswith("authenticator.")
    }
    pages_only = {("422", "authenticator.wrong_code")}
    assert listed == ours - pages_only
