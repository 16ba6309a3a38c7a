"""What the books say: trial balance, journal, revenue, VAT, ageing, deferred revenue. Reads only.

Days are days in the operator's time zone, both ends included (BIL-82). Revenue is positive here, though the ledger
keeps it as a credit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import F, Sum
from django.db.models.functions import TruncMonth

from kanton.accounts.web import require_staff
from kanton.billing.models import AccountKind, Invoice, InvoiceLine, InvoiceStatus, Posting
from kanton.billing.proration import unused_share
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.money import CURRENCIES, Money


@dataclass(frozen=True, slots=True)
class Balance:
    """One account (all organizations together) at the end of a day: debit positive."""

    kind: str
    detail: str
    balance: Money

    @property
    def debit(self) -> Money | None:
        """The balance, if it is one of debit."""
        return self.balance if self.balance.minor > 0 else None

    @property
    def credit(self) -> Money | None:
        """The balance, if it is one of credit."""
        return -self.balance if self.balance.minor < 0 else None

    @property
    def label(self) -> str:
        """Kind and detail in words."""
        return f"{AccountKind(self.kind).label}{f' · {self.detail}' if self.detail else ''}"


def balances_on(currency: str, day: dt.date) -> list[Balance]:
    """Every account's balance in one currency at the end of a day. One query."""
    rows = (
        Posting.objects.filter(account__currency=currency, entry__booked_on__lte=day)
        .values_list("account__kind", "account__detail")
        .annotate(total=Sum("minor"))
        .order_by("account__kind", "account__detail")
    )
    return [Balance(kind, detail, Money(total, currency)) for kind, detail, total in rows if total]


def trial_balance(actor: Actor, day: dt.date) -> list[Balance]:
    """The balances of all accounts at the end of a day, in each currency."""
    require_staff(actor)
    return [row for currency in CURRENCIES for row in balances_on(currency, day)]


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of an entry, as accountants import it."""

    booked_on: dt.date
    entry: str
    kind: str
    account: str
    customer: int | None
    amount: Money

    @property
    def debit(self) -> Money | None:
        """The amount, if it is one of debit."""
        return self.amount if self.amount.minor > 0 else None

    @property
    def credit(self) -> Money | None:
        """The amount, if it is one of credit."""
        return -self.amount if self.amount.minor < 0 else None


def journal(actor: Actor, start: dt.date, end: dt.date) -> Iterator[JournalLine]:
    """Every posting of these days, in the order of booking. Streams, whatever the size."""
    require_staff(actor)
    rows = (
        Posting.objects.filter(entry__booked_on__gte=start, entry__booked_on__lte=end)
        .order_by("entry__booked_on", "entry__booked_at", "entry_id", "pk")
        .values_list(
            "entry__booked_on", "entry__key", "entry__kind", "account__kind", "account__detail",
            "account__organization_id", "minor", "account__currency",
        )
    )  # fmt: skip
    for day, key, kind, account, detail, customer, minor, currency in rows.iterator(chunk_size=2000):
        name = f"{account}:{detail}" if detail else account
        yield JournalLine(day, key, kind, name, customer, Money(minor, currency))


@dataclass(frozen=True, slots=True)
class Revenue:
    """What one product brought in in one month, without VAT."""

    month: dt.date
    product: str
    revenue: Money


def revenue(actor: Actor, start: dt.date, end: dt.date) -> list[Revenue]:
    """Revenue by month and product, credit notes taken off. One query."""
    require_staff(actor)
    rows = (
        Posting.objects.filter(
            account__kind=AccountKind.REVENUE, entry__booked_on__gte=start, entry__booked_on__lte=end
        )
        .annotate(month=TruncMonth("entry__booked_on"))
        .values_list("month", "account__detail", "account__currency")
        .annotate(total=Sum("minor"))
        .order_by("month", "account__detail", "account__currency")
    )
    return [Revenue(month, product, Money(-total, currency)) for month, product, currency, total in rows]


@dataclass(frozen=True, slots=True)
class VatRow:
    """The VAT of one rate over a period: what was sold at it, and the VAT on that."""

    code: str
    country: str
    rate: str
    treatment: str
    base: Money
    amount: Money
    booked: Money

    @property
    def agrees(self) -> bool:
        """Whether the documents and the ledger say the same."""
        return self.amount == self.booked


def vat_report(actor: Actor, start: dt.date, end: dt.date) -> list[VatRow]:
    """VAT by rate from the documents of these days, beside what the ledger has of it."""
    require_staff(actor)
    sums: dict[tuple[str, str], list[int]] = {}
    about: dict[tuple[str, str], tuple[str, str, str]] = {}
    issued = Invoice.objects.filter(number__isnull=False).in_period(start, end)
    for invoice in issued.only("currency", "vat").iterator(chunk_size=2000):
        for tax, base, amount in invoice.taxes:
            key = (tax.code, invoice.currency)
            about[key] = (tax.country, f"{tax.rate:f}", tax.treatment.value)
            both = sums.setdefault(key, [0, 0])
            both[0] += base.minor
            both[1] += amount.minor
    booked = {
        (code, currency): -total
        for code, currency, total in Posting.objects.filter(
            account__kind=AccountKind.VAT, entry__booked_on__gte=start, entry__booked_on__lte=end
        )
        .values_list("account__detail", "account__currency")
        .annotate(total=Sum("minor"))
        .order_by()
    }
    return [
        VatRow(code, *about[code, currency], Money(sums[code, currency][0], currency),
               Money(sums[code, currency][1], currency), Money(booked.get((code, currency), 0), currency))
        for code, currency in sorted(sums)
    ]  # fmt: skip


BUCKETS = ((0, "not_due"), (30, "30"), (60, "60"), (90, "90"))


@dataclass(frozen=True, slots=True)
class Aged:
    """An open invoice and how long it is overdue."""

    invoice: Invoice
    days: int

    @property
    def bucket(self) -> str:
        """not_due, up to 30, 60 or 90 days, or more."""
        return next((name for most, name in BUCKETS if self.days <= most), "more")


def ageing(actor: Actor) -> list[Aged]:
    """Open invoices, the longest overdue first."""
    require_staff(actor)
    today = clock.today()
    found = (
        Invoice.objects.filter(status=InvoiceStatus.OPEN, kind="invoice")
        .select_related("organization")
        .order_by(F("due_on").asc(nulls_last=True), "pk")
    )
    return [Aged(each, max((today - each.due_on).days, 0) if each.due_on else 0) for each in found]


@dataclass(frozen=True, slots=True)
class Deferred:
    """What was invoiced for days after the day asked for, by product."""

    product: str
    amount: Money


def deferred_revenue(actor: Actor, day: dt.date) -> list[Deferred]:
    """Revenue that belongs to the time after this day: each line's share by days, credit notes taken off."""
    require_staff(actor)
    sums: dict[tuple[str, str], int] = {}
    lines = (
        InvoiceLine.objects.filter(invoice__issued_on__lte=day, ends_on__gt=day, starts_on__isnull=False)
        .select_related("invoice")
        .only("product", "net_minor", "starts_on", "ends_on", "invoice__currency")
    )
    for line in lines.iterator(chunk_size=2000):
        assert line.starts_on is not None and line.ends_on is not None
        whole = (line.ends_on - line.starts_on).days + 1
        unused = min((line.ends_on - day).days, whole)
        key = (line.product, line.invoice.currency)
        share = unused_share(line.net, unused_days=unused, days_in_term=whole)
        sums[key] = sums.get(key, 0) + share.minor
    return [Deferred(product, Money(minor, currency)) for (product, currency), minor in sorted(sums.items())]
