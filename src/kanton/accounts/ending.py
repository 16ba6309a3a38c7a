"""What the end of an account means for each room: effects to be read first, obstacles, and what is carried out.

    ending.register(Ending("tokens", effects=_effects, obstacles=nothing, carry_out=_carry_out, order=20))

A room registers its part in its AppConfig.ready(). The page that deletes an account lists every effect before it asks
for the password (ACC-68), and refuses while there is an obstacle (ACC-69, ACC-70). `carry_out` runs inside the action
that deletes, before the person's row goes with everything that cascades from it; it is for what does not cascade.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from kanton.accounts.models import Person
from kanton.core.actor import Actor

Text = str | Promise


class Fate(enum.StrEnum):
    """What becomes of a thing when the account ends."""

    ENDS = "ends"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Effect:
    """One sentence of what happens, or of what does not."""

    text: Text
    fate: Fate = Fate.ENDS


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the account cannot end yet, and where that is mended; `more` are other ways: label and address."""

    text: Text
    url: str = ""
    label: Text = ""
    more: Sequence[tuple[Text, str]] = ()


def no_effects(person: Person) -> Iterable[Effect]:
    """For a room that has nothing to say beforehand."""
    return ()


def no_obstacles(person: Person) -> Iterable[Obstacle]:
    """For a room that never stands in the way."""
    return ()


def nothing_to_do(actor: Actor, person: Person) -> None:
    """For a room whose rows go with the person's."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One room's part of the end of an account. Parts are read and carried out by `order`, then by `key`."""

    key: str
    effects: Callable[[Person], Iterable[Effect]] = no_effects
    obstacles: Callable[[Person], Iterable[Obstacle]] = no_obstacles
    carry_out: Callable[[Actor, Person], None] = nothing_to_do
    order: int = 50


_endings: dict[str, Ending] = {}


def register(*endings: Ending) -> None:
    """Add a room's part. A key stands for one part only."""
    for ending in endings:
        if ending.key in _endings:
            raise ValueError(f"two endings are called {ending.key!r}")
        _endings[ending.key] = ending


def unregister(key: str) -> None:
    """Take a part out again, for tests."""
    _endings.pop(key, None)


def endings() -> list[Ending]:
    """All parts, in order."""
    return sorted(_endings.values(), key=lambda ending: (ending.order, ending.key))


def effects_of(person: Person) -> list[Effect]:
    """Everything that happens when this account ends: first what ends, then what stays."""
    found = [effect for ending in endings() for effect in ending.effects(person)]
    return sorted(found, key=lambda effect: effect.fate is Fate.STAYS)


def obstacles_of(person: Person) -> list[Obstacle]:
    """Everything that stands in the way."""
    return [obstacle for ending in endings() for obstacle in ending.obstacles(person)]


def carry_out(actor: Actor, person: Person) -> None:
    """Let every room do its part, inside the action that deletes the account."""
    for ending in endings():
        ending.carry_out(actor, person)
