"""Every change of billing addresses, and exports of documents."""

from __future__ import annotations

import datetime as dt

from kanton.billing.models import Invoice, InvoiceStatus
from kanton.billing.papers.activity import Happened
from kanton.billing.papers.addresses import customer_at
from kanton.billing.papers.errors import AddressInUse, NotAnAddress, NothingToExport, TooManyToExport
from kanton.billing.papers.models import BillingAddress, Export, ExportKind, ServiceAddress
from kanton.billing.queries import invoices_between
from kanton.billing.settling import locked_open
from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service

MOST_DOCUMENTS = 5000


@action(right=ACCOUNTING)
def add_billing_address(
    actor: Actor,
    organization: Organization,
    *,
    name: str,
    street: str,
    postal_code: str,
    city: str,
    country: str = "CH",
    attention: str = "",
) -> BillingAddress:
    """Add an address to which invoices can be made out (BIL-113)."""
    address = BillingAddress.objects.create(
        organization=organization,
        name=name.strip(),
        attention=attention.strip(),
        street=street.strip(),
        postal_code=postal_code.strip(),
        city=city.strip(),
        country=country.upper(),
    )
    record(actor, Happened.ADDRESS_ADDED, address)
    return address


@action(right=ACCOUNTING)
def change_billing_address(
    actor: Actor,
    address: BillingAddress,
    *,
    name: str,
    street: str,
    postal_code: str,
    city: str,
    country: str = "CH",
    attention: str = "",
) -> BillingAddress:
    """Change an address for the invoices to come. Those issued keep the old one (BIL-116)."""
    address.name, address.attention, address.street = name.strip(), attention.strip(), street.strip()
    address.postal_code, address.city, address.country = postal_code.strip(), city.strip(), country.upper()
    address.save()
    record(actor, Happened.ADDRESS_CHANGED, address)
    return address


@action(right=ACCOUNTING)
def remove_billing_address(
    actor: Actor, address: BillingAddress, *, replacement: BillingAddress | None = None
) -> None:
    """Remove an address. One that products use needs another in its place (BIL-116)."""
    address = BillingAddress.objects.select_for_update().get(pk=address.pk)
    uses = ServiceAddress.objects.filter(address=address).select_related("service")
    if replacement is not None and (
        replacement.pk == address.pk or replacement.organization_id != address.organization_id
    ):
        raise NotAnAddress
    if replacement is None and uses:
        raise AddressInUse(products=", ".join(str(use.service) for use in uses[:20]))
    uses.update(address=replacement)
    record(actor, Happened.ADDRESS_REMOVED, address)
    address.delete()


@action(right=ACCOUNTING)
def use_billing_address(actor: Actor, service: Service, *, address: BillingAddress | None) -> None:
    """Have a product's invoices go to this address from now on; None is the organization's own (BIL-114)."""
    if address is not None and address.organization_id != service.organization_id:
        raise NotAnAddress(field="address")
    if address is None:
        ServiceAddress.objects.filter(service=service).delete()
    else:
        ServiceAddress.objects.update_or_create(service=service, defaults={"address": address})
    record(actor, Happened.ADDRESS_USED, service, address=str(address or service.organization))


@action(right=ACCOUNTING)
def address_invoice(actor: Actor, invoice: Invoice, *, address: BillingAddress | None) -> Invoice:
    """Have an open invoice made out to this address, and the later ones of its products too (BIL-93, BIL-114).

    None is the organization's own address. Currency and VAT stay as they are (BIL-115); a paid invoice never changes.
    """
    invoice = locked_open(invoice)
    organization = invoice.organization
    if address is not None and address.organization_id != organization.pk:
        raise NotAnAddress(field="address")
    invoice.customer = dict(customer_at(organization, address))
    invoice.save(update_fields=["customer"])
    keys = [line.service_key for line in invoice.lines.all() if line.service_key]
    services = Service.objects.filter(organization=organization, order_line__in=keys)
    if address is None:
        ServiceAddress.objects.filter(service__in=services).delete()
    else:
        for service in services:
            ServiceAddress.objects.update_or_create(service=service, defaults={"address": address})
    record(actor, Happened.INVOICE_ADDRESSED, invoice, address=str(address or organization))
    return invoice


@action(right=ACCOUNTING)
def ask_export(
    actor: Actor,
    organization: Organization,
    *,
    kind: str,
    start: dt.date | None = None,
    end: dt.date | None = None,
    status: str = "",
) -> Export:
    """Have a set of documents made as PDF files in one ZIP file, to download or by mail (BIL-79)."""
    status = status if status in InvoiceStatus.values else ""
    count = invoices_between(actor, organization, start=start, end=end, status=status).count()
    if not count:
        raise NothingToExport
    if count > MOST_DOCUMENTS:
        raise TooManyToExport(count=count, most=MOST_DOCUMENTS)
    assert actor.person_id is not None
    export = Export.objects.create(
        organization=organization,
        person_id=actor.person_id,
        kind=ExportKind(kind),
        start=start,
        end=end,
        status=status,
        total=count,
    )
    record(actor, Happened.EXPORT_ASKED, export, count=count)
    from kanton.billing.papers.tasks import make_export

    after_commit(make_export, export.pk, unique_key=f"export:{export.pk}")
    return export
