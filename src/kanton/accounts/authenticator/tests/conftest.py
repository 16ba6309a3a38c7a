"""Ana's phone, and a push service that keeps what it is given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from kanton.accounts.authenticator import delivery
from kanton.accounts.authenticator.actions import authorize_this_phone
from kanton.accounts.authenticator.tests.phone import Phone
from kanton.accounts.models import Person
from kanton.testing import acting


class Mailbox:
    """A push service: keeps what it gets, answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status: int | Exception = 201

    def deliver(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take it."""
        if isinstance(self.status, Exception):
            raise self.status
        self.got.append((endpoint, dict(headers), body))
        return self.status


@pytest.fixture
def push_service() -> Iterator[Mailbox]:
    """Where messages go in the tests."""
    mailbox = Mailbox()
    with delivery.instead(mailbox):
        yield mailbox


def linked_phone(person: Person) -> Phone:
    """A phone linked to this person's account."""
    phone = Phone()
    code = authorize_this_phone(acting(person), person).code
    answer = phone.link(code)
    assert answer.status_code == 200, json.loads(answer.content)
    return phone


@pytest.fixture
def phone(ana: Person) -> Phone:
    """Ana's phone."""
    return linked_phone(ana)
