"""Billing terms: which day a period ends. Dates only, in the operator's time zone (BIL-95)."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Term:
    """What one payment buys: until 24:00 of `ends_on`, beginning at 24:00 of `starts_on`.

    The day on which a contract begins comes on top, whatever the hour. `anchor_day` is the day of the month it
    began on; it is kept even where a month is too short for it: 31 January, 28 February, 31 March.
    """

    starts_on: date
    ends_on: date
    anchor_day: int

    def next(self, months: int) -> Term:
        """The term that follows without a gap or an overlap, however early or late it is paid (BIL-94)."""
        return Term(self.ends_on, advance(self.ends_on, months, self.anchor_day), self.anchor_day)

    @property
    def days(self) -> int:
        """How many days the term has."""
        return (self.ends_on - self.starts_on).days

    def days_left(self, on: date) -> int:
        """Whole days not yet used on this day: all before the start, none from the end on."""
        return max(0, min(self.days, (self.ends_on - on).days))


def first_term(starts_on: date, months: int) -> Term:
    """The first term of a contract; the day it starts on becomes the anchor."""
    if months < 1:
        raise ValueError("a term has at least one month")
    return Term(starts_on, advance(starts_on, months, starts_on.day), starts_on.day)


def advance(day: date, months: int, anchor_day: int) -> date:
    """The day `months` later: on the anchor day, or on the month's last day where it has none."""
    if not 1 <= anchor_day <= 31:
        raise ValueError("an anchor day is between 1 and 31")
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(anchor_day, calendar.monthrange(year, month)[1]))


def last_month_starts_on(term: Term) -> date:
    """From this day on the billing period may be changed at once (BIL-104)."""
    return advance(term.ends_on, -1, term.anchor_day)
