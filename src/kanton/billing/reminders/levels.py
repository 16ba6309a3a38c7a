"""Which reminder an overdue invoice gets on a day. Pure arithmetic (BIL-73)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

#: After the last level an invoice is looked at for so long, in case the run stood still.
CATCH_UP = 14


def level_on(day: date, due_on: date, days: Sequence[int]) -> int:
    """The level reached: 0 before the first reminder, then 1, 2, 3. After a standstill the ones missed are left out."""
    return sum(1 for after in days if day >= due_on + timedelta(days=after))


def pay_until(day: date, due_on: date, days: Sequence[int]) -> date:
    """The new date of a reminder sent on this day: the eve of the next one, or of one more that would follow."""
    levels = sorted(set(days))
    gap = levels[-1] - (levels[-2] if len(levels) > 1 else 0)
    later = [then for after in levels if (then := due_on + timedelta(days=after)) > day]
    return min(later, default=day + timedelta(days=gap)) - timedelta(days=1)


def due_between(day: date, days: Sequence[int]) -> tuple[date, date] | None:
    """The due dates of the invoices that may get a reminder on this day; None where there are no levels."""
    if not days:
        return None
    return day - timedelta(days=max(days) + CATCH_UP), day - timedelta(days=min(days))
