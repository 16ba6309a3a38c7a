"""What the deletion itself can do: stop products that still run (ORG-30), and hand things out before the door closes
(BIL-128). Rooms above register:

steps.register_stopper(find)       # Organization -> Iterable[Stoppable]
steps.register_parting(Parting("invoices", …))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kanton.core.actor import Actor
from kanton.organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Stoppable:
    """A product that the deletion can stop: which service, what goes with it, and the numbers of the unpaid invoices
    that it withdraws."""

    service_id: int
    name: str
    lost: Sequence[str]
    stop: Callable[[Actor], object]
    withdraws: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Parting:
    """Something the owner may still ask for, such as all paid invoices by mail. Runs inside the deletion."""

    key: str
    label: Any
    is_offered: Callable[[Organization], bool]
    carry_out: Callable[[Actor, Organization], object]


Find = Callable[[Organization], Iterable[Stoppable]]
_finders: list[Find] = []
_partings: dict[str, Parting] = {}


def register_stopper(find: Find) -> None:
    """Called when Django starts."""
    if find not in _finders:
        _finders.append(find)


def register_parting(parting: Parting) -> None:
    """Called when Django starts."""
    _partings[parting.key] = parting


def stoppable(organization: Organization) -> list[Stoppable]:
    """Every running product that the deletion can stop."""
    return [each for find in _finders for each in find(organization)]


def partings_for(organization: Organization) -> list[Parting]:
    """What may still be asked for here."""
    return [each for _key, each in sorted(_partings.items()) if each.is_offered(organization)]
