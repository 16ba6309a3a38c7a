"""The bank loop: what comes in is counted once, matched in three tiers, and always ends in the ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kanton.billing import ledger, prepaid, proof
from kanton.billing.actions import cancel_order, pay_invoice
from kanton.billing.bank.actions import (
    assign_to_invoice,
    assign_to_prepaid,
    book_charges,
    confirm_proposal,
    send_back,
)
from kanton.billing.bank.errors import (
    NoAccountToSendTo,
    NotOurAccount,
    OnlyIncoming,
    SettledBefore,
    Unreadable,
)
from kanton.billing.bank.models import BankEntry, BankItem, Outcome, Statement
from kanton.billing.bank.queries import bank_health, in_suspense
from kanton.billing.bank.tests.bank_files import PAYER, Entry, Pay, camt, pay
from kanton.billing.bank.tests.conftest import Take, take_in
from kanton.billing.documents.assemble import document_of
from kanton.billing.documents.invoice_pdf import render
from kanton.billing.models import AccountKind, Invoice, InvoiceStatus, Order, OrderState, Payment
from kanton.billing.renewals.actions import renew_services
from kanton.billing.renewals.plan import Choice
from kanton.billing.tests.conftest import order_kites
from kanton.billing.tests.test_documents import text_of
from kanton.catalog.models import Plan, Price
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.jobs.models import Job
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.core.outbox.models import Mail
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.products.models import Service
from kanton.ui import formats

pytestmark = pytest.mark.django_db
WRONG_DIGIT = "000000000000000000000000018"


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


def states(*items: BankItem) -> list[tuple[str, str, str, str]]:
    return [(item.state, item.tier, item.why, item.outcome) for item in items]


def said(outbox: Outbox, number: int) -> str:
    return " ".join(outbox[number].text.split())


def balance(organization: Organization, currency: str = "CHF") -> Money:
    return prepaid.standing(organization, currency).balance


def everything_is_proved(*, waiting: str = "0") -> None:
    """The books balance, and what nobody has settled lies in suspense."""
    assert proof.problems() == []
    assert -in_suspense("CHF") == chf(waiting)


@pytest.fixture(autouse=True)
def _no_mails_of_orders(order: Order, outbox: Outbox) -> None:
    """Mails before the bank speaks do not count."""
    Job.objects.all().delete()
    Mail.objects.all().delete()


@pytest.mark.spec("BIL-63", "BIL-64", "BIL-75")
def test_the_right_reference_and_the_exact_amount_settle_the_invoice(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox
) -> None:
    assert invoice.reference
    (item,) = take(pay("54.05", invoice.reference))
    assert states(item) == [("settled", "certain", "reference", "invoice")]
    invoice.refresh_from_db()
    assert (invoice.status, invoice.number is not None) == (InvoiceStatus.PAID, True)
    assert [mail.subject for mail in outbox] == [f"Invoice {invoice.number} for Acme"]
    assert balance(acme) == chf("0")
    (payment,) = invoice.payments.all()
    assert (payment.provider, payment.total, payment.state) == ("transfer", chf("54.05"), "succeeded")
    bank = ledger.account(AccountKind.BANK, "CHF", detail=item.bank_entry.account)
    assert ledger.balance(bank) == chf("54.05")
    everything_is_proved()


@pytest.mark.spec("BIL-70")
def test_the_same_money_is_counted_once_however_often_it_is_told(
    take: Take, invoice: Invoice, acme: Organization, owner: Actor, kite: Plan, staff: Actor
) -> None:
    other = order_kites(owner, acme, kite, "blue").invoice
    assert invoice.reference and other.reference
    first, second = pay("54.05", invoice.reference, "A"), pay("54.05", other.reference, "B")
    take(first)
    again = take_in(staff, camt(first))  # the same file
    assert [each.new_entries for each in again] == [1] and Statement.objects.count() == 1
    take(first, second)  # an overlapping statement
    take(second, first, kind="054", version="04")  # the bank's notices of the same entries
    assert [(s.entries, s.new_entries) for s in Statement.objects.order_by("pk")] == [(1, 1), (2, 1), (2, 0)]
    assert BankEntry.objects.count() == BankItem.objects.count() == Payment.objects.count() == 2
    assert not Invoice.objects.filter(status="open").exists()
    everything_is_proved()


@pytest.mark.spec("BIL-70")
def test_entries_without_an_id_are_told_apart_by_what_they_say_and_counted(take: Take) -> None:
    twin = Entry("20.00", pays=(Pay("20.00", text="kiosk"),))
    take(twin, twin)
    take(twin, twin, Entry("20.00", pays=(Pay("20.00", text="other"),)))
    assert BankEntry.objects.count() == 3
    everything_is_proved(waiting="60.00")


def test_a_sum_waits_for_its_notice_and_then_settles_payment_by_payment(
    take: Take, invoice: Invoice, acme: Organization, owner: Actor, kite: Plan
) -> None:
    other = order_kites(owner, acme, kite, "blue").invoice
    assert invoice.reference and other.reference
    (item,) = take(Entry("109.10", "SUM", count=2))
    assert states(item) == [("open", "unknown", "without_details", "")]
    everything_is_proved(waiting="109.10")
    pays = (Pay("54.05", invoice.reference), Pay("54.05", other.reference))
    items = take(Entry("109.10", "SUM", pays, count=2), kind="054")
    assert states(*items) == [
        ("open", "unknown", "difference", ""),
        ("settled", "certain", "reference", "invoice"),
        ("settled", "certain", "reference", "invoice"),
    ] or [item.why for item in items] == ["reference", "reference", "difference"]
    assert BankEntry.objects.count() == 1
    everything_is_proved(waiting="1.00")


@pytest.mark.spec("BIL-55", "BIL-64", "BIL-71")
def test_too_little_goes_to_the_prepaid_account_and_the_invoice_stays_open(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox, owner: Actor
) -> None:
    assert invoice.reference
    (item,) = take(pay("54.00", invoice.reference))
    assert states(item) == [("settled", "certain", "reference", "prepaid")]
    invoice.refresh_from_db()
    assert invoice.is_open and balance(acme) == chf("54.00")
    (mail,) = outbox
    assert mail.subject == "CHF 54.00 are on the prepaid account of Acme"
    assert "over CHF 54.05" in said(outbox, 0) and "stays open" in said(outbox, 0)
    assert f"invoices/{invoice.pk}/pay" in mail.text
    pay_invoice(owner, invoice, prepaid_part=chf("54.00"), method="test")  # and is paid from there
    everything_is_proved()


@pytest.mark.spec("BIL-71")
def test_too_much_settles_the_invoice_and_the_surplus_goes_to_the_prepaid_account(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox
) -> None:
    assert invoice.reference
    take(pay("60.00", invoice.reference))
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID and balance(acme) == chf("5.95")
    assert [mail.subject for mail in outbox] == [
        f"Invoice {invoice.number} for Acme",
        "CHF 5.95 are on the prepaid account of Acme",
    ]
    everything_is_proved()


@pytest.mark.spec("BIL-64", "BIL-7")
def test_another_currency_does_not_settle_and_is_not_converted(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox
) -> None:
    assert invoice.reference
    take(pay("54.05", invoice.reference, currency="EUR"))
    invoice.refresh_from_db()
    assert invoice.is_open
    assert balance(acme, "EUR") == Money.of("54.05", "EUR") and balance(acme) == chf("0")
    assert "to be paid in CHF" in said(outbox, 0)
    everything_is_proved()


@pytest.mark.spec("BIL-65", "BIL-55")
def test_a_standing_order_repeats_an_old_reference_and_the_mail_says_so(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox
) -> None:
    assert invoice.reference
    take(pay("54.05", invoice.reference, "JAN"))
    items = take(pay("54.05", invoice.reference, "FEB"))
    assert states(items[1]) == [("settled", "certain", "reference", "prepaid")]
    assert balance(acme) == chf("54.05")
    assert "A standing order repeats an old reference" in said(outbox, 1)
    everything_is_proved()


@pytest.mark.spec("BIL-74")
def test_a_transfer_for_what_was_paid_otherwise_is_credited(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox, owner: Actor
) -> None:
    assert invoice.reference
    take(pay("100.00", invoice.reference, "GAVE"))  # pays it, with something over
    take(pay("60.00", text="rest", id="REST"))
    other_payer = pay("54.05", invoice.reference, "OTHER", iban="DE89370400440532013000")
    take(other_payer)
    assert "had already been paid in another way" in said(outbox, 2)
    assert balance(acme) == chf("100.00")
    everything_is_proved(waiting="60.00")


@pytest.mark.spec("BIL-56")
def test_a_transfer_for_a_cancelled_order_is_credited_and_can_be_used_again(
    take: Take, order: Order, invoice: Invoice, acme: Organization, outbox: Outbox, owner: Actor, kite: Plan
) -> None:
    cancel_order(owner, order)
    assert invoice.reference
    take(pay("54.05", invoice.reference))
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.CANCELLED and balance(acme) == chf("54.05")
    assert "You can order again and pay from the balance" in said(outbox, 0)
    again = order_kites(owner, acme, kite, "again")
    pay_invoice(owner, again.invoice, prepaid_part=chf("54.05"))
    again.refresh_from_db()
    assert again.state == OrderState.BEING_SET_UP and balance(acme) == chf("0")
    everything_is_proved()


@pytest.mark.spec("BIL-97", "BIL-98")
def test_money_at_the_bank_ends_a_card_payment_in_progress_and_a_late_card_goes_back(
    take: Take, invoice: Invoice, owner: Actor
) -> None:
    from kanton.billing.actions import confirm_payment

    running = pay_invoice(owner, invoice, method="test")
    assert invoice.reference
    take(pay("54.05", invoice.reference))
    running.refresh_from_db()
    assert running.state == "cancelled"
    confirm_payment(System("test"), running, charge="late", amount=chf("54.05"))
    run_jobs()
    running.refresh_from_db()
    assert running.state == "refunded"
    everything_is_proved()


@pytest.mark.spec("BIL-69")
def test_a_mistyped_reference_is_nobodys_and_waits_for_a_person(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox
) -> None:
    assert invoice.reference
    swapped = f"{invoice.reference[:-1]}{(int(invoice.reference[-1]) + 1) % 10}"
    items = take(pay("9.00", swapped, name="Nobody"), pay("9.01", "RF00123", name="Nobody"))
    items += take(pay("9.02", WRONG_DIGIT, name="Nobody"))
    assert {item.why for item in items} == {"reference_wrong"}
    assert all(item.state == "open" and item.tier == "unknown" for item in items)
    invoice.refresh_from_db()
    assert invoice.is_open and balance(acme) == chf("0") and not outbox
    everything_is_proved(waiting="27.03")


@pytest.mark.spec("BIL-130")
def test_money_for_an_organization_that_is_gone_is_kept_and_the_operator_told(
    take: Take, invoice: Invoice, acme: Organization, outbox: Outbox
) -> None:
    acme.memberships.all().delete()
    assert invoice.reference
    (item,) = take(pay("54.05", invoice.reference))
    assert (item.state, item.outcome) == ("settled", Outcome.SUSPENSE)
    assert ledger.balance(ledger.account(AccountKind.SUSPENSE, "CHF", detail="gone")) == chf("-54.05")
    (mail,) = outbox
    assert mail.to == ["support@alpenhost.example"] and "which is gone" in mail.subject
    everything_is_proved()


def test_what_only_looks_right_is_proposed(
    take: Take, invoice: Invoice, acme: Organization, staff: Actor, globex: Organization
) -> None:
    assert invoice.reference
    items = take(
        pay("54.05", name="ACME AG", id="name", text="merci"),
        pay("20.00", text=f"Rechnung P-{invoice.pk} danke", name="X", id="label", iban=""),
        pay("54.05", text=f"Ref {invoice.reference[:-1]}x", name="Stranger", id="not", iban=""),
    )
    assert [(i.tier, i.why, i.invoice) for i in items] == [
        ("proposed", "amount_and_name", invoice),
        ("proposed", "number_in_text", invoice),
        ("unknown", "nothing_known", None),
    ]
    everything_is_proved(waiting="128.10")
    confirm_proposal(staff, items[0])
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    with pytest.raises(SettledBefore):
        confirm_proposal(staff, items[0])
    confirm_proposal(staff, items[1])  # already paid by now: to the prepaid account
    assign_to_prepaid(staff, items[2], organization=globex)
    assert (balance(acme), balance(globex)) == (chf("20.00"), chf("54.05"))
    (known,) = take(pay("33.00", id="later", text="again"))[3:]
    assert (known.tier, known.why, known.organization) == ("proposed", "known_payer", acme)
    everything_is_proved(waiting="33.00")


def test_a_reference_in_the_message_with_the_exact_amount_is_certain(take: Take, invoice: Invoice) -> None:
    reference = invoice.reference or ""
    text = " ".join([reference[:2], *(reference[i : i + 5] for i in range(2, 27, 5))])
    items = take(
        pay("54.00", text=f"QRR {text}", id="less"),
        pay("54.05", text=f"QRR {text}", id="exact"),
    )
    assert [(i.state, i.tier, i.why) for i in items] == [
        ("open", "proposed", "reference_in_text"),
        ("settled", "certain", "reference_in_text"),
    ]
    everything_is_proved(waiting="54.00")


def test_staff_settle_what_is_left_and_nothing_can_be_settled_twice(
    take: Take, invoice: Invoice, acme: Organization, staff: Actor
) -> None:
    items = take(
        pay("54.05", text="?", name="A", id="1"),
        Entry("5.00", "2", out=True, text="Kontoführung"),
        pay("7.00", text="wrong", name="Lost", id="3"),
        pay("8.00", text="cash", name="Cash", id="4", iban=""),
    )
    assign_to_invoice(staff, items[0], invoice=invoice)
    book_charges(staff, items[1])
    transfer = send_back(staff, items[2])
    assert (transfer.account, transfer.amount, transfer.state) == (PAYER, chf("7.00"), "asked")
    with pytest.raises(NoAccountToSendTo):
        send_back(staff, items[3])
    with pytest.raises(OnlyIncoming):
        assign_to_prepaid(staff, BankItem.objects.create(bank_entry=items[1].bank_entry, position=9, minor=-1),
                          organization=acme)  # fmt: skip
    BankItem.objects.filter(position=9).delete()
    with pytest.raises(SettledBefore):
        assign_to_prepaid(staff, items[0], organization=acme)
    assert ledger.balance(ledger.account(AccountKind.FEES, "CHF", detail="bank")) == chf("5.00")
    assert bank_health(staff).waiting == 1
    everything_is_proved(waiting="8.00")


def test_a_bad_file_changes_nothing_and_a_foreign_account_is_refused(staff: Actor, invoice: Invoice) -> None:
    good = camt(pay("54.05", invoice.reference or ""), pay("1.00", "", id="x"))
    with pytest.raises(Unreadable) as refused:
        take_in(staff, good.replace(b"1.00<", b"1.001<"))
    assert refused.value.params["code"] == "amount"
    with pytest.raises(NotOurAccount):
        take_in(staff, camt(pay("54.05", invoice.reference or ""), account=PAYER))
    assert not Statement.objects.exists() and not BankEntry.objects.exists()
    assert ledger.trial_balance("CHF").by_kind.get("bank") is None


def test_a_statement_whose_balances_disagree_is_shown(staff: Actor) -> None:
    (good,) = take_in(staff, camt(pay("7.00"), balances=("10.00", "17.00")))
    (odd,) = take_in(staff, camt(pay("7.00"), balances=("10.00", "18.00")))
    assert good.adds_up and not odd.adds_up and odd.difference_minor == 100
    assert bank_health(staff).odd_statements == 1


@pytest.mark.spec("BIL-87", "BIL-64", "BIL-71")
def test_a_pro_forma_says_until_when_its_amount_holds_and_later_the_exact_amount_counts(
    owner: Actor, acme: Organization, kite: Plan, take: Take
) -> None:
    with clock.travel(datetime(2027, 2, 10, 9, tzinfo=UTC)):
        service = Service.objects.create(
            organization=acme, product="kites", plan="kite", name="red", starts_on=date(2026, 3, 31),
            ends_on=date(2027, 3, 31), anchor_day=31, order_line="test:red", wish_state="done",
        )  # fmt: skip
        old = renew_services(owner, acme, lines={service.pk: Choice(12)})
        printed = " ".join(text_of(render(document_of(old))).split())
        assert str(old.holds_until) == "2027-03-12"
        assert f"Amount holds until {formats.date(old.holds_until)}" in printed
    with clock.travel(datetime(2027, 3, 20, 9, tzinfo=UTC)):
        dearer = Price.objects.get(plan=kite, currency="CHF", months=12)
        Price.objects.filter(pk=dearer.pk).update(minor=60_00)
        new = renew_services(owner, acme, lines={service.pk: Choice(12)})
        assert str(new.total) == "CHF 64.86"
        # The transfer for the old pro forma settles nothing: its money waits on the prepaid account.
        (item,) = take(pay("54.05", old.reference or "", "B1"))
        assert balance(acme) == chf("54.05") and item.outcome == Outcome.PREPAID
        old.refresh_from_db()
        new.refresh_from_db()
        service.refresh_from_db()
        assert (old.status, new.status, service.ends_on) == ("cancelled", "open", date(2027, 3, 31))
        everything_is_proved()
