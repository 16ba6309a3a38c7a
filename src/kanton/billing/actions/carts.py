"""Carts: open to everybody, found by a secret that only the browser (or program) has (BIL-14, BIL-16).

Nothing here is recorded in the activity: a cart belongs to nobody yet and binds nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from kanton.billing.errors import CartFull, NotInCart
from kanton.billing.models import Cart, CartLine
from kanton.billing.quotes import Item, checked_options
from kanton.catalog.models import Plan
from kanton.catalog.queries import check_quantity, price_for
from kanton.core import clock
from kanton.core.action import action
from kanton.core.actor import Actor
from kanton.core.money import CURRENCIES
from kanton.core.query import get_or_not_found
from kanton.core.rights import PUBLIC
from kanton.core.secrets import new_token, token_hash
from kanton.organizations.models import Organization

MAX_LINES = 50


@action(right=PUBLIC, may_be_silent=True)
def open_cart(actor: Actor, target: None = None, *, currency: str = "CHF") -> tuple[Cart, str]:
    """A new empty cart and the secret by which it is found again; only the hash of the secret is kept."""
    secret = new_token()
    currency = currency if currency in CURRENCIES else "CHF"
    return Cart.objects.create(digest=token_hash(secret), currency=currency), secret


@action(right=PUBLIC, may_be_silent=True)
def add_to_cart(
    actor: Actor,
    cart: Cart,
    *,
    plan: str,
    months: int,
    quantity: int = 1,
    options: Mapping[str, Any] | None = None,
    is_guaranteed: bool = False,
    organization: Organization | None = None,
) -> CartLine:
    """Put an offer into the cart. The same thing again replaces the line, so nothing is bought twice by mistake."""
    offer = get_or_not_found(Plan.objects.on_sale(), code=plan)
    check_quantity(offer, quantity)
    price_for(offer, organization.currency if organization else cart.currency, months)
    name, normal = checked_options(Item(offer, months, quantity, options or {}), organization)
    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    values = {
        "months": months,
        "quantity": quantity,
        "options": normal,
        "is_guaranteed": is_guaranteed and offer.may_be_guaranteed,
    }
    line = cart.lines.filter(plan=offer, name=name).first() if name else None
    if line is None:
        if cart.lines.count() >= MAX_LINES:
            raise CartFull(most=MAX_LINES)
        line = CartLine(cart=cart, plan=offer, name=name)
    for field, value in values.items():
        setattr(line, field, value)
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError:  # the same line from another window at the same moment
        line = cart.lines.get(plan=offer, name=name)
    _touch(cart)
    return line


@action(right=PUBLIC, may_be_silent=True)
def change_cart_line(
    actor: Actor,
    cart: Cart,
    *,
    line: int,
    quantity: int | None = None,
    months: int | None = None,
    is_guaranteed: bool | None = None,
    organization: Organization | None = None,
) -> CartLine:
    """Another quantity or period for a line, or the renewal guarantee on or off (BIL-19)."""
    found = _line(cart, line)
    if quantity is not None:
        found.quantity = check_quantity(found.plan, quantity)
    if months is not None:
        price_for(found.plan, organization.currency if organization else cart.currency, months)
        found.months = months
    if is_guaranteed is not None:
        found.is_guaranteed = is_guaranteed and found.plan.may_be_guaranteed
    found.save()
    _touch(cart)
    return found


@action(right=PUBLIC, may_be_silent=True)
def remove_from_cart(actor: Actor, cart: Cart, *, line: int) -> None:
    """Take a line out of the cart."""
    _line(cart, line).delete()
    _touch(cart)


def _line(cart: Cart, pk: int) -> CartLine:
    found = cart.lines.select_related("plan").filter(pk=pk).first()
    if found is None:
        raise NotInCart
    return found


def _touch(cart: Cart) -> None:
    Cart.objects.filter(pk=cart.pk).update(changed_at=clock.now())
