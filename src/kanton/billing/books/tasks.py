"""What the books do by themselves: send refunds, and keep what the nightly proof finds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django_tasks import task

from kanton.billing import proof
from kanton.billing.books.actions import note_refund_done, note_refund_failed
from kanton.billing.books.models import ProofRun, Refund, RefundState
from kanton.billing.payments.contract import Refused, provider_called
from kanton.core import clock
from kanton.core.actor import System

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
