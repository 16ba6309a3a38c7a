"""The registry of what the end of an account means."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kanton.accounts import ending
from kanton.accounts.ending import Effect, Ending, Fate, Obstacle
from kanton.accounts.models import Person
from kanton.core.actor import System


@pytest.fixture
def done() -> Iterator[list[str]]:
    """Two parts, registered in the wrong order; the list tells what they carried out."""
    done: list[str] = []
    ending.register(
        Ending(
            "test-late",
            effects=lambda person: [Effect("stays", Fate.STAYS), Effect("late")],
            obstacles=lambda person: [Obstacle("not yet", "/there", "Go there")],
            carry_out=lambda actor, person: done.append(f"late {actor.label}"),
            order=9_000,
        ),
        Ending("test-early", effects=lambda person: [Effect("early")], order=8_000),
    )
    yield done
    for key in ("test-late", "test-early"):
        ending.unregister(key)


def test_parts_are_read_and_carried_out_in_their_order(done: list[str], ana: Person) -> None:
    effects = [effect.text for effect in ending.effects_of(ana)]
    assert [text for text in effects if text in ("early", "late", "stays")] == ["early", "late", "stays"]
    assert effects[-1] == "stays"
    assert ending.obstacles_of(ana)[-1] == Obstacle("not yet", "/there", "Go there")
    ending.carry_out(System("test"), ana)
    assert done == ["late test"]


def test_a_part_needs_nothing_but_a_key(ana: Person) -> None:
    bare = Ending("test-bare")
    assert (list(bare.effects(ana)), list(bare.obstacles(ana))) == ([], [])
    bare.carry_out(System("test"), ana)


def test_two_parts_of_one_name_are_an_error(done: list[str]) -> None:
    with pytest.raises(ValueError, match="test-early"):
        ending.register(Ending("test-early"))
