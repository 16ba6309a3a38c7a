"""Sending reminders."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max

from kanton.billing.models import Invoice, InvoiceStatus, Payment, PaymentState
from kanton.billing.reminders import emails
from kanton.billing.reminders.activity import Happened
from kanton.billing.reminders.levels import level_on, pay_until
from kanton.billing.reminders.models import Reminder
from kanton.config import config
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM


@internal("The clock reminds; customers pay.")
@action(right=SYSTEM, may_be_silent=True)
def send_reminders(actor: Actor, target: None, *, invoices: Sequence[int]) -> int:
    """Remind of those of these invoices that are open and overdue, each level once; returns how many mails' worth.

    One whose payment is in progress waits: the reminder would only cross it (BIL-67).
    """
    found = list(
        Invoice.objects.select_for_update(of=("self",))
        .filter(pk__in=list(invoices), status=InvoiceStatus.OPEN, due_on__isnull=False)
        .select_related("organization")
        .order_by("pk")
    )
    running = set(
        Payment.objects.filter(
            invoice__in=found, state=PaymentState.PENDING, expires_at__gt=clock.now()
        ).values_list("invoice_id", flat=True)
    )
    sent = dict(
        Reminder.objects.filter(invoice__in=found)
        .values_list("invoice_id")
        .annotate(last=Max("level"))
        .order_by()
    )
    today, days, count = clock.today(), config.billing.reminder_days, 0
    for invoice in found:
        assert invoice.due_on is not None
        level = level_on(today, invoice.due_on, days)
        if level <= sent.get(invoice.pk, 0) or invoice.pk in running:
            continue
        until = pay_until(today, invoice.due_on, days)
        if (
            invoice.holds_until and invoice.holds_until < until
        ):  # who is given a date is given the amount with it
            invoice.holds_until = until
            invoice.save(update_fields=["holds_until"])
        reminder = Reminder.objects.create(
            organization=invoice.organization,
            invoice=invoice,
            level=level,
            is_last=level >= len(days),
            pay_until=until,
            total_minor=invoice.total_minor,
            customer=invoice.customer,
        )
        record(actor, Happened.REMINDED, invoice, level=level, total=str(invoice.total))
        emails.reminder(reminder)
        count += 1
    return count
