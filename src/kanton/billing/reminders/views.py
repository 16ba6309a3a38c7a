"""The page behind a reminder: why it may have come although all is well, and paying with what is there (BIL-68)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kanton.billing import boxes, prepaid
from kanton.billing.actions import pay_invoice
from kanton.billing.models import Invoice
from kanton.billing.queries import invoice_of
from kanton.billing.references import printed
from kanton.billing.reminders.document import document_of
from kanton.billing.reminders.queries import reminder_of, reminders_of
from kanton.billing.views.money import as_pdf
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest
from kanton.ui import formats
from kanton.ui.hx import finished


@require_GET
@shows(reminders_of)
def reminder(request: ConsoleRequest, number: int) -> HttpResponse:
    """The five causes, in their order, with the balance and a button that pays with it."""
    invoice = invoice_of(request.actor, request.organization, number)
    standing = prepaid.standing(request.organization, invoice.currency)
    context = {
        "invoice": invoice,
        "reminders": reminders_of(request.actor, invoice),
        "available": standing.available,
        "covers": invoice.is_open and standing.available >= invoice.total,
        "reference": printed(invoice.reference) if invoice.reference else "",
    }
    return render(request, "reminders/reminder.html", context)


@require_GET
@shows(reminder_of)
def reminder_pdf(request: ConsoleRequest, number: int, level: int) -> HttpResponse:
    """The reminder of this level as PDF, as it was sent."""
    invoice = invoice_of(request.actor, request.organization, number)
    return as_pdf(request, document_of(reminder_of(request.actor, invoice, level)))


def invoice_box(request: HttpRequest, invoice: Invoice) -> boxes.Drawn:
    """The reminders sent, on the page of the invoice that they are about."""
    found = list(reminders_of(request.actor, invoice))  # type: ignore[attr-defined]
    return ("reminders/_invoice_box.html", {"invoice": invoice, "reminders": found}) if found else None


@require_POST
def pay_with_it(request: ConsoleRequest, number: int) -> HttpResponse:
    """Pay the whole invoice from the prepaid account."""
    invoice = invoice_of(request.actor, request.organization, number)
    slug = request.organization.slug
    try:
        pay_invoice(request.actor, invoice, prepaid_part=invoice.total)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        to = reverse("reminders:reminder", args=[slug, invoice.pk])
        return finished(request, error.sentence, to=to, kind="failed")
    said = _("Thank you. %(amount)s were paid.") % {"amount": formats.money(invoice.total)}
    return finished(request, said, to=reverse("billing:invoice", args=[slug, invoice.pk]))
