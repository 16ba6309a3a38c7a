"""Why somebody may have to prove who they are, and what an acceptance then does (SUP-31, SUP-41).

A room registers its reason when Django starts:

    register(Reason("order", _("A blocked order"), accept=_release, is_public=False))

Each hook gets the actor who decided and the case; `case.about` says what it is about. They run inside the action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise

from kanton.core.actor import Actor
from kanton.support.errors import NotThisReason
from kanton.support.models import IdentityCheck

Hook = Callable[[Actor, IdentityCheck], None]
Hold = Callable[[IdentityCheck], None]


def nothing(actor: Actor, case: IdentityCheck) -> None:
    """For hooks that have nothing to do."""


def hold_nothing(case: IdentityCheck) -> None:
    """For reasons whose hooks lock nothing that others lock before a case."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with the one thing that acceptance does.

    `is_public` reasons can be chosen on the page for help; the others are opened by a room. `wait` passes between
    acceptance and effect, with a link that stops it. `submitted` and `lapsed` let clocks stop and go on. `hold` locks
    what the hooks change and what its own room locks before the case: without it, the two would block each other.
    """

    code: str
    label: str | Promise
    accept: Hook
    refuse: Hook = nothing
    submitted: Hook = nothing
    lapsed: Hook = nothing
    hold: Hold = hold_nothing
    is_public: bool = True
    wait: timedelta | None = None
    order: int = 50
    # What acceptance does, in the words of staff who decide.
    effect: str | Promise = ""


_reasons: dict[str, Reason] = {}


def register(*reasons: Reason) -> None:
    """Add reasons. One with the same code replaces the first."""
    for reason in reasons:
        _reasons[reason.code] = reason


def unregister(code: str) -> None:
    """For tests."""
    _reasons.pop(code, None)


def reason_called(code: str) -> Reason:
    """The reason with this code, or NotThisReason."""
    if code not in _reasons:
        raise NotThisReason
    return _reasons[code]


def hold_for(case: IdentityCheck) -> None:
    """Lock what the case is about, before the case itself."""
    if case.reason in _reasons:
        _reasons[case.reason].hold(case)


def all_reasons() -> list[Reason]:
    """Every reason, in order."""
    return sorted(_reasons.values(), key=lambda reason: (reason.order, reason.code))


def public_reasons() -> list[Reason]:
    """What can be chosen on the page for help, in order."""
    return [reason for reason in all_reasons() if reason.is_public]


def label_of(code: str) -> str:
    """The reason in words; its code when the room that knew it is gone."""
    return str(_reasons[code].label) if code in _reasons else code
