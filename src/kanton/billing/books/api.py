"""The books over the API, for the provider's staff."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.web import require_staff
from kanton.billing.api import invoice_out
from kanton.billing.books import queries, reports
from kanton.billing.books.actions import (
    add_tax_rate,
    close_period,
    credit_invoice,
    credit_refund_instead,
    refund_top_up,
    repeat_refund,
)
from kanton.billing.books.errors import (
    AlreadyClosed,
    BooksAreOff,
    NotFailed,
    NothingToCredit,
    NothingToRefund,
    NotKnown,
    NoWayBack,
    PeriodNotOver,
    RateKnown,
    RateTooEarly,
    TooMuchToCredit,
    TooMuchToRefund,
)
from kanton.billing.books.models import Closing, ProofRun, Refund, TaxRate
from kanton.billing.models import Payment
from kanton.billing.schemas import Day, InvoiceOut, MoneyIn, PaymentStates
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Lists, MoneyOut, Query, Router, Rows, Timestamp, money_out
from kanton.core.parity import exposes

router = Router("Books")
STAFF = ("staff",)
BOOKS, INVOICES = "/2/staff/books", "/2/staff/invoices"


class CheckOut(TypedDict):
    """One check of a proof."""

    code: str
    description: str
    problems: list[str]


class ProofOut(TypedDict):
    """What one run of the proof found."""

    id: int
    started_at: Timestamp
    is_green: bool
    checks: list[CheckOut]


def _proof_out(run: ProofRun) -> ProofOut:
    return {
        "id": run.pk,
        "started_at": clock.timestamp(run.started_at) or 0,
        "is_green": run.is_green,
        "checks": [
            {"code": each.code, "description": str(each.label), "problems": each.problems}
            for each in queries.checks_of(run)
        ],
    }


@router.get(
    BOOKS + "/proofs", scopes=STAFF, lists=Lists(order={"id": "pk"}, default="-id", always_paged=True)
)
@exposes(queries.proof_runs)
def list_proofs(request: ApiRequest) -> Rows[ProofOut]:
    """List what the nightly proofs found, newest first."""
    return Rows(queries.proof_runs(request.actor), _proof_out)


class DayQuery(Query):
    """At the end of which day; today without it."""

    on: dt.date | None = None


class PeriodQuery(Query):
    """Which days, both included; this year up to today without them."""

    start: dt.date | None = None
    end: dt.date | None = None

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The first and the last day."""
        today = clock.today()
        return self.start or today.replace(month=1, day=1), self.end or today


class BalanceOut(TypedDict):
    """One account at the end of a day: debit positive, credit negative."""

    account: str
    detail: str
    balance: MoneyOut


@router.get(BOOKS + "/trial-balance", scopes=STAFF)
@exposes(reports.trial_balance)
def read_trial_balance(request: ApiRequest, query: DayQuery) -> list[BalanceOut]:
    """Read all accounts at the end of a day; in each currency they come to nothing."""
    return [
        {"account": row.kind, "detail": row.detail, "balance": money_out(row.balance)}
        for row in reports.trial_balance(request.actor, query.on or clock.today())
    ]


class JournalOut(TypedDict):
    """One posting: debit positive, credit negative."""

    booked_on: Day
    entry: str
    kind: str
    account: str
    account_id: int | None
    amount: MoneyOut


@router.get(BOOKS + "/journal", scopes=STAFF)
@exposes(reports.journal)
def read_journal(request: ApiRequest, query: PeriodQuery) -> list[JournalOut]:
    """Read every posting of some days in the order of booking; at most a year at once is wise."""
    return [
        {
            "booked_on": line.booked_on.isoformat(),
            "entry": line.entry,
            "kind": line.kind,
            "account": line.account,
            "account_id": line.customer,
            "amount": money_out(line.amount),
        }
        for line in reports.journal(request.actor, *query.days)
    ]


class RevenueOut(TypedDict):
    """Revenue of a product in a month, without VAT."""

    month: str
    product: str
    revenue: MoneyOut


@router.get(BOOKS + "/revenue", scopes=STAFF)
@exposes(reports.revenue)
def read_revenue(request: ApiRequest, query: PeriodQuery) -> list[RevenueOut]:
    """Read revenue by month and product, credit notes taken off."""
    return [
        {"month": f"{row.month:%Y-%m}", "product": row.product, "revenue": money_out(row.revenue)}
        for row in reports.revenue(request.actor, *query.days)
    ]


class VatReportOut(TypedDict):
    """The VAT of one rate; `agrees` is false when documents and ledger differ."""

    code: str
    country: str
    rate: str
    treatment: str
    base: MoneyOut
    amount: MoneyOut
    agrees: bool


@router.get(BOOKS + "/vat", scopes=STAFF)
@exposes(reports.vat_report)
def read_vat(request: ApiRequest, query: PeriodQuery) -> list[VatReportOut]:
    """Read the VAT of the documents of some days, by rate."""
    return [
        {
            "code": row.code,
            "country": row.country,
            "rate": row.rate,
            "treatment": row.treatment,
            "base": money_out(row.base),
            "amount": money_out(row.amount),
            "agrees": row.agrees,
        }
        for row in reports.vat_report(request.actor, *query.days)
    ]


class AgedOut(TypedDict):
    """An open invoice and its age."""

    invoice_id: int
    account_id: int
    label: str
    due_on: Day | None
    days_overdue: int
    bucket: Literal["not_due", "30", "60", "90", "more"]
    total: MoneyOut


@router.get(BOOKS + "/ageing", scopes=STAFF)
@exposes(reports.ageing)
def read_ageing(request: ApiRequest) -> list[AgedOut]:
    """Read the open invoices, the longest overdue first."""
    return [
        {
            "invoice_id": row.invoice.pk,
            "account_id": row.invoice.organization_id,
            "label": row.invoice.label,
            "due_on": row.invoice.due_on.isoformat() if row.invoice.due_on else None,
            "days_overdue": row.days,
            "bucket": cast("Any", row.bucket),
            "total": money_out(row.invoice.total),
        }
        for row in reports.ageing(request.actor)
    ]


class DeferredOut(TypedDict):
    """What was invoiced for later, by product."""

    product: str
    amount: MoneyOut


@router.get(BOOKS + "/deferred-revenue", scopes=STAFF)
@exposes(reports.deferred_revenue)
def read_deferred(request: ApiRequest, query: DayQuery) -> list[DeferredOut]:
    """Read the revenue that belongs to the time after a day."""
    return [
        {"product": row.product, "amount": money_out(row.amount)}
        for row in reports.deferred_revenue(request.actor, query.on or clock.today())
    ]


class ClosingOut(TypedDict):
    """A closed period."""

    id: int
    through: Day
    closed_at: Timestamp


def _closing_out(closing: Closing) -> ClosingOut:
    return {
        "id": closing.pk,
        "through": closing.through.isoformat(),
        "closed_at": clock.timestamp(closing.closed_at) or 0,
    }


class CloseIn(Body):
    """Up to which day, that day included."""

    through: dt.date


@router.get(
    BOOKS + "/closings", scopes=STAFF, lists=Lists(order={"id": "pk"}, default="-id", always_paged=True)
)
@exposes(queries.closings)
def list_closings(request: ApiRequest) -> Rows[ClosingOut]:
    """List the closed periods, newest first."""
    return Rows(queries.closings(request.actor), _closing_out)


@router.post(
    BOOKS + "/closings",
    scopes=STAFF,
    status=201,
    errors=(PeriodNotOver, AlreadyClosed, BooksAreOff),
    example={"through": "2026-10-31"},
)
@exposes(close_period)
def create_closing(request: ApiRequest, data: CloseIn) -> ClosingOut:
    """Close the books up to a day. This cannot be undone."""
    require_staff(request.actor)
    return _closing_out(close_period(request.actor, None, through=data.through))


class RateOut(TypedDict):
    """A VAT rate with its validity."""

    country: str
    percentage: str
    since: Day
    until_before: Day | None


class RateIn(Body):
    """A new VAT rate."""

    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]
    percentage: Annotated[Decimal, Field(ge=0, lt=100, max_digits=5, decimal_places=2)]
    since: dt.date


@router.get(BOOKS + "/tax-rates", scopes=STAFF)
@exposes(queries.tax_table)
def read_tax_table(request: ApiRequest) -> list[RateOut]:
    """Read all VAT rates with the days from which they are valid."""
    return [
        {
            "country": row.country,
            "percentage": f"{row.rate.percentage:f}",
            "since": row.rate.since.isoformat(),
            "until_before": row.until.isoformat() if row.until else None,
        }
        for row in queries.tax_table(request.actor)
    ]


@router.post(
    BOOKS + "/tax-rates",
    scopes=STAFF,
    status=201,
    errors=(RateTooEarly, RateKnown),
    example={"country": "CH", "percentage": "8.50", "since": "2028-01-01"},
)
@exposes(add_tax_rate)
def create_tax_rate(request: ApiRequest, data: RateIn) -> RateOut:
    """Add a VAT rate of a country from a day on."""
    require_staff(request.actor)
    made: TaxRate = add_tax_rate(
        request.actor, None, country=data.country, since=data.since, percentage=data.percentage
    )
    return {
        "country": made.country,
        "percentage": f"{made.percentage:f}",
        "since": made.since.isoformat(),
        "until_before": None,
    }


# --- documents and refunds --------------------------------------------------------------------------------------


@router.get(
    INVOICES,
    scopes=STAFF,
    lists=Lists(
        order={"id": "pk", "dated_on": "dated_on"},
        default="-id",
        search=("number", "reference"),
        always_paged=True,
    ),
)
@exposes(queries.all_invoices)
def list_all_invoices(request: ApiRequest) -> Rows[InvoiceOut]:
    """List the billing documents of all customers, newest first."""
    return Rows(queries.all_invoices(request.actor), invoice_out)


class LeftOut(TypedDict):
    """What can still be credited of a line."""

    position: int
    amount: MoneyOut


class StaffInvoiceOut(InvoiceOut):
    """A billing document with what can still be credited of its lines, without VAT."""

    creditable: list[LeftOut]


@router.get(INVOICES + "/{number}", scopes=STAFF)
@exposes(queries.any_invoice, queries.creditable)
def read_any_invoice(request: ApiRequest, number: int) -> StaffInvoiceOut:
    """Read a billing document of any customer."""
    found = queries.any_invoice(request.actor, number)
    left = queries.creditable(request.actor, found)
    return {
        **invoice_out(found),
        "creditable": [{"position": key, "amount": money_out(amount)} for key, amount in left.items()],
    }


class CreditLineIn(Body):
    """How much of a line, without VAT."""

    position: Annotated[int, Field(ge=1, le=32767)]
    amount: MoneyIn


class CreditIn(Body):
    """What to credit; without lines, all that is left."""

    lines: Annotated[list[CreditLineIn], Field(max_length=500)] = []
    to_prepaid: bool = False


@router.post(
    INVOICES + "/{number}/credit-note",
    scopes=STAFF,
    status=201,
    errors=(NothingToCredit, TooMuchToCredit),
    example={"lines": [{"position": 1, "amount": {"amount": "10.00", "currency": "CHF"}}]},
)
@exposes(credit_invoice)
def create_credit_note(request: ApiRequest, number: int, data: CreditIn) -> InvoiceOut:
    """Credit a paid invoice, whole or in part; the money goes back by the method by which it came."""
    found = queries.any_invoice(request.actor, number)
    amounts = {line.position: line.amount.money for line in data.lines} or None
    return invoice_out(credit_invoice(request.actor, found, amounts=amounts, to_prepaid=data.to_prepaid))


class RefundOut(TypedDict):
    """A refund through a payment provider: of a credit note, or of a top-up when it names none."""

    id: int
    credit_note_id: int | None
    payment_id: int
    account_id: int
    amount: MoneyOut
    method: str
    state: Literal["pending", "done", "failed", "instead"]
    reason: str | None
    made_at: Timestamp


def _refund_out(refund: Refund) -> RefundOut:
    return {
        "id": refund.pk,
        "credit_note_id": refund.credit_note_id,
        "payment_id": refund.payment_id,
        "account_id": refund.payment.organization_id,
        "amount": money_out(refund.amount),
        "method": refund.payment.provider,
        "state": cast("Any", refund.state),
        "reason": refund.reason or None,
        "made_at": clock.timestamp(refund.made_at) or 0,
    }


@router.get(
    BOOKS + "/refunds", scopes=STAFF, lists=Lists(order={"id": "pk"}, default="-id", always_paged=True)
)
@exposes(queries.refunds)
def list_refunds(request: ApiRequest) -> Rows[RefundOut]:
    """List the refunds through payment providers, newest first."""
    return Rows(queries.refunds(request.actor), _refund_out)


@router.post(BOOKS + "/refunds/{number}/instead", scopes=STAFF, errors=(NotFailed, NotKnown))
@exposes(credit_refund_instead)
def create_instead(request: ApiRequest, number: int) -> RefundOut:
    """Credit a refused refund to the prepaid account instead."""
    return _refund_out(credit_refund_instead(request.actor, queries.refund(request.actor, number)))


@router.post(BOOKS + "/refunds/{number}/again", scopes=STAFF, errors=(NotFailed,))
@exposes(repeat_refund)
def create_repetition(request: ApiRequest, number: int) -> RefundOut:
    """Have the provider try a refused refund again; it happens once at most."""
    return _refund_out(repeat_refund(request.actor, queries.refund(request.actor, number)))


class TopUpOut(TypedDict):
    """What was paid into a prepaid account."""

    id: int
    account_id: int
    amount: MoneyOut
    method: str
    state: PaymentStates
    started_at: Timestamp


class RefundableTopUpOut(TopUpOut):
    """A top-up with how much of it can be refunded now."""

    refundable: MoneyOut


def _top_up_out(payment: Payment) -> TopUpOut:
    return {
        "id": payment.pk,
        "account_id": payment.organization_id,
        "amount": money_out(payment.amount),
        "method": payment.provider,
        "state": cast("Any", payment.state),
        "started_at": clock.timestamp(payment.started_at) or 0,
    }


@router.get(
    BOOKS + "/top-ups", scopes=STAFF, lists=Lists(order={"id": "pk"}, default="-id", always_paged=True)
)
@exposes(queries.top_ups)
def list_top_ups(request: ApiRequest) -> Rows[TopUpOut]:
    """List what all customers paid into their prepaid accounts, newest first."""
    return Rows(queries.top_ups(request.actor), _top_up_out)


@router.get(BOOKS + "/top-ups/{number}", scopes=STAFF)
@exposes(queries.any_top_up, queries.refundable)
def read_top_up(request: ApiRequest, number: int) -> RefundableTopUpOut:
    """Read a top-up and how much of it can be refunded: what is left of it and free on the prepaid account."""
    found = queries.any_top_up(request.actor, number)
    return {**_top_up_out(found), "refundable": money_out(queries.refundable(request.actor, found))}


class TopUpRefundIn(Body):
    """How much to refund; without an amount, all that can be."""

    amount: MoneyIn | None = None


@router.post(
    BOOKS + "/top-ups/{number}/refund",
    scopes=STAFF,
    status=201,
    errors=(NothingToRefund, TooMuchToRefund, NoWayBack),
    example={"amount": {"amount": "10.00", "currency": "CHF"}},
)
@exposes(refund_top_up)
def create_top_up_refund(request: ApiRequest, number: int, data: TopUpRefundIn) -> RefundableTopUpOut:
    """Send a top-up, or a part of it that is not spent, back by the method by which it was paid."""
    found = queries.any_top_up(request.actor, number)
    refund_top_up(request.actor, found, amount=data.amount.money if data.amount else None)
    return {**_top_up_out(found), "refundable": money_out(queries.refundable(request.actor, found))}
