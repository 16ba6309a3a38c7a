"""Proofs, closed periods, VAT rates and reports."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing import ledger, ledger_guards
from kanton.billing.actions import pay_invoice
from kanton.billing.books import reports
from kanton.billing.books.actions import add_tax_rate, close_period, credit_invoice
from kanton.billing.books.errors import AlreadyClosed, BooksAreOff, PeriodNotOver, RateKnown, RateTooEarly
from kanton.billing.books.models import Closing, ProofRun
from kanton.billing.books.tests.test_credit_notes import by_card, chf, fill
from kanton.billing.models import AccountKind, Invoice
from kanton.billing.quotes import tax_for
from kanton.billing.tasks import BooksDoNotBalance, prove_books
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.organizations.models import Organization

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.mark.spec("BIL-6")
def test_every_night_the_proof_is_kept_for_staff_and_downloaded_as_csv(
    client: Client, sam: Person, owner: Actor, invoice: Invoice
) -> None:
    by_card(owner, invoice)
    prove_books.call()
    client.force_login(sam)
    assert "Everything adds up" in client.get("/staff/books").content.decode()
    ledger_guards.remove(connection)
    point = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE billing_invoice SET total_minor = total_minor + 1")
        with pytest.raises(BooksDoNotBalance, match="sales to"):
            prove_books.call()
        page = client.get("/staff/books").content.decode()
        assert "Does not add up" in page and "sales to CHF 54.05" in page
        answer = client.get("/staff/books", {"format": "csv"})
        rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
        assert len(rows) > 6 and [row[1] for row in rows[1:] if "sales to" in row[2]] == ["Does not add up"]
    finally:
        transaction.savepoint_rollback(point)
        ledger_guards.install(connection)
    assert [run.is_green for run in ProofRun.objects.all()] == [True]


def test_nothing_can_be_dated_into_a_closed_period(
    staff: Actor, owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    with clock.travel(NOON):
        by_card(owner, invoice)
    day = NOON.date()
    with clock.travel(NOON + dt.timedelta(days=1)):
        with pytest.raises(PeriodNotOver):
            close_period(staff, None, through=clock.today())
        closing = close_period(staff, None, through=day)
        assert closing.trial["CHF"]["revenue:kites"] == -50_00
        for through in (day, day - dt.timedelta(days=1)):
            with pytest.raises(AlreadyClosed):
                close_period(staff, None, through=through)
    bank, other = ledger.account(AccountKind.BANK, "CHF"), ledger.account(AccountKind.FEES, "CHF")
    with (
        clock.travel(NOON),
        pytest.raises(IntegrityError, match="the period is closed"),
        transaction.atomic(),
    ):
        ledger.book("x", "late", {bank: chf("1"), other: chf("-1")})
    with clock.travel(NOON + dt.timedelta(days=1)):
        ledger.book("x", "in time", {bank: chf("1"), other: chf("-1")})
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Closing.objects.all().delete()


def test_nothing_is_closed_over_a_problem(staff: Actor, owner: Actor, invoice: Invoice) -> None:
    by_card(owner, invoice)
    ledger_guards.remove(connection)
    try:
        Invoice.objects.update(total_minor=1)
        with pytest.raises(BooksAreOff):
            close_period(staff, None, through=clock.today() - dt.timedelta(days=1))
    finally:
        ledger_guards.install(connection)
    assert not Closing.objects.exists()


def test_a_rate_begins_on_its_day_and_what_was_sold_keeps_its_own(
    staff: Actor, owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    today = clock.today()
    soon = today + dt.timedelta(days=30)
    with pytest.raises(RateTooEarly):
        add_tax_rate(staff, None, country="CH", since=today, percentage=Decimal("9"))
    add_tax_rate(staff, None, country="ch", since=soon, percentage=Decimal("8.5"))
    with pytest.raises(RateKnown):
        add_tax_rate(staff, None, country="CH", since=soon, percentage=Decimal("9"))
    assert tax_for(acme, soon - dt.timedelta(days=1)).rate == Decimal("8.1")
    assert tax_for(acme, soon).rate == Decimal("8.5")
    assert invoice.taxes[0][0].rate == Decimal("8.1")


@pytest.mark.spec("BIL-82")
def test_reports_say_the_same_as_documents_and_ledger(
    staff: Actor, owner: Actor, acme: Organization, invoice: Invoice, client: Client, sam: Person
) -> None:
    late = dt.datetime(2026, 12, 31, 22, 30, tzinfo=dt.UTC)  # 23:30 in Zurich
    with clock.travel(late):
        by_card(owner, invoice)
        invoice.refresh_from_db()
    december, january = dt.date(2026, 12, 31), dt.date(2027, 1, 1)
    with clock.travel(late + dt.timedelta(days=1)):
        credit_invoice(staff, invoice, amounts={1: chf("10")}, to_prepaid=True)
        both = reports.revenue(staff, december, january)
        assert [(row.month, row.product, row.revenue) for row in both] == [
            (dt.date(2026, 12, 1), "kites", chf("50")),
            (dt.date(2027, 1, 1), "kites", chf("-10")),
        ]
        (row,) = reports.vat_report(staff, december, december)
        assert (row.code, row.base, row.amount, row.agrees) == ("CH-8.1", chf("50"), chf("4.05"), True)
        (row,) = reports.vat_report(staff, december, january)
        assert (row.base, row.amount, row.agrees) == (chf("40"), chf("3.24"), True)
        # Paid on 31 December for a year: one of 365 days is used that evening; 40 are left of 50 the day after.
        assert [each.amount for each in reports.deferred_revenue(staff, december)] == [chf("49.86")]
        assert [each.amount for each in reports.deferred_revenue(staff, january)] == [chf("39.78")]
        assert [each.amount for each in reports.deferred_revenue(staff, dt.date(2027, 12, 31))] == []
        trial = reports.trial_balance(staff, january)
        assert Money.sum((each.balance for each in trial), "CHF") == chf("0")
        lines = list(reports.journal(staff, december, december))
        assert Money.sum((each.amount for each in lines), "CHF") == chf("0") and len(lines) == 5
        client.force_login(sam)
        answer = client.get(
            "/staff/books/journal", {"from": "2026-12-31", "until": "2026-12-31", "format": "csv"}
        )
        rows = list(csv.reader(io.StringIO(b"".join(answer).decode())))
        assert rows[0] == ["date", "entry", "kind", "account", "customer", "debit", "credit", "currency"]
        assert [
            "2026-12-31",
            f"invoice:{invoice.pk}:sale",
            "sale",
            "revenue:kites",
            "",
            "",
            "50.00",
            "CHF",
        ] in rows


def test_open_invoices_are_shown_by_age(
    client: Client, sam: Person, staff: Actor, owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    assert invoice.due_on
    client.force_login(sam)
    assert invoice.label in client.get("/staff/books/ageing").content.decode()
    for days, bucket in ((0, "not_due"), (1, "30"), (31, "60"), (90, "90"), (91, "more")):
        due = dt.datetime.combine(invoice.due_on, dt.time(12), dt.UTC)
        with clock.travel(due + dt.timedelta(days=days)):
            (row,) = reports.ageing(staff)
            assert (row.days, row.bucket) == (days, bucket)
    fill(owner, acme)
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    assert reports.ageing(staff) == []


@pytest.mark.spec("BIL-80")
def test_staff_credit_an_invoice_on_its_page_and_see_first_what_will_happen(
    client: Client, sam: Person, owner: Actor, invoice: Invoice
) -> None:
    by_card(owner, invoice)
    client.force_login(sam)
    page = f"/staff/invoices/{invoice.pk}"
    assert "Credit it" in client.get(page).content.decode()
    preview = client.post(f"{page}/credit", {"line_1": "10.00", "_preview": "1"})
    assert "credited CHF 10.81 of invoice" in preview.content.decode()
    assert not Invoice.objects.filter(kind="credit_note").exists()
    assert client.post(f"{page}/credit", {"line_1": "50.01"}).status_code == 422
    assert client.post(f"{page}/credit", {"line_1": ""}).status_code == 422
    answer = client.post(f"{page}/credit", {"line_1": "10.00"})
    note = Invoice.objects.get(kind="credit_note")
    assert answer["Location"] == f"/staff/invoices/{note.pk}" and note.total == chf("-10.81")
    assert note.label in client.get("/staff/invoices").content.decode()
    assert client.get(f"/staff/invoices/{note.pk}/pdf").content.startswith(b"%PDF")
    closed = client.post("/staff/books/closings", {"through": "2020-12-31"}, follow=True)
    assert "closed until" in closed.content.decode()
    for name in ("trial-balance", "revenue", "vat", "ageing", "deferred", "tax-rates", "refunds", "journal"):
        assert client.get(f"/staff/books/{name}").status_code == 200
