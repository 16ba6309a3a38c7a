"""From the database to the timeline: what an organization has, and what that costs from which day on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from kanton.billing.forecast.errors import NotInForecast
from kanton.billing.forecast.timeline import PriceFrom, Subscription, Timeline, WhatIf, timeline
from kanton.billing.quotes import guarantee_fee, tax_for
from kanton.billing.renewals.charges import quantity_of
from kanton.billing.renewals.leaving import staying
from kanton.billing.renewals.models import PeriodChange
from kanton.catalog.models import Plan, Price
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service, Wanted


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know: one service with another plan, period, quantity, end or discount."""

    product_id: int | None = None
    plan: str = ""
    months: int | None = None
    quantity: int | None = None
    cancel_on: date | None = None
    promo_percent: Decimal | None = None
    promo_until: date | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The invoices to come as things are, and as they would be."""

    now: Timeline
    other: Timeline | None
    services: Sequence[Subscription]


def forecast_of(actor: Actor, organization: Organization, question: Question | None = None) -> Forecast:
    """Every invoice of the next 24 months, and with a question also those of another life. Five queries."""
    require(actor, ACCOUNTING, organization)
    today = clock.today()
    subscriptions = subscriptions_of(organization, today)
    now = timeline(subscriptions, organization.currency, today)
    if question is None or question.product_id is None:
        return Forecast(now, None, subscriptions)
    what_if = _what_if(question, subscriptions, organization)
    return Forecast(
        now, timeline(subscriptions, organization.currency, today, what_if=what_if), subscriptions
    )


def subscriptions_of(organization: Organization, today: date) -> list[Subscription]:
    """What the organization has that renews."""
    found = Service.objects.filter(organization=organization, ends_on__isnull=False)
    services = list(staying(found.exclude(wanted=Wanted.ENDED)).order_by("ends_on", "name", "pk"))
    plans = {plan.code: plan for plan in Plan.objects.filter(code__in={each.plan for each in services})}
    prices = prices_from(list(plans), organization.currency, today)
    changes = dict(
        PeriodChange.objects.filter(service__in=services, ended_at=None).values_list("service_id", "months")
    )
    fee, tax = guarantee_fee(organization.currency), tax_for(organization, today)
    return [
        Subscription(
            key=each.pk,
            name=each.name,
            title=plans[each.plan].name if each.plan in plans else each.plan,
            months=each.period_months,
            ends_on=each.ends_on,
            anchor_day=each.anchor_day,
            prices=prices.get(each.plan, ()),
            tax=tax,
            quantity=quantity_of(each),
            fee=fee if each.is_guaranteed else None,
            is_automatic=each.renews_automatically,
            planned_months=changes.get(each.pk),
        )
        for each in services
        if each.ends_on is not None
    ]


def prices_from(plans: Sequence[str], currency: str, today: date) -> dict[str, list[PriceFrom]]:
    """The prices of plans from today on, those already set for later included. One query."""
    found: dict[str, list[PriceFrom]] = {}
    rows = Price.objects.filter(plan__code__in=plans, currency=currency).filter(
        Q(valid_until=None) | Q(valid_until__gte=today)
    )
    for price in rows.select_related("plan").order_by("valid_from"):
        found.setdefault(price.plan.code, []).append(PriceFrom(price.months, price.amount, price.valid_from))
    return found


def _what_if(question: Question, known: Sequence[Subscription], organization: Organization) -> WhatIf:
    subscription = next((each for each in known if each.key == question.product_id), None)
    if subscription is None:
        raise NotInForecast
    prices, title = None, None
    if question.plan:
        plan = Plan.objects.on_sale().filter(code=question.plan).first()
        service = Service.objects.get(pk=subscription.key)
        if plan is None or plan.product != service.product:
            raise NotInForecast
        prices = prices_from([plan.code], organization.currency, clock.today()).get(plan.code, [])
        title = plan.name
    return WhatIf(
        subscription.key, question.months, question.quantity, prices, title, question.cancel_on, question.promo_percent,
        question.promo_until,
    )  # fmt: skip
