"""The cast of billing's tests: a product that sets up at once, a plan, carts and orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kanton.billing.actions import place_order
from kanton.billing.models import Invoice, Order
from kanton.billing.quotes import Item
from kanton.catalog.actions import Offer, offer_plan
from kanton.catalog.models import Plan
from kanton.config import overriding
from kanton.core.actor import Actor, System
from kanton.core.errors import Invalid
from kanton.core.money import Money
from kanton.core.rights import ADMINISTRATORS, PUBLIC, Right
from kanton.organizations.models import Organization
from kanton.products import contract
from kanton.products.contract import Done, Group, Outcome, Product
from kanton.products.models import Service


class Kites(Product):
    """A product for tests: sold by name, refused when the name is "taken"."""

    code, name, plural, group, icon, list_url = (
        "kites",
        "Kite",
        "Kites",
        Group.CLOUD,
        "wind",
        "billing:orders",
    )
    use_right = PUBLIC
    manage_right = Right("test.fly_kites", "fly kites", roles=ADMINISTRATORS)
    order_fields = (contract.OrderField("name", "Name"),)

    def check_order(self, organization: Organization | None, options: Mapping[str, Any]) -> dict[str, Any]:
        name = str(options.get("name", "")).strip().lower()
        if not name or name == "taken":
            raise Invalid(field="name")
        return {**options, "name": name}

    def reconcile(self, service: Service) -> Outcome:
        return Done()


@pytest.fixture(autouse=True)
def _kites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(contract._products, "kites", Kites())


@pytest.fixture(autouse=True)
def _demo() -> Iterator[None]:
    """The test provider is offered on demo installations."""
    with overriding(demo=True):
        yield


@pytest.fixture
def kite(db: None) -> Plan:
    """CHF or EUR 50 a year, 5 a month, at most 10."""
    return make_plan()


def make_plan(code: str = "kite", **changes: Any) -> Plan:
    prices = {
        (currency, months): Money.of(amount, currency)
        for currency in ("CHF", "EUR")
        for months, amount in ((1, "5"), (12, "50"))
    }
    values: dict[str, Any] = {"names": {"en": "Kite"}, "prices": prices, "max_quantity": 10} | changes
    return offer_plan(System("catalogue"), Offer(code=code, product="kites", group=Group.CLOUD, **values))


def order_kites(actor: Actor, organization: Organization, plan: Plan, *names: str, **more: Any) -> Order:
    """An order of one kite a year per name: CHF 50 and 8.1 % VAT each."""
    items = [Item(plan, 12, options={"name": name}) for name in (names or ("red",))]
    return place_order(actor, organization, items=items, **more)


@pytest.fixture
def order(owner: Actor, acme: Organization, kite: Plan) -> Order:
    """Ana's order of one kite for Acme: CHF 54.05."""
    return order_kites(owner, acme, kite)


@pytest.fixture
def invoice(order: Order) -> Invoice:
    """Its open bill."""
    return Invoice.objects.get(order=order)
