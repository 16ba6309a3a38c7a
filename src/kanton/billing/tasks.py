"""What billing does in the background: set up what was paid, ask about silent payments, send charges back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django_tasks import task

from kanton.billing import proof
from kanton.billing.actions import (
    expire_payment,
    finish_order,
    note_delay,
    note_refund,
    start_line,
    take_in,
)
from kanton.billing.models import Order, OrderLine, OrderState, Payment, PaymentState
from kanton.billing.payments.contract import Outcome, provider_called
from kanton.core import clock, jobs
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.products.models import Service

ASK_AFTER = timedelta(minutes=2)


def set_up_failed(line_id: int, *, error: Any) -> None:
    """A line's set-up was given up: say so to the customer and the operator."""
    line = OrderLine.objects.select_related("order__organization", "plan").get(pk=line_id)
    note_delay(System("billing"), line, reason=str(error))


@task(transactional=True, when_failed=set_up_failed, max_failures=6)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def set_up_line(line_id: int) -> None:
    """Start the service of a paid line. May run twice; there is one service per line."""
    line = OrderLine.objects.select_related("order__organization", "plan").get(pk=line_id)
    start_line(System("billing"), line)


@task(max_failures=1000)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def watch_order(order_id: int) -> None:
    """The order is active when the engines have confirmed all its services. Looks again with growing pauses."""
    order = Order.objects.get(pk=order_id)
    if order.state != OrderState.BEING_SET_UP:
        return
    keys = [line.service_key for line in order.lines.all()]
    proved = Service.objects.filter(order_line__in=keys, wish_state="done").count()
    if proved == len(keys):
        finish_order(System("billing"), order)
        return
    age = (clock.now() - order.changed_at).total_seconds()
    jobs.retry_in(min(600.0, max(2.0, age / 4)), f"{proved} of {len(keys)} set up")


@periodic("billing.silent-payments", every=timedelta(minutes=1))
@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def ask_about_silent_payments() -> None:
    """Ask the provider about payments without news, and end those that ran out of time."""
    silent = Payment.objects.filter(
        state=PaymentState.PENDING, started_at__lte=clock.now() - ASK_AFTER
    ).order_by("pk")
    for payment in silent.iterator():
        settle_silent(payment)


def settle_silent(payment: Payment) -> None:
    """Ask about one payment; without an answer, end it when its time is over."""
    actor = System(payment.provider)
    answer = provider_called(payment.provider).ask(payment.key)
    if answer.outcome is not Outcome.PENDING:
        take_in(actor, payment.provider, answer)
    elif payment.expires_at <= clock.now():
        expire_payment(actor, payment)


class BooksDoNotBalance(AssertionError):
    """The nightly proof failed. Staff see it as a failed job; nothing may be booked over it unseen."""


@periodic("billing.proof", at="03:15")
@task(unique=True, max_failures=1)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def prove_books() -> None:
    """Prove every night that the ledger balances, that paid invoices are what was sold, and that nobody overdrew."""
    found = proof.run()
    for keep in proof.KEEPERS:
        keep(found)
    if problems := [problem for finding in found for problem in finding.problems]:
        raise BooksDoNotBalance("; ".join(problems))


@task()
def return_charge(payment_id: int) -> None:
    """Send a charge back to its method. What the provider has sent back already is not sent again."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.state == PaymentState.REFUNDED:
        return
    provider_called(payment.provider).send_back(payment.charge, payment.amount, payment.key)
    note_refund(System(payment.provider), payment)
