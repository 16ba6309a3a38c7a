"""The staff's pages of the books: proofs, reports, closed periods, VAT rates, credit notes."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.web import AccountRequest, staff_page
from kanton.billing.actions.payments import method_label
from kanton.billing.books import queries, reports
from kanton.billing.books.actions import (
    add_tax_rate,
    close_period,
    credit_invoice,
    credit_refund_instead,
    refund_top_up,
    repeat_refund,
)
from kanton.billing.books.forms import CloseForm, CreditForm, RateForm, RefundForm, day_of
from kanton.billing.books.reports import JournalLine
from kanton.billing.books.tables import (
    AgeingTable,
    AnyInvoiceTable,
    BalanceTable,
    CheckTable,
    ClosingTable,
    DeferredTable,
    RateTable,
    RefundTable,
    RevenueTable,
    RunTable,
    TopUpTable,
    VatTable,
)
from kanton.billing.documents.assemble import document_of
from kanton.billing.documents.invoice_pdf import file_name
from kanton.billing.documents.invoice_pdf import render as render_pdf
from kanton.core import clock
from kanton.core.parity import shows
from kanton.ui import formats
from kanton.ui import forms as ui
from kanton.ui.hx import finished


@require_GET
@staff_page
@shows(queries.proof_runs)
def proof(request: AccountRequest) -> HttpResponse:
    """What last night's proof found, check by check."""
    runs = queries.proof_runs(request.actor)
    last = runs.first()
    table = CheckTable(request, queries.checks_of(last) if last else [])
    return table.response("books/proof.html", {"last": last, "runs": RunTable(request, runs)})


def _period(request: AccountRequest) -> tuple[dt.date, dt.date, dict[str, Any]]:
    """The days asked for: this year up to today, if none are."""
    today = clock.today()
    start = day_of(request.GET.get("from", ""), today.replace(month=1, day=1))
    end = day_of(request.GET.get("until", ""), today)
    return start, end, {"from": start.isoformat(), "until": end.isoformat(), "others": []}


@require_GET
@staff_page
@shows(reports.trial_balance)
def trial_balance(request: AccountRequest) -> HttpResponse:
    """All accounts at the end of a day."""
    day = day_of(request.GET.get("on", ""), clock.today())
    table = BalanceTable(request, reports.trial_balance(request.actor, day))
    return table.response("books/on_a_day.html", {"day": day.isoformat(), "report": "trial_balance"})


@require_GET
@staff_page
@shows(reports.deferred_revenue)
def deferred(request: AccountRequest) -> HttpResponse:
    """What was invoiced for later."""
    day = day_of(request.GET.get("on", ""), clock.today())
    table = DeferredTable(request, reports.deferred_revenue(request.actor, day))
    return table.response("books/on_a_day.html", {"day": day.isoformat(), "report": "deferred"})


@require_GET
@staff_page
@shows(reports.revenue)
def revenue(request: AccountRequest) -> HttpResponse:
    """Revenue by month and product."""
    start, end, dates = _period(request)
    table = RevenueTable(request, reports.revenue(request.actor, start, end))
    return table.response("books/report.html", {"dates": dates, "report": "revenue"})


@require_GET
@staff_page
@shows(reports.vat_report)
def vat(request: AccountRequest) -> HttpResponse:
    """VAT by rate."""
    start, end, dates = _period(request)
    table = VatTable(request, reports.vat_report(request.actor, start, end))
    return table.response("books/report.html", {"dates": dates, "report": "vat"})


@require_GET
@staff_page
@shows(reports.ageing)
def ageing(request: AccountRequest) -> HttpResponse:
    """Open invoices by age."""
    return AgeingTable(request, reports.ageing(request.actor)).response("books/ageing.html")


@require_GET
@staff_page
@shows(reports.journal)
def journal(request: AccountRequest) -> HttpResponse:
    """Every posting of a period, as a file for accountants; without days, the page that asks for them."""
    start, end, dates = _period(request)
    if not request.GET.get("format"):
        return render(request, "books/journal.html", {"dates": dates})
    response = StreamingHttpResponse(
        _written(reports.journal(request.actor, start, end)), content_type="text/csv; charset=utf-8"
    )
    name = f"journal-{start:%Y%m%d}-{end:%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast("HttpResponse", response)


class _Line:
    """What `csv.writer` writes to: gives the line back."""

    def write(self, text: str) -> str:
        return text


def _written(lines: Iterator[JournalLine]) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    yield writer.writerow(["date", "entry", "kind", "account", "customer", "debit", "credit", "currency"])
    for line in lines:
        yield writer.writerow(
            [
                line.booked_on.isoformat(), line.entry, line.kind, line.account, line.customer or "",
                f"{line.debit.amount:.2f}" if line.debit else "",
                f"{line.credit.amount:.2f}" if line.credit else "", line.amount.currency,
            ]
        )  # fmt: skip


@require_http_methods(["GET", "POST"])
@staff_page
@shows(queries.closings)
def closings(request: AccountRequest) -> HttpResponse:
    """Closed periods, and the form that closes one."""
    form = CloseForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        return ui.carry_out(
            request, form, close_period, None, page="books/close.html", partial="books/_close_form.html",
            then=lambda made: finished(
                request, _("The books are closed until %(day)s.") % {"day": formats.date(made.through)},
                to=reverse("books:closings"),
            ),
        )  # fmt: skip
    table = ClosingTable(request, queries.closings(request.actor))
    return table.response("books/closings.html", {"form": form})


@require_http_methods(["GET", "POST"])
@staff_page
@shows(queries.tax_table)
def tax_rates(request: AccountRequest) -> HttpResponse:
    """The VAT table with its validity dates, and the form that adds a rate."""
    form = RateForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        return ui.carry_out(
            request, form, add_tax_rate, None, page="books/add_rate.html", partial="books/_rate_form.html",
            then=lambda made: finished(request, _("The rate is in the table."), to=reverse("books:tax_rates")),
        )  # fmt: skip
    return RateTable(request, queries.tax_table(request.actor)).response(
        "books/tax_rates.html", {"form": form}
    )


@require_GET
@staff_page
@shows(queries.all_invoices)
def invoices(request: AccountRequest) -> HttpResponse:
    """All billing documents of all customers."""
    return AnyInvoiceTable(request, queries.all_invoices(request.actor)).response("books/invoices.html")


@require_GET
@staff_page
@shows(queries.any_invoice, queries.creditable)
def invoice(request: AccountRequest, number: int) -> HttpResponse:
    """One billing document: its lines, what was credited, and the way to credit it."""
    found = queries.any_invoice(request.actor, number)
    context = {
        "invoice": found,
        "may_credit": bool(queries.creditable(request.actor, found)),
        "payments": found.payments.order_by("started_at"),
    }
    return render(request, "books/invoice.html", context)


@require_GET
@staff_page
@shows(queries.any_invoice)
def invoice_pdf(request: AccountRequest, number: int) -> HttpResponse:
    """The document as its customer sees it."""
    document = document_of(queries.any_invoice(request.actor, number))
    response = HttpResponse(render_pdf(document), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{file_name(document)}"'
    return response


@require_http_methods(["GET", "POST"])
@staff_page
@shows(queries.creditable)
def credit(request: AccountRequest, number: int) -> HttpResponse:
    """Credit an invoice, whole or in part."""
    found = queries.any_invoice(request.actor, number)
    left = queries.creditable(request.actor, found)
    form = CreditForm(found, left, request.POST if request.method == "POST" else None)
    return ui.carry_out(
        request, form, credit_invoice, found,
        page="books/credit.html", partial="books/_credit_form.html", context={"invoice": found},
        then=lambda note: finished(
            request, _("Credit note %(number)s is issued.") % {"number": note.label},
            to=reverse("books:invoice", args=[note.pk]),
        ),
    )  # fmt: skip


@require_GET
@staff_page
@shows(queries.refunds)
def refunds(request: AccountRequest) -> HttpResponse:
    """Refunds through providers."""
    return RefundTable(request, queries.refunds(request.actor)).response("books/refunds.html")


@require_POST
@staff_page
def refund_instead(request: AccountRequest, number: int) -> HttpResponse:
    """Credit a refused refund to the prepaid account."""
    credit_refund_instead(request.actor, queries.refund(request.actor, number))
    return finished(request, _("The money is on the prepaid account."), to=reverse("books:refunds"))


@require_POST
@staff_page
def refund_again(request: AccountRequest, number: int) -> HttpResponse:
    """Have a refused refund tried again."""
    repeat_refund(request.actor, queries.refund(request.actor, number))
    return finished(request, _("The refund is tried again."), to=reverse("books:refunds"))


@require_GET
@staff_page
@shows(queries.top_ups)
def top_ups(request: AccountRequest) -> HttpResponse:
    """What was paid into prepaid accounts."""
    return TopUpTable(request, queries.top_ups(request.actor)).response("books/top_ups.html")


@require_http_methods(["GET", "POST"])
@staff_page
@shows(queries.any_top_up, queries.refundable)
def top_up_refund(request: AccountRequest, number: int) -> HttpResponse:
    """Refund a top-up, whole or the part that is not spent."""
    found = queries.any_top_up(request.actor, number)
    most = queries.refundable(request.actor, found)
    form = RefundForm(most, request.POST if request.method == "POST" else None)
    return ui.carry_out(
        request, form, refund_top_up, found,
        page="books/top_up_refund.html", partial="books/_top_up_refund_form.html",
        context={"payment": found, "method": method_label(found), "most": most},
        then=lambda begun: finished(
            request, _("%(amount)s go back to the customer.") % {"amount": formats.money(begun.amount)},
            to=reverse("books:top_ups"),
        ),
    )  # fmt: skip
