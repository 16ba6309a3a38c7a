"""The end of an organization stops what still runs, and hands the paid invoices out before (ORG-30, BIL-128)."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing.actions import confirm_payment, pay_invoice, top_up
from kanton.billing.cancellation.models import Cancellation
from kanton.billing.models import Invoice, Order
from kanton.billing.papers import emails
from kanton.billing.papers.models import Export
from kanton.billing.papers.tasks import make_export
from kanton.billing.renewals.actions import renew_services
from kanton.billing.renewals.plan import Choice
from kanton.billing.tasks import watch_order
from kanton.core.actor import Actor, System
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.models import Mail
from kanton.organizations.models import Organization
from kanton.products.models import Service
from kanton.testing import PASSWORD
from kanton.ui.forms import PREVIEW


@pytest.mark.spec("ORG-30", "ORG-31", "BIL-126", "BIL-127", "BIL-128")
def test_the_deletion_stops_what_runs_and_mails_the_paid_invoices(
    client: Client, ana: Person, owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    payment = top_up(owner, acme, amount=invoice.total, method="test")
    confirm_payment(System("test"), payment, charge="fill", amount=payment.amount)
    client.force_login(ana)
    link, page = 'href="/o/acme/settings/deletion"', "/o/acme/settings/deletion"
    assert link not in client.get("/o/acme/settings").content.decode(), "an unpaid invoice stands in the way"
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    run_jobs()
    watch_order.call(Order.objects.get(organization=acme).pk)
    service = Service.objects.get(organization=acme)
    bill = renew_services(owner, acme, lines={service.pk: Choice(12)})
    assert link in client.get("/o/acme/settings").content.decode(), "a product that it can stop does not"

    shown = client.get(page).content.decode()
    assert str(service) in shown and "Stop these products now" in shown and "all paid invoices" in shown
    answers = {"name": "Acme", "current_password": PASSWORD, "parting-invoices": "on"}
    looked = client.post(
        page, answers | {"stop_products": "on", PREVIEW: "1"}, headers={"HX-Request": "true"}
    )
    assert (
        f"cancelled {service}" in looked.content.decode()
        and "nothing can be restored" in looked.content.decode()
    )
    assert client.post(page, answers).status_code == 422
    service.refresh_from_db()
    assert service.wanted == "active" and not Cancellation.objects.exists() and not Export.objects.exists()
    assert Organization.objects.filter(slug="acme", memberships__person=ana).exists()

    Mail.objects.all().delete()
    assert client.post(page, answers | {"stop_products": "on"}).status_code == 303
    service.refresh_from_db()
    assert service.wanted == "ended" and Cancellation.objects.get().done_at is not None
    assert Invoice.objects.get(pk=bill.pk).status == "cancelled", (
        "nothing is owed for a term that never begins"
    )
    assert client.get("/o/acme/").status_code == 404
    make_export.call(Export.objects.get().pk)
    sent = {mail.template: mail for mail in Mail.objects.all()}
    invoice.refresh_from_db()
    (attached,) = sent["papers/export_ready"].attachments.all()
    with zipfile.ZipFile(io.BytesIO(bytes(attached.content))) as archive:
        assert [name for name in archive.namelist() if f"invoice-{invoice.number}.pdf" in name]
    assert "closing/deleted" in sent


def test_documents_that_are_too_many_for_one_mail_come_in_several(
    owner: Actor, acme: Organization, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.pdf", b"x" * 400)
    monkeypatch.setattr(emails, "MOST_ATTACHED", 1000)
    assert owner.person_id is not None
    export = Export.objects.create(organization=acme, person_id=owner.person_id, kind="mail", made=5)
    Mail.objects.all().delete()
    emails.export_ready(export, buffer.getvalue())
    mails = list(Mail.objects.order_by("pk"))
    names = []
    for mail in mails:
        (part,) = mail.attachments.all()
        with zipfile.ZipFile(io.BytesIO(bytes(part.content))) as archive:
            names.append(archive.namelist())
    assert names == [["0.pdf", "1.pdf"], ["2.pdf", "3.pdf"], ["4.pdf"]]
    assert [mail.subject[-5:] for mail in mails] == ["(1/3)", "(2/3)", "(3/3)"]
