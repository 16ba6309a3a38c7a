"""Payments: one charge, one effect; what is refused, late, doubled or silent loses nobody's money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kanton.billing import ledger, ledger_guards, prepaid, proof
from kanton.billing.actions import (
    cancel_order,
    cancel_payment,
    confirm_payment,
    decline_payment,
    expire_payment,
    pay_invoice,
    take_in,
    top_up,
)
from kanton.billing.errors import (
    AlreadyPaid,
    BadCallback,
    ChooseMethod,
    NotEnoughMoney,
    PaymentInProgress,
    PaymentSettled,
    TopUpOutOfRange,
    UnknownMethod,
    WrongCurrency,
)
from kanton.billing.models import (
    Entry,
    Invoice,
    InvoiceStatus,
    NumberSeries,
    Order,
    OrderState,
    Payment,
    PaymentState,
    ProviderEvent,
    TestCharge,
)
from kanton.billing.payments.contract import Notification, Outcome, provider_called
from kanton.billing.payments.test_provider import decide, signed
from kanton.billing.tasks import return_charge, settle_silent
from kanton.billing.tests.conftest import make_plan, order_kites
from kanton.catalog.models import Plan
from kanton.config import overriding
from kanton.core import clock
from kanton.core.action import dry_run
from kanton.core.actor import Actor, System
from kanton.core.errors import DomainError, Forbidden
from kanton.core.jobs.models import Job
from kanton.core.money import Money
from kanton.core.outbox.models import Mail
from kanton.organizations.models import Organization
from kanton.testing import acting, make_organization, make_person

pytestmark = pytest.mark.django_db
TEST = System("test")


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


def fill(actor: Actor, organization: Organization, amount: str = "100") -> Payment:
    """Top up and confirm."""
    payment = top_up(actor, organization, amount=chf(amount), method="test")
    return confirm_payment(TEST, payment, charge=f"charge-{payment.pk}", amount=payment.amount)


def balance(organization: Organization) -> Money:
    return prepaid.standing(organization, "CHF").balance


def available(organization: Organization) -> Money:
    return prepaid.standing(organization, "CHF").available


def trial() -> dict[str, str]:
    found = ledger.trial_balance("CHF")
    assert found.difference == chf("0") and ledger.unbalanced_entries() == []
    return {kind: str(amount.amount) for kind, amount in found.by_kind.items() if amount}


def fresh(thing: Any) -> Any:
    thing.refresh_from_db()
    return thing


# ── Top-up


@pytest.mark.spec("BIL-50", "BIL-51", "BIL-61")
def test_a_top_up_counts_once_it_is_confirmed(owner: Actor, acme: Organization) -> None:
    payment = top_up(owner, acme, amount=chf("100"), method="test")
    assert balance(acme) == chf("0") and trial() == {}
    confirm_payment(TEST, payment, charge="ch_1", amount=chf("100"))
    assert balance(acme) == available(acme) == chf("100")
    assert trial() == {"prepaid": "-100.00", "in_transit": "100.00"}
    assert Mail.objects.filter(template="billing/topped_up").count() == 1


@pytest.mark.spec("BIL-52")
@pytest.mark.parametrize("amount", ["-10", "0", "4.99", "10000.01"])
def test_a_top_up_outside_the_limits_is_refused(owner: Actor, acme: Organization, amount: str) -> None:
    with pytest.raises(TopUpOutOfRange):
        top_up(owner, acme, amount=chf(amount), method="test")
    assert not Payment.objects.exists()


def test_a_top_up_wants_the_right_currency_and_a_method_that_is_offered(
    owner: Actor, acme: Organization
) -> None:
    with pytest.raises(WrongCurrency):
        top_up(owner, acme, amount=Money.of("50", "EUR"), method="test")
    with pytest.raises(UnknownMethod):
        top_up(owner, acme, amount=chf("50"), method="bitcoin")
    with overriding(demo=False), pytest.raises(UnknownMethod):
        top_up(owner, acme, amount=chf("50"), method="test")
    assert not Payment.objects.exists()


def test_without_the_accounting_right_nothing_moves(
    member: Actor, stranger: Actor, acme: Organization, invoice: Invoice
) -> None:
    for actor in (member, stranger):
        with pytest.raises(Forbidden):
            top_up(actor, acme, amount=chf("50"), method="test")
        with pytest.raises(Forbidden):
            pay_invoice(actor, invoice, method="test")
    assert not Payment.objects.exists() and not Entry.objects.exists()


# ── Paying an invoice


@pytest.mark.spec("BIL-53", "BIL-75", "BIL-80")
def test_an_invoice_is_paid_from_the_prepaid_account_at_once(
    owner: Actor, acme: Organization, invoice: Invoice, order: Order
) -> None:
    fill(owner, acme)
    assert invoice.number is None
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    paid = fresh(invoice)
    assert (paid.status, paid.number) == (InvoiceStatus.PAID, f"{clock.today().year}-000001")
    assert fresh(order).state == OrderState.BEING_SET_UP
    assert balance(acme) == chf("45.95")
    assert trial() == {"in_transit": "100.00", "prepaid": "-45.95", "revenue": "-50.00", "vat": "-4.05"}
    assert Job.objects.filter(task__endswith="set_up_line").count() == 1


@pytest.mark.spec("BIL-53", "BIL-59")
def test_a_part_is_reserved_first_and_taken_with_the_rest(
    owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    fill(owner, acme, "20")
    payment = pay_invoice(owner, invoice, prepaid_part=chf("20"), method="test")
    assert (payment.prepaid_part, payment.amount) == (chf("20"), chf("34.05"))
    assert balance(acme) == chf("20") and available(acme) == chf("0") and fresh(invoice).is_open
    confirm_payment(TEST, payment, charge="ch_9", amount=chf("34.05"))
    assert fresh(invoice).status == InvoiceStatus.PAID
    assert balance(acme) == available(acme) == chf("0")
    assert trial() == {"in_transit": "54.05", "revenue": "-50.00", "vat": "-4.05"}


@pytest.mark.spec("BIL-59")
def test_a_refused_card_releases_the_reservation_and_leaves_the_invoice_whole(
    owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    fill(owner, acme, "20")
    payment = pay_invoice(owner, invoice, prepaid_part=chf("20"), method="test")
    decline_payment(TEST, payment, reason="insufficient_funds")
    assert fresh(invoice).is_open and fresh(payment).state == PaymentState.DECLINED
    assert available(acme) == chf("20")
    assert trial() == {"in_transit": "20.00", "prepaid": "-20.00"}


@pytest.mark.spec("BIL-59")
def test_a_cancelled_order_releases_the_reservation(
    owner: Actor, acme: Organization, invoice: Invoice, order: Order
) -> None:
    fill(owner, acme, "20")
    payment = pay_invoice(owner, invoice, prepaid_part=chf("20"), method="test")
    cancel_order(owner, order)
    assert available(acme) == chf("20") and fresh(payment).state == PaymentState.CANCELLED


@pytest.mark.spec("BIL-60")
def test_two_payments_cannot_spend_the_same_money(owner: Actor, acme: Organization, kite: Plan) -> None:
    fill(owner, acme, "60")
    one, other = (order_kites(owner, acme, kite, name).invoice for name in ("a", "b"))
    pay_invoice(owner, one, prepaid_part=chf("30"), method="test")
    with pytest.raises(NotEnoughMoney) as refused:
        pay_invoice(owner, other, prepaid_part=chf("54.05"))
    assert "30.00" in refused.value.sentence
    assert fresh(other).is_open and not other.payments.exists()


def test_the_rest_needs_a_method(owner: Actor, acme: Organization, invoice: Invoice) -> None:
    fill(owner, acme, "20")
    with pytest.raises(ChooseMethod):
        pay_invoice(owner, invoice, prepaid_part=chf("20"))
    assert available(acme) == chf("20") and not invoice.payments.exists()


@pytest.mark.parametrize("part", ["-50", "0"])
def test_a_negative_part_buys_nothing(owner: Actor, invoice: Invoice, part: str) -> None:
    payment = pay_invoice(owner, invoice, prepaid_part=chf(part), method="test")
    assert payment.amount == invoice.total and payment.prepaid_part == chf("0")


def test_more_prepaid_than_needed_takes_what_is_needed(
    owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    fill(owner, acme)
    assert pay_invoice(owner, invoice, prepaid_part=chf("100")).prepaid_part == chf("54.05")
    assert balance(acme) == chf("45.95")


@pytest.mark.spec("BIL-98")
def test_one_attempt_at_a_time_and_the_next_after_it_ended(owner: Actor, invoice: Invoice) -> None:
    first = pay_invoice(owner, invoice, method="test")
    with pytest.raises(PaymentInProgress):
        pay_invoice(owner, invoice, method="test")
    cancel_payment(owner, first)
    second = pay_invoice(owner, invoice, method="test")
    with clock.travel(clock.now() + timedelta(minutes=31)):
        third = pay_invoice(owner, invoice, method="test")
    assert [fresh(each).state for each in (first, second, third)] == ["cancelled", "expired", "pending"]


def test_a_paid_invoice_is_not_paid_again(owner: Actor, acme: Organization, invoice: Invoice) -> None:
    fill(owner, acme, "200")
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    with pytest.raises(AlreadyPaid):
        pay_invoice(owner, invoice, prepaid_part=invoice.total)
    assert balance(acme) == chf("145.95")


def test_an_ended_payment_cannot_be_given_up(owner: Actor, acme: Organization) -> None:
    payment = fill(owner, acme)
    with pytest.raises(PaymentSettled):
        cancel_payment(owner, payment)
    assert balance(acme) == chf("100")


def test_the_dry_run_of_a_payment_moves_nothing(owner: Actor, acme: Organization, invoice: Invoice) -> None:
    fill(owner, acme, "20")
    effect = dry_run(pay_invoice, owner, invoice, prepaid_part=chf("20"), method="test")
    assert [amount for _label, amount in effect.costs] == [chf("20"), chf("34.05")]
    assert available(acme) == chf("20") and not invoice.payments.exists()


# ── What providers report


def receive(*messages: tuple[dict[str, str], bytes]) -> None:
    provider = provider_called("test")
    for headers, body in messages:
        take_in(TEST, "test", provider.read_callback(headers, body))


@pytest.mark.spec("BIL-97")
def test_a_message_that_comes_twice_counts_once(owner: Actor, acme: Organization, invoice: Invoice) -> None:
    payment = pay_invoice(owner, invoice, method="test")
    (message,) = decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    receive(message, message)
    assert fresh(invoice).status == InvoiceStatus.PAID
    assert trial() == {"in_transit": "54.05", "revenue": "-50.00", "vat": "-4.05"}
    assert ProviderEvent.objects.count() == 1 and NumberSeries.objects.get().last == 1


def test_the_same_charge_under_two_event_names_counts_once(owner: Actor, acme: Organization) -> None:
    payment = top_up(owner, acme, amount=chf("50"), method="test")
    for event in ("evt_1", "evt_2", "evt_2"):
        take_in(TEST, "test", Notification(event, payment.key, Outcome.SUCCEEDED, "ch_1", chf("50")))
    assert balance(acme) == chf("50") and ProviderEvent.objects.count() == 2


@pytest.mark.spec("BIL-97")
def test_a_second_charge_for_a_paid_invoice_goes_back_to_its_method(owner: Actor, invoice: Invoice) -> None:
    payment = pay_invoice(owner, invoice, method="test")
    for _ in range(2):
        receive(*decide(payment.key, payment.amount, Outcome.SUCCEEDED))
    second = Payment.objects.exclude(pk=payment.pk).get()
    assert trial() == {"in_transit": "108.10", "revenue": "-50.00", "suspense": "-54.05", "vat": "-4.05"}
    return_charge.call(second.pk)
    return_charge.call(second.pk)
    assert fresh(second).state == PaymentState.REFUNDED
    assert TestCharge.objects.get(charge=second.charge).refunded_at is not None
    assert trial() == {"in_transit": "54.05", "revenue": "-50.00", "vat": "-4.05"}


@pytest.mark.spec("BIL-98")
def test_a_late_confirmation_is_still_booked(owner: Actor, acme: Organization, invoice: Invoice) -> None:
    fill(owner, acme, "20")
    payment = pay_invoice(owner, invoice, prepaid_part=chf("20"), method="test")
    with clock.travel(clock.now() + timedelta(minutes=31)):
        expire_payment(TEST, payment)
        assert available(acme) == chf("20")
        confirm_payment(TEST, payment, charge="late", amount=chf("34.05"))
    assert fresh(invoice).status == InvoiceStatus.PAID and fresh(payment).state == PaymentState.SUCCEEDED
    assert balance(acme) == chf("0")


def test_a_late_confirmation_whose_prepaid_part_is_spent_goes_to_the_prepaid_account(
    owner: Actor, acme: Organization, kite: Plan
) -> None:
    fill(owner, acme, "54.05")
    one, other = (order_kites(owner, acme, kite, name).invoice for name in ("a", "b"))
    payment = pay_invoice(owner, one, prepaid_part=chf("20"), method="test")
    cancel_payment(owner, payment)
    pay_invoice(owner, other, prepaid_part=other.total)
    confirm_payment(TEST, payment, charge="late", amount=chf("34.05"))
    assert fresh(one).is_open and balance(acme) == chf("34.05")
    assert Mail.objects.filter(template="billing/credited_instead").count() == 1
    trial()


@pytest.mark.spec("BIL-56")
def test_money_for_a_cancelled_order_goes_to_the_prepaid_account(
    owner: Actor, acme: Organization, invoice: Invoice, order: Order
) -> None:
    payment = pay_invoice(owner, invoice, method="test")
    cancel_order(owner, order)
    confirm_payment(TEST, payment, charge="late", amount=payment.amount)
    assert fresh(invoice).status == InvoiceStatus.CANCELLED and balance(acme) == chf("54.05")
    assert trial() == {"in_transit": "54.05", "prepaid": "-54.05"}


@pytest.mark.spec("BIL-64")
def test_another_amount_does_not_settle_the_invoice(
    owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    payment = pay_invoice(owner, invoice, method="test")
    confirm_payment(TEST, payment, charge="odd", amount=chf("54.04"))
    assert fresh(invoice).is_open and balance(acme) == chf("54.04")
    with pytest.raises(WrongCurrency):
        other = pay_invoice(owner, invoice, method="test")
        confirm_payment(TEST, other, charge="euro", amount=Money.of("54.05", "EUR"))
    trial()


def test_a_message_about_an_unknown_payment_changes_nothing() -> None:
    assert take_in(TEST, "test", Notification("evt", "nobody", Outcome.SUCCEEDED, "ch", chf("5"))) is None
    assert trial() == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers, body: ({}, body),
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: ({"X-Test-Signature": "0" * 64}, body),
        lambda headers, body: ({"X-Test-Signature": "é\udcff"}, body),
        lambda headers, body: signed({"event": "e"}),
        lambda headers, body: signed(
            {"event": "e", "key": "k", "outcome": "won", "minor": 1, "currency": "CHF"}
        ),
        lambda headers, body: signed(
            {"event": "e", "key": "k", "outcome": "succeeded", "minor": 1.5, "currency": "CHF"}
        ),
    ],
)
def test_a_forged_or_broken_message_is_refused(
    owner: Actor, acme: Organization, spoil: Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]
) -> None:
    payment = top_up(owner, acme, amount=chf("50"), method="test")
    (message,) = decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    with pytest.raises(BadCallback):
        receive(spoil(*message))
    assert fresh(payment).is_pending and balance(acme) == chf("0")


def test_a_silent_provider_is_asked_and_time_runs_out(owner: Actor, acme: Organization) -> None:
    silent, lost = (top_up(owner, acme, amount=chf("50"), method="test") for _ in range(2))
    decide(lost.key, lost.amount, Outcome.SUCCEEDED)  # charged, but its message never arrives
    for payment in (silent, lost):
        settle_silent(payment)
    assert [fresh(each).state for each in (silent, lost)] == ["pending", "succeeded"]
    with clock.travel(clock.now() + timedelta(minutes=31)):
        settle_silent(silent)
    assert fresh(silent).state == PaymentState.EXPIRED and balance(acme) == chf("50")


# ── Issued invoices never change


@pytest.mark.spec("BIL-80")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_invoice SET total_minor = 1",
        "UPDATE billing_invoice SET number = '2026-999999'",
        "UPDATE billing_invoice SET currency = 'EUR'",
        "UPDATE billing_invoice SET customer = '{}'",
        "DELETE FROM billing_invoice",
        "UPDATE billing_invoiceline SET net_minor = 1",
        "DELETE FROM billing_invoiceline",
    ],
)
def test_the_database_keeps_an_issued_invoice_as_it_is(
    owner: Actor, acme: Organization, invoice: Invoice, statement: str
) -> None:
    fill(owner, acme)
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    with (
        pytest.raises(IntegrityError, match="issued invoice"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert fresh(invoice).total == chf("54.05")


@pytest.mark.spec("BIL-80")
def test_numbers_have_no_gap_when_a_payment_is_rolled_back(
    owner: Actor, acme: Organization, kite: Plan
) -> None:
    fill(owner, acme, "200")
    one, other = (order_kites(owner, acme, kite, name).invoice for name in ("a", "b"))
    dry_run(pay_invoice, owner, one, prepaid_part=one.total)
    with pytest.raises(RuntimeError), transaction.atomic():
        pay_invoice(owner, one, prepaid_part=one.total)
        raise RuntimeError
    pay_invoice(owner, other, prepaid_part=other.total)
    pay_invoice(owner, Invoice.objects.get(pk=one.pk), prepaid_part=one.total)
    year = clock.today().year
    assert [fresh(each).number for each in (other, one)] == [f"{year}-000001", f"{year}-000002"]


# ── The nightly proof


def test_the_proof_finds_what_was_done_past_all_guards(
    owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    from kanton.billing.tasks import BooksDoNotBalance, prove_books

    fill(owner, acme)
    pay_invoice(owner, invoice, prepaid_part=invoice.total)
    prove_books.call()
    ledger_guards.remove(connection)
    try:
        for statement, words in (
            ("UPDATE billing_posting SET minor = minor + 1 WHERE minor > 0", "does not balance"),
            ("UPDATE billing_invoice SET total_minor = total_minor + 1", "sales to"),
        ):
            point = transaction.savepoint()
            with connection.cursor() as cursor:
                cursor.execute(statement)
            with pytest.raises(BooksDoNotBalance, match=words):
                prove_books.call()
            transaction.savepoint_rollback(point)
        NumberSeries.objects.update(last=7)
        with pytest.raises(BooksDoNotBalance, match="numbers were given"):
            prove_books.call()
    finally:
        ledger_guards.install(connection)


# ── Random lives


class Money_in_motion(RuleBasedStateMachine):
    """Orders, payments, confirmations late and doubled, cancellations, in any order: the books balance after each."""

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.savepoint()
        person = make_person("ana@acme.example", "Ana", "Keller")
        self.acme = make_organization("Acme", "acme", person)
        self.owner = acting(person)
        self.kite = make_plan()
        self.charges = 0
        self.received = 0

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)

    def pick(self, query: Any, index: int) -> Any:
        found = list(query.order_by("pk"))
        return found[index % len(found)] if found else None

    def quietly(self, do: Callable[[], object]) -> None:
        try:
            with transaction.atomic():
                do()
        except DomainError:
            pass

    @rule(minor=st.integers(1, 12_000_00))
    def top_up(self, minor: int) -> None:
        self.quietly(lambda: top_up(self.owner, self.acme, amount=Money(minor, "CHF"), method="test"))

    @rule()
    def order(self) -> None:
        order_kites(self.owner, self.acme, self.kite, "red")

    @rule(index=st.integers(0, 5), part=st.integers(0, 60_00), method=st.sampled_from(["", "test"]))
    def pay(self, index: int, part: int, method: str) -> None:
        invoice = self.pick(Invoice.objects.all(), index)
        if invoice:
            self.quietly(
                lambda: pay_invoice(self.owner, invoice, prepaid_part=Money(part, "CHF"), method=method)
            )

    @rule(index=st.integers(0, 8), again=st.booleans(), other=st.sampled_from([0, 0, 0, 1, -1]))
    def confirm(self, index: int, again: bool, other: int) -> None:
        payment = self.pick(Payment.objects.filter(provider="test"), index)
        if payment is None:
            return
        if again and payment.charge:
            charge, amount = payment.charge, payment.amount
        else:
            self.charges += 1
            charge, amount = f"ch_{self.charges}", Money(max(1, payment.minor + other), "CHF")
        is_new = not Payment.objects.filter(charge=charge).exists()
        confirm_payment(TEST, payment, charge=charge, amount=amount)
        if is_new:
            self.received += amount.minor

    @rule(index=st.integers(0, 8))
    def decline(self, index: int) -> None:
        payment = self.pick(Payment.objects.filter(provider="test"), index)
        if payment:
            decline_payment(TEST, payment, reason="no")

    @rule(index=st.integers(0, 5))
    def cancel(self, index: int) -> None:
        order = self.pick(Order.objects.all(), index)
        if order:
            self.quietly(lambda: cancel_order(self.owner, order))

    @invariant()
    def the_nightly_proof_holds(self) -> None:
        assert proof.problems() == []

    @invariant()
    def the_books_balance(self) -> None:
        assert ledger.trial_balance("CHF").difference.minor == 0
        assert ledger.unbalanced_entries() == []

    @invariant()
    def nobody_spends_what_is_not_there(self) -> None:
        standing = prepaid.standing(self.acme, "CHF")
        assert standing.balance.minor >= 0 and standing.available.minor >= 0

    @invariant()
    def every_charge_is_in_the_books(self) -> None:
        assert ledger.trial_balance("CHF").by_kind.get("in_transit", chf("0")).minor == self.received

    @invariant()
    def paid_invoices_and_only_those_are_revenue(self) -> None:
        paid = [invoice for invoice in Invoice.objects.all() if invoice.status == "paid"]
        by_kind = ledger.trial_balance("CHF").by_kind
        zero = chf("0")
        sold = -(by_kind.get("revenue", zero) + by_kind.get("vat", zero))
        assert sold.minor == sum(invoice.total_minor for invoice in paid)
        assert by_kind.get("receivable", zero) == zero
        numbers = sorted(str(invoice.number) for invoice in paid)
        assert numbers == [f"{clock.today().year}-{n:06d}" for n in range(1, len(paid) + 1)]


@pytest.mark.spec("BIL-6", "BIL-59", "BIL-60", "BIL-80", "BIL-97")
def test_money_in_motion_never_gets_lost() -> None:
    run_state_machine_as_test(
        Money_in_motion, settings=settings(max_examples=20, stateful_step_count=20, deadline=None)
    )
