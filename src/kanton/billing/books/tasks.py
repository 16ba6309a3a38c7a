"""What the books do by themselves: send refunds, and keep what the nightly proof finds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django_tasks import task

from kanton.billing import proof, settling
from kanton.billing.books.actions import (
    DOUBTABLE,
    doubt_refund,
    note_refund_done,
    note_refund_failed,
    note_refund_returned,
    note_return_failed,
)
from kanton.billing.books.models import ProofRun, Refund, RefundState
from kanton.billing.models import Payment, PaymentState
from kanton.billing.payments.contract import Refused, provider_called
from kanton.core import clock
from kanton.core.action import after_commit
from kanton.core.actor import Actor, System

KEEP_RUNS = timedelta(days=400)


def refund_failed(refund_id: int, *, error: Any) -> None:
    """A refund was given up: staff see it."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    note_refund_failed(System("books"), refund, reason=str(error), is_refusal=False)


@task(when_failed=refund_failed, max_failures=8)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def send_refund(refund_id: int) -> None:
    """Have the provider send the money back, once; what it refuses for good is not asked again by itself."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.state != RefundState.PENDING:
        return
    payment = refund.payment
    actor, provider = System(payment.provider), provider_called(payment.provider)
    try:
        provider.send_back(payment.charge, refund.amount, refund.key, attempt=refund.refusals)
    except Refused as refused:
        note_refund_failed(actor, refund, reason=refused.code)
        return
    note_refund_done(actor, refund)


@task(max_failures=20)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def look_at_refund(refund_id: int) -> None:
    """Ask the provider's books about a refund that it says did not reach its payer."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.state not in DOUBTABLE:
        return
    payment, seen = refund.payment, refund.changed_at
    failed = provider_called(payment.provider).came_to_nothing(payment.charge, refund.key)
    if failed is not None:
        note_refund_returned(System(payment.provider), refund, reason=failed.reason, seen=seen)


@task(max_failures=20)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def look_at_return(payment_id: int) -> None:
    """The same about a charge that came twice and was sent back."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.state != PaymentState.REFUNDED:
        return
    if provider_called(payment.provider).came_to_nothing(payment.charge, payment.key) is not None:
        note_return_failed(System(payment.provider), payment)


def heard_of_failure(actor: Actor, provider: str, key: str) -> None:
    """A provider says that what it sent back under this key did not reach the payer."""
    refund = Refund.objects.filter(key=key, payment__provider=provider).first()
    if refund is not None:
        doubt_refund(actor, refund)
        return
    payment = Payment.objects.filter(key=key, provider=provider).first()
    if payment is not None:  # a moment later: the message may be faster than our note of what was sent
        after_commit(look_at_return, payment.pk, run_after=clock.now() + timedelta(minutes=1))


def keep_findings(found: list[proof.Finding]) -> None:
    """Remember what a proof found, for staff, for a year."""
    ProofRun.objects.filter(started_at__lt=clock.now() - KEEP_RUNS).delete()
    ProofRun.objects.create(
        seconds=round(sum(each.seconds for each in found), 3),
        checks=[
            {"code": each.check.code, "seconds": round(each.seconds, 3), "problems": each.problems[:100]}
            for each in found
        ],
    )


proof.KEEPERS.append(keep_findings)
settling.WHEN_REFUND_FAILED.append(heard_of_failure)
