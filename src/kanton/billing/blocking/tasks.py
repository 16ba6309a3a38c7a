"""The clock of blocked orders."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.billing.blocking.actions import lapse_block
from kanton.billing.blocking.models import Block
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic


@periodic("billing.blocked-orders", every=timedelta(minutes=10))
@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def end_lapsed_blocks() -> int:
    """Cancel orders that were blocked for 240 hours without a reaction, each in its own transaction."""
    due = list(Block.objects.filter(ended_at=None, ends_at__lte=clock.now()).select_related("order"))
    for block in due:
        lapse_block(System("billing"), block)
    return len(due)
