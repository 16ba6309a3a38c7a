"""Sessions are sealed and read as Django does it, by a shorter way."""

import pytest
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.accounts.sessions import SessionStore

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
held = st.dictionaries(
    texts, texts | st.integers() | st.booleans() | st.none() | st.lists(texts, max_size=4), max_size=6
)


class Theirs(DatabaseStore):
    """Django's own store, under our name: the name is part of the salt."""


Theirs.__qualname__ = SessionStore.__qualname__


@given(held=held)
def test_what_a_session_holds_is_read_as_django_reads_it(held: dict[str, object]) -> None:
    written = Theirs().encode(held)
    assert SessionStore().decode(written) == Theirs().decode(written) == held
    assert (
        SessionStore().encode(held).rpartition(":")[0].rpartition(":")[0]
        == written.rpartition(":")[0].rpartition(":")[0]
    )


@given(held=held, place=st.integers(min_value=0), letter=st.sampled_from("aZ0_-:."))
def test_what_is_not_sealed_holds_nothing(held: dict[str, object], place: int, letter: str) -> None:
    written = Theirs().encode(held)
    place %= len(written)
    changed = written[:place] + letter + written[place + 1 :]
    assert SessionStore().decode(changed) == Theirs().decode(changed)
    assert changed == written or SessionStore().decode(changed) == {}


def test_sessions_of_the_last_key_are_still_read() -> None:
    with override_settings(SECRET_KEY="the last one"):
        written = SessionStore().encode({"of": "Ana"})
    assert SessionStore().decode(written) == {}
    with override_settings(SECRET_KEY_FALLBACKS=["the last one"]):
        assert SessionStore().decode(written) == {"of": "Ana"}


@pytest.mark.parametrize(
    "password", ["", "!unusable", "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA", "ü"]
)
def test_a_session_ends_with_its_password_as_with_django(password: str) -> None:
    person = Person(password=password)
    theirs = AbstractBaseUser._get_session_auth_hash(person)  # type: ignore[attr-defined]
    assert person.get_session_auth_hash() == theirs
    with override_settings(SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert list(person.get_session_auth_fallback_hash()) == [theirs]
