"""What a person may open by other means than their own account, such as a mailbox whose password they know (ORG-88).

A suspension ends everything that hangs on the account; these things have passwords of their own, so the page names
them with the place where they are changed. Rooms above register what they know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kanton.accounts.models import Person
from kanton.organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Means:
    """One thing: what it is called, what kind of thing it is, and where its own password is changed."""

    label: str
    kind: Any
    url: str


Source = Callable[[Person, Organization], Iterable[Means]]
_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Called from `AppConfig.ready()`."""
    _sources[name] = source


def means_of(person: Person, organization: Organization) -> list[Means]:
    """Everything with a password of its own that this person uses here."""
    return [one for source in _sources.values() for one in source(person, organization)]
