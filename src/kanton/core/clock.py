"""The one clock. Instants are UTC; billing terms are dates in the operator's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from kanton.config import config

_travelled: ContextVar[timedelta | None] = ContextVar("travelled", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    shift = _travelled.get()
    present = datetime.now(UTC)
    return present + shift if shift else present


def today() -> date:
    """Today's date in the operator's time zone (BIL-95)."""
    return now().astimezone(operator_zone()).date()


def operator_zone() -> ZoneInfo:
    """The time zone in which the operator's terms begin and end."""
    return ZoneInfo(config.operator.time_zone)


def start_of(day: date) -> datetime:
    """The instant at which a day begins in the operator's time zone."""
    return datetime(day.year, day.month, day.day, tzinfo=operator_zone())


def timestamp(moment: datetime | None) -> int | None:
    """Seconds since 1970 as the API writes instants; None stays None."""
    return None if moment is None else int(moment.timestamp())


@contextmanager
def travel(to: datetime) -> Iterator[None]:
    """Inside the block the clock starts at `to` and goes on from there. For tests, forecasts and the simulator."""
    if to.tzinfo is None:
        raise ValueError("travel to an aware instant")
    token = _travelled.set(to - datetime.now(UTC))
    try:
        yield
    finally:
        _travelled.reset(token)
