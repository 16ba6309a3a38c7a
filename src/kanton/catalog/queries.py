"""Reading the catalogue: few queries, whatever its size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch

from kanton.catalog.errors import NoPrice, NotForSale, QuantityOutOfRange
from kanton.catalog.models import Plan, Price
from kanton.core import clock
from kanton.core.query import get_or_not_found
from kanton.products.contract import Group


@dataclass(frozen=True, slots=True)
class Shelf:
    """One of the five groups with what it offers (BIL-13)."""

    group: Group
    plans: tuple[Plan, ...]

    @property
    def label(self) -> str:
        """The group's name."""
        return str(self.group.label)


def shelves(currency: str, *, on: date | None = None) -> list[Shelf]:
    """The whole shop in one currency: all five groups in their order, plans with today's prices. Two queries.

    A plan whose product is not installed, or that has no price in this currency, is not shown.
    """
    found = [plan for plan in plans_on_sale(currency, on=on) if plan.sells and prices_of(plan)]
    return [Shelf(group, tuple(plan for plan in found if plan.group == group)) for group in Group]


def plans_on_sale(currency: str, *, on: date | None = None, product: str = "") -> list[Plan]:
    """Plans on sale with their prices of the day in one currency, in the order of the shop. Two queries."""
    plans = Plan.objects.on_sale().order_by("position", "code")
    if product:
        plans = plans.filter(product=product)
    return list(plans.prefetch_related(_prices_in(currency, on)))


def plan_on_sale(code: str, currency: str, *, on: date | None = None) -> Plan:
    """One plan on sale with its prices of the day, or NotFound."""
    plans = Plan.objects.on_sale().prefetch_related(_prices_in(currency, on))
    return get_or_not_found(plans, code=code)


def prices_of(plan: Plan) -> list[Price]:
    """The prices loaded with the plan, shortest period first."""
    return list(getattr(plan, "prices_today", ()))


def price_for(plan: Plan, currency: str, months: int, *, on: date | None = None) -> Price:
    """The price in force, or the error that tells what is wrong."""
    if plan.withdrawn_at or plan.sells is None:
        raise NotForSale(plan=plan.name)
    price = (
        Price.objects.filter(plan=plan, currency=currency, months=months)
        .valid_on(on or clock.today())
        .order_by("-valid_from")
        .first()
    )
    if price is None:
        raise NoPrice(plan=plan.name, currency=currency)
    return price


def prices_in_force(
    wanted: Iterable[tuple[int, int]], currency: str, *, on: date | None = None
) -> dict[tuple[int, int], Price]:
    """Today's prices of many (plan, months) at once. One query."""
    keys = set(wanted)
    prices = (
        Price.objects.filter(currency=currency, plan_id__in={plan for plan, _months in keys})
        .valid_on(on or clock.today())
        .order_by("valid_from")
    )
    return {(price.plan_id, price.months): price for price in prices if (price.plan_id, price.months) in keys}


def check_quantity(plan: Plan, quantity: int) -> int:
    """The quantity, if the plan is sold so."""
    if not plan.min_quantity <= quantity <= plan.max_quantity:
        raise QuantityOutOfRange(least=plan.min_quantity, most=plan.max_quantity)
    return quantity


def _prices_in(currency: str, on: date | None) -> Prefetch[str]:
    prices = Price.objects.filter(currency=currency).valid_on(on or clock.today()).order_by("months")
    return Prefetch("prices", queryset=prices, to_attr="prices_today")
