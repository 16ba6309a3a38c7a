"""The one way to change state: who may, one transaction, one record, and the jobs that follow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.conf import settings
from django.db import transaction

from kanton.core.activity import Kind, Recorded, keep, note_down
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.jobs.context import caused_by
from kanton.core.money import Money
from kanton.core.rights import Right

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What the registry knows of an action: its stable code, the right it asks for, the function."""

    code: str
    right: Right
    function: Callable[..., Any]

    @property
    def summary(self) -> str:
        """The first sentence of the docstring."""
        return (self.function.__doc__ or "").strip().split("\n")[0]


ACTIONS: dict[str, ActionSpec] = {}


@dataclass(slots=True)
class Follow:
    """A job that will run once the change is committed."""

    task: str
    args: tuple[Any, ...]


@dataclass(slots=True)
class Effect:
    """What one run of an action did, or in a dry run would do."""

    result: Any = None
    records: list[Recorded] = field(default_factory=list)
    jobs: list[Follow] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    costs: list[tuple[str, Money]] = field(default_factory=list)
    irreversible: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_dry: bool = False
    #: What was recorded and is kept when the outermost action ends, and how deep actions call actions just now.
    noted: list[Any] = field(default_factory=list)
    depth: int = 0


_running: ContextVar[Effect | None] = ContextVar("running_action", default=None)


class NothingRecorded(AssertionError):
    """An action ended without a record: a change nobody could see. Raised in tests and in development."""


class OutsideAction(AssertionError):
    """`record` or `after_commit` was called where no action runs."""


def action(
    *, right: Right, may_be_silent: bool = False, is_whole: bool = False
) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Make a function the one way to do this change.

    It asks `actor` for `right` on the first argument after it (Forbidden, 403), runs the body in one transaction,
    and complains when nothing was recorded (unless it `may_be_silent`, as an engine's "not yet"). An action called
    by an action joins its transaction and still asks.

    What was recorded is kept when the outermost action ends. Each organization's activity is a chain whose head is
    locked to append: as the last lock of every transaction it is never held by one that still waits for another.

    `is_whole`: an error in it undoes the caller's transaction too, for runs of thousands of rows that nobody catches.
    Under a savepoint SQLite spends more on each row the more the transaction has changed.
    """

    def decorate(function: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
        code = f"{_room_of(function)}.{function.__name__}"

        @functools.wraps(function)
        def run(actor: Actor, *args: P.args, **kwargs: P.kwargs) -> R:
            target = args[0] if args else None
            decision = actor.decide(right, target)
            if not decision:
                raise Forbidden(decision)
            outer = _running.get()
            effect = outer or Effect()
            recorded, noted = len(effect.records), list(effect.noted)
            effect.depth += 1
            token = _running.set(effect)
            try:
                with (
                    transaction.atomic(savepoint=not is_whole),
                    caused_by(actor.label, getattr(target, "organization_id", None)),
                ):
                    effect.result = function(actor, *args, **kwargs)
                    if (
                        settings.KANTON_STRICT_ACTIONS
                        and not may_be_silent
                        and len(effect.records) == recorded
                    ):
                        raise NothingRecorded(f"{code} recorded nothing")
                    if effect.depth == 1:
                        keep_recorded()
            except BaseException:
                effect.noted = noted  # the rest is undone, also where the caller goes on
                raise
            finally:
                effect.depth -= 1
                _running.reset(token)
            result: R = effect.result
            return result

        if code in ACTIONS:
            raise ValueError(f"two actions are called {code!r}")
        ACTIONS[code] = ActionSpec(code, right, run)
        run.__dict__["action_code"] = code
        return cast("Callable[Concatenate[Actor, P], R]", run)

    return decorate


def _room_of(function: Callable[..., Any]) -> str:
    """kanton.products.mail.actions → mail; kanton.products.actions → products."""
    parts = function.__module__.removeprefix("kanton.").split(".")
    return parts[1] if parts[0] == "products" and len(parts) > 2 else parts[0]


class _Undo(Exception):
    """Rolls a dry run back."""


def dry_run(
    function: Callable[Concatenate[Actor, P], R], actor: Actor, *args: P.args, **kwargs: P.kwargs
) -> Effect:
    """What would this action do? Runs it in its transaction, collects the effect, rolls everything back.

    Raises the same errors as the action itself.
    """
    effect = Effect(is_dry=True)
    token = _running.set(effect)
    try:
        with transaction.atomic():
            effect.result = function(actor, *args, **kwargs)
            raise _Undo
    except _Undo:
        pass
    finally:
        _running.reset(token)
    return effect


def record(actor: Actor, kind: Kind, target: object, **data: Any) -> None:
    """Remember what happened, in the action's transaction. `data` must be JSON."""
    record_many([Recorded(actor, kind, target, data)])


def record_many(records: Sequence[Recorded]) -> None:
    """`record` for a run that changes thousands of things at once."""
    effect = _effect()
    effect.records.extend(records)
    effect.noted.extend(map(note_down, records))
    if not effect.depth:
        keep_recorded()


def keep_recorded() -> None:
    """Keep what was recorded so far. Only for who must find it in the database before the action ends."""
    effect = _running.get()
    if effect is not None and effect.noted:
        noted, effect.noted = effect.noted, []
        keep(noted)


def after_commit(
    task: Any, *args: Any, unique_key: str | None = None, run_after: datetime | None = None, **kwargs: Any
) -> None:
    """Enqueue a job in this transaction: it exists exactly if the change does.

    With `unique_key`, one waiting job is enough.
    """
    from kanton.core.jobs import enqueue

    effect = _effect()
    effect.jobs.append(Follow(task.module_path, args))
    if not effect.is_dry:
        enqueue(task, *args, unique_key=unique_key, run_after=run_after, **kwargs)


def after_commit_many(task: Any, args: Sequence[tuple[Sequence[Any], str]]) -> None:
    """Enqueue one job per (arguments, unique key); a key under which a job waits already gets no second one."""
    from kanton.core.jobs.backend import enqueue_many

    effect = _effect()
    effect.jobs.extend(Follow(task.module_path, tuple(given)) for given, _key in args)
    if not effect.is_dry:
        enqueue_many(task, args)


def is_dry_run() -> bool:
    """True inside `dry_run`, for the few bodies that reserve something outside the database."""
    effect = _running.get()
    return effect is not None and effect.is_dry


def note_mail(to: str, subject: str) -> None:
    """Tell the dry run that a mail goes out. Called by the outbox."""
    if effect := _running.get():
        effect.mails.append((to, subject))


def note_cost(label: str, amount: Money) -> None:
    """Tell the dry run what this costs, VAT included."""
    _effect().costs.append((label, amount))


def note_irreversible(sentence: str) -> None:
    """Tell the dry run what cannot be undone."""
    _effect().irreversible.append(sentence)


def note(sentence: str) -> None:
    """Tell the dry run what else it means, such as who loses what."""
    _effect().notes.append(sentence)


@contextmanager
def undoable() -> Iterator[None]:
    """In the block actions are part of one that can be undone as a whole: what they call irreversible is not."""
    effect = _effect()
    before = list(effect.irreversible)
    yield
    effect.irreversible[:] = before


def _effect() -> Effect:
    effect = _running.get()
    if effect is None:
        raise OutsideAction("only an @action may change state and record it")
    return effect


@contextmanager
def observed() -> Iterator[Effect]:
    """Collect the effect of the actions in the block without changing what they do. For tests and for answers."""
    effect = Effect()
    token = _running.set(effect)
    try:
        yield effect
    finally:
        _running.reset(token)
