from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.core.money import CurrencyMismatch, Money

amounts = st.builds(Money, st.integers(-(10**12), 10**12), st.just("CHF"))


@pytest.mark.spec("BIL-5")
def test_amounts_are_written_as_people_write_them() -> None:
    assert Money.of("9.90", "CHF").times(12) == Money(11880, "CHF")
    assert str(Money.of("-0.05", "EUR")) == "EUR -0.05"


@pytest.mark.spec("BIL-5")
@pytest.mark.parametrize(
    ("minor", "factor", "result"), [(5, "0.5", 3), (-5, "0.5", -3), (15, "0.1", 2), (14, "0.1", 1)]
)
def test_half_a_rappen_is_rounded_up(minor: int, factor: str, result: int) -> None:
    assert Money(minor, "CHF").times(Decimal(factor)) == Money(result, "CHF")


@pytest.mark.parametrize("nonsense", ["", "1.005", "NaN", "inf", "1,5", "abc"])
def test_nonsense_is_refused(nonsense: str) -> None:
    with pytest.raises(ValueError):
        Money.of(nonsense, "CHF")


def test_a_float_never_becomes_money() -> None:
    with pytest.raises(ValueError):
        Money.of(0.1, "CHF")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(1.0, "CHF")  # type: ignore[arg-type]


@pytest.mark.spec("BIL-7")
def test_currencies_never_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "CHF") + Money(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        assert Money(1, "CHF") < Money(1, "EUR")


@given(amounts, st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_a_split_loses_and_makes_nothing(amount: Money, weights: list[int]) -> None:
    shares = amount.allocate(weights)
    assert Money.sum(shares, "CHF") == amount
    assert all(not share for share, weight in zip(shares, weights, strict=True) if not weight)
