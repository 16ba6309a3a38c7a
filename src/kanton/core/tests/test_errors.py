"""Errors read as help, in the reader's language, and never as a traceback."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from kanton.accounts.models import Person
from kanton.core.errors import Conflict, DomainError, EngineUnavailable, Forbidden, Invalid, NotFound, TooMany
from kanton.core.query import get_or_not_found
from kanton.core.rights import Decision
from kanton.organizations.models import Organization
from kanton.organizations.rights import MEMBERS_MANAGE


class Taken(DomainError):
    """An error of these tests."""

    code, status, field = "tests.taken", 409, "name"
    message = "%(name)s is taken, 100%% sure."


def test_the_sentence_is_filled_from_the_parameters() -> None:
    error = Taken(name="acme.ch")
    assert str(error) == error.sentence == "acme.ch is taken, 100% sure."
    assert (error.code, error.status, error.field, error.params) == (
        "tests.taken",
        409,
        "name",
        {"name": "acme.ch"},
    )


def test_the_place_can_be_named_where_it_is_raised() -> None:
    assert Invalid(field="ttl").field == "ttl"
    assert Invalid.field is None, "and the class is not changed"


def test_a_sentence_without_parameters_is_taken_as_it_is() -> None:
    class Percent(DomainError):
        message = "100% sure"

    assert Percent().sentence == "100% sure"


def test_a_refusal_names_right_and_helpers_only_when_somebody_reads_it() -> None:
    asked: list[str] = []

    def helpers() -> list[str]:
        asked.append("asked")
        return ["Ana", "Ben"]

    error = Forbidden(Decision(False, MEMBERS_MANAGE, helpers=helpers))
    assert not asked
    assert error.sentence == (
        "You may not do this: it needs the right “manage people and their access”. Ask Ana, Ben."
    )
    assert Forbidden(Decision(False, MEMBERS_MANAGE)).sentence.endswith("access”. ")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DomainError, 400),
        (NotFound, 404),
        (Invalid, 422),
        (Conflict, 409),
        (TooMany, 429),
        (EngineUnavailable, 503),
    ],
)
def test_every_status_fits(error: type[DomainError], status: int) -> None:
    assert error(seconds=3).status == status
    assert error(seconds=3).sentence


def every_error() -> list[type[DomainError]]:
    """Every error of every room that is loaded."""
    found, waiting = [], [DomainError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if ".tests." not in error.__module__:
            found.append(error)
    return found


def test_every_error_has_a_code_of_its_own_and_a_client_status() -> None:
    errors = every_error()
    assert len(errors) > 30
    codes = [error.code for error in errors]
    # Codes without a room are words of the compatible API, which several errors share.
    assert sorted({code for code in codes if "." in code and codes.count(code) > 1}) == []
    assert {error.status for error in errors} <= {
        400,
        401,
        402,
        403,
        404,
        409,
        410,
        412,
        413,
        415,
        422,
        429,
        502,
        503,
    }


@pytest.mark.parametrize("key", ["0", "x", "9" * 30, "-1", "١"])
def test_nonsense_ids_are_not_found(db: None, key: str) -> None:
    with pytest.raises(NotFound):
        get_or_not_found(Organization.objects.all(), pk=key)


def test_hidden_and_missing_look_the_same(acme: Organization, globex: Organization, zoe: Person) -> None:
    client = Client()
    client.force_login(zoe)
    hidden, missing = client.get("/o/acme/settings"), client.get("/o/nowhere/settings")
    assert hidden.status_code == missing.status_code == 404
    pages = [
        answer.content.decode().replace("acme", "…").replace("nowhere", "…") for answer in (hidden, missing)
    ]
    assert "Acme" not in pages[0]


def test_an_error_speaks_the_readers_language() -> None:
    with translation.override("de"):
        german = NotFound().sentence
    with translation.override("en"):
        assert NotFound().sentence != german or german.startswith("There is nothing here")
