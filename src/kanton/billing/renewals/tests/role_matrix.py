"""Who may renew, and switch how things renew: whoever keeps the accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kanton.billing.models import Invoice
from kanton.billing.renewals.actions import (
    announce_prices,
    change_period,
    end_terms,
    fail_renewals,
    renew_due,
    renew_services,
    retry_renewals,
    switch_automatic,
    switch_guarantee,
    tell_of_ends,
    withdraw_period_change,
    withdraw_renewal,
)
from kanton.billing.renewals.plan import Choice
from kanton.billing.tests.role_matrix import plan
from kanton.core import clock
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, NOBODY, Cast, Line, Who, act, api, page

KEEPERS = ADMINISTRATORS | GRANTED
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}
ORG = "/o/<slug:organization>/renewals"
NUMBER = 47_110_815
API = "/1/invoicing/{account}/renewal"


def service(cast: Cast, **fields: Any) -> Service:
    """A domain of Acme that ends in 200 days."""
    end = clock.today() + timedelta(days=200)
    return Service.objects.create(
        organization=cast.acme,
        product="domains",
        plan=plan().code,
        name="matrix.example",
        starts_on=end - timedelta(days=365),
        ends_on=end,
        anchor_day=end.day,
        order_line="matrix",
        **fields,
    )


def invoice(cast: Cast) -> Invoice:
    """A pro forma for its renewal."""
    return renew_services(cast.owner, cast.acme, lines={service(cast).pk: Choice(12)})


def planned(cast: Cast) -> Service:
    """It with a planned change of its period."""
    return change_period(cast.owner, service(cast), months=24)


def number(cast: Cast) -> Mapping[str, Any]:
    return {"number": service(cast).pk}


def switch(cast: Cast) -> Mapping[str, Any]:
    return {"number": service(cast).pk, "how": "on"}


def account(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk}


def product(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "product": service(cast).pk}


ACTIONS: list[Line] = [
    act(
        "billing.renew_services",
        lambda actor, cast: renew_services(actor, cast.acme, lines={service(cast).pk: Choice(12)}),
        allowed=KEEPERS,
    ),
    act(
        "billing.withdraw_renewal",
        lambda actor, cast: withdraw_renewal(actor, invoice(cast)),
        allowed=KEEPERS,
    ),
    act(
        "billing.switch_automatic",
        lambda actor, cast: switch_automatic(actor, cast.acme, services=[service(cast).pk], is_on=True),
        allowed=KEEPERS,
    ),
    act(
        "billing.switch_guarantee",
        lambda actor, cast: switch_guarantee(actor, cast.acme, services=[service(cast).pk], is_on=True),
        allowed=KEEPERS,
    ),
    act(
        "billing.change_period",
        lambda actor, cast: change_period(actor, service(cast), months=24),
        allowed=KEEPERS,
    ),
    act(
        "billing.withdraw_period_change",
        lambda actor, cast: withdraw_period_change(actor, planned(cast)),
        allowed=KEEPERS,
    ),
    act("billing.renew_due", lambda actor, cast: renew_due(actor, None, services=[]), allowed=NOBODY),
    act(
        "billing.retry_renewals", lambda actor, cast: retry_renewals(actor, None, renewals=[]), allowed=NOBODY
    ),
    act(
        "billing.fail_renewals",
        lambda actor, cast: fail_renewals(actor, None, renewals=[], reason="-"),
        allowed=NOBODY,
    ),
    act(
        "billing.tell_of_ends",
        lambda actor, cast: tell_of_ends(actor, None, services=[service(cast).pk]),
        allowed=NOBODY,
    ),
    act("billing.end_terms", lambda actor, cast: end_terms(actor, None, services=[]), allowed=NOBODY),
    act(
        "billing.announce_prices",
        lambda actor, cast: announce_prices(actor, None, services=[]),
        allowed=NOBODY,
    ),
]

PAGES: list[Line] = [
    page(f"{ORG}/to-pay", allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/to-pay/pay", post={}, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/to-pay/pro-forma", post={}, allowed=KEEPERS, right=ACCOUNTING),
    page(ORG, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/manage", post={}, allowed=KEEPERS, right=ACCOUNTING),
    page(
        f"{ORG}/withdraw/<int:invoice>",
        post={},
        fill=lambda cast: {"invoice": invoice(cast).pk},
        allowed=KEEPERS,
        right=ACCOUNTING,
    ),
    page(f"{ORG}/<int:number>", fill=number, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/<int:number>/automatic/<str:how>", post={}, fill=switch, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/<int:number>/guarantee/<str:how>", fill=switch, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/<int:number>/period", fill=number, allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/<int:number>/period/withdraw", post={}, fill=number, allowed=KEEPERS, right=ACCOUNTING),
]


def routes(*lines: tuple[str, str, Any, Any, int]) -> list[Line]:
    """API lines for whoever keeps the accounts."""
    return [
        api(
            method, route, fill=fill, data=data, status=status, allowed=KEEPERS, right=ACCOUNTING, but=FOREIGN
        )
        for method, route, fill, data, status in lines
    ]


def switched(cast: Cast) -> Mapping[str, Any]:
    service(cast, pk=NUMBER)
    return {"account": cast.acme.pk}


LINES: list[Line] = [
    *ACTIONS,
    *PAGES,
    *routes(
        ("GET", API + "/list", account, None, 200),
        ("GET", API + "/product/{product}", product, None, 200),
        ("POST", API, switched, {"lines": [{"product_id": NUMBER, "months": 12}]}, 201),
        (
            "DELETE",
            API + "/{invoice}",
            lambda cast: {"account": cast.acme.pk, "invoice": invoice(cast).pk},
            None,
            200,
        ),
        ("PUT", API + "/automatic", switched, {"product_ids": [NUMBER], "is_on": True}, 200),
        ("PUT", API + "/guarantee", switched, {"product_ids": [NUMBER], "is_on": True}, 200),
        ("GET", API + "/product/{product}/period", product, None, 200),
        ("PUT", API + "/product/{product}/period", product, {"months": 24}, 200),
        (
            "DELETE",
            API + "/product/{product}/period",
            lambda cast: {"account": cast.acme.pk, "product": planned(cast).pk},
            None,
            200,
        ),
    ),
]
