"""What was cancelled for the end of a term ends the day after."""

from __future__ import annotations

from django_tasks import task

from kanton.billing.cancellation.actions import carry_out_cancellation
from kanton.billing.cancellation.models import Cancellation
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic


@periodic("billing.cancellations", at="00:20")
@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def carry_out_cancellations() -> int:
    """Before the daily run could suspend them. Each in its own transaction: killed anywhere, it goes on."""
    due = Cancellation.objects.filter(
        confirmed_at__isnull=False, done_at=None, withdrawn_at=None, takes_effect_on__lt=clock.today()
    )
    found = list(due.order_by("pk"))
    for cancellation in found:
        carry_out_cancellation(System("billing"), cancellation)
    return len(found)
