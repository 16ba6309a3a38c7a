"""What things cost: one line, then all lines with VAT. Pure arithmetic, no clock and no database.

The rules are BIL-5's: a line is unit price × quantity × periods, then its discounts one after the other,
each result rounded half-up to the minor unit; VAT is computed once per rate on the sum of the rounded lines.
So the printed lines always add up to the printed total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kanton.billing.vat import Tax
from kanton.core.money import Money

MAX_QUANTITY = 100_000
MAX_PERIODS = 120


@dataclass(frozen=True, slots=True)
class Percent:
    """So many percent off what is left of the line."""

    percentage: Decimal
    label: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.percentage <= 100:
            raise ValueError("a discount is between 0 and 100 percent")

    def after(self, amount: Money) -> Money:
        """The amount with this discount taken off, rounded half-up."""
        return amount.times((100 - self.percentage) / Decimal(100))


@dataclass(frozen=True, slots=True)
class Fixed:
    """So much off the line, at most all of it (BIL-41)."""

    off: Money
    label: str = ""

    def __post_init__(self) -> None:
        if self.off.minor < 0:
            raise ValueError("a discount takes off, it never adds")

    def after(self, amount: Money) -> Money:
        """The amount with this discount taken off; never below zero."""
        return max(amount - self.off, Money.zero(amount.currency))


Discount = Percent | Fixed


@dataclass(frozen=True, slots=True)
class DiscountTaken:
    """One discount as printed on a line: its name and what it took off."""

    label: str
    off: Money


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its arithmetic done, without VAT: in full, each discount taken, and what it costs."""

    unit: Money
    quantity: int
    periods: int
    full: Money
    discounts: tuple[DiscountTaken, ...]
    net: Money
    tax: Tax


@dataclass(frozen=True, slots=True)
class VatAmount:
    """The VAT of one rate: its base is the sum of the rounded lines with that rate."""

    tax: Tax
    base: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class Totals:
    """The foot of a document. `total` = `net` + every VAT amount, to the last Rappen."""

    net: Money
    vat: tuple[VatAmount, ...]
    total: Money

    @property
    def vat_total(self) -> Money:
        """All VAT together."""
        return self.total - self.net


def price_line(
    unit: Money, *, quantity: int = 1, periods: int = 1, discounts: Sequence[Discount] = (), tax: Tax
) -> PricedLine:
    """Price one line: multiply, then take off the discounts in their order."""
    if unit.minor < 0:
        raise ValueError("a unit price is never negative")
    if not 1 <= quantity <= MAX_QUANTITY:
        raise ValueError(f"a quantity is between 1 and {MAX_QUANTITY}")
    if not 1 <= periods <= MAX_PERIODS:
        raise ValueError(f"the number of periods is between 1 and {MAX_PERIODS}")
    full = net = unit.times(quantity * periods)
    taken = []
    for discount in discounts:
        reduced = discount.after(net)
        taken.append(DiscountTaken(discount.label, net - reduced))
        net = reduced
    return PricedLine(unit, quantity, periods, full, tuple(taken), net, tax)


def totals(lines: Iterable[tuple[Money, Tax]], currency: str) -> Totals:
    """The totals of lines already rounded, VAT by rate: highest rate first, untaxed treatments last."""
    bases: dict[Tax, Money] = {}
    for net, tax in lines:
        bases[tax] = bases.get(tax, Money.zero(currency)) + net
    vat = tuple(
        VatAmount(tax, base, base.percent(tax.rate))
        for tax, base in sorted(bases.items(), key=lambda item: (-item[0].rate, item[0].code))
    )
    net = Money.sum(bases.values(), currency)
    return Totals(net, vat, net + Money.sum((each.amount for each in vat), currency))
