"""The renewal guarantee while ordering: ticked in the shop or in the cart, and told before it is (BIL-19)."""

from __future__ import annotations

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing.actions import add_to_cart, open_cart, pay_invoice
from kanton.billing.models import CartLine, Invoice, Order
from kanton.billing.renewals.actions import switch_guarantee
from kanton.billing.renewals.tests.conftest import fill
from kanton.billing.tests.conftest import Kites, make_plan, order_kites
from kanton.catalog.models import Plan
from kanton.core.actor import Actor
from kanton.core.jobs.testing import run_jobs
from kanton.organizations.models import Organization
from kanton.products import contract
from kanton.products.models import Service

pytestmark = pytest.mark.django_db


class HostedNas(Kites):
    """A product whose guarantee is switched on after the purchase only."""

    code, name = "nas", "Hosted NAS"
    guarantee_when_ordering = False


@pytest.mark.spec("BIL-19", "BIL-110", "BIL-112")
def test_the_guarantee_is_ticked_in_the_shop_changed_in_the_cart_and_comes_with_the_service(
    ana: Person, acme: Organization, kite: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kites, "guarantee_reason", "No kite is lost.")
    client = Client()
    client.force_login(ana)
    offer = client.get("/o/acme/shop/offers/kite").content.decode().replace("\xa0", " ")
    # What it does, what it protects from and what it costs stand beside the box.
    assert "Renewal guarantee" in offer and "No kite is lost." in offer and "costs CHF 2.00 a month" in offer
    asked = {"name": "red", "months": "12", "quantity": "1"}
    client.post("/o/acme/shop/offers/kite", asked | {"is_guaranteed": "on"})
    line = CartLine.objects.get()
    assert line.is_guaranteed
    text = client.get("/o/acme/cart").content.decode().replace("\xa0", " ")
    assert 'name="is_guaranteed" value="1" checked' in text and "costs CHF 2.00 a month" in text
    change = f"/o/acme/cart/{line.pk}/change"
    ticked = []
    # Off, on, and untouched by a form that does not ask.
    for sent in ({"asks_guarantee": "1"}, {"asks_guarantee": "1", "is_guaranteed": "1"}, {"quantity": "1"}):
        client.post(change, sent)
        line.refresh_from_db()
        ticked.append(line.is_guaranteed)
    assert ticked == [False, True, True]
    fill(acme, "100")
    total = client.get("/o/acme/cart").content.decode()
    assert "54.05" in total  # the fee comes with the first renewal, not with the order
    form = {"expected_minor": "5405", "expected_currency": "CHF", "request_key": "once"}
    assert client.post("/o/acme/cart/order", form).status_code == 303
    order = Order.objects.get()
    assert "with renewal guarantee" in client.get(f"/o/acme/orders/{order.pk}").content.decode()
    pay = {"prepaid_part": "54.05", "method": ""}
    assert client.post(f"/o/acme/invoices/{order.invoice.pk}/pay", pay).status_code == 303
    run_jobs()
    assert Service.objects.get(name="red").is_guaranteed


@pytest.mark.spec("BIL-19", "BIL-109")
def test_a_hosted_nas_gets_its_guarantee_after_the_purchase_only(
    ana: Person, owner: Actor, acme: Organization, kite: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(contract._products, "nas", HostedNas())
    nas = make_plan("nas-2tb")
    Plan.objects.filter(pk=nas.pk).update(product="nas")
    nas.refresh_from_db()
    assert (nas.may_be_guaranteed, kite.may_be_guaranteed) == (False, True)
    client = Client()
    client.force_login(ana)
    assert "Renewal guarantee" not in client.get("/o/acme/shop/offers/nas-2tb").content.decode()
    # Asked for all the same, by an API call or a forged form, it is not taken over.
    cart, _secret = open_cart(owner, None)
    line = add_to_cart(owner, cart, plan="nas-2tb", months=12, options={"name": "box"}, is_guaranteed=True)
    assert not line.is_guaranteed
    order = order_kites(owner, acme, nas, "box")
    fill(acme, "100")
    pay_invoice(owner, Invoice.objects.get(order=order), prepaid_part=order.invoice.total)
    run_jobs()
    service = Service.objects.get(name="box")
    assert not service.is_guaranteed
    switch_guarantee(owner, acme, services=[service.pk], is_on=True)
    service.refresh_from_db()
    assert service.is_guaranteed
