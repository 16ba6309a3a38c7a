"""Every change of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from kanton.catalog.activity import Happened
from kanton.catalog.models import Plan, Price
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.products.contract import Group


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as the operator describes it. `prices` maps (currency, months) to the price of one unit."""

    code: str
    product: str
    group: Group
    names: Mapping[str, str]
    prices: Mapping[tuple[str, int], Money]
    summaries: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, list[str]] = field(default_factory=dict)
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    min_quantity: int = 1
    max_quantity: int = 1
    is_guarantee_offered: bool = True
    position: int = 100


@internal("The operator's catalogue is loaded by the program; customers read it and order from it.")
@action(right=SYSTEM)
def offer_plan(actor: Actor, offer: Offer, *, valid_from: date | None = None) -> Plan:
    """Put a plan into the shop, or bring it up to date. A changed price holds from `valid_from` on (today)."""
    described = asdict(offer) | {"withdrawn_at": None}
    del described["prices"], described["code"]
    plan, is_new = Plan.objects.update_or_create(code=offer.code, defaults=described)
    day = valid_from or clock.today()
    _set_prices(plan, offer.prices, day)
    record(actor, Happened.PLAN_OFFERED if is_new else Happened.PLAN_CHANGED, plan, code=plan.code)
    return plan


@internal("The operator's catalogue is loaded by the program; customers read it and order from it.")
@action(right=SYSTEM)
def withdraw_plan(actor: Actor, plan: Plan) -> Plan:
    """Take a plan out of the shop. Who has it keeps it, at the prices set for it."""
    plan.withdrawn_at = clock.now()
    plan.save(update_fields=["withdrawn_at"])
    record(actor, Happened.PLAN_WITHDRAWN, plan, code=plan.code)
    return plan


def _set_prices(plan: Plan, prices: Mapping[tuple[str, int], Money], day: date) -> None:
    """End prices in force the day before and begin the new ones; one begun the same day is replaced."""
    open_now = {
        (price.currency, price.months): price for price in Price.objects.filter(plan=plan, valid_until=None)
    }
    changed = {
        key: amount
        for key, amount in prices.items()
        if key not in open_now or open_now[key].minor != amount.minor
    }
    ended = [open_now[key] for key in changed if key in open_now]
    Price.objects.filter(pk__in=[price.pk for price in ended if price.valid_from >= day]).delete()
    Price.objects.filter(pk__in=[price.pk for price in ended if price.valid_from < day]).update(
        valid_until=day - timedelta(days=1)
    )
    Price.objects.bulk_create(
        Price(plan=plan, currency=currency, months=months, minor=amount.minor, valid_from=day)
        for (currency, months), amount in changed.items()
    )
