"""Which billing periods a service may change to, and what an early change would have billed twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from kanton.billing.renewals.models import PeriodChange, term_of
from kanton.billing.renewals.plan import billed_again
from kanton.billing.terms import last_month_starts_on
from kanton.catalog.models import Price
from kanton.config import config
from kanton.core import clock
from kanton.core.money import Money
from kanton.products.models import Service


def offered_periods(service: Service) -> Mapping[int, Money]:
    """The periods with their price: those too small to be billed so often are left out (BIL-102)."""
    currency = service.organization.currency
    least = Money.of(Decimal(str(config.billing.least_period_price)).quantize(Decimal("0.01")), currency)
    prices = Price.objects.filter(plan__code=service.plan, currency=currency).valid_on(clock.today())
    return {
        months: Money(minor, currency)
        for months, minor in prices.order_by("valid_from").values_list("months", "minor")
        if minor >= least.minor or months == service.period_months
    }


@dataclass(frozen=True, slots=True)
class PeriodPage:
    """What the page "Change the offer" says before anything is changed."""

    periods: Mapping[int, Money]
    present: int
    planned: PeriodChange | None
    is_at_once: bool
    at_once_from: date
    takes_effect_on: date
    again_months: int
    again: Money | None


def period_page(service: Service) -> PeriodPage:
    """The periods, and in money what a change today to the shortest one would bill a second time (BIL-103)."""
    periods = offered_periods(service)
    term = term_of(service)
    today = clock.today()
    starts = last_month_starts_on(term)
    shortest = min(periods, default=0)
    months, again = 0, None
    if shortest and shortest < service.period_months and today < starts:
        months, monthly = billed_again(periods[shortest], today, term.ends_on, term.anchor_day)
        again = periods[shortest].times(months // shortest) if shortest > 1 else monthly
    return PeriodPage(
        periods=dict(sorted(periods.items())),
        present=service.period_months,
        planned=PeriodChange.objects.filter(service=service, ended_at=None).first(),
        is_at_once=today >= starts,
        at_once_from=starts,
        takes_effect_on=term.ends_on,
        again_months=months,
        again=again or None,
    )
