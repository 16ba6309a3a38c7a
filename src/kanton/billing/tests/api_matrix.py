"""Who may order, pay and read accounts over the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kanton.billing.actions import add_to_cart, confirm_payment, open_cart, place_order
from kanton.billing.models import Cart, Invoice, Order, Payment, Purpose
from kanton.billing.quotes import Item
from kanton.catalog.sample import load_sample
from kanton.core.actor import System
from kanton.core.secrets import token_hash
from kanton.organizations.rights import ACCOUNTING
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, SIGNED_IN, Cast, Line, Who, api

#: The staff sees no customer's accounts; nor does a stranger.
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}
ITEM = {"plan": "mail-starter", "months": 12, "options": {"name": "matrix.example"}}
PRICE = {"amount": "19.46", "currency": "CHF"}  # CHF 18.00 and 8.1 % VAT
INVOICING, ORDERS, CART = "/1/invoicing/{account}", "/1/order/{account}", "/1/carts/{cart}"


def account(cast: Cast, **more: Any) -> dict[str, Any]:
    """Acme's number, for an address."""
    load_sample()
    return {"account": cast.acme.pk} | more


def order(cast: Cast) -> Order:
    """An order of Acme that waits to be paid."""
    plan = next(plan for plan in load_sample() if plan.code == ITEM["plan"])
    return place_order(cast.owner, cast.acme, items=[Item(plan, 12, options={"name": "matrix.example"})])


def ordered(cast: Cast) -> dict[str, Any]:
    """Acme and its order."""
    return account(cast, order=order(cast).pk)


def billed(cast: Cast) -> dict[str, Any]:
    """Acme and its open invoice, with enough on the prepaid account."""
    confirm_payment(System("test"), payment(cast), charge="matrix")
    return account(cast, invoice=Invoice.objects.get(order=order(cast)).pk)


def payment(cast: Cast) -> Payment:
    """A top-up of Acme in progress."""
    return Payment.objects.create(
        organization=cast.acme, purpose=Purpose.TOP_UP, provider="test", currency="CHF", minor=20_00
    )


def paying(cast: Cast) -> dict[str, Any]:
    """Acme and its payment in progress."""
    return account(cast, payment=payment(cast).key)


def prepaid(cast: Cast) -> dict[str, Any]:
    """Acme's prepaid account in francs."""
    return account(cast, currency="CHF")


def cart(cast: Cast) -> tuple[Cart, str]:
    """An empty cart and its secret."""
    load_sample()
    return open_cart(cast.owner, None)


def carted(cast: Cast) -> dict[str, Any]:
    """The secret of a cart."""
    return {"cart": cart(cast)[1]}


def lined(cast: Cast) -> dict[str, Any]:
    """The secret of a cart, and the number of its line."""
    found, secret = cart(cast)
    line = add_to_cart(cast.owner, found, plan="mail-starter", months=12, options={"name": "matrix.example"})
    return {"cart": secret, "line": line.pk}


def ready(cast: Cast) -> dict[str, Any]:
    """Acme, and a cart with one line under a known secret."""
    places = account(cast)
    found = Cart.objects.create(digest=token_hash("matrix"), currency="CHF")
    add_to_cart(cast.owner, found, plan="mail-starter", months=12, options={"name": "matrix.example"})
    return places


Fill = Callable[[Cast], Mapping[str, Any]]


def keep(method: str, route: str, fill: Fill = account, **more: Any) -> Line:
    """What those may who keep the accounts."""
    return api(
        method, route, allowed=ADMINISTRATORS | GRANTED, right=ACCOUNTING, fill=fill, but=FOREIGN, **more
    )


def buy(method: str, route: str, fill: Fill = account, **more: Any) -> Line:
    """What those may who order."""
    return api(method, route, allowed=ADMINISTRATORS, fill=fill, but=FOREIGN, **more)


API_LINES: list[Line] = [
    # Whoever has a token has a cart; it belongs to nobody and binds nobody.
    api("POST", "/1/carts", allowed=SIGNED_IN, data={}, status=201),
    api("GET", CART, allowed=SIGNED_IN, fill=carted),
    api("POST", CART + "/lines", allowed=SIGNED_IN, fill=carted, data=ITEM),
    api("PUT", CART + "/lines/{line}", allowed=SIGNED_IN, fill=lined, data={"is_guaranteed": True}),
    api("DELETE", CART + "/lines/{line}", allowed=SIGNED_IN, fill=lined),
    buy("POST", ORDERS + "/quote", data={"items": [ITEM]}),
    buy("POST", ORDERS, data={"items": [ITEM]}, status=201),
    buy("POST", ORDERS + "/cart", ready, data={"cart": "matrix"}, status=201),
    keep("GET", ORDERS + "/list", ordered),
    keep("GET", ORDERS + "/{order}", ordered),
    buy("DELETE", ORDERS + "/{order}", ordered),
    keep("GET", INVOICING + "/invoice/list", billed),
    keep("GET", INVOICING + "/invoice/{invoice}", billed),
    keep("GET", INVOICING + "/invoice/{invoice}/pdf", billed),
    keep("POST", INVOICING + "/invoice/{invoice}/transfer", billed),
    keep("POST", INVOICING + "/invoice/{invoice}/payment", billed, data={"prepaid": PRICE}, status=201),
    keep("GET", INVOICING + "/payment_method/list"),
    keep("GET", INVOICING + "/payment/list", paying),
    keep("GET", INVOICING + "/payment/{payment}", paying),
    keep("GET", INVOICING + "/payment/{payment}/checkout", paying),
    keep("DELETE", INVOICING + "/payment/{payment}", paying),
    keep("GET", INVOICING + "/prepaid"),
    keep("GET", INVOICING + "/prepaid/{currency}/entry/list", prepaid),
    # Nothing is offered here to pay with: those who may are told so.
    keep("POST", INVOICING + "/prepaid/top_up", data={"amount": PRICE, "method": "none"}, status=422),
]
