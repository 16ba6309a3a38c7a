"""The cast of renewals: kites that end on a known day, and money to pay them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time

import pytest

from kanton.billing.actions import confirm_payment, top_up
from kanton.billing.tests.conftest import Kites, make_plan
from kanton.catalog.models import Plan
from kanton.config import overriding
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.money import Money
from kanton.organizations.models import Organization
from kanton.products import contract
from kanton.products.models import Service


@pytest.fixture(autouse=True)
def _kites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(contract._products, "kites", Kites())


@pytest.fixture(autouse=True)
def _demo() -> Iterator[None]:
    with overriding(demo=True):
        yield


@pytest.fixture
def kite(db: None) -> Plan:
    """CHF or EUR 50 a year, 5 a month."""
    with at(date(2026, 1, 1)):
        return make_plan()


def at(day: date, hour: int = 5) -> AbstractContextManager[None]:
    """Inside the block it is this day, at this hour of the operator's morning."""
    return clock.travel(datetime.combine(day, time(hour), clock.operator_zone()).astimezone(UTC))


MakeService = Callable[..., Service]


@pytest.fixture
def make_service(acme: Organization, kite: Plan) -> MakeService:
    """A service of Acme whose year ends on 31 March 2027."""

    def make(name: str = "red", organization: Organization | None = None, **fields: object) -> Service:
        ends_on = fields.pop("ends_on", date(2027, 3, 31))
        values: dict[str, object] = {
            "organization": organization or acme, "product": "kites", "plan": "kite", "name": name,
            "starts_on": date(2026, 3, 31), "ends_on": ends_on, "anchor_day": ends_on.day,  # type: ignore[attr-defined]
            "order_line": f"test:{name}", "wish_state": "done",
        } | fields  # fmt: skip
        return Service.objects.create(**values)

    return make


@pytest.fixture
def red(make_service: MakeService) -> Service:
    """A kite a year, until 31 March 2027: CHF 50, with VAT 54.05."""
    return make_service()


def fill(organization: Organization, amount: str) -> None:
    """Put money on the prepaid account."""
    money = Money.of(amount, organization.currency)
    payment = top_up(System("test"), organization, amount=money, method="test")
    confirm_payment(System("test"), payment, charge=f"ch_{payment.pk}", amount=money)
