"""The API of reminders."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.billing.api import INVOICING, READ, pdf_out
from kanton.billing.queries import invoice_of
from kanton.billing.reminders.document import document_of
from kanton.billing.reminders.queries import reminder_of, reminders_of
from kanton.billing.schemas import Day, FileOut
from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Router, Rows, Timestamp
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Invoices and payments")


class ReminderOut(TypedDict):
    """A payment reminder that was sent."""

    level: int
    sent_at: Timestamp
    pay_until: Annotated[
        Day | None, Field(description="The new date; null where it was a mail without a PDF.")
    ]


@router.get(
    INVOICING + "/invoice/{invoice}/reminder/list",
    scopes=READ,
    lists=Lists(order={"level": "level"}, default="level"),
)
@exposes(reminders_of)
def list_reminders(request: ApiRequest, account: int, invoice: int) -> Rows[ReminderOut]:
    """List the payment reminders that were sent for an invoice, the first one first."""
    found = invoice_of(request.actor, organization_by_id(request.actor, account), invoice)
    return Rows(
        reminders_of(request.actor, found),
        lambda each: {
            "level": each.level,
            "sent_at": clock.timestamp(each.sent_at) or 0,
            "pay_until": each.pay_until.isoformat() if each.pay_until else None,
        },
    )


@router.get(INVOICING + "/invoice/{invoice}/reminder/{level}/pdf", scopes=READ)
@exposes(reminder_of)
def read_reminder_pdf(request: ApiRequest, account: int, invoice: int, level: int) -> FileOut:
    """Get a payment reminder as PDF, in base64, as it was sent: with the QR-bill that pays the invoice."""
    found = invoice_of(request.actor, organization_by_id(request.actor, account), invoice)
    return pdf_out(document_of(reminder_of(request.actor, found, level)))
