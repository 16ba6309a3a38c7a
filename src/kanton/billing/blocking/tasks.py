"""The clock of blocked orders."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.billing.blocking.actions import lapse_block, remind_of_block
from kanton.billing.blocking.models import REMINDER_BEFORE, Block
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


@periodic("billing.blocked-orders-reminders", every=timedelta(minutes=10))
@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def remind_of_blocks() -> int:
    """Remind of orders that are blocked for seven days, the time under examination not counted."""
    now = clock.now()
    waiting = Block.objects.filter(ended_at=None, reminded_at=None, ends_at__lte=now + REMINDER_BEFORE)
    due = list(waiting.filter(ends_at__gt=now).select_related("order"))
    for block in due:
        remind_of_block(System("billing"), block)
    return len(due)
