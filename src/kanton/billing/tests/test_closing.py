"""An organization does not end while money is open in it."""

from __future__ import annotations

import pytest

from kanton.billing.actions import cancel_order
from kanton.billing.closing import unsettled
from kanton.billing.tests.conftest import order_kites
from kanton.billing.tests.test_payments import balance, fill
from kanton.catalog.models import Plan
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.organizations.closing.actions import delete_organization
from kanton.organizations.closing.errors import CannotDelete
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.spec("BIL-58", "BIL-126")
def test_unpaid_invoices_open_orders_and_a_balance_must_be_settled_first(
    owner: Actor, acme: Organization, kite: Plan
) -> None:
    assert list(unsettled(acme)) == []
    order = order_kites(owner, acme, kite)
    assert [obstacle.url for obstacle in unsettled(acme)] == ["/o/acme/invoices", "/o/acme/orders"]
    cancel_order(owner, order)
    assert list(unsettled(acme)) == []
    fill(owner, acme, "40")
    [money] = unsettled(acme)
    assert money.url == "/o/acme/prepaid" and "CHF 40.00" in str(money.text).replace("\xa0", " ")
    with pytest.raises(CannotDelete):
        delete_organization(owner, acme, name="Acme", current_password=PASSWORD)
    assert Organization.objects.filter(slug="acme").exists() and balance(acme) == Money.of("40", "CHF")
