"""Random lives between bank, cards, prepaid accounts and refunds: after every step the books prove themselves."""

from __future__ import annotations

import io
import os
from itertools import count

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kanton.accounts.models import Person
from kanton.billing import prepaid, proof
from kanton.billing.actions import cancel_order, confirm_payment, pay_invoice, top_up
from kanton.billing.bank.actions import (
    ask_withdrawal,
    assign_to_prepaid,
    book_charges,
    cancel_withdrawal,
    import_statement,
    make_transfer_file,
    send_back,
)
from kanton.billing.bank.models import BankItem, ItemState, Transfer, TransferState
from kanton.billing.bank.tasks import match_all
from kanton.billing.bank.tests.bank_files import PAYER, Entry, Pay, camt
from kanton.billing.books.actions import (
    credit_invoice,
    credit_refund_instead,
    note_refund_done,
    note_refund_failed,
    refund_top_up,
    repeat_refund,
)
from kanton.billing.books.models import Refund
from kanton.billing.models import Invoice, Payment, PaymentState
from kanton.billing.tests.conftest import make_plan, order_kites
from kanton.core.actor import System
from kanton.core.errors import DomainError
from kanton.core.money import Money
from kanton.testing import PASSWORD, acting, make_organization, make_person

pytestmark = pytest.mark.django_db
ROUNDS = int(os.environ.get("KANTON_TEST_ROUNDS", "3"))
PICK = st.integers(0, 10**6)


class Lives(RuleBasedStateMachine):
    """One organization and its bank. Every run is undone at its end, since a ledger cannot be emptied."""

    def __init__(self) -> None:
        self.point = transaction.savepoint()
        super().__init__()
        self.number = count(1)
        ana = make_person("ana@acme.example", "Ana", "Keller")
        self.sam = acting(make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True))
        self.acme = make_organization("Acme", "acme", ana)
        self.ana, self.plan = acting(ana), make_plan()
        self.told: list[Entry] = []

    def invoice(self, pick: int, **which: str) -> Invoice | None:
        found = list(Invoice.objects.filter(kind="invoice", **which).order_by("pk"))
        return found[pick % len(found)] if found else None

    def item(self, pick: int) -> BankItem | None:
        found = list(BankItem.objects.filter(state=ItemState.OPEN).order_by("pk"))
        return found[pick % len(found)] if found else None

    @rule()
    def order(self) -> None:
        order_kites(self.ana, self.acme, self.plan, f"kite {next(self.number)}")

    @rule(pick=PICK)
    def give_up_an_order(self, pick: int) -> None:
        if (found := self.invoice(pick, status="open")) and found.order:
            cancel_order(self.ana, found.order)

    @rule(pick=PICK, part=st.integers(0, 60_00))
    def pay(self, pick: int, part: int) -> None:
        if found := self.invoice(pick, status="open"):
            self.may_refuse(
                lambda: pay_invoice(self.ana, found, prepaid_part=Money(part, "CHF"), method="test")
            )

    @rule(pick=PICK, again=st.booleans())
    def the_card_is_charged(self, pick: int, again: bool) -> None:
        found = list(Payment.objects.filter(provider="test").order_by("pk"))
        if not found:
            return
        payment = found[pick % len(found)]
        charge = (
            f"ch_{payment.pk}"
            if again or payment.state == PaymentState.PENDING
            else f"ch_{next(self.number)}"
        )
        confirm_payment(System("test"), payment, charge=charge, amount=payment.amount)

    @rule(
        pick=PICK,
        minor=st.sampled_from([54_05, 54_05, 54_04, 60_00, 1]),
        ours=st.booleans(),
        currency=st.booleans(),
    )
    def a_transfer_comes(self, pick: int, minor: int, ours: bool, currency: bool) -> None:
        found = self.invoice(pick)
        reference = found.reference or "" if found and ours else ""
        amount = f"{minor // 100}.{minor % 100:02d}"
        pay = Pay(amount, reference, text="" if reference else "?", iban=PAYER)
        self.tell(Entry(amount, f"B{next(self.number)}", (pay,), "CHF" if currency else "EUR"))

    @rule(pick=PICK)
    def the_bank_repeats_itself(self, pick: int) -> None:
        if self.told:
            self.tell(self.told[pick % len(self.told)], kind="054")

    @rule(pick=PICK, how=st.sampled_from(["prepaid", "back", "charges"]))
    def staff_settle(self, pick: int, how: str) -> None:
        if (item := self.item(pick)) is None:
            return
        if how == "prepaid" and item.is_credit:
            assign_to_prepaid(self.sam, item, organization=self.acme)
        elif how == "back" and item.is_credit:
            send_back(self.sam, item)
        elif how == "charges":
            book_charges(self.sam, item)

    @rule(minor=st.integers(1_00, 80_00))
    def withdraw(self, minor: int) -> None:
        self.may_refuse(
            lambda: ask_withdrawal(
                self.ana, self.acme, amount=Money(minor, "CHF"), account=PAYER, name="Acme", password=PASSWORD
            )
        )

    @rule(pick=PICK)
    def take_a_withdrawal_back(self, pick: int) -> None:
        found = list(Transfer.objects.filter(state=TransferState.ASKED, purpose="withdrawal").order_by("pk"))
        if found:
            cancel_withdrawal(self.ana, found[pick % len(found)])

    @rule()
    def make_a_file(self) -> None:
        self.may_refuse(lambda: make_transfer_file(self.sam, None, currency="CHF"))

    @rule(pick=PICK, back=st.booleans())
    def the_bank_carries_out(self, pick: int, back: bool) -> None:
        found = list(Transfer.objects.exclude(file=None).order_by("pk"))
        if not found:
            return
        transfer = found[pick % len(found)]
        amount = f"{transfer.minor // 100}.{transfer.minor % 100:02d}"
        pay = Pay(amount, end_to_end=transfer.key or "", reason="AC04" if back else "", iban=PAYER)
        self.tell(Entry(amount, f"{'R' if back else 'D'}{transfer.pk}", (pay,), out=not back))

    @rule(pick=PICK, part=st.integers(1, 50_00), to_prepaid=st.booleans())
    def credit(self, pick: int, part: int, to_prepaid: bool) -> None:
        if found := self.invoice(pick, status="paid"):
            amounts = {1: Money(part, "CHF")}
            self.may_refuse(lambda: credit_invoice(self.sam, found, amounts=amounts, to_prepaid=to_prepaid))

    @rule(minor=st.integers(5_00, 80_00))
    def top_up_by_card(self, minor: int) -> None:
        payment = top_up(self.ana, self.acme, amount=Money(minor, "CHF"), method="test")
        confirm_payment(System("test"), payment, charge=f"ch_{payment.pk}", amount=payment.amount)

    @rule(pick=PICK, minor=st.none() | st.integers(1, 60_00))
    def refund_a_top_up(self, pick: int, minor: int | None) -> None:
        found = list(Payment.objects.filter(purpose="top_up").order_by("pk"))
        if found:
            payment = found[pick % len(found)]
            amount = None if minor is None else Money(minor, payment.currency)
            self.may_refuse(lambda: refund_top_up(self.sam, payment, amount=amount))

    @rule(pick=PICK, how=st.sampled_from(["done", "refused", "again", "instead"]))
    def a_refund_goes_on(self, pick: int, how: str) -> None:
        found = list(Refund.objects.order_by("pk"))
        if not found:
            return
        refund = found[pick % len(found)]
        if how == "done":
            note_refund_done(System("test"), refund)
        elif how == "refused":
            note_refund_failed(System("test"), refund, reason="card closed")
        else:
            do = repeat_refund if how == "again" else credit_refund_instead
            self.may_refuse(lambda: do(self.sam, refund))

    def tell(self, entry: Entry, kind: str = "053") -> None:
        self.told.append(entry)
        import_statement(self.sam, None, file=io.BytesIO(camt(entry, kind=kind)))
        match_all()

    def may_refuse(self, do: object) -> None:
        try:
            with transaction.atomic():
                do()  # type: ignore[operator]
        except DomainError:
            pass

    @invariant()
    def everything_is_proved(self) -> None:
        assert proof.problems() == []
        for currency in ("CHF", "EUR"):
            assert prepaid.standing(self.acme, currency).available.minor >= 0
        for payment in Payment.objects.filter(purpose="top_up"):
            gone = payment.refunds.exclude(state="instead").values_list("minor", flat=True)
            sent = Transfer.objects.filter(purpose="refund", text__endswith=f" #{payment.pk}")
            back = sent.exclude(state="returned").values_list("minor", flat=True)
            assert sum(gone) + sum(back) <= payment.minor

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)


@pytest.mark.spec("BIL-6", "BIL-60", "BIL-70")
def test_the_books_prove_themselves_after_every_step_of_random_lives(sam: Person) -> None:
    sam.delete()
    run_state_machine_as_test(
        Lives, settings=settings(max_examples=ROUNDS, stateful_step_count=12, deadline=None)
    )
