"""Billing addresses, and sets of documents in one file or by mail."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing.actions import confirm_payment, pay_invoice, top_up
from kanton.billing.documents.assemble import document_of
from kanton.billing.errors import AlreadyPaid
from kanton.billing.models import Invoice
from kanton.billing.papers.actions import (
    add_billing_address,
    address_invoice,
    ask_export,
    change_billing_address,
    remove_billing_address,
    use_billing_address,
)
from kanton.billing.papers.addresses import customer_at
from kanton.billing.papers.errors import AddressInUse, NotAnAddress, NothingToExport
from kanton.billing.papers.models import BillingAddress, Export, ServiceAddress
from kanton.billing.papers.tasks import forget_old_exports, make_export, path_of
from kanton.billing.renewals.actions import renew_services
from kanton.billing.renewals.plan import Choice
from kanton.billing.tests.conftest import order_kites
from kanton.catalog.models import Plan
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.core.outbox.models import Mail
from kanton.organizations.models import Organization
from kanton.products.models import Service

pytestmark = pytest.mark.django_db
FIELDS = {"name": "Acme Büro", "street": "Rue 2", "postal_code": "1000", "city": "Lausanne", "country": "de"}


def fill(owner: Actor, acme: Organization) -> None:
    payment = top_up(owner, acme, amount=Money.of("500", "CHF"), method="test")
    confirm_payment(System("test"), payment, charge="fill", amount=payment.amount)


@pytest.fixture
def kite_service(owner: Actor, acme: Organization, invoice: Invoice) -> Service:
    """A paid kite that runs for a year."""
    fill(owner, acme)
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    run_jobs()
    return Service.objects.get(organization=acme)


@pytest.mark.spec("BIL-113", "BIL-114", "BIL-115", "BIL-93")
def test_the_invoices_of_a_product_go_to_the_address_it_uses_in_the_organizations_currency(
    owner: Actor, acme: Organization, kite_service: Service
) -> None:
    address = add_billing_address(owner, acme, **FIELDS)
    assert address.country == "DE"
    use_billing_address(owner, kite_service, address=address)
    bill = renew_services(owner, acme, lines={kite_service.pk: Choice(12)})
    assert (bill.customer["name"], bill.customer["city"], bill.currency) == ("Acme Büro", "Lausanne", "CHF")
    assert bill.taxes[0][0].code == "CH-8.1"
    party = document_of(bill).customer
    assert (party.name, party.street) == ("Acme Büro", "Rue 2")
    use_billing_address(owner, kite_service, address=None)
    again = renew_services(owner, acme, lines={kite_service.pk: Choice(12)})
    assert again.customer["name"] == "Acme"


@pytest.mark.spec("BIL-93", "BIL-114", "BIL-115")
def test_the_address_is_chosen_where_the_invoice_is_paid_and_kept_for_later_ones(
    ana: Person,
    owner: Actor,
    acme: Organization,
    kite_service: Service,
    stranger: Actor,
    globex: Organization,
) -> None:
    client = Client()
    client.force_login(ana)
    bill = renew_services(owner, acme, lines={kite_service.pk: Choice(12)})
    page, choose = f"/o/acme/invoices/{bill.pk}/pay", f"/o/acme/invoices/{bill.pk}/address"
    assert "Invoice to" not in client.get(page).content.decode()  # nothing to choose from
    address = add_billing_address(owner, acme, **FIELDS)
    foreign = add_billing_address(stranger, globex, **FIELDS)
    assert f'<option value="{address.pk}">' in client.get(page).content.decode()
    assert client.post(choose, {"address": str(foreign.pk)}).status_code == 404
    with pytest.raises(NotAnAddress):
        address_invoice(owner, bill, address=foreign)
    assert Invoice.objects.get(pk=bill.pk).customer["name"] == "Acme"
    assert client.post(choose, {"address": str(address.pk)}).status_code == 303
    bill.refresh_from_db()
    # The country of a billing address changes neither currency nor VAT.
    assert (bill.customer["name"], bill.customer["country"], bill.currency) == ("Acme Büro", "DE", "CHF")
    assert bill.taxes[0][0].code == "CH-8.1" and ServiceAddress.objects.get().service == kite_service
    assert f'<option value="{address.pk}" selected>' in client.get(page).content.decode()
    pay_invoice(owner, bill, prepaid_part=bill.total)
    with pytest.raises(AlreadyPaid):
        address_invoice(owner, bill, address=None)
    later = renew_services(owner, acme, lines={kite_service.pk: Choice(12)})
    assert later.customer["name"] == "Acme Büro"
    client.post(f"/o/acme/invoices/{later.pk}/address", {"address": ""})
    later.refresh_from_db()
    assert later.customer["name"] == "Acme" and not ServiceAddress.objects.exists()


@pytest.mark.spec("BIL-116")
def test_an_address_in_use_needs_another_in_its_place_and_old_invoices_keep_it(
    owner: Actor, acme: Organization, kite_service: Service, stranger: Actor, globex: Organization
) -> None:
    address, other = add_billing_address(owner, acme, **FIELDS), add_billing_address(owner, acme, **FIELDS)
    foreign = add_billing_address(stranger, globex, **FIELDS)
    use_billing_address(owner, kite_service, address=address)
    bill = renew_services(owner, acme, lines={kite_service.pk: Choice(12)})
    with pytest.raises(AddressInUse) as refused:
        remove_billing_address(owner, address)
    assert "red" in refused.value.sentence
    for wrong in (address, foreign):
        with pytest.raises(NotAnAddress):
            remove_billing_address(owner, address, replacement=wrong)
    with pytest.raises(NotAnAddress):
        use_billing_address(owner, kite_service, address=foreign)
    change_billing_address(owner, other, **FIELDS | {"name": "Neu"})
    remove_billing_address(owner, address, replacement=other)
    assert ServiceAddress.objects.get().address == other
    assert not BillingAddress.objects.filter(pk=address.pk).exists()
    bill.refresh_from_db()
    assert bill.customer["name"] == "Acme Büro" and customer_at(acme, other)["name"] == "Neu"


@pytest.mark.spec("BIL-79", "BIL-82")
def test_a_set_of_documents_comes_in_one_file_or_by_mail(
    owner: Actor, acme: Organization, invoice: Invoice, kite: Plan, client: Client, ana: Person
) -> None:
    fill(owner, acme)
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    order_kites(owner, acme, kite, "blue")
    invoice.refresh_from_db()
    today = clock.today()
    with pytest.raises(NothingToExport):
        ask_export(owner, acme, kind="zip", end=today - dt.timedelta(days=1))
    paid = ask_export(owner, acme, kind="mail", start=today, end=today, status="paid")
    everything = ask_export(owner, acme, kind="zip")
    Mail.objects.all().delete()
    make_export.call(paid.pk)
    make_export.call(everything.pk)
    make_export.call(everything.pk)  # a second run changes nothing
    (mail,) = Mail.objects.all()
    (attached,) = mail.attachments.all()
    with zipfile.ZipFile(io.BytesIO(bytes(attached.content))) as archive:
        (name,) = archive.namelist()
        assert name == f"{today.isoformat()}-invoice-{invoice.number}.pdf"
        assert archive.read(name).startswith(b"%PDF")
    assert mail.to == "ana@acme.example"
    client.force_login(ana)
    page = f"/o/acme/invoices/exports/{everything.key}"
    assert "2 documents are ready" in client.get(page).content.decode()
    content = b"".join(client.get(f"{page}/file").streaming_content)  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.namelist()) == 2
    with clock.travel(clock.now() + dt.timedelta(days=8)):
        forget_old_exports.call()
    assert not Export.objects.exists() and not path_of(everything).exists()


@pytest.mark.spec("BIL-113", "BIL-79", "ORG-16")
def test_addresses_and_exports_on_their_pages(
    client: Client, ana: Person, acme: Organization, invoice: Invoice
) -> None:
    client.force_login(ana)
    page = "/o/acme/billing-addresses"
    own = [(each.name, each.street, each.postal_code, each.city) for each in Organization.objects.all()]
    assert "No additional billing addresses" in client.get(page).content.decode()
    assert client.post(f"{page}/add", FIELDS | {"country": "DE"}).status_code == 303
    address = BillingAddress.objects.get()
    assert "Acme Büro" in client.get(page).content.decode()
    client.post(f"{page}/{address.pk}", FIELDS | {"name": "Zentrale", "country": "DE"})
    assert own == [
        (each.name, each.street, each.postal_code, each.city) for each in Organization.objects.all()
    ]
    assert "Zentrale" in client.get(f"{page}/{address.pk}/remove").content.decode()
    client.post(f"{page}/{address.pk}/remove", {"replacement": ""})
    assert not BillingAddress.objects.exists()
    assert client.post("/o/acme/invoices/export", {"kind": "zip", "status": "refunded"}).status_code == 422
    answer = client.post("/o/acme/invoices/export", {"kind": "zip"})
    assert "being made" in client.get(answer["Location"]).content.decode()
    run_jobs()
    assert "1 document is ready" in client.get(answer["Location"] + "?part=state").content.decode()
