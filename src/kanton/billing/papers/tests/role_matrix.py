"""Who may keep billing addresses and take documents away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from kanton.billing.models import Invoice
from kanton.billing.papers.actions import (
    add_billing_address,
    address_invoice,
    ask_export,
    change_billing_address,
    remove_billing_address,
    use_billing_address,
)
from kanton.billing.papers.models import BillingAddress, Export
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service
from kanton.testing_matrix import ADMINISTRATORS, GRANTED, Cast, Fill, Line, Who, act, api, page

KEEPERS = ADMINISTRATORS | GRANTED
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}
ORG, INVOICING = "/o/<slug:organization>", "/1/invoicing/{account}"
FIELDS = {"name": "Books", "street": "Gasse 2", "postal_code": "3011", "city": "Bern", "country": "CH"}


def address(cast: Cast) -> BillingAddress:
    """A billing address of Acme."""
    return BillingAddress.objects.create(organization=cast.acme, **FIELDS)


def service(cast: Cast) -> Service:
    """A product of Acme."""
    return Service.objects.create(
        organization=cast.acme, product="sample", plan="small", name="acme.ch", order_line="matrix",
        starts_on=dt.date(2026, 1, 1),
    )  # fmt: skip


def invoice(cast: Cast) -> Invoice:
    """An open invoice of Acme."""
    return Invoice.objects.create(organization=cast.acme, currency="CHF", net_minor=1, total_minor=1)


def number(cast: Cast) -> Mapping[str, Any]:
    return {"number": address(cast).pk}


def account(cast: Cast) -> Mapping[str, Any]:
    invoice(cast)
    return {"account": cast.acme.pk}


def numbered(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "number": address(cast).pk}


def product(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "product": service(cast).pk}


def export(cast: Cast) -> Export:
    """An export that Acme's owner asked for."""
    return Export.objects.create(organization=cast.acme, person=cast.people[Who.OWNER], kind="zip", total=1)


def asked(cast: Cast) -> Mapping[str, Any]:
    return {"key": export(cast).key}


def asked_over_api(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "key": export(cast).key}


def ask(actor: Any, cast: Cast) -> object:
    invoice(cast)
    return ask_export(actor, cast.acme, kind="zip")


#: An export is there for the one who asked for it; others who may ask themselves do not find it.
MINE = {Who.ADMINISTRATOR: 404, Who.GRANTED: 404}


def console(route: str, fill: Fill | None = None, **more: Any) -> Line:
    return page(route, allowed=KEEPERS, right=ACCOUNTING, fill=fill, **more)


def keep(method: str, route: str, fill: Fill = account, **more: Any) -> Line:
    but = FOREIGN | more.pop("but", {})
    return api(method, route, allowed=KEEPERS, right=ACCOUNTING, fill=fill, but=but, **more)


LINES: list[Line] = [
    act(
        "billing.add_billing_address",
        lambda a, cast: add_billing_address(a, cast.acme, **FIELDS),
        allowed=KEEPERS,
    ),
    act(
        "billing.change_billing_address",
        lambda a, cast: change_billing_address(a, address(cast), **FIELDS),
        allowed=KEEPERS,
    ),
    act(
        "billing.remove_billing_address",
        lambda a, cast: remove_billing_address(a, address(cast)),
        allowed=KEEPERS,
    ),
    act(
        "billing.use_billing_address",
        lambda actor, cast: use_billing_address(actor, service(cast), address=address(cast)),
        allowed=KEEPERS,
    ),
    act(
        "billing.address_invoice",
        lambda actor, cast: address_invoice(actor, invoice(cast), address=address(cast)),
        allowed=KEEPERS,
    ),
    act("billing.ask_export", ask, allowed=KEEPERS),
    console(f"{ORG}/billing-addresses"),
    console(f"{ORG}/billing-addresses/add"),
    console(f"{ORG}/billing-addresses/<int:number>", number),
    console(f"{ORG}/billing-addresses/<int:number>/remove", number),
    console(
        f"{ORG}/invoices/<int:number>/address",
        lambda cast: {"number": invoice(cast).pk},
        post={"address": ""},
    ),
    console(f"{ORG}/invoices/export"),
    console(f"{ORG}/invoices/exports/<str:key>", asked, but=MINE),
    console(f"{ORG}/invoices/exports/<str:key>/file", asked, status=409, but=MINE),
    keep("GET", INVOICING + "/billing_address/list"),
    keep("POST", INVOICING + "/billing_address", data=FIELDS, status=201),
    keep("PUT", INVOICING + "/billing_address/{number}", numbered, data=FIELDS),
    keep("DELETE", INVOICING + "/billing_address/{number}", numbered),
    keep("PUT", INVOICING + "/product/{product}/billing_address", product, data={"address_id": None}),
    keep(
        "PUT",
        INVOICING + "/invoice/{invoice}/billing_address",
        lambda cast: {"account": cast.acme.pk, "invoice": invoice(cast).pk},
        data={"address_id": None},
    ),
    keep("POST", INVOICING + "/export", data={}, status=201),
    keep("GET", INVOICING + "/export/{key}", asked_over_api, but=MINE),
    keep("GET", INVOICING + "/export/{key}/file", asked_over_api, status=409, but=MINE),
]
