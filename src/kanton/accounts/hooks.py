"""What the apps of an account are asked, or told, by the account itself."""

from __future__ import annotations

from collections.abc import Callable

from kanton.accounts.models import Person
from kanton.core.actor import Actor

_holders: list[Callable[[str], Person | None]] = []
_when_confirmed: list[Callable[[Actor, Person], object]] = []


def register_holder(holder: Callable[[str], Person | None]) -> None:
    """`holder(key)` answers who may still take back the login address with this key (ACC-24)."""
    if holder not in _holders:
        _holders.append(holder)


def holder_of(key: str) -> Person | None:
    """Who may still take this address back; nobody else can register with it meanwhile."""
    return next((person for holder in _holders if (person := holder(key)) is not None), None)


def register_when_confirmed(follow: Callable[[Actor, Person], object]) -> None:
    """`follow(actor, person)` runs inside the action that proves a login address."""
    if follow not in _when_confirmed:
        _when_confirmed.append(follow)


def address_confirmed(actor: Actor, person: Person) -> None:
    """Tell everybody who follows."""
    for follow in _when_confirmed:
        follow(actor, person)
