"""Credit notes name their invoice, never change it, and give the money back by the way it came."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from kanton.billing import ledger, prepaid, proof
from kanton.billing.actions import confirm_payment, pay_invoice, top_up
from kanton.billing.bank.actions import make_transfer_file
from kanton.billing.bank.models import Transfer
from kanton.billing.bank.tests.bank_files import PAYER, pay
from kanton.billing.bank.tests.conftest import Take
from kanton.billing.books.actions import credit_invoice, credit_refund_instead, note_refund_failed
from kanton.billing.books.crediting import credited_vat
from kanton.billing.books.errors import NotFailed, NothingToCredit, TooMuchToCredit
from kanton.billing.books.models import Refund
from kanton.billing.documents.assemble import document_of
from kanton.billing.models import AccountKind, Invoice, Order, OrderState, TestCharge
from kanton.billing.payments.contract import Outcome
from kanton.billing.payments.test_provider import TestProvider, decide
from kanton.billing.tests.conftest import order_kites
from kanton.billing.vat import Tax
from kanton.catalog.models import Plan
from kanton.core.actor import Actor, System
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import CURRENCIES, Money
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization

pytestmark = pytest.mark.django_db


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


def balance(organization: Organization) -> Money:
    return prepaid.standing(organization, "CHF").balance


def fill(owner: Actor, acme: Organization, amount: str = "100") -> None:
    payment = top_up(owner, acme, amount=chf(amount), method="test")
    confirm_payment(System("test"), payment, charge=f"fill-{payment.pk}", amount=chf(amount))


def by_card(owner: Actor, invoice: Invoice, part: str = "0") -> str:
    """Pay with the test provider, as it happens there; returns the charge."""
    payment = pay_invoice(owner, invoice, prepaid_part=chf(part), method="test")
    decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    answer = TestProvider().ask(payment.key)
    confirm_payment(System("test"), payment, charge=answer.charge, amount=answer.amount)
    return answer.charge


@pytest.mark.spec("BIL-28", "BIL-80", "BIL-77")
def test_a_card_payment_goes_back_to_the_card_and_its_prepaid_part_to_the_prepaid_account(
    owner: Actor, staff: Actor, acme: Organization, order: Order, invoice: Invoice, outbox: Outbox
) -> None:
    fill(owner, acme)
    charge = by_card(owner, invoice, "20")
    invoice.refresh_from_db()
    frozen = {name: value for name, value in vars(invoice).items() if name not in ("_state", "status")}
    note = credit_invoice(staff, invoice)
    run_jobs()
    assert (note.number, note.total, note.corrects) == (
        f"C-{note.issued_on:%Y}-000001",
        chf("-54.05"),
        invoice,
    )
    assert [(line.net, line.starts_on) for line in note.lines.all()] == [
        (chf("-50"), invoice.lines.get().starts_on)
    ]
    assert balance(acme) == chf("100")
    refund = Refund.objects.get()
    assert (refund.state, refund.amount) == ("done", chf("34.05"))
    assert TestCharge.objects.get(charge=charge).refunded_at is not None
    invoice.refresh_from_db()
    assert invoice.status == "refunded"
    assert {name: getattr(invoice, name) for name in frozen} == frozen  # nothing else has changed
    order.refresh_from_db()
    assert order.state == OrderState.REFUNDED
    mail = next(mail for mail in outbox if "Credit note" in mail.subject)
    assert note.number in mail.text and invoice.number in mail.text and "CHF 34.05" in mail.text  # type: ignore[operator]
    with pytest.raises(NothingToCredit):
        credit_invoice(staff, invoice)
    assert proof.problems() == []


@pytest.mark.spec("BIL-80", "BIL-5")
def test_parts_are_credited_one_after_the_other_and_never_more_than_was_invoiced(
    owner: Actor, staff: Actor, acme: Organization, kite: Plan
) -> None:
    fill(owner, acme, "200")
    invoice = order_kites(owner, acme, kite, "red", "blue").invoice
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    invoice.refresh_from_db()
    assert balance(acme) == chf("91.90")
    with pytest.raises(TooMuchToCredit):
        credit_invoice(staff, invoice, amounts={1: chf("50.01")})
    with pytest.raises(TooMuchToCredit):
        credit_invoice(staff, invoice, amounts={3: chf("1")})
    with pytest.raises(TooMuchToCredit):
        credit_invoice(staff, invoice, amounts={1: Money.of("1", "EUR")})
    assert not Invoice.objects.filter(kind="credit_note").exists()
    notes = [credit_invoice(staff, invoice, amounts={1: chf("33.33")})]
    notes.append(credit_invoice(staff, invoice, amounts={1: chf("16.67"), 2: chf("0.01")}))
    invoice.refresh_from_db()
    assert invoice.status == "paid"
    notes.append(credit_invoice(staff, invoice))
    invoice.refresh_from_db()
    assert invoice.status == "refunded"
    assert Money.sum((note.total for note in notes), "CHF") == -invoice.total
    assert balance(acme) == chf("200")
    assert [note.number for note in notes] == [f"C-{invoice.issued_on:%Y}-{n:06d}" for n in (1, 2, 3)]
    assert proof.problems() == []


@given(
    rate=st.sampled_from(["8.1", "19", "25.5", "0"]),
    parts=st.lists(st.integers(1, 9_999), min_size=1, max_size=8),
    currency=st.sampled_from(CURRENCIES),
)
def test_any_parts_together_credit_exactly_the_vat_that_was_charged(
    rate: str, parts: list[int], currency: str
) -> None:
    tax = Tax("CH", Decimal(rate))
    whole, before, vat = Money(sum(parts), currency), Money(0, currency), Money(0, currency)
    for minor in parts:
        part = Money(minor, currency)
        vat += credited_vat({tax: whole}, {tax: before}, {tax: part})[tax]
        before += part
    assert vat == whole.percent(tax.rate)


@pytest.mark.spec("BIL-28")
def test_a_transfer_goes_back_to_the_account_it_came_from(
    staff: Actor, acme: Organization, invoice: Invoice, take: Take
) -> None:
    take(pay("54.05", invoice.reference or ""))
    invoice.refresh_from_db()
    note = credit_invoice(staff, invoice)
    (transfer,) = Transfer.objects.all()
    assert (transfer.purpose, transfer.account, transfer.amount) == ("refund", PAYER, chf("54.05"))
    assert balance(acme) == chf("0")
    make_transfer_file(staff, None, currency="CHF")
    assert note.total == chf("-54.05") and proof.problems() == []


def test_a_refund_that_the_provider_refuses_goes_to_the_prepaid_account_instead(
    owner: Actor, staff: Actor, acme: Organization, invoice: Invoice
) -> None:
    by_card(owner, invoice)
    invoice.refresh_from_db()
    credit_invoice(staff, invoice)
    refund = Refund.objects.get()
    with pytest.raises(NotFailed):
        credit_refund_instead(staff, refund)
    note_refund_failed(System("test"), refund, reason="card closed")
    credit_refund_instead(staff, refund)
    with pytest.raises(NotFailed):
        credit_refund_instead(staff, refund)
    assert balance(acme) == chf("54.05") and proof.problems() == []
    assert ledger.balance(ledger.account(AccountKind.SUSPENSE, "CHF", detail="returns")) == chf("0")


@pytest.mark.spec("BIL-80")
def test_a_credit_note_is_frozen_by_the_database_and_prints_positive_figures(
    owner: Actor, staff: Actor, invoice: Invoice
) -> None:
    by_card(owner, invoice)
    invoice.refresh_from_db()
    note = credit_invoice(staff, invoice)
    with (
        pytest.raises(IntegrityError, match="never changes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE billing_invoice SET total_minor = 0 WHERE id = %s", [note.pk])
    document = document_of(note)
    assert document.kind == "credit_note" and document.corrects == invoice.number
    assert (document.totals.net, document.totals.total) == (chf("50"), chf("54.05"))


def test_what_is_not_paid_cannot_be_credited(staff: Actor, invoice: Invoice) -> None:
    with pytest.raises(NothingToCredit):
        credit_invoice(staff, invoice)
    assert not Invoice.objects.filter(kind="credit_note").exists()
