"""The reminder as a document: the bill that is overdue, the new date, and the QR-bill part that pays it."""

from __future__ import annotations

from kanton.billing.documents.assemble import party_of
from kanton.billing.documents.model import DocumentKind, InvoiceDocument, Reminding
from kanton.billing.pricing import Totals
from kanton.billing.reminders.models import Reminder
from kanton.core import clock


def document_of(reminder: Reminder) -> InvoiceDocument:
    """It says what it said when it was sent, whatever became of the bill. It takes no number of any series."""
    invoice, zone = reminder.invoice, clock.operator_zone()
    made_on = invoice.made_at.astimezone(zone).date()  # `dated_on` moves with the payment
    assert invoice.due_on is not None  # only what is overdue is reminded
    return InvoiceDocument(
        kind=DocumentKind.REMINDER,
        language=invoice.language,
        seller=party_of(invoice.seller),
        customer=party_of(reminder.customer),
        customer_number=str(reminder.customer.get("number", "")),
        number=invoice.pro_forma_label,
        order_number=f"#{invoice.order_id}" if invoice.order_id else "",
        issued_on=reminder.sent_at.astimezone(zone).date(),
        lines=(),
        totals=Totals(reminder.total, (), reminder.total),
        open_amount=reminder.total,
        due_on=reminder.pay_until,
        account=invoice.account,
        reference=invoice.reference or "",
        reminding=Reminding(reminder.level, reminder.is_last, made_on, invoice.due_on),
    )
