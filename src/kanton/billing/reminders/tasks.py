"""The reminders of the day, after the bank's statements were booked (BIL-72)."""

from __future__ import annotations

from django_tasks import task

from kanton.billing.bank.tasks import book_statements
from kanton.billing.models import Invoice, InvoiceStatus
from kanton.billing.reminders.actions import send_reminders
from kanton.billing.reminders.levels import due_between
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.core.jobs.models import LONG_QUEUE

#: Each draws a PDF within the transaction, 40 of them a second.
CHUNK = 20


@periodic("billing.reminders", at="07:30")
@task(unique=True, queue_name=LONG_QUEUE)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def remind() -> int:
    """Book what the bank reported, then remind of what is still open. It may be killed anywhere and run again."""
    book_statements()
    between = due_between(clock.today(), config.billing.reminder_days)
    if between is None:
        return 0
    overdue = Invoice.objects.filter(status=InvoiceStatus.OPEN, due_on__range=between)
    numbers = list(overdue.order_by("pk").values_list("pk", flat=True))
    return sum(
        send_reminders(System("reminders"), None, invoices=numbers[start : start + CHUNK])
        for start in range(0, len(numbers), CHUNK)
    )
