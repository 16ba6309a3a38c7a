"""No sequence of silences, refusals, retries and clock jumps refunds twice, or loses a refund.

The test provider forgets idempotency keys after a day, as Stripe does: a retry that only repeated its call would
refund again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kanton.accounts.models import Person
from kanton.billing import ledger, prepaid, proof
from kanton.billing.actions import confirm_payment, pay_invoice, take_in, top_up
from kanton.billing.books.actions import (
    credit_refund_instead,
    note_refund_done,
    note_refund_failed,
    note_refund_returned,
    refund_top_up,
    repeat_refund,
)
from kanton.billing.books.errors import NotFailed, NotKnown
from kanton.billing.books.models import Refund
from kanton.billing.books.tasks import look_at_refund, refund_failed, send_refund
from kanton.billing.models import (
    AccountKind,
    Invoice,
    Payment,
    ProviderEvent,
    RefundAnswer,
    TestCharge,
    TestRefund,
)
from kanton.billing.payments.contract import Outcome
from kanton.billing.payments.test_provider import TestProvider, decide, fail_refund
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.errors import DomainError, EngineUnavailable
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.testing import acting, make_organization, make_person

pytestmark = pytest.mark.django_db
ROUNDS = int(os.environ.get("KANTON_TEST_ROUNDS", "4"))


def chf(minor: int) -> Money:
    return Money(minor, "CHF")


def charged(owner: Actor, acme: Organization, minor: int = 100_00) -> Payment:
    """A top-up by the test provider."""
    payment = top_up(owner, acme, amount=chf(minor), method="test")
    decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    answer = TestProvider().ask(payment.key)
    return confirm_payment(System("test"), payment, charge=answer.charge, amount=answer.amount)


def from_now_on(payment: Payment, how: RefundAnswer) -> None:
    TestCharge.objects.filter(charge=payment.charge).update(refunds=how)


def refund_of(staff: Actor, payment: Payment, minor: int) -> Refund:
    begun = refund_top_up(staff, payment, amount=chf(minor))
    assert isinstance(begun, Refund)
    return begun


def standing(refund: Refund) -> tuple[str, str, int]:
    refund.refresh_from_db()
    return refund.state, refund.reason, TestRefund.objects.filter(has_failed=False).count()


def try_once(refund: Refund) -> None:
    """What a worker does once; an answer that does not come leaves the job waiting."""
    with suppress(EngineUnavailable):
        send_refund.call(refund.pk)


@pytest.mark.spec("BIL-28", "BIL-97")
def test_a_part_that_went_back_in_silence_is_found_days_later_and_not_sent_again(
    owner: Actor, staff: Actor, acme: Organization
) -> None:
    payment = charged(owner, acme)
    from_now_on(payment, RefundAnswer.SILENT)
    refund = refund_of(staff, payment, 40_00)
    try_once(refund)
    assert standing(refund) == ("pending", "", 1)
    refund_failed(refund.pk, error="the provider does not answer")
    # It may have gone through: the money is not credited as well.
    with pytest.raises(NotKnown):
        credit_refund_instead(staff, refund)
    assert standing(refund)[0] == "failed" and prepaid.standing(acme, "CHF").balance == chf(60_00)
    with clock.travel(clock.now() + timedelta(days=3)):
        from_now_on(payment, RefundAnswer.ANSWER)
        repeat_refund(staff, refund)
        run_jobs()
        assert standing(refund) == ("done", "", 1)
    assert proof.problems() == []


def test_a_refusal_is_final_until_staff_ask_again_and_asks_anew(
    owner: Actor, staff: Actor, acme: Organization
) -> None:
    payment = charged(owner, acme)
    from_now_on(payment, RefundAnswer.REFUSE)
    refund = refund_of(staff, payment, 40_00)
    run_jobs()
    assert standing(refund) == ("failed", "refund_refused", 0)
    from_now_on(payment, RefundAnswer.ANSWER)
    repeat_refund(staff, refund)
    run_jobs()
    assert standing(refund) == ("done", "", 1) and TestRefund.objects.get().attempt == 1
    assert proof.problems() == []


def test_one_that_the_provider_shows_as_failed_is_made_anew(
    owner: Actor, staff: Actor, acme: Organization
) -> None:
    payment = charged(owner, acme)
    refund = refund_of(staff, payment, 40_00)
    from_now_on(payment, RefundAnswer.SILENT)
    try_once(refund)
    TestRefund.objects.update(has_failed=True)
    from_now_on(payment, RefundAnswer.ANSWER)
    run_jobs()
    assert standing(refund) == ("done", "", 1) and TestRefund.objects.count() == 2
    assert proof.problems() == []


def deliver(message: tuple[dict[str, str], bytes]) -> None:
    """The provider's message arrives, its signature checked."""
    take_in(System("test"), "test", TestProvider().read_callback(*message))


@pytest.mark.spec("SUP-49", "BIL-28")
def test_a_refund_that_comes_back_days_later_is_credited_once_and_the_owner_is_told(
    owner: Actor, staff: Actor, acme: Organization, client: Client, outbox: Outbox
) -> None:
    refund = refund_of(staff, charged(owner, acme), 40_00)
    run_jobs()
    assert standing(refund) == ("done", "", 1) and prepaid.standing(acme, "CHF").balance == chf(60_00)
    headers, body = fail_refund(TestRefund.objects.get())
    report = partial(client.post, "/pay/test/callback", body, content_type="application/json")
    assert report(headers={"X-Test-Signature": "0" * 64}).status_code == 400
    run_jobs()
    assert standing(refund)[0] == "done" and not ProviderEvent.objects.filter(payment=None).exists()
    for _turn in range(3):
        assert report(headers={"X-Test-Signature": headers["X-Test-Signature"]}).status_code == 204
    run_jobs()
    assert standing(refund) == ("instead", "expired_or_canceled_card", 0)
    assert prepaid.standing(acme, "CHF").balance == chf(100_00)
    # Another message about the same failure, under another name.
    deliver(fail_refund(TestRefund.objects.get()))
    run_jobs()
    (mail,) = [each for each in outbox if each.template == "books/credited_instead"]
    assert mail.to == ["ana@acme.example"] and "CHF 40.00" in mail.text
    assert prepaid.standing(acme, "CHF").balance == chf(100_00) and proof.problems() == []
    page = Client()
    page.force_login(Person.objects.get(email="sam@alpenhost.example"))
    assert "Acme" not in page.get("/staff/books/refunds?q=globex").content.decode()
    text = page.get("/staff/books/refunds?q=acme&sort=customer").content.decode()
    assert (
        "Acme" in text
        and "On the prepaid account instead" in text
        and "the card has expired or was cancelled" in text
    )


def test_a_message_that_is_faster_than_the_answer_waits_for_it(
    owner: Actor, staff: Actor, acme: Organization
) -> None:
    payment = charged(owner, acme)
    refund = refund_of(staff, payment, 40_00)
    TestProvider().send_back(payment.charge, refund.amount, refund.key)
    deliver(fail_refund(TestRefund.objects.get()))
    assert standing(refund)[0] == "pending"
    note_refund_done(System("test"), refund)
    run_jobs()
    assert standing(refund) == ("instead", "expired_or_canceled_card", 0)
    assert prepaid.standing(acme, "CHF").balance == chf(100_00) and proof.problems() == []


def test_a_late_message_about_an_earlier_attempt_credits_nothing(
    owner: Actor, staff: Actor, acme: Organization
) -> None:
    payment = charged(owner, acme)
    from_now_on(payment, RefundAnswer.SILENT)
    refund = refund_of(staff, payment, 40_00)
    try_once(refund)
    message = fail_refund(TestRefund.objects.get())
    from_now_on(payment, RefundAnswer.ANSWER)
    run_jobs()
    assert standing(refund) == ("done", "", 1)
    deliver(message)
    run_jobs()
    assert standing(refund) == ("done", "", 1) and prepaid.standing(acme, "CHF").balance == chf(60_00)


def test_what_the_staff_did_between_question_and_answer_makes_it_be_asked_again(
    owner: Actor, staff: Actor, acme: Organization
) -> None:
    """They had it tried again, and it got through: the answer is of yesterday, and nothing is credited as well."""
    payment = charged(owner, acme)
    from_now_on(payment, RefundAnswer.REFUSE)
    refund = refund_of(staff, payment, 40_00)
    run_jobs()
    refund.refresh_from_db()
    seen = refund.changed_at
    from_now_on(payment, RefundAnswer.ANSWER)
    repeat_refund(staff, refund)
    note_refund_returned(System("test"), refund, reason="failed", seen=seen)
    run_jobs()
    assert standing(refund) == ("done", "", 1)
    note_refund_returned(System("test"), refund, reason="failed", seen=seen)
    run_jobs()
    assert standing(refund) == ("done", "", 1) and prepaid.standing(acme, "CHF").balance == chf(60_00)
    assert proof.problems() == []


def test_of_a_deleted_organization_it_stays_with_the_staff(
    owner: Actor, staff: Actor, acme: Organization
) -> None:
    refund = refund_of(staff, charged(owner, acme), 100_00)
    run_jobs()
    acme.memberships.all().delete()
    deliver(fail_refund(TestRefund.objects.get()))
    run_jobs()
    refund.refresh_from_db()
    assert (refund.state, refund.is_refused) == ("failed", True) and proof.problems() == []
    returns = ledger.balance(ledger.account(AccountKind.SUSPENSE, "CHF", detail="returns"))
    assert returns == chf(-100_00) and prepaid.standing(acme, "CHF").balance == chf(0)


@pytest.mark.spec("BIL-97", "SUP-49")
def test_a_second_charge_whose_return_comes_back_is_on_the_prepaid_account(
    owner: Actor, acme: Organization, invoice: Invoice, outbox: Outbox
) -> None:
    first = pay_invoice(owner, invoice, method="test")
    decide(first.key, first.amount, Outcome.SUCCEEDED)
    confirm_payment(System("test"), first, charge=TestProvider().ask(first.key).charge, amount=first.amount)
    decide(first.key, first.amount, Outcome.SUCCEEDED)
    confirm_payment(System("test"), first, charge=TestProvider().ask(first.key).charge, amount=first.amount)
    run_jobs()
    second = Payment.objects.exclude(pk=first.pk).get()
    assert second.state == "refunded" and TestRefund.objects.get().key == second.key
    for _turn in range(2):
        deliver(fail_refund(TestRefund.objects.get()))
    with clock.travel(clock.now() + timedelta(minutes=2)):
        run_jobs()
    second.refresh_from_db()
    assert second.state == "cancelled" and prepaid.standing(acme, "CHF").balance == second.amount
    assert len([each for each in outbox if each.template == "books/credited_instead"]) == 1
    assert proof.problems() == []


class Refunds(RuleBasedStateMachine):
    """Two charges, refunded in parts, at a provider that answers, stays silent, refuses or takes back as it likes."""

    def __init__(self) -> None:
        self.point = transaction.savepoint()
        super().__init__()
        ana = make_person("ana@acme.example", "Ana", "Keller")
        self.sam = acting(make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True))
        self.acme = make_organization("Acme", "acme", ana)
        self.payments = [charged(acting(ana), self.acme) for _number in range(2)]
        self.jump = timedelta(0)
        self.messages: list[tuple[dict[str, str], bytes]] = []

    @rule(which=st.integers(0, 1), how=st.sampled_from(RefundAnswer))
    def the_provider_changes(self, which: int, how: RefundAnswer) -> None:
        from_now_on(self.payments[which], how)

    @rule(which=st.integers(0, 1), minor=st.integers(1, 60_00))
    def staff_refund(self, which: int, minor: int) -> None:
        self.may_refuse(lambda: refund_top_up(self.sam, self.payments[which], amount=chf(minor)))

    @rule(pick=st.integers(0, 99), hours=st.sampled_from((0, 1, 23, 25, 100)))
    def a_worker_tries(self, pick: int, hours: int) -> None:
        self.jump += timedelta(hours=hours)
        if found := self.one(pick):
            with clock.travel(clock.now() + self.jump):
                try_once(found)

    @rule(pick=st.integers(0, 99))
    def a_worker_gives_up(self, pick: int) -> None:
        if found := self.one(pick):
            note_refund_failed(System("books"), found, reason="silence", is_refusal=False)

    @rule(pick=st.integers(0, 99))
    def a_bank_gives_one_back(self, pick: int) -> None:
        """The message about it waits: it may arrive at once, late, twice, or after others."""
        if found := list(TestRefund.objects.filter(has_failed=False).order_by("pk")):
            self.messages.append(fail_refund(found[pick % len(found)]))

    @rule(pick=st.integers(0, 99))
    def a_message_arrives(self, pick: int) -> None:
        if self.messages:
            deliver(self.messages[pick % len(self.messages)])

    @rule(pick=st.integers(0, 99))
    def a_worker_looks(self, pick: int) -> None:
        if found := self.one(pick):
            with clock.travel(clock.now() + self.jump):
                look_at_refund.call(found.pk)

    @rule(pick=st.integers(0, 99), instead=st.booleans())
    def staff_go_on(self, pick: int, instead: bool) -> None:
        if found := self.one(pick):
            do = credit_refund_instead if instead else repeat_refund
            self.may_refuse(lambda: do(self.sam, found))

    def one(self, pick: int) -> Refund | None:
        found = list(Refund.objects.select_related("payment").order_by("pk"))
        return found[pick % len(found)] if found else None

    def may_refuse(self, do: Callable[[], object]) -> None:
        with suppress(DomainError), transaction.atomic():
            do()

    @invariant()
    def each_goes_back_once_and_none_is_lost(self) -> None:
        there, given_back = TestRefund.objects.filter(has_failed=False), 0
        for refund in Refund.objects.select_related("payment"):
            made = list(there.filter(key=refund.key).values_list("minor", flat=True))
            if refund.state == "done":
                if made == []:
                    given_back += refund.minor
                else:
                    assert made == [refund.minor]
            elif refund.state == "instead":
                assert made == []
            else:
                assert made in ([], [refund.minor])
        out = sum(there.values_list("minor", flat=True)) + given_back  # which nobody has told us yet
        held = prepaid.standing(self.acme, "CHF").balance.minor
        waiting = -ledger.balance(ledger.account(AccountKind.SUSPENSE, "CHF", detail="returns")).minor
        unconfirmed = sum(
            refund.minor
            for refund in Refund.objects.filter(state__in=["pending", "failed"])
            if there.filter(key=refund.key).exists()
        )
        assert held + waiting + out - unconfirmed == 200_00

    def teardown(self) -> None:
        """At the end the provider answers, and all messages arrive: what waits gets through or is credited, once."""
        try:
            TestCharge.objects.update(refunds=RefundAnswer.ANSWER)
            with clock.travel(clock.now() + self.jump + timedelta(days=2)):
                for refund in Refund.objects.exclude(state__in=["done", "instead"]):
                    self.may_refuse(partial(repeat_refund, self.sam, refund))
                    send_refund.call(refund.pk)
                for message in reversed(self.messages):
                    deliver(message)
                for refund in Refund.objects.all():
                    look_at_refund.call(refund.pk)
            assert all(
                TestRefund.objects.filter(key=refund.key, has_failed=False).exists()
                for refund in Refund.objects.filter(state="done")
            )
            self.each_goes_back_once_and_none_is_lost()
            assert not Refund.objects.filter(state__in=["pending", "failed"]).exists()
            assert proof.problems() == []
        finally:
            transaction.savepoint_rollback(self.point)


@pytest.mark.spec("BIL-28", "BIL-62", "BIL-97", "SUP-49")
def test_no_sequence_of_silences_retries_and_clock_jumps_refunds_twice_or_loses_one() -> None:
    run_state_machine_as_test(
        Refunds, settings=settings(max_examples=ROUNDS, stateful_step_count=15, deadline=None)
    )


def test_only_a_failed_refund_is_taken_up_again(owner: Actor, staff: Actor, acme: Organization) -> None:
    refund = refund_of(staff, charged(owner, acme), 10_00)
    for do in (repeat_refund, credit_refund_instead):
        with pytest.raises(NotFailed):
            do(staff, refund)
    assert standing(refund) == ("pending", "", 0)
