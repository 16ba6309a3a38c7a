"""The cart of a browser: a cookie with its secret, which lives as long as people take to decide (BIL-16)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kanton.billing.actions import open_cart
from kanton.billing.models import Cart
from kanton.billing.queries import cart_by_secret
from kanton.core.actor import Actor

COOKIE = "kanton_cart"
CART_LIFE_SECONDS = 60 * 24 * 3600


def cart_of(request: HttpRequest) -> Cart | None:
    """The browser's cart, asked for once per request."""
    if not hasattr(request, "_kanton_cart"):
        found = cart_by_secret(request.COOKIES.get(COOKIE, ""))
        request._kanton_cart = found  # type: ignore[attr-defined]
    cart: Cart | None = request._kanton_cart  # type: ignore[attr-defined]
    return cart


def cart_size(request: HttpRequest) -> int:
    """How many lines are in the cart: the number beside the icon."""
    cart = cart_of(request)
    return int(getattr(cart, "size", 0)) if cart else 0


def cart_or_new(request: HttpRequest, currency: str) -> tuple[Cart, str]:
    """The browser's cart, or a new one with the secret for its cookie."""
    known = cart_of(request)
    if known is not None:
        return known, ""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    cart, secret = open_cart(actor, None, currency=currency)
    request._kanton_cart = cart  # type: ignore[attr-defined]
    return cart, secret


def keep_cart(response: HttpResponseBase, secret: str) -> None:
    """Give the browser the secret of its new cart."""
    if secret:
        response.set_cookie(
            COOKIE,
            secret,
            max_age=CART_LIFE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=bool(settings.SESSION_COOKIE_SECURE),
        )
