"""The mails about sign-ins and locks (ACC-100…107, ACC-126)."""

from __future__ import annotations

from kanton.accounts.browsers import browser_of
from kanton.accounts.emails import to_both, to_one
from kanton.accounts.geo import place_of
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor


def _about(actor: Actor) -> dict[str, object]:
    return {
        "at": clock.now(),
        "browser": browser_of(actor.user_agent),
        "address": actor.ip or "?",
        "place": place_of(actor.ip),
    }


def signed_in(person: Person, actor: Actor, *, is_new: bool) -> None:
    """A sign-in, from a new place or as every time (ACC-100)."""
    to_one(person, "access/signed_in", {"is_new": is_new, **_about(actor)})


def wrong_password(person: Person, actor: Actor) -> None:
    """A wrong password was typed (ACC-101)."""
    to_one(person, "access/wrong_password", _about(actor))


def locked(person: Person, actor: Actor) -> None:
    """Too many of them."""
    to_both(person, "access/locked", {"unlock": f"{config.web.address}/unlock", **_about(actor)})


def unlock_link(person: Person, secret: str) -> None:
    """The link that unlocks, to the recovery address alone (ACC-107)."""
    values = {"link": f"{config.web.address}/unlock/{secret}"}
    to_one(person, "access/unlock", values, address=person.recovery_email, secret=True)


def unlocked(person: Person, by: str) -> None:
    """Who unlocked it (ACC-105)."""
    to_both(person, "access/unlocked", {"by": by, "at": clock.now()})
