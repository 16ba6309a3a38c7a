"""Month ends, leap years and terms that join without gap."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.billing.terms import advance, first_term, last_month_starts_on

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@pytest.mark.spec("BIL-95")
def test_monthly_from_31_january_keeps_its_anchor() -> None:
    term = first_term(date(2026, 1, 31), 1)
    ends = []
    for _ in range(4):
        ends.append(term.ends_on)
        term = term.next(1)
    assert ends == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    assert first_term(date(2028, 1, 31), 1).ends_on == date(2028, 2, 29)


@pytest.mark.spec("BIL-95")
def test_yearly_from_29_february_returns_to_it_in_leap_years() -> None:
    term = first_term(date(2024, 2, 29), 12)
    ends = []
    for _ in range(4):
        ends.append(term.ends_on)
        term = term.next(12)
    assert ends == [date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


@given(start=DAYS, months=st.lists(st.integers(1, 36), min_size=1, max_size=30))
@pytest.mark.spec("BIL-94")
def test_terms_join_and_depend_only_on_the_months_bought(start: date, months: list[int]) -> None:
    term = first_term(start, months[0])
    total = months[0]
    for count in months[1:]:
        following = term.next(count)
        assert following.starts_on == term.ends_on < following.ends_on
        term, total = following, total + count
    assert term.ends_on == first_term(start, total).ends_on


@given(start=DAYS, months=st.integers(1, 36), offset=st.integers(-400, 2000))
def test_days_left_lie_between_none_and_all(start: date, months: int, offset: int) -> None:
    term = first_term(start, months)
    left = term.days_left(start + timedelta(days=offset))
    assert 0 <= left <= term.days
    assert term.days_left(term.starts_on) == term.days and term.days_left(term.ends_on) == 0


def test_the_last_month_begins_on_the_same_day_of_the_month() -> None:
    assert last_month_starts_on(first_term(date(2023, 1, 1), 12)) == date(2023, 12, 1)
    assert last_month_starts_on(first_term(date(2025, 8, 31), 1)) == date(2025, 8, 31)


@pytest.mark.parametrize(("months", "anchor"), [(1, 0), (1, 32)])
def test_an_impossible_anchor_is_refused(months: int, anchor: int) -> None:
    with pytest.raises(ValueError, match="anchor"):
        advance(date(2026, 1, 1), months, anchor)


def test_a_term_of_no_months_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one month"):
        first_term(date(2026, 1, 1), 0)
