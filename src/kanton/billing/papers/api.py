"""Billing addresses and exports over the API."""

from __future__ import annotations

import base64
from datetime import date
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from kanton.billing.api import INVOICING, PAY, READ
from kanton.billing.errors import AlreadyPaid, NotPayable
from kanton.billing.papers import queries
from kanton.billing.papers.actions import (
    add_billing_address,
    address_invoice,
    ask_export,
    change_billing_address,
    remove_billing_address,
    use_billing_address,
)
from kanton.billing.papers.errors import (
    AddressInUse,
    ExportNotReady,
    NotAnAddress,
    NothingToExport,
    TooManyToExport,
)
from kanton.billing.papers.models import BillingAddress, Export, ExportState
from kanton.billing.papers.tasks import path_of
from kanton.billing.queries import invoice_of
from kanton.billing.schemas import FileOut, InvoiceStates
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Id, Lists, Query, Router, Rows, Timestamp
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Billing addresses and exports")
ADDRESS = INVOICING + "/billing_address"


class AddressOut(TypedDict):
    """A billing address; `products` counts whose invoices go there."""

    id: int
    name: str
    attention: str
    street: str
    postal_code: str
    city: str
    country: str
    products: int


def _out(each: BillingAddress) -> AddressOut:
    return {
        "id": each.pk,
        "name": each.name,
        "attention": each.attention,
        "street": each.street,
        "postal_code": each.postal_code,
        "city": each.city,
        "country": each.country,
        "products": int(getattr(each, "use_count", 0)),
    }


class AddressIn(Body):
    """A billing address."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    attention: Annotated[str, Field(max_length=120)] = ""
    street: Annotated[str, Field(min_length=1, max_length=120)]
    postal_code: Annotated[str, Field(min_length=1, max_length=16)]
    city: Annotated[str, Field(min_length=1, max_length=80)]
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")] = "CH"


SAMPLE = {"name": "Acme Buchhaltung", "street": "Marktgasse 2", "postal_code": "3011", "city": "Bern"}


@router.get(ADDRESS + "/list", scopes=READ, lists=Lists(order={"id": "pk", "name": "name"}, default="id"))
@exposes(queries.billing_addresses_of)
def list_addresses(request: ApiRequest, account: int) -> Rows[AddressOut]:
    """List the additional billing addresses of an organization."""
    return Rows(queries.billing_addresses_of(request.actor, organization_by_id(request.actor, account)), _out)


@router.post(ADDRESS, scopes=PAY, status=201, example=SAMPLE)
@exposes(add_billing_address)
def create_address(request: ApiRequest, account: int, data: AddressIn) -> AddressOut:
    """Add a billing address. It decides neither currency nor VAT."""
    organization = organization_by_id(request.actor, account)
    return _out(add_billing_address(request.actor, organization, **data.model_dump()))


@router.put(ADDRESS + "/{number}", scopes=PAY, example=SAMPLE)
@exposes(change_billing_address, queries.billing_address_of)
def update_address(request: ApiRequest, account: int, number: int, data: AddressIn) -> AddressOut:
    """Change a billing address for the invoices to come."""
    organization = organization_by_id(request.actor, account)
    found = queries.billing_address_of(request.actor, organization, number)
    return _out(change_billing_address(request.actor, found, **data.model_dump()))


class ReplacementQuery(Query):
    """Which address takes its place where products use it."""

    replacement: Id | None = None


@router.delete(ADDRESS + "/{number}", scopes=PAY, errors=(AddressInUse, NotAnAddress))
@exposes(remove_billing_address)
def delete_address(request: ApiRequest, account: int, number: int, query: ReplacementQuery) -> bool:
    """Remove a billing address. One that products use needs a `replacement`; issued invoices keep it."""
    organization = organization_by_id(request.actor, account)
    found = queries.billing_address_of(request.actor, organization, number)
    other = (
        queries.billing_address_of(request.actor, organization, query.replacement)
        if query.replacement
        else None
    )
    remove_billing_address(request.actor, found, replacement=other)
    return True


class UseIn(Body):
    """The billing address, or null for the organization's own."""

    address_id: Id | None


@router.put(
    INVOICING + "/product/{product}/billing_address",
    scopes=PAY,
    errors=(NotAnAddress,),
    example={"address_id": 17},
)
@exposes(use_billing_address, queries.billed_service_of)
def set_address(request: ApiRequest, account: int, product: int, data: UseIn) -> bool:
    """Have a product's invoices go to a billing address from now on."""
    organization = organization_by_id(request.actor, account)
    service = queries.billed_service_of(request.actor, organization, product)
    address = (
        queries.billing_address_of(request.actor, organization, data.address_id) if data.address_id else None
    )
    use_billing_address(request.actor, service, address=address)
    return True


@router.put(
    INVOICING + "/invoice/{invoice}/billing_address",
    scopes=PAY,
    errors=(NotAnAddress, AlreadyPaid, NotPayable),
    example={"address_id": 17},
)
@exposes(address_invoice)
def set_invoice_address(request: ApiRequest, account: int, invoice: int, data: UseIn) -> bool:
    """Have an open invoice, and the later ones of its products, made out to a billing address."""
    organization = organization_by_id(request.actor, account)
    found = invoice_of(request.actor, organization, invoice)
    address = (
        queries.billing_address_of(request.actor, organization, data.address_id) if data.address_id else None
    )
    address_invoice(request.actor, found, address=address)
    return True


class ExportIn(Body):
    """Which documents: of these days, both included, in one status or in all."""

    kind: Literal["zip", "mail"] = "zip"
    start: date | None = None
    end: date | None = None
    status: InvoiceStates | None = None


class ExportOut(TypedDict):
    """How far an export is."""

    id: str
    kind: Literal["zip", "mail"]
    state: Literal["waiting", "done", "failed"]
    made: int
    total: int
    asked_at: Timestamp


def _export_out(each: Export) -> ExportOut:
    return {
        "id": each.key,
        "kind": cast("Any", each.kind),
        "state": cast("Any", each.state),
        "made": each.made,
        "total": each.total,
        "asked_at": clock.timestamp(each.asked_at) or 0,
    }


@router.post(
    INVOICING + "/export",
    scopes=READ,
    status=201,
    errors=(NothingToExport, TooManyToExport),
    example={"kind": "zip"},
)
@exposes(ask_export)
def create_export(request: ApiRequest, account: int, data: ExportIn) -> ExportOut:
    """Have a set of documents made as PDF files in one ZIP file, to download or by mail."""
    organization = organization_by_id(request.actor, account)
    return _export_out(
        ask_export(
            request.actor,
            organization,
            kind=data.kind,
            start=data.start,
            end=data.end,
            status=data.status or "",
        )
    )


@router.get(INVOICING + "/export/{key}", scopes=READ)
@exposes(queries.export_of)
def read_export(request: ApiRequest, account: int, key: str) -> ExportOut:
    """Tell how far an export is."""
    return _export_out(queries.export_of(request.actor, organization_by_id(request.actor, account), key))


@router.get(INVOICING + "/export/{key}/file", scopes=READ, errors=(ExportNotReady,))
@exposes(queries.export_of)
def read_export_file(request: ApiRequest, account: int, key: str) -> FileOut:
    """Read the ZIP file of an export that is done."""
    found = queries.export_of(request.actor, organization_by_id(request.actor, account), key)
    path = path_of(found)
    if found.state != ExportState.DONE or not path.is_file():
        raise ExportNotReady
    content = path.read_bytes()
    return {
        "name": f"{found.organization.slug}-documents.zip",
        "type": "application/zip",
        "size": len(content),
        "content": base64.b64encode(content).decode(),
    }
