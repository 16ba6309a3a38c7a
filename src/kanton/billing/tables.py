"""The tables of accounting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kanton.billing.models import Invoice, InvoiceStatus, Order, OrderState, Posting
from kanton.ui.tables import ChoiceColumn, Column, DateColumn, Filter, MoneyColumn, RowAction, Table

INVOICE_KINDS = {
    InvoiceStatus.OPEN.value: "waiting",
    InvoiceStatus.PAID.value: "done",
    InvoiceStatus.CANCELLED.value: "",
    InvoiceStatus.REFUNDED.value: "note",
}
ORDER_KINDS = {
    OrderState.AWAITING_PAYMENT.value: "waiting",
    OrderState.BLOCKED.value: "failed",
    OrderState.PAID.value: "done",
    OrderState.BEING_SET_UP.value: "waiting",
    OrderState.ACTIVE.value: "done",
    OrderState.REFUNDED.value: "note",
}
MOVEMENTS = {
    "top_up": gettext_lazy("Credited"),
    "prepaid_payment": gettext_lazy("Paid from the prepaid account"),
    "withdrawal": pgettext_lazy("money", "Withdrawn"),
    "withdrawal_cancelled": gettext_lazy("Withdrawal cancelled"),
    "withdrawal_returned": gettext_lazy("Withdrawal came back"),
    "bank_returned": gettext_lazy("Withdrawal came back"),
    "refund_to_prepaid": gettext_lazy("Refunded"),
    "top_up_refund": gettext_lazy("Top-up refunded"),
}


def order_url(order: Order) -> str:
    """The page of an order."""
    return reverse("billing:order", args=[order.organization.slug, order.pk])


def invoice_url(invoice: Invoice) -> str:
    """The page of a billing document."""
    return reverse("billing:invoice", args=[invoice.organization.slug, invoice.pk])


def _lines(order: Order) -> str:
    lines = list(order.lines.all())
    return ", ".join(str(line) for line in lines[:3]) + (" …" if len(lines) > 3 else "")


class OrderTable(Table[Order]):
    """Orders, newest first. Four queries, whatever the size."""

    number = Column(gettext_lazy("Order"), link=order_url, below=_lines, sort="pk")
    state = ChoiceColumn(gettext_lazy("State"), choices=OrderState.choices, kinds=ORDER_KINDS)
    placed_at = DateColumn(gettext_lazy("Ordered"), sort="placed_at", wide=True)
    with_vat = MoneyColumn(gettext_lazy("Total with VAT"), value="invoice.total")
    filters = (Filter("state", gettext_lazy("State"), OrderState.choices),)
    default_sort = "-placed_at"
    file_name = "orders"

    def row_actions(self, row: Order) -> Sequence[RowAction]:
        """Pay what is open."""
        if row.state != OrderState.AWAITING_PAYMENT:
            return ()
        url = reverse("billing:pay", args=[row.organization.slug, row.invoice.pk])
        return (RowAction(_("Pay"), url, "credit-card"),)


class InvoiceTable(Table[Invoice]):
    """Billing documents, newest first, without any filter at the start (BIL-76)."""

    label = Column(gettext_lazy("Document"), link=invoice_url, sort="number")
    dated_on = DateColumn(gettext_lazy("Date"), sort="dated_on", relative=False)
    status = ChoiceColumn(gettext_lazy("Status"), choices=InvoiceStatus.choices, kinds=INVOICE_KINDS)
    net = MoneyColumn(gettext_lazy("Without VAT"), wide=True)
    with_vat = MoneyColumn(gettext_lazy("Total"), value="total")
    currency = Column(gettext_lazy("Currency"), wide=True)
    search = ("number", "lines__detail", "lines__title")
    filters = (Filter("status", gettext_lazy("Status"), InvoiceStatus.choices),)
    default_sort = "-dated_on"
    file_name = "invoices"

    def search_rows(self, rows: Any, query: str) -> Any:
        """By number and by what was bought."""
        return super().search_rows(rows, query).distinct()

    def row_actions(self, row: Invoice) -> Sequence[RowAction]:
        """Download, and pay what is open."""
        slug = row.organization.slug
        download = RowAction(
            _("Download the PDF"),
            reverse("billing:invoice_pdf", args=[slug, row.pk]) + "?download=1",
            "download",
        )
        if not row.is_open:
            return (download,)
        return (RowAction(_("Pay"), reverse("billing:pay", args=[slug, row.pk]), "credit-card"), download)


class MovementTable(Table[Posting]):
    """What moved on a prepaid account, newest first; money in is positive."""

    booked_at = DateColumn(gettext_lazy("When"), value="entry.booked_at")
    what = Column(
        gettext_lazy("What"), value=lambda row: MOVEMENTS.get(row.entry.kind, row.entry.kind), main=True
    )
    amount = MoneyColumn(gettext_lazy("Amount"), value=lambda row: -row.amount)
    default_sort = "-pk"
    file_name = "prepaid-account"
