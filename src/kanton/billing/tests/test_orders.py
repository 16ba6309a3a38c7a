"""Carts and orders: what is refused moves nothing, what is ordered is frozen, set up exactly once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kanton.billing.actions import (
    add_to_cart,
    cancel_order,
    change_cart_line,
    finish_order,
    note_delay,
    open_cart,
    order_cart,
    pay_invoice,
    place_order,
    remove_from_cart,
    start_line,
)
from kanton.billing.errors import (
    AddressMissing,
    CartEmpty,
    CartFull,
    LineProblem,
    NotInCart,
    PriceChanged,
    TransitionRefused,
    WrongEnding,
)
from kanton.billing.models import (
    Cart,
    CartLine,
    Invoice,
    InvoiceStatus,
    NumberSeries,
    Order,
    OrderLine,
    OrderState,
)
from kanton.billing.models.orders import TRANSITIONS
from kanton.billing.quotes import Item, cart_items, quote
from kanton.billing.settling import change_state
from kanton.billing.tests.conftest import make_plan, order_kites
from kanton.catalog.actions import withdraw_plan
from kanton.catalog.errors import NoPrice, QuantityOutOfRange
from kanton.catalog.models import Plan
from kanton.core.action import action, dry_run
from kanton.core.actor import Actor, System, visitor
from kanton.core.errors import Forbidden, Invalid, NotFound
from kanton.core.money import Money
from kanton.core.outbox.models import Mail
from kanton.core.rights import SYSTEM
from kanton.organizations.models import Organization
from kanton.products.models import Service

pytestmark = pytest.mark.django_db
SOMEBODY = visitor()


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


@pytest.fixture
def cart() -> Cart:
    return open_cart(SOMEBODY, None)[0]


def put(cart: Cart, **changes: Any) -> CartLine:
    values: dict[str, Any] = {"plan": "kite", "months": 12, "options": {"name": "Red "}} | changes
    return add_to_cart(SOMEBODY, cart, **values)


def nothing_was_ordered() -> bool:
    return not (Order.objects.exists() or Invoice.objects.exists() or Mail.objects.exists())


# ── Carts


@pytest.mark.spec("BIL-16")
def test_a_cart_is_found_again_by_its_secret_only(kite: Plan) -> None:
    from kanton.billing.queries import cart_by_secret

    cart, secret = open_cart(SOMEBODY, None)
    put(cart)
    assert (
        cart_by_secret(secret) == cart and cart_by_secret(cart.digest) is None and cart_by_secret("") is None
    )


def test_the_same_thing_again_replaces_the_line(cart: Cart, kite: Plan) -> None:
    put(cart)
    put(cart, options={"name": "RED"}, quantity=3)
    (line,) = cart.lines.all()
    assert (line.name, line.quantity) == ("red", 3)


def test_a_line_is_changed_and_removed(cart: Cart, kite: Plan) -> None:
    line = put(cart)
    change_cart_line(SOMEBODY, cart, line=line.pk, quantity=4, months=1)
    line.refresh_from_db()
    assert (line.quantity, line.months) == (4, 1)
    remove_from_cart(SOMEBODY, cart, line=line.pk)
    assert not cart.lines.exists()
    with pytest.raises(NotInCart):
        remove_from_cart(SOMEBODY, cart, line=line.pk)


def test_a_line_of_another_cart_cannot_be_reached(cart: Cart, kite: Plan) -> None:
    line = put(cart)
    other = open_cart(SOMEBODY, None)[0]
    with pytest.raises(NotInCart):
        change_cart_line(SOMEBODY, other, line=line.pk, quantity=2)
    with pytest.raises(NotInCart):
        remove_from_cart(SOMEBODY, other, line=line.pk)
    assert cart.lines.get().quantity == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"plan": "rocket"}, NotFound),
        ({"months": 7}, NoPrice),
        ({"quantity": 0}, QuantityOutOfRange),
        ({"quantity": -5}, QuantityOutOfRange),
        ({"quantity": 10**12}, QuantityOutOfRange),
        ({"options": {}}, Invalid),
        ({"options": {"name": "taken"}}, Invalid),
    ],
)
def test_what_cannot_be_sold_does_not_get_into_the_cart(
    cart: Cart, kite: Plan, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        put(cart, **changes)
    assert not cart.lines.exists()


def test_a_name_is_not_sold_at_the_price_of_another_ending(
    owner: Actor, acme: Organization, cart: Cart
) -> None:
    cheap = make_plan("kite-example", limits={"tld": "example"})
    for name in ("acme.swiss", "acme.example.swiss", "example", "acmeexample"):
        with pytest.raises(WrongEnding):
            put(cart, plan="kite-example", options={"name": name, "tld": "swiss"})
        with pytest.raises(LineProblem):
            place_order(owner, acme, items=[Item(cheap, 12, options={"name": name, "tld": "swiss"})])
    assert nothing_was_ordered() and not cart.lines.exists()
    assert put(cart, plan="kite-example", options={"name": "acme.example"}).name == "acme.example"


def test_a_cart_has_room_for_fifty_lines(cart: Cart, kite: Plan) -> None:
    for number in range(50):
        put(cart, options={"name": f"kite {number}"})
    with pytest.raises(CartFull):
        put(cart, options={"name": "one more"})
    assert cart.lines.count() == 50


@pytest.mark.spec("BIL-1")
def test_a_visitors_cart_shows_prices_without_vat(cart: Cart, kite: Plan) -> None:
    put(cart, quantity=2)
    offered = quote(cart_items(cart), "CHF", None)
    assert offered.totals.net == offered.totals.total == chf("100") and not offered.knows_vat


# ── Orders


@pytest.mark.spec("BIL-17", "BIL-2", "BIL-4")
def test_the_cart_is_ordered_for_the_organization_shown_in_its_currency(
    owner: Actor, acme: Organization, cart: Cart, kite: Plan
) -> None:
    put(cart, quantity=2)
    order = order_cart(owner, acme, cart=cart, expected_total=chf("108.10"), request_key="page-1")
    invoice = order.invoice
    assert order.organization == acme and order.state == OrderState.AWAITING_PAYMENT
    assert (invoice.net, invoice.total, invoice.currency) == (chf("100"), chf("108.10"), "CHF")
    assert invoice.number is None and invoice.status == InvoiceStatus.OPEN
    assert not cart.lines.exists()
    acme.country, acme.currency = "DE", "EUR"
    acme.save()
    invoice.refresh_from_db()
    assert invoice.currency == "CHF"
    assert order_kites(owner, acme, kite, "blue").invoice.total == Money.of("59.50", "EUR")


def test_the_same_page_sent_twice_makes_one_order(
    owner: Actor, acme: Organization, cart: Cart, kite: Plan
) -> None:
    put(cart)
    first = order_cart(owner, acme, cart=cart, request_key="page-1")
    again = order_cart(owner, acme, cart=cart, request_key="page-1")
    assert first == again and Order.objects.count() == 1 == Invoice.objects.count()


@pytest.mark.spec("BIL-22")
def test_a_changed_price_is_shown_and_confirmed_again(
    owner: Actor, acme: Organization, cart: Cart, kite: Plan
) -> None:
    put(cart)
    make_plan(prices={("CHF", 12): chf("60")})
    with pytest.raises(PriceChanged) as refused:
        order_cart(owner, acme, cart=cart, expected_total=chf("54.05"))
    assert "54.05" in refused.value.sentence and "64.86" in refused.value.sentence
    assert nothing_was_ordered() and cart.lines.count() == 1
    assert order_cart(owner, acme, cart=cart, expected_total=chf("64.86")).invoice.total == chf("64.86")


def test_an_empty_cart_is_not_ordered(owner: Actor, acme: Organization, cart: Cart) -> None:
    with pytest.raises(CartEmpty):
        order_cart(owner, acme, cart=cart)
    assert nothing_was_ordered()


def test_what_is_no_longer_for_sale_stops_the_order(
    owner: Actor, acme: Organization, cart: Cart, kite: Plan
) -> None:
    put(cart)
    withdraw_plan(System("catalogue"), kite)
    with pytest.raises(LineProblem):
        order_cart(owner, acme, cart=cart)
    assert nothing_was_ordered()


def test_an_invoice_needs_an_address(owner: Actor, acme: Organization, kite: Plan) -> None:
    acme.city = ""
    with pytest.raises(AddressMissing):
        order_kites(owner, acme, kite)
    assert nothing_was_ordered()


def test_who_may_not_order_changes_nothing(
    member: Actor, stranger: Actor, acme: Organization, kite: Plan
) -> None:
    for actor in (member, stranger, SOMEBODY):
        with pytest.raises(Forbidden):
            order_kites(actor, acme, kite)
    assert nothing_was_ordered()


@pytest.mark.parametrize(
    "item",
    [{"quantity": 0}, {"quantity": -1}, {"quantity": 11}, {"months": 0}, {"months": 13}, {"options": {}}],
)
def test_tampered_items_are_refused(
    owner: Actor, acme: Organization, kite: Plan, item: dict[str, Any]
) -> None:
    tampered = replace(Item(kite, 12, options={"name": "red"}), **item)
    with pytest.raises(LineProblem):
        place_order(owner, acme, items=[tampered])
    assert nothing_was_ordered()


def test_the_dry_run_tells_price_and_mails_and_orders_nothing(
    owner: Actor, acme: Organization, kite: Plan
) -> None:
    effect = dry_run(place_order, owner, acme, items=[Item(kite, 12, options={"name": "red"})])
    assert [amount for _label, amount in effect.costs] == [chf("54.05")]
    assert [to for to, _subject in effect.mails] == ["ana@acme.example"]
    assert len(effect.records) == 1
    assert nothing_was_ordered()


@pytest.mark.spec("BIL-63")
def test_each_invoice_has_its_own_reference(owner: Actor, acme: Organization, kite: Plan) -> None:
    references = {order_kites(owner, acme, kite, name).invoice.reference for name in ("a", "b", "c")}
    assert len(references) == 3 and all(len(reference or "") == 27 for reference in references)


@pytest.mark.spec("BIL-42")
def test_an_order_over_nothing_completes_without_a_payment(owner: Actor, acme: Organization) -> None:
    free = make_plan("free", prices={("CHF", 12): chf("0")})
    order = order_kites(owner, acme, free)
    assert order.invoice.status == InvoiceStatus.PAID and order.invoice.number is not None
    assert order.invoice.total == chf("0") and not order.invoice.payments.exists()
    order.refresh_from_db()
    assert order.state == OrderState.BEING_SET_UP


# ── States


@pytest.mark.spec("BIL-21")
def test_every_change_of_state_that_the_table_lacks_is_refused(order: Order) -> None:
    @action(right=SYSTEM, may_be_silent=True)
    def change(actor: Actor, target: Order, state: OrderState) -> None:
        change_state(actor, target, state)

    for state in OrderState:
        for wanted in OrderState:
            if wanted in TRANSITIONS[state]:
                continue
            Order.objects.filter(pk=order.pk).update(state=state)
            order.refresh_from_db()
            with pytest.raises(TransitionRefused):
                change(System("test"), order, wanted)
            order.refresh_from_db()
            assert order.state == state


def test_an_open_order_is_cancelled_and_cannot_be_paid_any_more(
    owner: Actor, order: Order, invoice: Invoice
) -> None:
    cancel_order(owner, order)
    order.refresh_from_db()
    invoice.refresh_from_db()
    assert order.state == OrderState.CANCELLED and invoice.status == InvoiceStatus.CANCELLED
    from kanton.billing.errors import NotPayable

    with pytest.raises(NotPayable):
        pay_invoice(owner, invoice, method="test")


def test_a_paid_order_is_not_cancelled(owner: Actor, acme: Organization) -> None:
    order = order_kites(owner, acme, make_plan("free", prices={("CHF", 12): chf("0")}))
    with pytest.raises(TransitionRefused):
        cancel_order(owner, order)
    order.refresh_from_db()
    assert order.state == OrderState.BEING_SET_UP and order.invoice.status == InvoiceStatus.PAID


# ── Set-up


@pytest.mark.spec("BIL-23")
def test_a_paid_line_is_set_up_once_however_often_it_is_started(
    owner: Actor, acme: Organization, kite: Plan
) -> None:
    order = order_kites(owner, acme, kite)
    line = OrderLine.objects.get(order=order)
    services = {start_line(System("billing"), line).pk for _ in range(3)}
    service = Service.objects.get()
    assert services == {service.pk}
    assert (service.organization, service.name, service.plan) == (acme, "red", "kite")
    assert service.options == {"name": "red", "plan": "kite", "quantity": 1}


@pytest.mark.spec("BIL-23")
def test_a_delayed_set_up_is_told_to_customer_and_operator_and_charges_nothing(
    order: Order, invoice: Invoice
) -> None:
    Mail.objects.all().delete()
    line = OrderLine.objects.select_related("order__organization").get(order=order)
    note_delay(System("billing"), line, reason="registry closed")
    line.refresh_from_db()
    assert line.problem == "registry closed"
    assert sorted(Mail.objects.values_list("to", flat=True)) == [
        "ana@acme.example",
        "support@alpenhost.example",
    ]
    assert not invoice.payments.exists()


def test_an_order_is_active_when_everything_is_proved(owner: Actor, acme: Organization) -> None:
    from kanton.billing.tasks import watch_order
    from kanton.core.jobs import RetryIn

    order = order_kites(owner, acme, make_plan("free", prices={("CHF", 12): chf("0")}), "a", "b")
    with pytest.raises(RetryIn):
        watch_order.call(order.pk)
    for line in order.lines.all():
        service = start_line(System("billing"), line)
        assert service.proved(service.wish_version)
    watch_order.call(order.pk)
    order.refresh_from_db()
    assert order.state == OrderState.ACTIVE
    finish_order(System("billing"), order)
    watch_order.call(order.pk)


def test_numbers_are_not_used_by_open_invoices(order: Order) -> None:
    assert not NumberSeries.objects.exists()
