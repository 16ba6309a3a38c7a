"""What opens an account besides sessions, tokens and app passwords; rooms above register how it ends."""

from __future__ import annotations

from collections.abc import Callable

from kanton.accounts.models import Person
from kanton.core.actor import Actor

End = Callable[[Actor, Person], None]
_ends: dict[str, End] = {}


def register(name: str, end: End) -> None:
    """Called from `AppConfig.ready()`; runs inside the action that blocks a whole account."""
    _ends[name] = end


def end_all(actor: Actor, person: Person) -> None:
    """End all of them."""
    for end in _ends.values():
        end(actor, person)
