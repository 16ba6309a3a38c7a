"""The forecast is what will be billed, and answers what would be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.billing.forecast.errors import NotInForecast
from kanton.billing.forecast.queries import Question, forecast_of
from kanton.billing.forecast.timeline import PriceFrom, Subscription, WhatIf, difference, timeline
from kanton.billing.models import Invoice
from kanton.billing.renewals.models import Renewal
from kanton.billing.renewals.tasks import plan_renewals
from kanton.billing.renewals.tests.conftest import MakeService, at, fill
from kanton.billing.vat import Tax
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.organizations.models import Organization

VAT = Tax("CH", Decimal("8.1"))
TODAY = date(2027, 1, 15)


def chf(amount: str) -> Money:
    return Money.of(amount, "CHF")


def subscription(**fields: object) -> Subscription:
    values: dict[str, object] = {
        "key": 1, "name": "acme.ch", "title": "Domain", "months": 12, "ends_on": date(2027, 3, 31), "anchor_day": 31,
        "prices": [PriceFrom(12, chf("50"), date(2020, 1, 1)), PriceFrom(1, chf("5"), date(2020, 1, 1))], "tax": VAT,
    } | fields  # fmt: skip
    return Subscription(**values)  # type: ignore[arg-type]


def test_two_years_of_one_service_and_what_would_change_them() -> None:
    now = timeline([subscription()], "CHF", TODAY)
    assert [(bill.on, str(bill.total)) for bill in now.bills] == [
        (date(2027, 3, 17), "CHF 54.05"),
        (date(2028, 3, 17), "CHF 54.05"),
    ]
    assert len(now.by_month()) == 25 and str(now.total) == "CHF 108.10"

    def asked(**question: object) -> str:
        other = timeline([subscription()], "CHF", TODAY, what_if=WhatIf(1, **question))  # type: ignore[arg-type]
        return str(difference(now, other))

    # 22 or 23 months at 5.41 from the end of the term on, as many as are billed within 24 months.
    assert asked(months=1) == str(chf("5.41").times(22) - chf("108.10"))
    assert asked(quantity=3) == "CHF 216.20"
    assert asked(cancel_on=date(2027, 3, 31)) == "CHF -108.10"
    assert asked(cancel_on=date(2028, 1, 1)) == "CHF -54.05"
    assert asked(promo_percent=Decimal(50), promo_until=date(2027, 12, 31)) == "CHF -27.02"
    assert asked(prices=[PriceFrom(12, chf("80"), date(2020, 1, 1))]) == "CHF 64.86"
    dearer = subscription(
        prices=[*subscription().prices, PriceFrom(12, chf("60"), date(2028, 1, 1))], fee=chf("2")
    )
    assert [str(bill.total) for bill in timeline([dearer], "CHF", TODAY).bills] == ["CHF 79.99", "CHF 90.80"]
    assert timeline([subscription(prices=())], "CHF", TODAY).without_price == ("acme.ch",)


@given(
    ends=st.dates(date(2027, 1, 1), date(2028, 12, 31)),
    months=st.sampled_from([1, 12]),
    automatic=st.booleans(),
)
def test_terms_of_a_forecast_follow_each_other(ends: date, months: int, automatic: bool) -> None:
    found = timeline(
        [subscription(ends_on=ends, anchor_day=ends.day, months=months, is_automatic=automatic)], "CHF", TODAY
    )
    due = ends
    for bill in found.bills:
        assert bill.starts_on == due and TODAY <= bill.on <= found.end
        due = bill.ends_on
    assert sum((bill.total.minor for bill in found.bills), 0) == sum(m.minor for _d, m in found.by_month())


@pytest.mark.django_db
def test_what_was_forecast_is_what_is_billed(
    owner: Actor, member: Actor, acme: Organization, make_service: MakeService
) -> None:
    make_service("year", renews_automatically=True, is_guaranteed=True)
    make_service("month", renews_automatically=True, period_months=1, ends_on=date(2027, 1, 31))
    begin = date(2027, 1, 10)
    with at(begin):
        fill(acme, "400")
        found = forecast_of(owner, acme).now
        with pytest.raises(Forbidden):
            forecast_of(member, acme)
        with pytest.raises(NotInForecast):
            forecast_of(owner, acme, Question(product_id=999_999))
    for bill in found.bills:
        if bill.on <= date(2027, 6, 30):
            with at(bill.on):
                plan_renewals.call()
                run_jobs()
    billed = [
        (each.invoice.issued_on, each.service.name, each.starts_on, each.ends_on, each.invoice.total)
        for each in Renewal.objects.select_related("invoice", "service").order_by(
            "invoice__issued_on", "service__name"
        )
    ]
    assert billed == [
        (bill.on, bill.name, bill.starts_on, bill.ends_on, bill.total)
        for bill in found.bills
        if bill.on <= date(2027, 6, 30)
    ]
    assert len(billed) == 7 and Invoice.objects.filter(status="paid").count() == 7


@pytest.mark.django_db
def test_the_page(ana: Person, acme: Organization, make_service: MakeService) -> None:
    red = make_service("red")
    client = Client()
    client.force_login(ana)
    with at(TODAY):
        text = client.get("/o/acme/forecast").content.decode()
        assert "<svg" in text and "red" in text
        text = client.get("/o/acme/forecast", {"product_id": str(red.pk), "quantity": "2"}).content.decode()
        assert "Difference" in text and "108.10" in text
        assert client.get("/o/acme/forecast", {"product_id": str(red.pk), "quantity": "0"}).status_code == 422
        assert client.get("/o/acme/forecast", {"product_id": str(red.pk), "plan": "mail"}).status_code == 422
