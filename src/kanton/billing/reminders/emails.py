"""The reminder itself."""

from __future__ import annotations

from kanton.billing import prepaid
from kanton.billing.documents.invoice_pdf import file_name, render
from kanton.billing.emails import link_to, readers_of, send_to
from kanton.billing.references import printed
from kanton.billing.reminders.document import document_of
from kanton.billing.reminders.models import Reminder
from kanton.core.outbox import Attachment
from kanton.ui import formats


def reminder(sent: Reminder) -> None:
    """An invoice is overdue: how much, since when, how to pay, and when to ignore this (BIL-65…67), with its PDF."""
    invoice, document = sent.invoice, document_of(sent)
    organization = invoice.organization
    free = prepaid.standing(organization, invoice.currency).available
    send_to(
        readers_of(organization),
        "reminders/reminder",
        lambda: {
            "number": invoice.label,
            "organization": organization.name,
            "level": sent.level,
            "is_last": sent.is_last,
            "total": formats.money(sent.total),
            "due": formats.date(invoice.due_on),
            "until": formats.date(sent.pay_until),
            "reference": printed(invoice.reference) if invoice.reference else "",
            "account": invoice.account,
            "prepaid": formats.money(free) if free.minor > 0 else "",
            "link": link_to(organization, f"invoices/{invoice.pk}/reminder"),
        },
        unique_key=f"reminder:{invoice.pk}:{sent.level}",
        attachments=[Attachment(file_name(document), render(document), "application/pdf")],
    )
