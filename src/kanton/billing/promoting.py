"""The port for what makes orders cheaper: a room above gives discounts for cart lines and learns of orders placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from kanton.billing.models import Cart, CartLine, Order, OrderLine
from kanton.billing.pricing import Discount
from kanton.core.actor import Actor
from kanton.organizations.models import Organization

if TYPE_CHECKING:
    from kanton.billing.quotes import Quote


@dataclass(frozen=True, slots=True)
class Promoting:
    """`discounts_of` gives the discounts of cart lines by their number; `when_placed` reserves what the order uses and
    may refuse it; `when_cancelled` gives it back; `cart_box` draws the box of the cart summary (template, context)."""

    discounts_of: Callable[[Sequence[CartLine], str, Organization, date], Mapping[int, Sequence[Discount]]]
    when_placed: Callable[[Actor, Order, Sequence[OrderLine], Quote], None]
    when_cancelled: Callable[[Order], None]
    cart_box: Callable[[HttpRequest, Cart, Organization], tuple[str, Mapping[str, Any]]]


_registered: list[Promoting] = []


def register(promoting: Promoting) -> None:
    """Called once when the app starts."""
    _registered.append(promoting)


def registered() -> Sequence[Promoting]:
    """All of them."""
    return _registered
