"""Writing bills for renewals: one for a customer's selection, thousands for the daily run, by the same few statements.

Called within actions only. A bill that the prepaid account covers is written paid: number, sale and payment are
booked, the term is granted, the job that tells the engine is there, all in the same transaction.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import override

from kanton.billing import ledger
from kanton.billing.invoicing import DAYS_AMOUNT_HOLDS, customer_details, seller_details
from kanton.billing.models import (
    Account,
    AccountKind,
    Entry,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    NumberSeries,
    Payment,
    PaymentState,
    Posting,
    PrepaidAccount,
    Purpose,
    Reservation,
)
from kanton.billing.models.invoices import tax_as_json, tax_from
from kanton.billing.models.payments import new_payment_key
from kanton.billing.pricing import Totals, totals
from kanton.billing.references import reference_for
from kanton.billing.renewals.activity import Happened
from kanton.billing.renewals.charges import Charges
from kanton.billing.renewals.models import Origin, PeriodChange, Renewal, RenewalState
from kanton.billing.renewals.plan import Choice, Cost
from kanton.billing.settling import PREPAID
from kanton.billing.terms import Term
from kanton.billing.vat import Tax
from kanton.config import config
from kanton.core import clock
from kanton.core.action import after_commit_many, record_many
from kanton.core.activity import Recorded
from kanton.core.actor import Actor
from kanton.core.bulk import Many, insert_rows, reserve_ids, update_rows
from kanton.core.money import Money
from kanton.core.wish import WishState
from kanton.organizations.models import Organization
from kanton.products.models import Service

GUARANTEE_FEE = "renewal-guarantee"


@dataclass(slots=True)
class Item:
    """One service on a bill: the term it gets and what that costs."""

    service: Service
    choice: Choice
    unit: Money
    cost: Cost
    term: Term
    renewal_id: int = 0


@dataclass(slots=True)
class Bill:
    """A bill to be written, and then one that may be settled."""

    organization: Organization
    items: list[Item]
    tax: Tax
    origin: Origin
    due_on: date
    next_try_on: date | None = None
    customer: Mapping[str, Any] | None = None
    holds_until: date | None = None
    totals: Totals = field(init=False)
    vat: str = field(init=False)
    invoice_id: int = 0
    number: str | None = None
    is_paid: bool = False

    def __post_init__(self) -> None:
        nets = tuple(net for item in self.items for net in _nets(item.cost))
        self.totals, self.vat = _foot(nets, self.tax, self.organization.currency)

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return self.totals.total

    @property
    def currency(self) -> str:
        """The currency it was made in."""
        return self.totals.net.currency

    def claim(self) -> Claim:
        """What is owed by it and granted for it."""
        revenue: dict[str, int] = {}
        for item in self.items:
            product = item.service.product
            revenue[product] = revenue.get(product, 0) + item.cost.net.minor
        return Claim(
            self.organization,
            self.invoice_id,
            self.total,
            revenue,
            [(each.tax.code, each.amount.minor) for each in self.totals.vat],
            [
                Grant(each.service, each.renewal_id, each.choice.months, each.term.ends_on)
                for each in self.items
            ],
            self.number,
            self.is_paid,
        )


@dataclass(slots=True)
class Grant:
    """A term that a service gets when its bill is paid."""

    service: Service
    renewal_id: int
    period_months: int
    ends_on: date


@dataclass(slots=True)
class Claim:
    """A bill as the ledger and the services need to know it: just written, or open since earlier."""

    organization: Organization
    invoice_id: int
    total: Money
    revenue: Mapping[str, int]
    vat: Sequence[tuple[str, int]]
    grants: Sequence[Grant]
    number: str | None = None
    is_paid: bool = False

    @classmethod
    def of(cls, invoice: Invoice, renewals: Sequence[Renewal]) -> Claim:
        """An open bill as it stands in the database, with its lines and renewals loaded."""
        revenue: dict[str, int] = {}
        for line in invoice.lines.all():
            revenue[line.product] = revenue.get(line.product, 0) + line.net_minor
        return cls(
            invoice.organization,
            invoice.pk,
            invoice.total,
            revenue,
            [(tax_from(each).code, each["amount"]) for each in invoice.vat],
            [Grant(each.service, each.pk, each.period_months, each.ends_on) for each in renewals],
        )

    @property
    def currency(self) -> str:
        """The currency it was made in."""
        return self.total.currency


@lru_cache(maxsize=4096)
def _foot(nets: tuple[Money, ...], tax: Tax, currency: str) -> tuple[Totals, str]:
    """The foot of a bill and its VAT as it is frozen. Thousands of customers pay the same price."""
    foot = totals([(net, tax) for net in nets], currency)
    vat = [
        tax_as_json(each.tax) | {"base": each.base.minor, "amount": each.amount.minor} for each in foot.vat
    ]
    return foot, json.dumps(vat)


def _nets(cost: Cost) -> list[Money]:
    return [cost.line.net, cost.fee.net] if cost.fee else [cost.line.net]


# ── Writing


INVOICE = (
    "id", "organization", "status", "number", "reference", "account", "currency", "net_minor", "total_minor", "vat",
    "customer", "language", "due_on", "holds_until", "issued_on", "paid_at",
)  # fmt: skip
LINE = (
    "invoice", "position", "product", "plan", "title", "detail", "service_key", "quantity", "periods", "months",
    "unit_minor", "net_minor", "tax", "starts_on", "ends_on",
)  # fmt: skip
RENEWAL = (
    "id", "service", "organization", "invoice", "starts_on", "ends_on", "period_months", "unit_minor", "net_minor",
    "currency", "origin", "state", "tries", "next_try_on", "granted_at", "settled_at",
)  # fmt: skip


def write_bills(bills: Sequence[Bill], charges: Charges) -> None:
    """Write invoices, lines and renewals; those marked paid with their number and their day."""
    now, today = clock.now(), clock.today()
    _number(bills, today)
    for bill, pk in zip(bills, reserve_ids(Invoice, len(bills)), strict=True):
        bill.invoice_id = pk
    items = [item for bill in bills for item in bill.items]
    for item, pk in zip(items, reserve_ids(Renewal, len(items)), strict=True):
        item.renewal_id = pk
    words = _Words(charges)
    insert_rows(
        Invoice,
        INVOICE,
        _invoice_rows(bills, now, today),
        same={
            "order": None, "kind": "invoice", "seller": seller_details(), "made_at": now, "dated_on": today,
            "corrects": None,
        },
    )  # fmt: skip
    lines = (row for bill in bills for row in _line_rows(bill, words))
    insert_rows(InvoiceLine, LINE, lines, same={"discounts": []})
    renewals = (row for bill in bills for row in _renewal_rows(bill, now))
    insert_rows(Renewal, RENEWAL, renewals, same={"reason": "", "made_at": now})


def _invoice_rows(bills: Sequence[Bill], now: datetime, today: date) -> Iterable[Sequence[Any]]:
    holds = today + timedelta(days=DAYS_AMOUNT_HOLDS)
    for bill in bills:
        organization, paid = bill.organization, bill.is_paid
        account = config.operator.qr_iban if bill.currency == "CHF" else config.operator.iban
        yield (
            bill.invoice_id, organization.pk, "paid" if paid else "open", bill.number,
            reference_for(bill.invoice_id, account=account), account, bill.currency, bill.totals.net.minor,
            bill.total.minor, bill.vat, bill.customer or customer_details(organization), organization.language,
            bill.due_on, bill.holds_until or max(holds, bill.due_on), today if paid else None, now if paid else None,
        )  # fmt: skip


def _line_rows(bill: Bill, words: _Words) -> Iterable[Sequence[Any]]:
    tax, position = words.tax(bill.tax), 0
    for item in bill.items:
        service, line, fee = item.service, item.cost.line, item.cost.fee
        position += 1
        yield (
            bill.invoice_id, position, service.product, service.plan, words.title(service), service.name,
            service.order_line, line.quantity, line.periods, item.choice.months, line.unit.minor, line.net.minor, tax,
            item.term.starts_on, item.term.ends_on,
        )  # fmt: skip
        if fee is not None:
            position += 1
            yield (
                bill.invoice_id, position, service.product, GUARANTEE_FEE, words.fee(service), service.name, "",
                1, fee.periods, 1, fee.unit.minor, fee.net.minor, tax, item.term.starts_on, item.term.ends_on,
            )  # fmt: skip


def _renewal_rows(bill: Bill, now: datetime) -> Iterable[Sequence[Any]]:
    paid = bill.is_paid
    granted = now if paid or bill.origin == Origin.GUARANTEE else None
    for item in bill.items:
        yield (
            item.renewal_id, item.service.pk, bill.organization.pk, bill.invoice_id, item.term.starts_on,
            item.term.ends_on, item.choice.months, item.unit.minor, item.cost.line.net.minor, bill.currency,
            bill.origin.value, RenewalState.PAID.value if paid else RenewalState.OPEN.value, 1 if paid else 0,
            None if paid else bill.next_try_on, granted, now if paid else None,
        )  # fmt: skip


class _Words:
    """Titles in the language of the customer and taxes as they are frozen, each made once."""

    def __init__(self, charges: Charges) -> None:
        self.charges = charges
        self.known: dict[tuple[str, str], str] = {}
        self.taxes: dict[Tax, str] = {}

    def tax(self, tax: Tax) -> str:
        """The tax of a line, as JSON."""
        if tax not in self.taxes:
            self.taxes[tax] = json.dumps(tax_as_json(tax))
        return self.taxes[tax]

    def title(self, service: Service) -> str:
        """The plan's name."""
        key = (service.organization.language, service.plan)
        if key not in self.known:
            with override(key[0]):
                self.known[key] = self.charges.title(service)[:120]
        return self.known[key]

    def fee(self, service: Service) -> str:
        """The name of the guarantee's line."""
        key = (service.organization.language, GUARANTEE_FEE)
        if key not in self.known:
            with override(key[0]):
                self.known[key] = _("Renewal guarantee")
        return self.known[key]


def _number(bills: Sequence[Bill] | Sequence[Claim], day: date) -> None:
    """Give the paid ones the next numbers of the year; the series stays locked until the commit, so none is lost."""
    paid = [bill for bill in bills if bill.is_paid]
    if not paid:
        return
    name = f"invoice-{day.year}"
    NumberSeries.objects.get_or_create(name=name)
    series = NumberSeries.objects.select_for_update().get(name=name)
    for bill in paid:
        series.last += 1
        bill.number = f"{day.year}-{series.last:06d}"
    series.save(update_fields=["last"])


# ── What prepaid accounts cover


def mark_covered(bills: Sequence[Bill] | Sequence[Claim]) -> None:
    """Mark as paid what the prepaid accounts cover, in the order given. The accounts stay locked until the commit."""
    wanted = {(bill.organization.pk, bill.currency) for bill in bills}
    locked = PrepaidAccount.objects.select_for_update().order_by("pk")
    found = locked.filter(organization__among=Many({pk for pk, _currency in wanted}))
    prepaid = {
        (organization, currency): (pk, account)
        for pk, organization, currency, account in found.values_list(
            "pk", "organization", "currency", "account"
        )
        if (organization, currency) in wanted
    }
    balances = dict(
        Posting.objects.filter(account__among=Many(account for _pk, account in prepaid.values()))
        .values_list("account")
        .annotate(total=Sum("minor"))
        .order_by()
    )
    reserved = dict(
        Reservation.objects.filter(
            prepaid__among=Many(pk for pk, _account in prepaid.values()), is_active=True
        )
        .values_list("prepaid")
        .annotate(total=Sum("minor"))
        .order_by()
    )
    free = {key: -balances.get(account, 0) - reserved.get(pk, 0) for key, (pk, account) in prepaid.items()}
    for bill in bills:
        key = (bill.organization.pk, bill.currency)
        if bill.total.minor <= free.get(key, 0):
            free[key] = free.get(key, 0) - bill.total.minor
            bill.is_paid = True


# ── Settling


PAYMENT = ("id", "organization", "invoice", "currency", "prepaid_minor", "key")
ENTRY = ("id", "key", "kind", "organization", "currency")
POSTING = ("entry", "account", "minor")


def finish_open(claims: Sequence[Claim]) -> None:
    """Turn open bills marked paid into final invoices, and their renewals into paid ones."""
    paid = [claim for claim in claims if claim.is_paid]
    now, today = clock.now(), clock.today()
    _number(paid, today)
    update_rows(
        Invoice,
        ["number"],
        [(claim.invoice_id, claim.number) for claim in paid],
        same={"status": InvoiceStatus.PAID.value, "issued_on": today, "dated_on": today, "paid_at": now},
    )
    update_rows(
        Renewal,
        [],
        [(each.renewal_id,) for claim in paid for each in claim.grants],
        same={"state": RenewalState.PAID.value, "granted_at": now, "settled_at": now, "next_try_on": None},
    )


def book_paid(actor: Actor, claims: Sequence[Claim]) -> None:
    """Book sale and payment of bills that a prepaid account has just paid, and grant what they are for."""
    paid = [claim for claim in claims if claim.is_paid]
    if not paid:
        return
    now, today = clock.now(), clock.today()
    accounts = _Accounts(paid)
    payments: list[Sequence[Any]] = []
    entries: list[Sequence[Any]] = []
    postings: list[Sequence[Any]] = []

    billed = [claim for claim in paid if claim.total]
    numbers = _entry_ids(2 * len(billed))

    def book(claim: Claim, kind: str, key: str, moved: Iterable[tuple[int, int]]) -> None:
        entry = next(numbers)
        entries.append((entry, key, kind, claim.organization.pk, claim.currency))
        postings.extend([(entry, account, minor) for account, minor in moved if minor])

    for claim, pk in zip(billed, reserve_ids(Payment, len(billed)), strict=True):
        total, receivable = claim.total.minor, accounts.receivable(claim)
        payments.append((
            pk, claim.organization.pk, claim.invoice_id, claim.currency, total, new_payment_key(),
        ))  # fmt: skip
        sold = [(receivable, total)]
        sold += [(accounts.revenue(claim, product), -minor) for product, minor in claim.revenue.items()]
        sold += [(accounts.vat(claim, code), -minor) for code, minor in claim.vat]
        book(claim, "sale", f"invoice:{claim.invoice_id}:sale", sold)
        moved = [(accounts.prepaid(claim), total), (receivable, -total)]
        book(claim, "prepaid_payment", f"payment:{pk}:prepaid", moved)
    insert_rows(
        Payment,
        PAYMENT,
        payments,
        same={
            "purpose": Purpose.INVOICE.value, "provider": PREPAID, "minor": 0, "state": PaymentState.SUCCEEDED.value,
            "reason": "", "charge": "", "person": None, "started_at": now, "expires_at": now, "settled_at": now,
        },
    )  # fmt: skip
    insert_rows(Posting, POSTING, postings)  # before their entries, which close them
    insert_rows(Entry, ENTRY, entries, same={"booked_at": now, "booked_on": today})
    extend(actor, paid)


def _entry_ids(number: int) -> Iterator[str]:
    """So many new keys in hexadecimal (UUID version 7): they begin with the time, so the indexes grow at their end."""
    begin, chance = f"{time.time_ns() // 1_000_000:012x}7", secrets.token_hex(9 * number)
    for start in range(0, 18 * number, 18):
        yield f"{begin}{chance[start : start + 3]}8{chance[start + 3 : start + 18]}"


def extend(actor: Actor, claims: Sequence[Claim], *, kind: Happened = Happened.RENEWED) -> None:
    """Extend the services to the end of their new terms, have their engines told, and remember it."""
    from kanton.products.tasks import reconcile_service

    grants = [each for claim in claims for each in claim.grants]
    now, rows = clock.now(), []
    for each in grants:
        service = each.service
        service.ends_on, service.period_months = each.ends_on, each.period_months
        service.wished()
        rows.append((service.pk, service.ends_on, service.period_months, service.wish_version))
    pending = {"wish_state": WishState.PENDING.value, "wish_reason": "", "wish_remedy": "", "wished_at": now}
    update_rows(Service, ["ends_on", "period_months", "wish_version"], rows, same=pending)
    PeriodChange.objects.filter(
        service__among=Many(each.service.pk for each in grants), ended_at=None
    ).update(ended_at=now)
    after_commit_many(
        reconcile_service,
        [((each.service.pk,), f"reconcile-service:{each.service.pk}") for each in grants],
    )
    record_many(
        [
            Recorded(
                actor,
                kind,
                RenewedTerm(claim.organization.pk, each),
                {"until": each.ends_on.isoformat(), "total": str(claim.total)},
            )
            for claim in claims
            for each in claim.grants
        ]
    )


@dataclass(slots=True)
class RenewedTerm:
    """A renewal as the activity names it, without reading it back."""

    organization_id: int
    grant: Grant

    @property
    def pk(self) -> int:
        return self.grant.renewal_id

    @property
    def service_id(self) -> int:
        return self.grant.service.pk

    @property
    def product_code(self) -> str:
        return self.grant.service.product

    def __str__(self) -> str:
        return self.grant.service.name


class _Accounts:
    """The accounts of the ledger that these bills move, found in one query and opened where they are missing."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        organizations = Many({claim.organization.pk for claim in claims})
        kinds = (AccountKind.RECEIVABLE, AccountKind.PREPAID)
        found = Account.objects.filter(organization__among=organizations, kind__in=kinds, detail="")
        self.known: dict[tuple[str, str, int | None, str], int] = {
            (kind, currency, organization, ""): pk
            for pk, kind, currency, organization in found.values_list(
                "pk", "kind", "currency", "organization"
            )
        }

    def receivable(self, claim: Claim) -> int:
        """What the customer owes."""
        return self._of(AccountKind.RECEIVABLE, claim.currency, claim.organization)

    def prepaid(self, claim: Claim) -> int:
        """What the customer paid in advance."""
        return self._of(AccountKind.PREPAID, claim.currency, claim.organization)

    def revenue(self, claim: Claim, product: str) -> int:
        """What was earned with a product."""
        return self._of(AccountKind.REVENUE, claim.currency, detail=product)

    def vat(self, claim: Claim, code: str) -> int:
        """What is owed to the tax office at one rate."""
        return self._of(AccountKind.VAT, claim.currency, detail=code)

    def _of(
        self, kind: AccountKind, currency: str, organization: Organization | None = None, detail: str = ""
    ) -> int:
        key = (kind.value, currency, organization.pk if organization else None, detail)
        if key not in self.known:
            self.known[key] = ledger.account(kind, currency, organization=organization, detail=detail).pk
        return self.known[key]
