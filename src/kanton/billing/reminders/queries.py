"""Reads of reminders."""

from __future__ import annotations

from django.db.models import QuerySet

from kanton.billing.models import Invoice
from kanton.billing.reminders.models import Reminder
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.queries import require
from kanton.organizations.rights import ACCOUNTING


def reminders_of(actor: Actor, invoice: Invoice) -> QuerySet[Reminder]:
    """The reminders sent for an invoice, the first one first."""
    require(actor, ACCOUNTING, invoice)
    return Reminder.objects.filter(invoice=invoice).select_related("invoice").order_by("level")


def reminder_of(actor: Actor, invoice: Invoice, level: int) -> Reminder:
    """One reminder that was sent as a document, or NotFound."""
    return get_or_not_found(reminders_of(actor, invoice).filter(pay_until__isnull=False), level=level)
