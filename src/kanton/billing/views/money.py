"""Accounting: orders, paying, the prepaid account, invoices."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.billing import boxes, prepaid
from kanton.billing.actions import cancel_order, cancel_payment, choose_transfer, pay_invoice, take_in, top_up
from kanton.billing.actions.payments import method_label
from kanton.billing.checkout import checkout_url
from kanton.billing.documents.assemble import document_of, receipt_of
from kanton.billing.documents.invoice_pdf import file_name
from kanton.billing.documents.invoice_pdf import render as render_pdf
from kanton.billing.documents.model import InvoiceDocument
from kanton.billing.forms import TRANSFER, PayForm, TopUpForm
from kanton.billing.models import Invoice, OrderState, Payment, PaymentState, Purpose
from kanton.billing.payments.contract import Outcome, PaymentProvider, provider_called, providers_for
from kanton.billing.queries import (
    invoice_of,
    invoice_rows,
    invoices_between,
    lines_with_services,
    movements_of,
    order_of,
    order_rows,
    orders_of,
    payment_of,
    prepaid_page,
    running_payment,
)
from kanton.billing.tables import ORDER_KINDS, InvoiceTable, MovementTable, OrderTable
from kanton.core.action import dry_run
from kanton.core.actor import System
from kanton.core.errors import DomainError, NotFound
from kanton.core.parity import shows
from kanton.organizations.rights import ACCOUNTING, ORDER
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui import formats
from kanton.ui import forms as ui
from kanton.ui.hx import finished
from kanton.ui.pages import list_page
from kanton.ui.tables import Empty

# ── Orders


@list_page
@shows(orders_of)
def orders(request: ConsoleRequest) -> HttpResponse:
    """All orders of the organization."""
    may_order = request.actor.decide(ORDER, request.organization)
    table = OrderTable(request, order_rows(request.actor, request.organization))
    table.empty = Empty(
        _("No orders yet"),
        _("What you order in the shop stands here, with its payment and its set-up."),
        _("Open the shop"),
        reverse("billing:shop", args=[request.organization.slug]),
        icon="shopping-bag",
        decision=may_order,
    )
    return table.response("billing/orders.html", {"may_order": may_order})


@require_GET
@shows(order_of, lines_with_services)
def order(request: ConsoleRequest, number: int) -> HttpResponse:
    """One order: what was bought, where its set-up stands, and the way to pay or cancel it."""
    found = order_of(request.actor, request.organization, number)
    actor = request.actor
    context = {
        "order": found,
        "invoice": found.invoice,
        "kind": ORDER_KINDS.get(found.state, ""),
        "lines": lines_with_services(actor, found),
        "may_pay": actor.decide(ACCOUNTING, found),
        "may_cancel": actor.decide(ORDER, found),
        "waits_for_payment": found.state == OrderState.AWAITING_PAYMENT,
        "can_be_cancelled": found.may_become(OrderState.CANCELLED),
        "is_moving": found.state == OrderState.BEING_SET_UP,
    }
    template = "billing/_order.html" if request.GET.get("part") == "state" else "billing/order.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
def cancel(request: ConsoleRequest, number: int) -> HttpResponse:
    """Cancel an order that is not paid."""
    found = order_of(request.actor, request.organization, number)
    to = reverse("billing:order", args=[request.organization.slug, found.pk])
    return ui.carry_out(
        request,
        ui.Form(request.POST if request.method == "POST" else None),
        cancel_order,
        found,
        page="billing/cancel.html",
        partial="billing/_cancel_form.html",
        context={"order": found},
        then=lambda gone: finished(
            request, _("Order %(order)s is cancelled.") % {"order": gone.number}, to=to
        ),
    )


# ── Paying


@never_cache
@require_http_methods(["GET", "POST"])
@shows(invoice_of, running_payment)
def pay(request: ConsoleRequest, number: int) -> HttpResponse:
    """Choose how to pay an open invoice, and go and pay."""
    invoice = invoice_of(request.actor, request.organization, number)
    if not invoice.is_open:
        return redirect("billing:invoice", request.organization.slug, invoice.pk)
    standing = prepaid.standing(request.organization, invoice.currency)
    providers = providers_for(invoice.currency)
    form = PayForm(invoice.total, standing.available, providers, request.POST or None)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        if ui.wants_preview(request):
            return _preview_payment(request, invoice, values)
        with form.catching():
            return _go_and_pay(request, invoice, values)
    context = {
        "invoice": invoice,
        "form": form,
        "standing": standing,
        "running": running_payment(invoice),
        "providers": _described(providers),
        "boxes": boxes.where_paid.drawn(request, invoice),
    }
    return render(request, "billing/pay.html", context, status=422 if form.is_bound else 200)


def _described(providers: list[PaymentProvider]) -> list[tuple[Any, Any]]:
    return [(each.label, each.help_text) for each in providers if each.help_text]


def _preview_payment(request: ConsoleRequest, invoice: Invoice, values: dict[str, Any]) -> HttpResponse:
    try:
        if values["method"] == TRANSFER:
            return ui.preview(request, dry_run(choose_transfer, request.actor, invoice))
        return ui.preview(request, dry_run(pay_invoice, request.actor, invoice, **values))
    except DomainError as error:
        return ui.preview(request, error)


def _go_and_pay(request: ConsoleRequest, invoice: Invoice, values: dict[str, Any]) -> HttpResponse:
    slug = request.organization.slug
    if values["method"] == TRANSFER:
        choose_transfer(request.actor, invoice)
        said = _("The pro-forma invoice with the QR-bill is ready, and on its way by mail.")
        return finished(request, said, to=reverse("billing:invoice", args=[slug, invoice.pk]))
    payment = pay_invoice(request.actor, invoice, **values)
    if payment.is_pending:
        return _to_provider(request, payment)
    said = _("Thank you. %(amount)s were paid.") % {"amount": formats.money(payment.total)}
    return finished(request, said, to=_after(payment))


def _to_provider(request: HttpRequest, payment: Payment) -> HttpResponse:
    url = checkout_url(payment)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url, status=303)


def _after(payment: Payment) -> str:
    """Where somebody goes who has paid."""
    slug = payment.organization.slug
    if payment.invoice is None:
        return reverse("billing:prepaid", args=[slug])
    if payment.invoice.order_id is not None:
        return reverse("billing:order", args=[slug, payment.invoice.order_id])
    return reverse("billing:invoice", args=[slug, payment.invoice.pk])


@never_cache
@require_GET
@shows(payment_of)
def payment(request: ConsoleRequest, key: str) -> HttpResponse:
    """How a payment stands: where providers send the payer back to. It looks again until it is known."""
    found = payment_of(request.actor, request.organization, key)
    if found.is_pending and request.GET.get("part") != "state":
        found = _came_back(found)
    context = {
        "payment": found,
        "method": method_label(found),
        "has_receipt": found.purpose == Purpose.TOP_UP and found.state == PaymentState.SUCCEEDED,
        "after": _after(found),
        "again_url": reverse("billing:pay", args=[request.organization.slug, found.invoice_id])
        if found.invoice_id
        else reverse("billing:top_up", args=[request.organization.slug]),
        "checkout": checkout_url(found) if found.is_pending else "",
    }
    template = "billing/_payment.html" if request.GET.get("part") == "state" else "billing/payment.html"
    return render(request, template, context)


def _came_back(payment: Payment) -> Payment:
    """The payer is back: a wallet that waits for that charges now. Its answer counts once, however often they come."""
    answer = provider_called(payment.provider).came_back(payment.key)
    if answer.outcome is Outcome.PENDING:
        return payment
    take_in(System(payment.provider), payment.provider, answer)
    return payment_of(System(payment.provider), payment.organization, payment.key)


@require_POST
def give_up(request: ConsoleRequest, key: str) -> HttpResponse:
    """Give up a payment in progress, to pay in another way."""
    found = payment_of(request.actor, request.organization, key)
    slug = request.organization.slug
    to = (
        reverse("billing:pay", args=[slug, found.invoice_id])
        if found.invoice_id
        else reverse("billing:prepaid", args=[slug])
    )
    try:
        cancel_payment(request.actor, found)
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, _("The payment was given up. Nothing was taken."), to=to)


# ── The prepaid account


@require_GET
@shows(prepaid_page, movements_of)
def prepaid_account(request: ConsoleRequest) -> HttpResponse:
    """The reserve of money: what is on it, what is set aside, what moved (BIL-50)."""
    pages = prepaid_page(request.actor, request.organization)
    shown = request.GET.get("currency", "")
    currency = shown if shown in {page.currency for page in pages} else pages[0].currency
    table = MovementTable(request, movements_of(request.actor, request.organization, currency))
    table.empty = Empty(
        _("Nothing has moved yet"),
        _("Credit the account once, and pay orders and renewals from it with one click."),
        _("Credit the account"),
        reverse("billing:top_up", args=[request.organization.slug]),
        icon="wallet",
    )
    return table.response("billing/prepaid.html", {"pages": pages, "shown": currency})


@never_cache
@require_http_methods(["GET", "POST"])
@needs(ACCOUNTING)
def credit(request: ConsoleRequest) -> HttpResponse:
    """Credit the prepaid account (BIL-51)."""
    currency = request.organization.currency
    return ui.carry_out(
        request,
        TopUpForm(currency, providers_for(currency), request.POST or None),
        top_up,
        request.organization,
        page="billing/top_up.html",
        partial="billing/_top_up_form.html",
        context={"providers": _described(providers_for(currency))},
        then=lambda begun: _to_provider(request, begun),
    )


# ── Invoices


@list_page
@shows(invoices_between)
def invoices(request: ConsoleRequest) -> HttpResponse:
    """All billing documents: newest first, by status and period, as CSV (BIL-76, BIL-77)."""
    start, end = _day(request.GET.get("from", "")), _day(request.GET.get("until", ""))
    table = InvoiceTable(
        request,
        invoices_between(request.actor, request.organization, start=start, end=end)
        if start or end
        else invoice_rows(request.actor, request.organization),
    )
    if not (start or end):
        table.empty = Empty(
            _("No billing documents yet"),
            _("Pro-forma invoices and invoices of your orders stand here."),
            _("Open the shop"),
            reverse("billing:shop", args=[request.organization.slug]),
            icon="receipt",
        )
    else:
        table.empty = Empty(
            _("No documents in this period"),
            _("Choose other days, or show all documents."),
            _("Show all"),
            request.path,
            icon="receipt",
        )
    dates = {
        "from": start.isoformat() if start else "",
        "until": end.isoformat() if end else "",
        "others": [
            (name, value)
            for name, values in request.GET.lists()
            for value in values
            if name not in ("from", "until", "after", "before", "format")
        ],
    }
    return table.response("billing/invoices.html", {"dates": dates})


def _day(written: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        return None


@require_GET
@shows(invoice_of)
def invoice(request: ConsoleRequest, number: int) -> HttpResponse:
    """One document, shown as PDF with the button that downloads it (BIL-78)."""
    found = invoice_of(request.actor, request.organization, number)
    context = {
        "invoice": found,
        "payments": found.payments.order_by("started_at"),
        "boxes": boxes.on_its_page.drawn(request, found),
    }
    return render(request, "billing/invoice.html", context)


@require_GET
@shows(invoice_of)
def invoice_pdf(request: ConsoleRequest, number: int) -> HttpResponse:
    """The PDF: final once paid, pro forma before (BIL-75)."""
    found = invoice_of(request.actor, request.organization, number)
    return as_pdf(request, document_of(found))


@require_GET
@shows(payment_of)
def receipt(request: ConsoleRequest, key: str) -> HttpResponse:
    """The receipt for a top-up that arrived, as PDF."""
    found = payment_of(request.actor, request.organization, key)
    if found.purpose != Purpose.TOP_UP or found.state != PaymentState.SUCCEEDED:
        raise NotFound(model="receipt")
    return as_pdf(request, receipt_of(found))


def as_pdf(request: HttpRequest, document: InvoiceDocument) -> HttpResponse:
    """A document to look at, or to keep where the address says `download`."""
    response = HttpResponse(render_pdf(document), content_type="application/pdf")
    how = "attachment" if request.GET.get("download") else "inline"
    response.headers["Content-Disposition"] = f'{how}; filename="{file_name(document)}"'
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response
