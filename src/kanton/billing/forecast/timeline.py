"""Every invoice to come, from what is subscribed and what it costs when. Pure: no database, no clock.

It reckons with the functions by which the daily run bills: what it says is what will be billed if nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from kanton.billing.pricing import Discount, Percent, price_line, totals
from kanton.billing.renewals.plan import Choice, first_try_on, renewed
from kanton.billing.terms import advance
from kanton.billing.vat import Tax
from kanton.core.money import Money

MONTHS_AHEAD = 24
#: A monthly service for ten years; whatever asks for more is wrong.
MOST_BILLS = 200


@dataclass(frozen=True, slots=True)
class PriceFrom:
    """What one unit costs for one period, from a day on."""

    months: int
    amount: Money
    valid_from: date


@dataclass(frozen=True, slots=True)
class Subscription:
    """One service as it will be billed. `planned_months` is a change that waits for the end of the term."""

    key: int
    name: str
    title: str
    months: int
    ends_on: date
    anchor_day: int
    prices: Sequence[PriceFrom]
    tax: Tax
    quantity: int = 1
    fee: Money | None = None
    is_automatic: bool = True
    planned_months: int | None = None
    last_day: date | None = None
    promo: Percent | None = None
    promo_until: date | None = None

    def unit_on(self, months: int, day: date) -> Money | None:
        """The price of one unit for a period on a day."""
        found = [each for each in self.prices if each.months == months and each.valid_from <= day]
        return max(found, key=lambda each: each.valid_from).amount if found else None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Another life of one service: what is None stays as it is."""

    key: int
    months: int | None = None
    quantity: int | None = None
    prices: Sequence[PriceFrom] | None = None
    title: str | None = None
    cancel_on: date | None = None
    promo_percent: Decimal | None = None
    promo_until: date | None = None

    def applied(self, to: Subscription) -> Subscription:
        """The subscription as it would be."""
        if to.key != self.key:
            return to
        changes: dict[str, object] = {}
        if self.months is not None:
            changes["planned_months"] = self.months
        if self.quantity is not None:
            changes["quantity"] = self.quantity
        if self.prices is not None:
            changes["prices"] = self.prices
        if self.title is not None:
            changes["title"] = self.title
        if self.cancel_on is not None:
            changes["last_day"] = self.cancel_on
        if self.promo_percent is not None:
            changes["promo"] = Percent(self.promo_percent)
            changes["promo_until"] = self.promo_until
        return replace(to, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Coming:
    """One invoice to come: when it is made, for which term, over how much. `problem` where no price is known."""

    on: date
    key: int
    name: str
    title: str
    months: int
    starts_on: date
    ends_on: date
    net: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Timeline:
    """All invoices to come, in their order, and the months they fall into."""

    currency: str
    begin: date
    end: date
    bills: Sequence[Coming]
    without_price: Sequence[str] = field(default_factory=tuple)

    @property
    def total(self) -> Money:
        """Everything together, VAT included."""
        return Money.sum((bill.total for bill in self.bills), self.currency)

    def by_month(self) -> list[tuple[date, Money]]:
        """What each month costs, VAT included; months without an invoice too."""
        found: dict[date, Money] = {}
        first = self.begin.replace(day=1)
        month = first
        while month <= self.end:
            found[month] = Money.zero(self.currency)
            month = advance(month, 1, 1)
        for bill in self.bills:
            found[bill.on.replace(day=1)] += bill.total
        return list(found.items())


def timeline(
    subscriptions: Sequence[Subscription],
    currency: str,
    today: date,
    *,
    months: int = MONTHS_AHEAD,
    what_if: WhatIf | None = None,
) -> Timeline:
    """The invoices from today on, if every service is renewed in time, or with one of them living another life."""
    end = advance(today, months, today.day)
    bills: list[Coming] = []
    missing = []
    for each in subscriptions:
        lived = what_if.applied(each) if what_if else each
        coming, has_price = _bills(lived, today, end)
        bills += coming
        if not has_price:
            missing.append(each.name)
    bills.sort(key=lambda bill: (bill.on, bill.name, bill.key))
    return Timeline(currency, today, end, tuple(bills), tuple(missing))


def _bills(subscription: Subscription, today: date, end: date) -> tuple[list[Coming], bool]:
    bills: list[Coming] = []
    due = subscription.ends_on
    months = subscription.planned_months or subscription.months
    while len(bills) < MOST_BILLS:
        on = max(first_try_on(due) if subscription.is_automatic else due, today)
        if on > end or (subscription.last_day is not None and due >= subscription.last_day):
            return bills, True
        unit = subscription.unit_on(months, on)
        if unit is None:
            return bills, False
        choice = Choice(months)
        term = renewed(due, subscription.anchor_day, choice)
        bills.append(_bill(subscription, on, choice, unit, term.starts_on, term.ends_on))
        due = term.ends_on
    return bills, True


def _bill(
    subscription: Subscription, on: date, choice: Choice, unit: Money, starts_on: date, ends_on: date
) -> Coming:
    discounts: tuple[Discount, ...] = ()
    if subscription.promo is not None and (
        subscription.promo_until is None or on <= subscription.promo_until
    ):
        discounts = (subscription.promo,)
    line = price_line(unit, quantity=subscription.quantity, discounts=discounts, tax=subscription.tax)
    nets = [line.net]
    if subscription.fee:
        nets.append(price_line(subscription.fee, periods=choice.total_months, tax=subscription.tax).net)
    foot = totals([(net, subscription.tax) for net in nets], unit.currency)
    return Coming(
        on, subscription.key, subscription.name, subscription.title, choice.months, starts_on, ends_on, foot.net,
        foot.total,
    )  # fmt: skip


def difference(now: Timeline, other: Timeline) -> Money:
    """How much more the other life costs; less is negative."""
    return other.total - now.total
