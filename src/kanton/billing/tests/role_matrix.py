"""Who may order, pay, top up and read accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kanton.billing.actions import (
    add_to_cart,
    cancel_order,
    cancel_payment,
    change_cart_line,
    choose_transfer,
    confirm_payment,
    decline_payment,
    expire_payment,
    finish_order,
    note_delay,
    note_refund,
    open_cart,
    order_cart,
    pay_invoice,
    place_order,
    remove_from_cart,
    start_line,
    take_in,
    top_up,
)
from kanton.billing.models import Cart, Invoice, Order, OrderLine, Payment
from kanton.billing.payments.contract import Notification, Outcome
from kanton.billing.quotes import Item
from kanton.billing.tests.api_matrix import API_LINES
from kanton.catalog.actions import offer_plan
from kanton.catalog.models import Plan
from kanton.catalog.sample import sample_offers
from kanton.config import overriding
from kanton.core.actor import Actor, System, visitor
from kanton.core.money import Money
from kanton.organizations.rights import ACCOUNTING
from kanton.testing_matrix import (
    ADMINISTRATORS,
    EVERYBODY,
    GRANTED,
    NOBODY,
    Cast,
    Line,
    Refusal,
    Who,
    act,
    page,
)

KEEPERS = ADMINISTRATORS | GRANTED
ORG = "/o/<slug:organization>"
TWENTY = Money.of("20", "CHF")


def plan(code: str = "domain-example") -> Plan:
    offer = next(offer for offer in sample_offers() if offer.code == code)
    return offer_plan(System("catalogue"), offer)


def item() -> Item:
    return Item(plan(), 12, options={"name": "matrix.example"})


def order(cast: Cast) -> Order:
    """An order of Acme that waits to be paid."""
    return place_order(cast.owner, cast.acme, items=[item()])


def line(cast: Cast) -> OrderLine:
    return OrderLine.objects.select_related("order__organization", "plan").get(order=order(cast))


def invoice(cast: Cast) -> Invoice:
    return order(cast).invoice


def cart() -> Cart:
    """A cart with one line."""
    made, _secret = open_cart(visitor(), None)
    add_to_cart(visitor(), made, plan=plan().code, months=12, options={"name": "matrix.example"})
    return made


def payment(cast: Cast) -> Payment:
    """A top-up of Acme in progress."""
    with overriding(demo=True):
        return top_up(cast.owner, cast.acme, amount=TWENTY, method="test")


def on_demo(do: Callable[[Actor, Cast], object]) -> Callable[[Actor, Cast], object]:
    """Where the test provider is offered."""

    def call(actor: Actor, cast: Cast) -> object:
        with overriding(demo=True):
            return do(actor, cast)

    return call


def number_of(make: Callable[[Cast], Order | Invoice]) -> Callable[[Cast], Mapping[str, Any]]:
    return lambda cast: {"number": make(cast).pk}


def plan_code(cast: Cast) -> Mapping[str, Any]:
    return {"plan": plan("mail").code}


def some_line(cast: Cast) -> Mapping[str, Any]:
    return {"line": 1}


def some_key(cast: Cast) -> Mapping[str, Any]:
    return {"key": payment(cast).key}


def arrived(cast: Cast) -> Mapping[str, Any]:
    begun = payment(cast)
    confirm_payment(System("test"), begun, charge="matrix", amount=begun.amount)
    return {"key": begun.key}


#: Whoever belongs to an organization is led from the public shop to its own.
LED_ON: dict[Who, Refusal] = {who: 302 for who in Who if who not in (Who.STAFF, Who.SIGNED_OUT)}
MAY_ORDER: dict[Who, Refusal] = {Who.OWNER: 302, Who.ADMINISTRATOR: 302, Who.STRANGER: 302}

ACTIONS: list[Line] = [
    act("billing.open_cart", lambda actor, cast: open_cart(actor, None), allowed=EVERYBODY),
    act(
        "billing.add_to_cart",
        lambda actor, cast: add_to_cart(
            actor, cart(), plan="domain-example", months=12, options={"name": "second.example"}
        ),
        allowed=EVERYBODY,
    ),
    act(
        "billing.change_cart_line",
        lambda actor, cast: change_cart_line(actor, (c := cart()), line=c.lines.get().pk, months=24),
        allowed=EVERYBODY,
    ),
    act(
        "billing.remove_from_cart",
        lambda actor, cast: remove_from_cart(actor, (c := cart()), line=c.lines.get().pk),
        allowed=EVERYBODY,
    ),
    act(
        "billing.place_order",
        lambda actor, cast: place_order(actor, cast.acme, items=[item()]),
        allowed=ADMINISTRATORS,
    ),
    act(
        "billing.order_cart",
        lambda actor, cast: order_cart(actor, cast.acme, cart=cart()),
        allowed=ADMINISTRATORS,
    ),
    act("billing.cancel_order", lambda actor, cast: cancel_order(actor, order(cast)), allowed=ADMINISTRATORS),
    act(
        "billing.choose_transfer", lambda actor, cast: choose_transfer(actor, invoice(cast)), allowed=KEEPERS
    ),
    act(
        "billing.pay_invoice",
        on_demo(lambda actor, cast: pay_invoice(actor, invoice(cast), method="test")),
        allowed=KEEPERS,
    ),
    act(
        "billing.top_up",
        on_demo(lambda actor, cast: top_up(actor, cast.acme, amount=TWENTY, method="test")),
        allowed=KEEPERS,
    ),
    act("billing.cancel_payment", lambda actor, cast: cancel_payment(actor, payment(cast)), allowed=KEEPERS),
    act("billing.start_line", lambda actor, cast: start_line(actor, line(cast)), allowed=NOBODY),
    act("billing.note_delay", lambda actor, cast: note_delay(actor, line(cast), reason="-"), allowed=NOBODY),
    act("billing.finish_order", lambda actor, cast: finish_order(actor, order(cast)), allowed=NOBODY),
    act(
        "billing.take_in",
        lambda actor, cast: take_in(actor, "test", Notification("e", "k", Outcome.SUCCEEDED)),
        allowed=NOBODY,
    ),
    act(
        "billing.confirm_payment",
        lambda actor, cast: confirm_payment(actor, payment(cast), charge="c", amount=TWENTY),
        allowed=NOBODY,
    ),
    act("billing.decline_payment", lambda actor, cast: decline_payment(actor, payment(cast)), allowed=NOBODY),
    act("billing.expire_payment", lambda actor, cast: expire_payment(actor, payment(cast)), allowed=NOBODY),
    act("billing.note_refund", lambda actor, cast: note_refund(actor, payment(cast)), allowed=NOBODY),
]

PAGES: list[Line] = [
    page("/shop", allowed=EVERYBODY, but=LED_ON),
    page("/shop/names", allowed=EVERYBODY),
    page("/shop/cart", allowed=EVERYBODY),
    page("/shop/cart/<int:line>/change", post={}, fill=some_line, allowed=EVERYBODY),
    page("/shop/cart/<int:line>/remove", post={}, fill=some_line, allowed=EVERYBODY),
    page("/shop/checkout", allowed=EVERYBODY, but=MAY_ORDER),
    page("/shop/offers/<slug:plan>", fill=plan_code, allowed=EVERYBODY),
    page(f"{ORG}/shop", allowed=ADMINISTRATORS),
    page(f"{ORG}/shop/names", allowed=ADMINISTRATORS),
    page(f"{ORG}/shop/offers/<slug:plan>", fill=plan_code, allowed=ADMINISTRATORS),
    page(f"{ORG}/cart", allowed=ADMINISTRATORS),
    page(f"{ORG}/cart/order", post={}, allowed=ADMINISTRATORS),
    page(f"{ORG}/cart/<int:line>/change", post={}, fill=some_line, allowed=ADMINISTRATORS),
    page(f"{ORG}/cart/<int:line>/remove", post={}, fill=some_line, allowed=ADMINISTRATORS),
    page(f"{ORG}/orders", allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/orders/<int:number>", fill=number_of(order), allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/orders/<int:number>/cancel", post={}, fill=number_of(order), allowed=ADMINISTRATORS),
    page(f"{ORG}/invoices", allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/invoices/<int:number>", fill=number_of(invoice), allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/invoices/<int:number>/pdf", fill=number_of(invoice), allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/invoices/<int:number>/pay", fill=number_of(invoice), allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/payments/<str:key>", fill=some_key, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/payments/<str:key>/receipt", fill=arrived, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/payments/<str:key>/give-up", post={}, fill=some_key, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/prepaid", allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/prepaid/top-up", allowed=KEEPERS, right=ACCOUNTING),
    # The test provider's page is there on demo installations only; messages want a signature.
    page("/pay/test/<str:key>", fill=some_key, allowed=EVERYBODY, status=404),
    page(
        "/pay/<slug:provider>/callback",
        post={},
        fill=lambda cast: {"provider": "test"},
        allowed=EVERYBODY,
        status=400,
    ),
]

LINES: list[Line] = [*ACTIONS, *PAGES, *API_LINES]
