"""The books prove themselves: each check compares what is booked with what it was booked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from kanton.billing import ledger
from kanton.billing.invoicing import PREFIXES
from kanton.billing.models import (
    Account,
    AccountKind,
    Entry,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    NumberSeries,
    Payment,
    PaymentState,
    Posting,
    Reservation,
)
from kanton.core.money import CURRENCIES, Money

SETTLED = (InvoiceStatus.PAID, InvoiceStatus.REFUNDED)
#: Of one kind of problem; where there are more, the first ones tell enough.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true. `find` tells what is not, in words for staff; it costs a few queries at any size."""

    code: str
    label: Any
    find: Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and how long it looked."""

    check: Check
    problems: list[str]
    seconds: float


_checks: dict[str, Check] = {}
#: Who keeps what a nightly proof found.
KEEPERS: list[Callable[[list[Finding]], None]] = []


def register(check: Check) -> None:
    """Add a check to the nightly proof. Rooms do it when their app starts."""
    _checks[check.code] = check


def checks() -> list[Check]:
    """All checks, in the order in which they were added."""
    return list(_checks.values())


def run() -> list[Finding]:
    """Carry out every check."""
    found = []
    for check in checks():
        started = time.monotonic()
        problems_found = check.find()
        found.append(Finding(check, problems_found, time.monotonic() - started))
    return found


def problems() -> list[str]:
    """What does not add up, in words for staff; nothing when all is well."""
    return [problem for finding in run() for problem in finding.problems]


def _entries() -> list[str]:
    found = [f"entry {key} does not balance" for key in ledger.unbalanced_entries(most=MOST_SHOWN)]
    for currency in CURRENCIES:
        if difference := ledger.trial_balance(currency).difference:
            found.append(f"the ledger in {currency} is off by {difference}")
    return found


def _sales() -> list[str]:
    return [problem for currency in CURRENCIES for problem in _of_currency(currency)]


def _of_currency(currency: str) -> list[str]:
    trial = ledger.trial_balance(currency)
    found = []
    zero = Money.zero(currency)
    sold = -(trial.by_kind.get(AccountKind.REVENUE, zero) + trial.by_kind.get(AccountKind.VAT, zero))
    billed = Invoice.objects.filter(currency=currency, status__in=SETTLED).aggregate(total=Sum("total_minor"))
    if sold.minor != (billed["total"] or 0):
        found.append(
            f"invoices in {currency} come to {Money(billed['total'] or 0, currency)}, sales to {sold}"
        )
    sales = Entry.objects.filter(kind="sale", currency=currency).count()
    settled = Invoice.objects.filter(currency=currency, status__in=SETTLED).exclude(total_minor=0)
    charged = settled.filter(kind=InvoiceKind.INVOICE).count()
    if sales != charged:
        found.append(f"{charged} invoices in {currency} were issued and {sales} sales booked")
    return found


def _overdrawn() -> list[str]:
    accounts = (
        Posting.objects.filter(account__kind=AccountKind.PREPAID)
        .values_list("account_id")
        .annotate(total=Sum("minor"))
        .filter(total__gt=0)
    )
    return [f"prepaid account {pk} is overdrawn by {total}" for pk, total in accounts.order_by()[:MOST_SHOWN]]


def _reserved() -> list[str]:
    """Money set aside is there, and belongs to a payment in progress."""
    found = []
    active = Reservation.objects.filter(is_active=True)
    for reservation in active.exclude(payment__state=PaymentState.PENDING).values_list("pk", flat=True)[
        :MOST_SHOWN
    ]:
        found.append(f"reservation {reservation} belongs to a payment that is over")
    for account, reserved in active.values_list("prepaid__account").annotate(total=Sum("minor")):
        balance = Posting.objects.filter(account=account).aggregate(total=Sum("minor"))["total"] or 0
        if reserved > -balance:
            found.append(f"more is reserved on prepaid account {account} than is on it")
    return found


def _prepaid() -> list[str]:
    """What payments and prepaid accounts say of themselves is what the ledger has on those accounts."""
    found = []
    strays = Account.objects.filter(kind=AccountKind.PREPAID, prepaid=None).values_list("pk", flat=True)
    found += [
        f"ledger account {pk} is prepaid and belongs to no prepaid account" for pk in strays[:MOST_SHOWN]
    ]
    for currency in CURRENCIES:
        booked = Posting.objects.filter(
            account__kind=AccountKind.PREPAID, account__currency=currency, entry__kind="prepaid_payment"
        ).aggregate(total=Sum("minor"))["total"]
        paid = Payment.objects.filter(currency=currency, state=PaymentState.SUCCEEDED).aggregate(
            total=Sum("prepaid_minor")
        )["total"]
        if (booked or 0) != (paid or 0):
            found.append(
                f"payments took {Money(paid or 0, currency)} from prepaid accounts, the ledger has "
                f"{Money(booked or 0, currency)}"
            )
    return found


def _gaps() -> list[str]:
    found = []
    for series in NumberSeries.objects.all():
        name, _dash, year = series.name.partition("-")
        prefix = PREFIXES.get(name)
        if prefix is None:
            continue
        given = Invoice.objects.filter(number__startswith=f"{prefix}{year}-").count()
        if given != series.last:
            found.append(f"series {series.name} stands at {series.last}, but {given} numbers were given")
    return found


for _check in (
    Check("entries", _("Every entry balances, and so does the ledger"), _entries),
    Check("sales", _("What was invoiced is what was booked as sold"), _sales),
    Check("overdrawn", _("No prepaid account is below zero"), _overdrawn),
    Check("reserved", _("What is reserved is there"), _reserved),
    Check("prepaid", _("Prepaid accounts agree with the payments"), _prepaid),
    Check("numbers", _("Numbers of documents have no gap"), _gaps),
):
    register(_check)
