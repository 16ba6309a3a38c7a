"""The tables of the books; each is a CSV file as well."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kanton.activity.tables import ProductColumn
from kanton.billing.actions.payments import method_label
from kanton.billing.books.models import Closing, ProofRun, Refund, RefundState
from kanton.billing.books.queries import CheckShown, RateShown
from kanton.billing.books.reasons import reason_in_words
from kanton.billing.books.reports import Aged, Balance, Deferred, Revenue, VatRow
from kanton.billing.models import Invoice, InvoiceKind, InvoiceStatus, Payment, PaymentState
from kanton.billing.tables import INVOICE_KINDS
from kanton.ui import formats
from kanton.ui.tables import (
    ChoiceColumn,
    Column,
    DateColumn,
    Empty,
    Filter,
    MoneyColumn,
    NumberColumn,
    RowAction,
    Table,
    YesNoColumn,
)

CHECKS = (("ok", gettext_lazy("Proved")), ("failed", gettext_lazy("Does not add up")))
BUCKETS = (
    ("not_due", gettext_lazy("Not due")),
    ("30", gettext_lazy("1 to 30 days")),
    ("60", gettext_lazy("31 to 60 days")),
    ("90", gettext_lazy("61 to 90 days")),
    ("more", gettext_lazy("More than 90 days")),
)
NOTHING = Empty(
    gettext_lazy("Nothing in this period"),
    gettext_lazy("Choose other days; what is booked then stands here."),
    icon="report-analytics",
)


class CheckTable(Table[CheckShown]):
    """The checks of the latest proof."""

    label = Column(gettext_lazy("What must be true"), main=True, below=lambda row: row.text[:300])
    state = ChoiceColumn(gettext_lazy("Result"), choices=CHECKS, kinds={"ok": "done", "failed": "failed"})
    text = Column(gettext_lazy("Problems"), wide=True)
    file_name = "proof"
    id_field = "code"


class RunTable(Table[ProofRun]):
    """All proofs of the last year."""

    started_at = DateColumn(gettext_lazy("When"), relative=False)
    problem_count = NumberColumn(gettext_lazy("Problems"))
    is_green = YesNoColumn(gettext_lazy("Proved"))
    default_sort = "-started_at"
    file_name = "proofs"
    prefix = "runs"


class BalanceTable(Table[Balance]):
    """The trial balance."""

    label = Column(gettext_lazy("Account"), main=True)
    currency = Column(gettext_lazy("Currency"), value="balance.currency")
    debit = MoneyColumn(gettext_lazy("Debit"))
    credit = MoneyColumn(pgettext_lazy("side of an account", "Credit"))
    file_name = "trial-balance"
    id_field = "label"
    empty = NOTHING
    per_page = 500


def _month(row: Revenue) -> SafeString:
    return escape(formats.month(row.month))


class RevenueTable(Table[Revenue]):
    """Revenue by month and product."""

    month = Column(gettext_lazy("Month"), value=lambda row: f"{row.month:%Y-%m}", html=_month)
    product = ProductColumn(gettext_lazy("Product"), main=True)
    revenue = MoneyColumn(gettext_lazy("Revenue without VAT"))
    currency = Column(gettext_lazy("Currency"), value="revenue.currency", wide=True)
    file_name = "revenue"
    id_field = "product"
    empty = NOTHING
    per_page = 500


class VatTable(Table[VatRow]):
    """VAT by rate."""

    code = Column(gettext_lazy("Code"), main=True)
    country = Column(gettext_lazy("Country"))
    rate = Column(gettext_lazy("Rate in percent"))
    treatment = Column(gettext_lazy("Treatment"), wide=True)
    base = MoneyColumn(gettext_lazy("Base"))
    amount = MoneyColumn(gettext_lazy("VAT"))
    currency = Column(gettext_lazy("Currency"), value="base.currency", wide=True)
    agrees = YesNoColumn(gettext_lazy("Agrees with the ledger"), wide=True)
    file_name = "vat"
    id_field = "code"
    empty = NOTHING
    per_page = 500


class AgeingTable(Table[Aged]):
    """Open invoices by age."""

    label = Column(
        gettext_lazy("Document"),
        value="invoice.label",
        link=lambda row: reverse("books:invoice", args=[row.invoice.pk]),
        below=lambda row: row.invoice.organization.name,
    )
    due_on = DateColumn(gettext_lazy("Due"), value="invoice.due_on", relative=False)
    days = NumberColumn(gettext_lazy("Days overdue"))
    bucket = ChoiceColumn(gettext_lazy("Age"), choices=BUCKETS, wide=True)
    with_vat = MoneyColumn(gettext_lazy("Total"), value="invoice.total")
    file_name = "ageing"
    id_field = "days"
    filters = (Filter("bucket", gettext_lazy("Age"), BUCKETS),)
    empty = Empty(
        gettext_lazy("No open invoices"),
        gettext_lazy("Everything that was invoiced is paid."),
        icon="circle-check",
    )


class DeferredTable(Table[Deferred]):
    """Deferred revenue by product."""

    product = ProductColumn(gettext_lazy("Product"), main=True)
    amount = MoneyColumn(gettext_lazy("Deferred revenue"))
    currency = Column(gettext_lazy("Currency"), value="amount.currency", wide=True)
    file_name = "deferred-revenue"
    id_field = "product"
    empty = NOTHING
    per_page = 500


class ClosingTable(Table[Closing]):
    """Closed periods."""

    through = DateColumn(gettext_lazy("Closed until"), relative=False, main=True)
    closed_at = DateColumn(gettext_lazy("Closed"), relative=False)
    person = Column(pgettext_lazy("who closed the books", "By"))
    default_sort = "-through"
    file_name = "closed-periods"
    empty = Empty(
        gettext_lazy("Nothing is closed yet"),
        gettext_lazy(
            "Close a month or a year when its accounts are final: nothing is dated into it any more."
        ),
        icon="lock",
    )


class RateTable(Table[RateShown]):
    """The VAT table."""

    country = Column(gettext_lazy("Country"), main=True)
    percentage = Column(gettext_lazy("Rate in percent"), value=lambda row: f"{row.rate.percentage:f}")
    since = DateColumn(gettext_lazy("Valid from"), value="rate.since", relative=False)
    until = DateColumn(gettext_lazy("Until before"), relative=False)
    search = ("country",)
    file_name = "vat-rates"
    id_field = "country"
    per_page = 500


class AnyInvoiceTable(Table[Invoice]):
    """Billing documents of all customers."""

    label = Column(
        gettext_lazy("Document"),
        link=lambda row: reverse("books:invoice", args=[row.pk]),
        sort="number",
        below=lambda row: row.organization.name,
    )
    dated_on = DateColumn(gettext_lazy("Date"), sort="dated_on", relative=False)
    status = ChoiceColumn(gettext_lazy("Status"), choices=InvoiceStatus.choices, kinds=INVOICE_KINDS)
    net = MoneyColumn(gettext_lazy("Without VAT"), wide=True)
    with_vat = MoneyColumn(gettext_lazy("Total"), value="total")
    currency = Column(gettext_lazy("Currency"), wide=True)
    search = ("number", "reference", "organization__name", "lines__detail")
    filters = (
        Filter("status", gettext_lazy("Status"), InvoiceStatus.choices),
        Filter("kind", gettext_lazy("Kind"), InvoiceKind.choices),
    )
    default_sort = "-dated_on"
    file_name = "invoices"
    empty = Empty(
        gettext_lazy("No billing documents yet"),
        gettext_lazy("They come with the first order."),
        icon="receipt",
    )

    def search_rows(self, rows: object, query: str) -> object:
        """By number, reference, customer and what was bought."""
        return super().search_rows(rows, query).distinct()


class RefundTable(Table[Refund]):
    """Refunds through providers."""

    note = Column(
        gettext_lazy("Refund of"),
        value=lambda row: row.credit_note.label if row.credit_note else _("Top-up"),
        link=lambda row: reverse("books:invoice", args=[row.credit_note_id]) if row.credit_note_id else "",
        below=lambda row: reason_in_words(row.reason),
        sort="credit_note__number",
    )
    customer = Column(
        gettext_lazy("Customer"), value="payment.organization.name", sort="payment__organization__name"
    )
    amount = MoneyColumn(gettext_lazy("Amount"), sort="minor")
    provider = Column(gettext_lazy("By"), value=lambda row: method_label(row.payment), wide=True)
    state = ChoiceColumn(
        gettext_lazy("State"),
        choices=RefundState.choices,
        kinds={"pending": "waiting", "done": "done", "failed": "failed", "instead": "note"},
    )
    made_at = DateColumn(gettext_lazy("Started"), wide=True)
    search = ("payment__organization__name", "credit_note__number", "payment__charge")
    filters = (Filter("state", gettext_lazy("State"), RefundState.choices),)
    default_sort = "-pk"
    file_name = "refunds"
    empty = Empty(
        gettext_lazy("No refunds yet"),
        gettext_lazy("Credit an invoice or refund a top-up to give money back."),
        icon="arrow-back-up",
    )

    def row_actions(self, row: Refund) -> Sequence[RowAction]:
        """What can be done by hand about one that was refused."""
        if row.state != RefundState.FAILED:
            return ()
        url = reverse("books:refund_instead", args=[row.pk])
        again = reverse("books:refund_again", args=[row.pk])
        repeat = RowAction(_("Try again"), again, "refresh", post=True)
        if not row.is_refused:  # it may have gone through
            return (repeat,)
        return (repeat, RowAction(_("Credit the prepaid account instead"), url, "wallet", post=True))


class TopUpTable(Table[Payment]):
    """What was paid into prepaid accounts, by all customers."""

    customer = Column(
        gettext_lazy("Customer"), value="organization.name", sort="organization__name", main=True
    )
    amount = MoneyColumn(gettext_lazy("Amount"), sort="minor")
    method = Column(gettext_lazy("By"), value=lambda row: method_label(row), sort="provider")
    state = ChoiceColumn(
        gettext_lazy("State"),
        choices=PaymentState.choices,
        kinds={"pending": "waiting", "succeeded": "done", "declined": "failed"},
    )
    started_at = DateColumn(gettext_lazy("Started"), wide=True)
    search = ("organization__name", "charge")
    filters = (Filter("state", gettext_lazy("State"), PaymentState.choices),)
    default_sort = "-started_at"
    file_name = "top-ups"
    empty = Empty(
        gettext_lazy("No top-ups yet"),
        gettext_lazy("When a customer credits the prepaid account, it stands here."),
        icon="wallet",
    )

    def row_actions(self, row: Payment) -> Sequence[RowAction]:
        """One whose money has come can be refunded."""
        if not row.charge:
            return ()
        return (RowAction(_("Refund it"), reverse("books:top_up_refund", args=[row.pk]), "arrow-back-up"),)
