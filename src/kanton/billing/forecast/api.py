"""The API of the forecast."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.billing.api import INVOICING, READ
from kanton.billing.forecast.errors import NotInForecast
from kanton.billing.forecast.queries import Question, forecast_of
from kanton.billing.forecast.timeline import Timeline, difference
from kanton.billing.schemas import Day
from kanton.core.api import ApiRequest, Id, MoneyOut, Query, Router, money_out
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Renewals")


class ForecastQuery(Query):
    """What if `product_id` had another plan, period or quantity, were cancelled, or cost less until a day?"""

    product_id: Id | None = None
    plan: Annotated[str, Field(max_length=60)] = ""
    months: Annotated[int, Field(ge=1, le=120)] | None = None
    quantity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    cancel_on: date | None = None
    promo_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] | None = None
    promo_until: date | None = None


class ComingOut(TypedDict):
    """One invoice to come."""

    on: Day
    product_id: int
    name: str
    title: str
    months: int
    starts_on: Day
    ends_on: Day
    net: MoneyOut
    total: MoneyOut


class TimelineOut(TypedDict):
    """All invoices to come and what they add up to, VAT included."""

    total: MoneyOut
    invoices: list[ComingOut]
    without_price: list[str]


class ForecastOut(TypedDict):
    """The next 24 months as things are, and as they would be."""

    begins_on: Day
    ends_on: Day
    now: TimelineOut
    what_if: TimelineOut | None
    difference: MoneyOut | None


def _timeline_out(timeline: Timeline) -> TimelineOut:
    return {
        "total": money_out(timeline.total),
        "invoices": [
            {
                "on": bill.on.isoformat(),
                "product_id": bill.key,
                "name": bill.name,
                "title": bill.title,
                "months": bill.months,
                "starts_on": bill.starts_on.isoformat(),
                "ends_on": bill.ends_on.isoformat(),
                "net": money_out(bill.net),
                "total": money_out(bill.total),
            }
            for bill in timeline.bills
        ],
        "without_price": list(timeline.without_price),
    }


@router.get(INVOICING + "/forecast", scopes=READ, errors=(NotInForecast,))
@exposes(forecast_of)
def read_forecast(request: ApiRequest, account: int, query: ForecastQuery) -> ForecastOut:
    """Read every invoice of the next 24 months, and with `product_id` also what would be if that product changed."""
    organization = organization_by_id(request.actor, account)
    found = forecast_of(request.actor, organization, Question(**query.model_dump()))
    return {
        "begins_on": found.now.begin.isoformat(),
        "ends_on": found.now.end.isoformat(),
        "now": _timeline_out(found.now),
        "what_if": _timeline_out(found.other) if found.other else None,
        "difference": money_out(difference(found.now, found.other)) if found.other else None,
    }
