"""Who issues codes and grants, and who uses them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kanton.billing.actions import add_to_cart, open_cart
from kanton.billing.models import Cart, Invoice
from kanton.billing.promotions.actions import (
    apply_code,
    choose_grant,
    choose_method,
    issue_code,
    issue_grant,
    use_code_on_renewal,
    withdraw_code,
    withdraw_grant,
)
from kanton.billing.promotions.models import FreeGrant, PromoCode
from kanton.billing.renewals.tests.role_matrix import invoice as renewal_invoice
from kanton.billing.tests.role_matrix import plan
from kanton.core.actor import System, visitor
from kanton.core.secrets import token_hash
from kanton.organizations.rights import ACCOUNTING
from kanton.testing_matrix import (
    ADMINISTRATORS,
    GRANTED,
    SIGNED_IN,
    STAFF_ONLY,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

NOT_THERE = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}
ORG, API, STAFF = "/o/<slug:organization>/cart", "/1/order/{account}/cart", "/2/staff"
SECRET = "matrix-cart"
NUMBER = 47_110_816
KEEPERS = ADMINISTRATORS | GRANTED


def code(cast: Cast | None = None) -> PromoCode:
    """Half off every domain."""
    return issue_code(System("matrix"), None, code="MATRIX50", product="domains", percentage=Decimal(50))


def grant(cast: Cast) -> FreeGrant:
    """A domain for nothing."""
    return issue_grant(System("matrix"), cast.acme, product="domains")


def cart(cast: Cast) -> Cart:
    """A cart with a domain, its payment method chosen."""
    made, _secret = open_cart(visitor(), None)
    add_to_cart(visitor(), made, plan=plan().code, months=12, options={"name": "matrix.example"})
    choose_method(cast.owner, cast.acme, cart=made, method="transfer")
    Cart.objects.filter(pk=made.pk).update(digest=token_hash(SECRET))
    made.lines.update(id=NUMBER)
    return made


def renewal(cast: Cast) -> Invoice:
    """An open bill for the renewal of a domain of Acme."""
    return renewal_invoice(cast)


def renewal_code() -> PromoCode:
    """Half off a renewal."""
    return issue_code(
        System("matrix"),
        None,
        code="MATRIX53",
        product="domains",
        percentage=Decimal(50),
        is_for_renewals=True,
    )


def filled(cast: Cast) -> Mapping[str, Any]:
    cart(cast)
    code()
    return {"account": cast.acme.pk}


def number(make: Any) -> Any:
    return lambda cast: {"number": make(cast).pk}


LINES: list[Line] = [
    act(
        "billing.issue_code",
        lambda actor, cast: issue_code(
            actor, None, code="MATRIX51", product="domains", percentage=Decimal(5)
        ),
        allowed=STAFF_ONLY,
    ),
    act("billing.withdraw_code", lambda actor, cast: withdraw_code(actor, code()), allowed=STAFF_ONLY),
    act(
        "billing.issue_grant",
        lambda actor, cast: issue_grant(actor, cast.acme, product="domains"),
        allowed=STAFF_ONLY,
    ),
    act("billing.withdraw_grant", lambda actor, cast: withdraw_grant(actor, grant(cast)), allowed=STAFF_ONLY),
    act(
        "billing.choose_method",
        lambda actor, cast: choose_method(actor, cast.acme, cart=cart(cast), method="prepaid"),
        allowed=ADMINISTRATORS,
    ),
    act(
        "billing.apply_code",
        lambda actor, cast: apply_code(actor, cast.acme, cart=cart(cast), code=code().code),
        allowed=ADMINISTRATORS,
    ),
    act(
        "billing.choose_grant",
        lambda actor, cast: choose_grant(
            actor, cast.acme, cart=(made := cart(cast)), line=made.lines.get().pk, grant=grant(cast).pk
        ),
        allowed=ADMINISTRATORS,
    ),
    act(
        "billing.use_code_on_renewal",
        lambda actor, cast: use_code_on_renewal(actor, renewal(cast), code=renewal_code().code),
        allowed=KEEPERS,
    ),
    page(
        "/o/<slug:organization>/invoices/<int:number>/code",
        post={"code": "MATRIX53"},
        fill=number(renewal),
        allowed=KEEPERS,
        right=ACCOUNTING,
    ),
    api(
        "POST",
        "/1/invoicing/{account}/invoice/{invoice}/code",
        fill=lambda cast: {"account": cast.acme.pk, "invoice": renewal(cast).pk, "code": renewal_code().pk},
        data={"code": "MATRIX53"},
        allowed=KEEPERS,
        right=ACCOUNTING,
        but=FOREIGN,
    ),
    page(f"{ORG}/method", post={}, allowed=ADMINISTRATORS),
    page(f"{ORG}/code", post={}, allowed=ADMINISTRATORS),
    page(f"{ORG}/<int:line>/grant", post={}, fill=lambda cast: {"line": 1}, allowed=ADMINISTRATORS),
    page("/staff/promotions", allowed=STAFF_ONLY, but=NOT_THERE),
    page("/staff/promotions/codes/new", allowed=STAFF_ONLY, but=NOT_THERE),
    page("/staff/promotions/grants/new", allowed=STAFF_ONLY, but=NOT_THERE),
    page(
        "/staff/promotions/codes/<int:number>/withdraw",
        post={},
        fill=number(code),
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    page(
        "/staff/promotions/grants/<int:number>/withdraw",
        post={},
        fill=number(grant),
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    *(
        api(
            method,
            API + route,
            fill=filled,
            data={"cart": SECRET} | data,
            allowed=ADMINISTRATORS,
            but=FOREIGN,
        )
        for method, route, data in (
            ("POST", "/promotions", {}),
            ("PUT", "/method", {"method": "transfer"}),
            ("POST", "/code", {"code": "MATRIX50"}),
            ("PUT", "/grant", {"line": NUMBER}),
        )
    ),
    api("GET", STAFF + "/promo-codes", allowed=STAFF_ONLY, but=NOT_THERE),
    api(
        "POST",
        STAFF + "/promo-codes",
        data={"code": "MATRIX52", "product": "domains", "percentage": "5"},
        status=201,
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    api(
        "DELETE",
        STAFF + "/promo-codes/{code}",
        fill=lambda cast: {"code": code().pk},
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    api("GET", STAFF + "/free-grants", allowed=STAFF_ONLY, but=NOT_THERE),
    api(
        "POST",
        STAFF + "/free-grants",
        data={"account_id": 9_000_000_000, "product": "domains"},
        status=404,
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    api(
        "DELETE",
        STAFF + "/free-grants/{grant}",
        fill=lambda cast: {"grant": grant(cast).pk},
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
]
