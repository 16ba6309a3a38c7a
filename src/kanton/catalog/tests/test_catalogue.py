"""The catalogue: what is on sale, at which price, from which day on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from kanton.catalog.actions import Offer, offer_plan, withdraw_plan
from kanton.catalog.errors import NoPrice, NotForSale, QuantityOutOfRange
from kanton.catalog.models import Plan, Price
from kanton.catalog.queries import check_quantity, plan_on_sale, price_for, prices_of, shelves
from kanton.catalog.sample import load_sample, sample_offers
from kanton.core.actor import Actor, System
from kanton.core.errors import Forbidden, NotFound
from kanton.core.money import Money
from kanton.core.rights import PUBLIC
from kanton.products import contract
from kanton.products.contract import Done, Group, Outcome, Product
from kanton.products.models import Service

pytestmark = pytest.mark.django_db
OPERATOR = System("catalogue")
TODAY = date(2026, 11, 22)


class Kites(Product):
    """A product for tests."""

    code, name, plural, group, icon, list_url = "kites", "Kite", "Kites", Group.CLOUD, "wind", "kites"
    use_right = manage_right = PUBLIC

    def reconcile(self, service: Service) -> Outcome:
        return Done()


@pytest.fixture(autouse=True)
def kites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only kites are installed."""
    monkeypatch.setattr(contract, "_products", {"kites": Kites()})


def kite(**changes: object) -> Offer:
    offer = Offer(
        code="kite",
        product="kites",
        group=Group.CLOUD,
        names={"en": "Kite", "de": "Drachen"},
        prices={("CHF", 1): Money.of("5", "CHF"), ("CHF", 12): Money.of("50", "CHF")},
        max_quantity=3,
    )
    return replace(offer, **changes)  # type: ignore[arg-type]


@pytest.mark.spec("BIL-13")
def test_the_shop_has_five_groups_in_their_order() -> None:
    offer_plan(OPERATOR, kite())
    found = shelves("CHF")
    assert [shelf.group for shelf in found] == [
        Group.COLLABORATION, Group.WEB, Group.CLOUD, Group.MARKETING, Group.STREAMING,
    ]  # fmt: skip
    assert [[plan.code for plan in shelf.plans] for shelf in found] == [[], [], ["kite"], [], []]


def test_names_follow_the_readers_language_and_fall_back_to_english() -> None:
    plan = offer_plan(OPERATOR, kite())
    with override("de"):
        assert plan.name == "Drachen"
    with override("it"):
        assert plan.name == "Kite"


def test_a_new_price_holds_from_its_day_on_and_the_old_one_until_the_day_before() -> None:
    plan = offer_plan(OPERATOR, kite(), valid_from=date(2026, 1, 1))
    dearer = kite(prices={("CHF", 12): Money.of("60", "CHF")})
    offer_plan(OPERATOR, dearer, valid_from=date(2027, 1, 1))
    assert price_for(plan, "CHF", 12, on=date(2026, 12, 31)).amount == Money.of("50", "CHF")
    assert price_for(plan, "CHF", 12, on=date(2027, 1, 1)).amount == Money.of("60", "CHF")
    assert price_for(plan, "CHF", 1, on=date(2027, 1, 1)).amount == Money.of("5", "CHF")


def test_loading_twice_changes_nothing() -> None:
    load_sample()
    before = (Plan.objects.count(), Price.objects.count())
    load_sample()
    assert (Plan.objects.count(), Price.objects.count()) == before == (12, 2 * (1 + 2 + 2 + 9 * 5))


def test_every_sample_offer_has_both_currencies_and_five_languages() -> None:
    for offer in sample_offers():
        periods = {currency: {m for c, m in offer.prices if c == currency} for currency in ("CHF", "EUR")}
        assert periods["CHF"] == periods["EUR"] != set()
        for texts in (offer.names, offer.summaries, offer.features):
            assert set(texts) == {"en", "de", "fr", "it", "es"}, offer.code


def test_a_withdrawn_plan_is_not_for_sale() -> None:
    plan = withdraw_plan(OPERATOR, offer_plan(OPERATOR, kite()))
    with pytest.raises(NotForSale):
        price_for(plan, "CHF", 12)
    with pytest.raises(NotFound):
        plan_on_sale("kite", "CHF")


def test_a_period_or_currency_without_price_is_refused() -> None:
    plan = offer_plan(OPERATOR, kite())
    for currency, months in (("CHF", 24), ("EUR", 12)):
        with pytest.raises(NoPrice):
            price_for(plan, currency, months)


@pytest.mark.parametrize("quantity", [-1, 0, 4, 10**9])
def test_a_quantity_out_of_range_is_refused(quantity: int) -> None:
    with pytest.raises(QuantityOutOfRange):
        check_quantity(offer_plan(OPERATOR, kite()), quantity)


def test_nobody_but_the_operator_changes_the_catalogue(owner: Actor) -> None:
    with pytest.raises(Forbidden):
        offer_plan(owner, kite())
    assert not Plan.objects.exists()


def test_the_shop_takes_two_queries_however_many_plans() -> None:
    for number in range(12):
        offer_plan(OPERATOR, kite(code=f"kite-{number}"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = shelves("CHF")
    assert len(queries) == 2
    assert [len(prices_of(plan)) for shelf in found for plan in shelf.plans] == [2] * 12
