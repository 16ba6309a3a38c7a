"""Lines, discounts, VAT and totals to the Rappen."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanton.billing.pricing import Discount, Fixed, Percent, price_line, totals
from kanton.billing.proration import unused_share, upgrade_price
from kanton.billing.vat import Tax, Treatment
from kanton.core.money import CURRENCIES, CurrencyMismatch, Money

CH = Tax("CH", Decimal("8.1"))
DE = Tax("DE", Decimal(19))
NONE = Tax("US", Decimal(0), Treatment.OUTSIDE)

MINORS = st.integers(0, 10_000_000)
AMOUNTS = MINORS.map(lambda minor: Money(minor, "CHF"))
PERCENTAGES = st.decimals(0, 100, places=2)
DISCOUNTS = st.lists(
    st.one_of(PERCENTAGES.map(Percent), AMOUNTS.map(Fixed)),
    max_size=5,
)


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


@pytest.mark.spec("BIL-5")
def test_a_line_is_unit_times_quantity_times_periods_then_discounts_one_after_the_other() -> None:
    line = price_line(
        chf("9.90"),
        quantity=3,
        periods=12,
        discounts=[Percent(Decimal(15), "B2B"), Fixed(chf("10"), "Gift")],
        tax=CH,
    )
    assert line.full == chf("356.40")
    assert [(each.label, each.off) for each in line.discounts] == [
        ("B2B", chf("53.46")),
        ("Gift", chf("10.00")),
    ]
    assert line.net == chf("292.94")


@pytest.mark.spec("BIL-5")
def test_every_discount_is_rounded_half_up_before_the_next() -> None:
    # 0.05 − 50 % = 0.025 → 0.03; 0.03 − 50 % = 0.015 → 0.02. Rounded once it would be 0.0125 → 0.01.
    line = price_line(chf("0.05"), discounts=[Percent(Decimal(50)), Percent(Decimal(50))], tax=CH)
    assert line.net == chf("0.02")


@pytest.mark.spec("BIL-5")
def test_vat_is_computed_per_rate_on_the_sum_of_the_rounded_lines() -> None:
    lines = [(chf("0.06"), CH)] * 3 + [(chf("10.00"), DE), (chf("5.00"), NONE)]
    result = totals(lines, "CHF")
    # Line by line the Swiss VAT would round to 0.00; on the sum 0.18 it is 0.01458 → 0.01.
    assert [(each.tax, each.base, each.amount) for each in result.vat] == [
        (DE, chf("10.00"), chf("1.90")),
        (CH, chf("0.18"), chf("0.01")),
        (NONE, chf("5.00"), chf("0.00")),
    ]
    assert result.total == chf("17.09") and result.vat_total == chf("1.91")


@pytest.mark.spec("BIL-5", "BIL-41")
@given(unit=AMOUNTS, quantity=st.integers(1, 500), periods=st.integers(1, 36), discounts=DISCOUNTS)
def test_a_line_adds_up_and_is_never_negative(
    unit: Money, quantity: int, periods: int, discounts: list[Discount]
) -> None:
    line = price_line(unit, quantity=quantity, periods=periods, discounts=discounts, tax=CH)
    off = Money.sum((each.off for each in line.discounts), "CHF")
    assert line.full - off == line.net
    assert Money.zero("CHF") <= line.net <= line.full
    assert all(each.off.minor >= 0 for each in line.discounts)


@pytest.mark.spec("BIL-5")
@given(st.lists(st.tuples(MINORS, st.sampled_from([CH, DE, NONE])), max_size=40), st.sampled_from(CURRENCIES))
def test_the_printed_lines_add_up_to_the_printed_total(found: list[tuple[int, Tax]], currency: str) -> None:
    lines = [(Money(minor, currency), tax) for minor, tax in found]
    result = totals(lines, currency)
    assert result.net == Money.sum((net for net, _ in lines), currency)
    assert result.total == result.net + Money.sum((each.amount for each in result.vat), currency)
    assert Money.sum((each.base for each in result.vat), currency) == result.net
    assert len({each.tax for each in result.vat}) == len(result.vat)
    for each in result.vat:
        exact = each.base.amount * each.tax.rate / 100
        assert each.amount.amount == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.spec("BIL-5")
@given(st.lists(st.tuples(MINORS, st.sampled_from([CH, DE, NONE])), max_size=20), st.sampled_from(CURRENCIES))
def test_a_credit_note_mirrors_its_invoice_exactly(found: list[tuple[int, Tax]], currency: str) -> None:
    lines = [(Money(minor, currency), tax) for minor, tax in found]
    there, back = totals(lines, currency), totals([(-net, tax) for net, tax in lines], currency)
    assert back.total == -there.total and back.net == -there.net


@pytest.mark.parametrize("quantity", [0, -1, 100_001])
def test_quantities_out_of_range_are_refused(quantity: int) -> None:
    with pytest.raises(ValueError, match="quantity"):
        price_line(chf("1"), quantity=quantity, tax=CH)


@pytest.mark.parametrize("periods", [0, -12, 121])
def test_periods_out_of_range_are_refused(periods: int) -> None:
    with pytest.raises(ValueError, match="periods"):
        price_line(chf("1"), periods=periods, tax=CH)


def test_a_fixed_discount_of_another_currency_never_converts() -> None:
    with pytest.raises(CurrencyMismatch):
        price_line(chf("10"), discounts=[Fixed(Money.of("1", "EUR"))], tax=CH)


@given(price=AMOUNTS, days=st.integers(1, 400), data=st.data())
def test_the_used_and_the_unused_share_differ_from_the_price_by_at_most_a_rappen(
    price: Money, days: int, data: st.DataObject
) -> None:
    unused = data.draw(st.integers(0, days))
    left = unused_share(price, unused_days=unused, days_in_term=days)
    used = unused_share(price, unused_days=days - unused, days_in_term=days)
    assert abs((left + used - price).minor) <= 1
    assert Money.zero("CHF") <= left <= price


@given(old=AMOUNTS, new=AMOUNTS, days=st.integers(1, 400), data=st.data())
def test_an_upgrade_is_never_negative_and_costs_the_difference_on_the_first_day(
    old: Money, new: Money, days: int, data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, days))
    assert upgrade_price(old, new, days_left=left, days_in_term=days).minor >= 0
    assert upgrade_price(old, new, days_left=0, days_in_term=days).minor == 0
    full = upgrade_price(old, new, days_left=days, days_in_term=days)
    assert full == max(new - old, Money.zero("CHF"))
