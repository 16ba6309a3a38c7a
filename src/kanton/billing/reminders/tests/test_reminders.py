"""Reminders: each level once, after the statements, never for what is settled (BIL-66…68, BIL-72, BIL-73)."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from pathlib import Path

import pytest
import zxingcpp
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.billing.actions import cancel_order, pay_invoice
from kanton.billing.bank.tests.bank_files import QR_IBAN, camt, pay
from kanton.billing.models import Invoice, NumberSeries
from kanton.billing.reminders import tasks
from kanton.billing.reminders.actions import send_reminders
from kanton.billing.reminders.levels import level_on, pay_until
from kanton.billing.reminders.models import Reminder
from kanton.billing.renewals.tests.conftest import at, fill
from kanton.billing.tests.conftest import make_plan, order_kites
from kanton.billing.tests.test_documents import pictures_of, text_of
from kanton.config import config, overriding
from kanton.core.actor import Actor, System
from kanton.core.outbox.models import MailAttachment
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.rest.testing import ApiClient
from kanton.ui import formats

pytestmark = pytest.mark.django_db
DAY = date(2027, 3, 1)


@pytest.fixture
def invoice(owner: Actor, acme: Organization, _kites: None) -> Invoice:
    """Over CHF 54.05, due on 11 March 2027."""
    with at(DAY):
        return order_kites(owner, acme, make_plan()).invoice


def remind_on(day: date) -> int:
    with at(day, 8):
        return int(tasks.remind.call())


@pytest.mark.spec("BIL-66", "BIL-67", "BIL-73")
def test_each_level_goes_out_once_on_its_day(
    owner: Actor, acme: Organization, invoice: Invoice, outbox: Outbox
) -> None:
    sent = []
    for number in range(60):
        day = DAY + timedelta(days=number)
        sent += [day] * remind_on(day)
        assert remind_on(day) == 0
    due = date(2027, 3, 11)
    assert [(day - due).days for day in sent] == [7, 14, 21]
    assert [each.level for each in Reminder.objects.all()] == [1, 2, 3]
    subjects = [mail.subject for mail in outbox if "eminder" in mail.subject]
    label = invoice.label
    assert subjects == [f"Reminder: {label} of Acme"] * 2 + [f"Last reminder: {label} of Acme"]
    text = " ".join(outbox[-1].text.split())
    assert "To pay by: 7 Apr 2027" in text and "attached as PDF" in text
    assert "please ignore this mail" in text and f"invoices/{invoice.pk}/reminder" in text
    assert "standing order" in text


@pytest.mark.spec("BIL-73")
def test_what_is_cancelled_or_in_payment_is_not_reminded(
    owner: Actor, acme: Organization, invoice: Invoice, outbox: Outbox
) -> None:
    with at(date(2027, 3, 18), 8):
        pay_invoice(owner, invoice, method="test")
        assert tasks.remind.call() == 0
    assert remind_on(date(2027, 3, 19)) == 1
    with at(date(2027, 3, 20)):
        assert invoice.order is not None
        cancel_order(owner, invoice.order)
    assert remind_on(date(2027, 4, 5)) == 0
    changed = type(config.billing)(reminder_days=())
    with overriding(billing=changed):
        assert remind_on(date(2027, 4, 5)) == 0
    assert level_on(date(2027, 4, 30), date(2027, 3, 11), (7, 14, 21)) == 3


@pytest.mark.spec("BIL-73", "BIL-87")
@pytest.mark.parametrize(
    ("days", "late", "until"),
    [
        ((7, 14, 21), 0, ["2027-03-31", "2027-03-31", "2027-04-07"]),
        ((20, 40), 3, ["2027-04-19", "2027-05-12"]),
    ],
)
def test_the_amount_holds_as_long_as_a_reminder_gives_to_pay_it(
    ana: Person, acme: Organization, invoice: Invoice, days: tuple[int, ...], late: int, until: list[str]
) -> None:
    console, holds = Client(), []
    console.force_login(ana)
    assert str(invoice.holds_until) == "2027-03-31"
    with overriding(billing=type(config.billing)(reminder_days=days)):
        for after in days:
            day = date(2027, 3, 11) + timedelta(days=after + late)
            assert remind_on(day) == 1
            invoice.refresh_from_db()
            reminder = Reminder.objects.latest("level")
            assert reminder.pay_until and invoice.holds_until
            assert invoice.due_on and invoice.due_on < day <= reminder.pay_until <= invoice.holds_until
            holds.append(str(invoice.holds_until))
            with at(day, 9):
                page = console.get(f"/o/acme/invoices/{invoice.pk}").content.decode()
            assert f"This amount holds until {formats.date(invoice.holds_until)}" in page.replace("\xa0", " ")
    assert holds == until


@pytest.mark.spec("BIL-72")
def test_statements_are_booked_before_reminders_are_sent(
    invoice: Invoice, outbox: Outbox, tmp_path: Path
) -> None:
    assert invoice.reference
    (tmp_path / "statement.xml").write_bytes(camt(pay("54.05", invoice.reference), account=QR_IBAN))
    with overriding(bank=type(config.bank)(folder=str(tmp_path))):
        assert remind_on(date(2027, 3, 18)) == 0
    invoice.refresh_from_db()
    assert invoice.status == "paid"
    with at(date(2027, 4, 1)):
        assert send_reminders(System("reminders"), None, invoices=[invoice.pk]) == 0
    assert not Reminder.objects.exists() and not MailAttachment.objects.exists()


@pytest.mark.spec("BIL-68")
def test_the_page_names_the_causes_in_order_and_pays(
    ana: Person, owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    client = Client()
    client.force_login(ana)
    url = f"/o/acme/invoices/{invoice.pk}/reminder"
    remind_on(date(2027, 3, 18))
    with at(date(2027, 3, 20)):
        text = client.get(url).content.decode()
        assert "Pay with it" not in text and "Reminder 1 was sent" in text
        fill(acme, "100")
        text = client.get(url).content.decode().replace("\xa0", " ")
        causes = (
            "did not come from us", "standing order", "Another amount", "CHF 100.00 are", "crossed your",
        )  # fmt: skip
        places = [text.index(cause) for cause in causes]
        assert places == sorted(places) and "Pay with it" in text
        answer = client.post(f"{url}/pay")
        assert answer["Location"] == f"/o/acme/invoices/{invoice.pk}"
        assert "there is nothing to pay" in client.get(url).content.decode()
        assert client.post(f"{url}/pay")["Location"] == url


@pytest.mark.spec("BIL-64", "BIL-66", "BIL-67", "BIL-73", "BIL-86")
def test_each_reminder_is_a_document_that_stays_as_it_was_sent(
    ana: Person, ben: Person, zoe: Person, owner: Actor, acme: Organization, invoice: Invoice, tmp_path: Path
) -> None:
    until = [date(2027, 3, 24), date(2027, 3, 31), date(2027, 4, 7)]
    for number in (7, 14, 21):
        assert remind_on(date(2027, 3, 11) + timedelta(days=number)) == 1
    assert [each.pay_until for each in Reminder.objects.all()] == until
    attached = MailAttachment.objects.filter(mail__template="reminders/reminder").order_by("pk")
    names = [f"payment-reminder-{level}-p-{invoice.pk}.pdf" for level in (1, 2, 3)]
    assert [(each.name, each.content_type) for each in attached] == [
        (name, "application/pdf") for name in names
    ]
    sent = [bytes(each.content) for each in attached]

    first, last = (" ".join(text_of(pdf).replace("\xa0", " ").split()) for pdf in (sent[0], sent[2]))
    overdue = (
        f"P-{invoice.pk} over CHF 54.05 was due on 11 Mar 2027, and we have not received the payment yet."
    )
    for text in (
        f"Payment reminder 1 P-{invoice.pk}", "18 Mar 2027", "To pay by 24 Mar 2027", overdue,
        "If you have paid in the meantime, please ignore this reminder.",
        f"Pro-forma invoice P-{invoice.pk} of 1 Mar 2027 CHF 54.05", "To pay CHF 54.05", "Please pay exactly CHF 54.05",
    ):  # fmt: skip
        assert text in first
    assert "last reminder" not in first and "Product" not in first
    assert f"This is the last reminder. {overdue}" in last and "To pay by 7 Apr 2027" in last
    (page,) = pictures_of(sent[0], tmp_path)
    (code,) = zxingcpp.read_barcodes(page)
    fields = code.text.split("\r\n")
    assert invoice.reference and fields[3] == QR_IBAN and fields[18:20] == ["54.05", "CHF"]
    assert fields[27:] == ["QRR", invoice.reference, f"P-{invoice.pk}", "EPD"]

    # What becomes of the bill later, and of the configuration, changes nothing of what was sent; nothing is numbered.
    assert not NumberSeries.objects.exists()
    Invoice.objects.filter(pk=invoice.pk).update(customer={"name": "Another"})
    with at(date(2027, 4, 2)):
        fill(acme, "100")
        pay_invoice(owner, Invoice.objects.get(pk=invoice.pk), prepaid_part=invoice.total)
    console, url = Client(), f"/o/acme/invoices/{invoice.pk}"
    console.force_login(ana)
    program, route = ApiClient(ana), f"/1/invoicing/{acme.pk}/invoice/{invoice.pk}/reminder"
    listed = program.get(f"{route}/list").data
    assert [(each["level"], each["pay_until"]) for each in listed] == [
        (level, day.isoformat()) for level, day in enumerate(until, start=1)
    ]
    seen = console.get(url).content.decode()
    for level, pdf in enumerate(sent, start=1):
        assert f"{url}/reminder/{level}/pdf?download=1" in seen
        answer = console.get(f"{url}/reminder/{level}/pdf?download=1")
        assert answer.content == pdf
        assert answer["Content-Disposition"] == f'attachment; filename="{names[level - 1]}"'
        file = program.get(f"{route}/{level}/pdf").data
        assert base64.b64decode(file["content"]) == pdf and file["name"] == names[level - 1]

    # Refusals: strangers find nothing, members need the right, and what was not sent is not there.
    for person, status, path in (
        (zoe, 404, "1/pdf"), (ben, 403, "1/pdf"), (ben, 403, "list"), (ana, 404, "4/pdf")
    ):  # fmt: skip
        assert ApiClient(person).get(f"{route}/{path}").status == status
        if path != "list":
            console.force_login(person)
            assert console.get(f"{url}/reminder/{path}").status_code == status
    Reminder.objects.filter(level=1).update(pay_until=None)  # of the time when it was a mail only
    assert program.get(f"{route}/1/pdf").status == 404


@pytest.mark.parametrize(
    ("language", "title", "ignore"),
    [
        ("de", "Mahnung 1", "betrachten Sie diese Mahnung bitte als gegenstandslos"),
        ("fr", "Rappel de paiement 1", "veuillez ignorer ce rappel"),
        ("it", "Sollecito di pagamento 1", "ignori questo sollecito"),
        ("es", "Recordatorio de pago 1", "ignore este recordatorio"),
    ],
)
@pytest.mark.spec("BIL-67")
def test_the_document_is_written_in_the_customers_language(
    invoice: Invoice, language: str, title: str, ignore: str
) -> None:
    Invoice.objects.filter(pk=invoice.pk).update(language=language)
    assert remind_on(date(2027, 3, 18)) == 1
    words = " ".join(text_of(bytes(MailAttachment.objects.get().content)).split())
    assert title in words and ignore in words


@given(
    days=st.lists(st.integers(1, 365), min_size=1, max_size=5),
    late=st.integers(0, 400),
)
def test_the_new_date_is_never_past_and_before_the_next_reminder(days: list[int], late: int) -> None:
    due = date(2027, 3, 11)
    day = due + timedelta(days=late)
    until = pay_until(day, due, days)
    assert until >= day and level_on(until, due, days) == level_on(day, due, days)
