"""What follows a new login password: rooms above register, and the dialog asks what they offer.

    following.register(Follower("app-passwords", offer=_offer, changed=_changed, reset=_reset))

A password is changed by its owner in a session (`changed`), or chosen anew by somebody who had lost it (`reset`). Both
run inside the action. In the dialog of a change a follower may offer a choice, or say what follows without one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kanton.accounts.models import Person
from kanton.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Offer:
    """A line of the dialog: a box to tick, or with `is_choice` False a sentence that says what follows."""

    label: Any
    help_text: Any = ""
    is_choice: bool = True


@dataclass(frozen=True, slots=True)
class Follower:
    """One room's part. `changed` gets the new password and whether its offer was taken."""

    key: str
    offer: Callable[[Person], Offer | None]
    changed: Callable[[Actor, Person, str, bool], None]
    reset: Callable[[Actor, Person, str], None]


_followers: dict[str, Follower] = {}


def register(follower: Follower) -> None:
    """Called when Django starts."""
    _followers[follower.key] = follower


def offers(person: Person) -> dict[str, Offer]:
    """What the dialog shows to this person, by the key of who offers it."""
    found = {key: follower.offer(person) for key, follower in sorted(_followers.items())}
    return {key: offer for key, offer in found.items() if offer is not None}


def changed(actor: Actor, person: Person, password: str, *, taken: Sequence[str]) -> None:
    """Let every room follow a change."""
    for key, follower in sorted(_followers.items()):
        follower.changed(actor, person, password, key in taken)


def reset(actor: Actor, person: Person, password: str) -> None:
    """Let every room follow a reset."""
    for _key, follower in sorted(_followers.items()):
        follower.reset(actor, person, password)
