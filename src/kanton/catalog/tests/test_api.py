"""The catalogue over the API: open to everybody, as the shop is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kanton.catalog.actions import offer_plan, withdraw_plan
from kanton.catalog.models import Plan
from kanton.catalog.sample import load_sample, sample_offers
from kanton.core.actor import System
from kanton.rest.testing import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans() -> list[Plan]:
    """The sample catalogue."""
    return load_sample()


@pytest.mark.spec("BIL-20", "API-29")
def test_a_visitor_reads_offers_and_prices(plans: list[Plan]) -> None:
    found = ApiClient().get("/1/catalog/plans/mail").data
    assert {key: found[key] for key in ("code", "product", "group", "unit", "units", "min_quantity")} == {
        "code": "mail",
        "product": "mail",
        "group": "collaboration",
        "unit": "address",
        "units": "addresses",
        "min_quantity": 5,
    }
    assert found["prices"] == [
        {"months": 1, "price": {"amount": "1.50", "currency": "CHF"}},
        {"months": 12, "price": {"amount": "16.20", "currency": "CHF"}},
    ]
    assert all(each["name"] and each["label"] for each in found["fields"])


def test_the_currency_is_chosen(plans: list[Plan]) -> None:
    prices = ApiClient().get("/1/catalog/plans/domain-com?currency=EUR").data["prices"]
    assert prices[0] == {"months": 12, "price": {"amount": "13.90", "currency": "EUR"}}
    assert ApiClient().get("/1/catalog/plans?currency=USD").code == "validation_failed"


def test_the_list_is_in_the_order_of_the_shop_and_can_be_narrowed(plans: list[Plan]) -> None:
    client = ApiClient()
    assert [each["code"] for each in client.get("/1/catalog/plans?product=mail").data] == [
        "mail-starter",
        "mail",
    ]
    assert len(client.get("/1/catalog/plans").data) == len(plans)
    assert [each["code"] for each in client.get("/1/catalog/plans?search=.swiss").data] == ["domain-swiss"]
    page = client.get("/1/catalog/plans?page=2&per_page=5").json
    assert (len(page["data"]), page["total"], page["pages"]) == (5, len(plans), 3)
    assert client.get("/1/catalog/plans?colour=red").status == 422


def test_all_groups_are_shown_also_empty_ones(plans: list[Plan]) -> None:
    groups = ApiClient().get("/1/catalog/groups").data
    assert len(groups) == 5
    assert {plan["code"] for group in groups for plan in group["plans"]} == {plan.code for plan in plans}


def test_what_is_withdrawn_or_not_installed_is_not_for_sale(plans: list[Plan]) -> None:
    operator = System("catalogue")
    withdraw_plan(operator, plans[0])
    Plan.objects.filter(code="domain-ch").update(product="gone")
    for code in (plans[0].code, "domain-ch", "nothing"):
        assert ApiClient().get(f"/1/catalog/plans/{code}").code == "object_not_found"
    codes = {each["code"] for each in ApiClient().get("/1/catalog/plans").data}
    assert not codes & {plans[0].code, "domain-ch"}


def test_the_number_of_queries_does_not_grow(plans: list[Plan]) -> None:
    client = ApiClient()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            client.get("/1/catalog/plans")
        counts.append(len(found))
        for number in range(20):
            offer_plan(System("catalogue"), replace(sample_offers()[0], code=f"more-{number}"))
    assert counts == [2, 2]
