"""Kinds of activity, each with its sentence and its erasure rule, and the port through which they are kept."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kanton.core.actor import Actor
from kanton.core.rights import Role

KINDS: dict[str, Kind] = {}
PRODUCT_NAMES: dict[str, Any] = {}
FACT = re.compile(r"\d{4}-\d\d-\d\d|[A-Z]{3} -?\d+\.\d\d")  # a day or an amount, as records keep them


class Kind(enum.Enum):
    """What can happen in a room: `NAME = code, sentence, personal`.

    The sentence may use `%(actor)s`, `%(target)s` and the record's data. `personal` names the data fields that a
    person's erasure blanks; the sentence then reads with “…” in their place and the hash chain still verifies.
    """

    sentence: Any
    personal: tuple[str, ...]

    def __new__(cls, code: str, sentence: Any, personal: tuple[str, ...] = ()) -> Kind:
        member = object.__new__(cls)
        member._value_ = code
        member.sentence = sentence
        member.personal = personal
        if code in KINDS:
            raise ValueError(f"two kinds of activity are called {code!r}")
        KINDS[code] = member
        return member

    @property
    def code(self) -> str:
        """The stable name, such as "organizations.member_invited"."""
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One thing that happened, as the action told it."""

    actor: Actor
    kind: Kind
    target: object
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def target_label(self) -> str:
        """The target as people call it."""
        return str(self.target) if self.target is not None else ""

    @property
    def sentence(self) -> str:
        """What happened, in the language active now."""
        return str(self.kind.sentence) % in_words(
            {"actor": self.actor.label, "target": self.target_label} | self.data
        )


def in_words(data: dict[str, Any]) -> dict[str, Any]:
    """A record's data as a sentence shows it: roles by their name, lists with commas, what is missing as “…”."""
    return _Words({name: _word(name, value) for name, value in data.items()})


class _Words(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"


def _word(name: str, value: Any) -> Any:
    if name == "role" and value in Role.values:
        return Role(value).label
    if name in ("before", "after") and value in ("", []):
        return "–"
    if isinstance(value, list):
        return ", ".join(str(_word("", part)) for part in value)
    if isinstance(value, str) and _speakers and FACT.fullmatch(value):
        return _speakers[0](value)
    return value


_speakers: list[Callable[[str], str]] = []


def set_speaker(speaker: Callable[[str], str]) -> None:
    """Called once by the room that knows how languages write days and amounts."""
    _speakers[:] = [speaker]


NoteDown = Callable[[Recorded], Any]
Keeper = Callable[[Sequence[Any]], object]
_note_down: list[NoteDown] = []
_keeper: list[Keeper] = []


def set_keeper(note_down: NoteDown, keeper: Keeper) -> None:
    """Called once by the room that stores activity: what a record says, and how what was noted down is kept."""
    _note_down[:], _keeper[:] = [note_down], [keeper]


def note_down(recorded: Recorded) -> Any:
    """What a record says, as of now: its target may look otherwise, or be gone, when it is kept."""
    return _note_down[0](recorded)


def keep(noted: Sequence[Any]) -> object:
    """Store what was noted down, with few statements, as the last thing of its action's transaction."""
    return _keeper[0](noted)
