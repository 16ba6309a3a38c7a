"""Terms and attempts over any days: nothing billed twice, nothing skipped (BIL-94…96, BIL-99, BIL-104)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.billing.renewals.plan import (
    TRIES,
    Choice,
    billed_again,
    cost_of,
    first_try_on,
    in_advance,
    next_try_on,
    price_to_charge,
    renewed,
)
from kanton.billing.terms import first_term, last_month_starts_on
from kanton.billing.vat import Tax
from kanton.core import clock
from kanton.core.money import Money

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))
choices = st.builds(Choice, st.sampled_from([1, 3, 6, 12, 24]), st.integers(1, 3))


@pytest.mark.spec("BIL-94", "BIL-95")
@given(start=days, bought=st.lists(choices, min_size=1, max_size=24))
def test_terms_follow_each_other_without_gap_or_overlap(start: date, bought: list[Choice]) -> None:
    term = first_term(start, 12)
    months = 12
    for choice in bought:
        following = renewed(term.ends_on, term.anchor_day, choice)
        assert following.starts_on == term.ends_on < following.ends_on
        assert following.anchor_day == start.day
        months += choice.total_months
        term = following
    # Many short terms end where one long term would have ended: no month end wears the anchor away.
    assert term.ends_on == first_term(start, months).ends_on


@pytest.mark.spec("BIL-96")
@given(due=days, gaps=st.lists(st.integers(1, 9), max_size=40))
def test_whenever_the_clock_runs_each_attempt_is_made_once_and_the_last_is_known(
    due: date, gaps: list[int]
) -> None:
    """Days on which nothing ran are caught up by the next run, and never by two attempts on one day."""
    day, made = first_try_on(due), []
    planned: date | None = day
    for gap in [*gaps, 400, 0]:
        if planned is not None and day >= planned:
            made.append(day)
            following = next_try_on(due, day)
            assert following is None or following > day
            planned = following
        day += timedelta(days=gap)
    assert len(made) == len(set(made)) <= len(TRIES)
    if all(gap == 1 for gap in gaps) and len(gaps) >= 15:
        assert [(due - each).days for each in made] == list(TRIES)
    assert planned is None


@pytest.mark.spec("BIL-95")
@given(moment=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - Hypothesis wants them naive
def test_today_is_the_operators_day_through_summer_and_winter_time(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    with clock.travel(aware):
        today = clock.today()
    offset = aware.astimezone(clock.operator_zone()).utcoffset()
    assert offset in (timedelta(hours=1), timedelta(hours=2))
    assert today == (moment + offset).date()


@given(
    listed=st.integers(0, 10_000), last=st.integers(0, 10_000), on=days, told=st.none() | st.integers(0, 90)
)
@pytest.mark.spec("BIL-99")
def test_nobody_pays_a_higher_price_that_was_not_told_in_time(
    listed: int, last: int, on: date, told: int | None
) -> None:
    told_on = None if told is None else on - timedelta(days=told)
    charged = price_to_charge(Money(listed, "CHF"), Money(last, "CHF"), told_on, on).minor
    assert charged == (listed if listed <= last or (told is not None and told >= 30) else last)
    assert price_to_charge(Money(listed, "CHF"), None, None, on).minor == listed
    assert price_to_charge(Money(listed, "EUR"), Money(last, "CHF"), None, on).currency == "EUR"


@pytest.mark.spec("BIL-103", "BIL-104")
@given(start=days, used=st.integers(0, 365))
def test_an_early_change_would_bill_whole_months_that_are_paid(start: date, used: int) -> None:
    term = first_term(start, 12)
    today = min(start + timedelta(days=used), term.ends_on)
    months, amount = billed_again(Money(500, "CHF"), today, term.ends_on, term.anchor_day)
    assert amount.minor == 500 * months and 0 <= months <= 12
    assert (months == 0) == (today > last_month_starts_on(term))


def test_the_example_of_the_specification() -> None:
    """Paid on 1 January 2023 for a year: not before 1 December 2023."""
    term = first_term(date(2023, 1, 1), 12)
    assert last_month_starts_on(term) == date(2023, 12, 1)


@pytest.mark.spec("BIL-90", "BIL-112")
def test_durations_and_the_fee() -> None:
    assert [str(each) for each in in_advance(12, frozenset({12, 24, 60}))] == ["12x1", "24x1", "12x3", "60x1"]
    assert [str(each) for each in in_advance(1, frozenset({1, 12}))] == ["1x1", "1x2", "1x3", "1x6", "12x1"]
    assert in_advance(3, frozenset({12})) == [Choice(12)]
    cost = cost_of(Money(500, "CHF"), Choice(1, 3), quantity=2, fee=Money(200, "CHF"), tax=Tax("CH", 0))  # type: ignore[arg-type]
    assert cost.fee is not None and (cost.line.net.minor, cost.fee.net.minor, cost.net.minor) == (
        3000,
        600,
        3600,
    )
    assert cost_of(Money(500, "CHF"), Choice(1), fee=Money(0, "CHF"), tax=Tax("CH", 0)).fee is None  # type: ignore[arg-type]
