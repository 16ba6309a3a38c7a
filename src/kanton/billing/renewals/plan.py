"""When a renewal is tried and what it costs. Pure arithmetic: no database, no clock (BIL-94…96, BIL-99, BIL-104)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from kanton.billing.pricing import PricedLine, price_line
from kanton.billing.terms import Term, advance
from kanton.billing.vat import Tax
from kanton.core.money import Money

#: Days before the due date on which automatic renewal tries: first, then 1, 3 and 7 days later, then on the day itself.
TRIES = (14, 13, 11, 7, 0)
NOTICE_DAYS = 30
MONTHS_SHOWN = 2
MOST_MONTHS = 120


def first_try_on(due_on: date) -> date:
    """The day of the first attempt."""
    return due_on - timedelta(days=TRIES[0])


def next_try_on(due_on: date, after: date) -> date | None:
    """The day of the next attempt after one on `after`; None when that was the last, or came later than the last."""
    days = (due_on - timedelta(days=before) for before in TRIES)
    return next((day for day in days if day > after), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """How far a line is renewed: `periods` times a billing period of `months`."""

    months: int
    periods: int = 1

    @property
    def total_months(self) -> int:
        """All months together."""
        return self.months * self.periods

    def __str__(self) -> str:
        return f"{self.months}x{self.periods}"

    @classmethod
    def read(cls, text: str) -> Choice | None:
        """What `str` wrote; None for anything else."""
        months, _x, periods = text.partition("x")
        if not (months.isascii() and months.isdigit() and periods.isascii() and periods.isdigit()):
            return None
        if len(text) > 8 or not 1 <= int(months) * int(periods) <= MOST_MONTHS:
            return None
        return cls(int(months), int(periods))


def in_advance(months: int, priced: frozenset[int]) -> list[Choice]:
    """What a line may be renewed for: each period that has a price, and its present one several times."""
    found = {each: Choice(each) for each in priced}
    for periods in (2, 3, 6) if months == 1 else (2, 3):
        whole = months * periods
        if months in priced and whole not in found and whole <= 36:
            found[whole] = Choice(months, periods)
    return [found[whole] for whole in sorted(found)]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one renewal costs: the term, and the fee of the guarantee if it has one. Both lines are rounded."""

    line: PricedLine
    fee: PricedLine | None

    @property
    def net(self) -> Money:
        """Both together, without VAT."""
        return self.line.net + self.fee.net if self.fee else self.line.net


@lru_cache(maxsize=4096)
def cost_of(unit: Money, choice: Choice, *, quantity: int = 1, fee: Money | None = None, tax: Tax) -> Cost:
    """Price a renewal. `fee` is the guarantee's, for one month; none of it is charged where there is no guarantee."""
    line = price_line(unit, quantity=quantity, periods=choice.periods, tax=tax)
    if not fee:
        return Cost(line, None)
    return Cost(line, price_line(fee, periods=choice.total_months, tax=tax))


def renewed(term_end: date, anchor_day: int, choice: Choice) -> Term:
    """The next term, from the old end, however early or late it is paid (BIL-94)."""
    return Term(term_end, advance(term_end, choice.total_months, anchor_day), anchor_day)


def price_to_charge(
    listed: Money, last: Money | None, told: date | None, on: date, *, days: int = NOTICE_DAYS
) -> Money:
    """The unit price of an automatic renewal: today's, if the customer knew it 30 days ago; a higher one not before.

    `told` is the day of the notice about exactly this price. A lower price needs no waiting.
    """
    if last is None or last.currency != listed.currency or listed <= last:
        return listed
    if told is not None and told <= on - timedelta(days=days):
        return listed
    return last


def billed_again(monthly: Money, today: date, term_end: date, anchor_day: int) -> tuple[int, Money]:
    """What a change to monthly billing today would bill a second time: whole months left, and their price (BIL-103)."""
    months = 0
    while months < MOST_MONTHS and advance(term_end, -(months + 1), anchor_day) >= today:
        months += 1
    return months, monthly.times(months)
