"""Reads of the books for staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kanton.accounts.web import require_staff
from kanton.billing import proof
from kanton.billing.books import taxes
from kanton.billing.books.actions import left_to_credit, refundable_of
from kanton.billing.books.models import Closing, ProofRun, Refund
from kanton.billing.models import Invoice, Payment, Purpose
from kanton.billing.vat import EU, Rate
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.core.query import get_or_not_found


@dataclass(frozen=True, slots=True)
class CheckShown:
    """One check of a proof in words."""

    code: str
    label: Any
    problems: list[str]

    @property
    def state(self) -> str:
        """ok or failed."""
        return "failed" if self.problems else "ok"

    @property
    def text(self) -> str:
        """The problems, one after the other."""
        return "; ".join(self.problems)


def proof_runs(actor: Actor) -> QuerySet[ProofRun]:
    """What the proofs found, newest first."""
    require_staff(actor)
    return ProofRun.objects.order_by("-started_at", "-pk")


def checks_of(run: ProofRun) -> list[CheckShown]:
    """The checks of a run in words of today; one that is no longer known keeps its code."""
    labels = {check.code: check.label for check in proof.checks()}
    return [
        CheckShown(each["code"], labels.get(each["code"], each["code"]), each["problems"])
        for each in run.checks
    ]


def closings(actor: Actor) -> QuerySet[Closing]:
    """Closed periods, newest first."""
    require_staff(actor)
    return Closing.objects.select_related("person").order_by("-through")


@dataclass(frozen=True, slots=True)
class RateShown:
    """A rate of the VAT table with the day until which it is valid."""

    country: str
    rate: Rate
    until: Any
    is_eu: bool


def tax_table(actor: Actor) -> list[RateShown]:
    """All VAT rates with their validity, by country."""
    require_staff(actor)
    found = []
    for country, rates in taxes.rates().items():
        for rate, following in zip(rates, [*rates[1:], None], strict=True):
            found.append(RateShown(country, rate, following.since if following else None, country in EU))
    return found


def all_invoices(actor: Actor) -> QuerySet[Invoice]:
    """All billing documents of all customers, newest first."""
    require_staff(actor)
    return Invoice.objects.select_related("organization").order_by("-dated_on", "-pk")


def any_invoice(actor: Actor, number: int) -> Invoice:
    """One billing document with its lines, or NotFound."""
    return get_or_not_found(
        all_invoices(actor).select_related("corrects", "order").prefetch_related("lines", "corrections"),
        pk=number,
    )


def creditable(actor: Actor, invoice: Invoice) -> dict[int, Money]:
    """By line: what can still be credited of a paid invoice, without VAT."""
    require_staff(actor)
    if invoice.kind != "invoice" or invoice.status != "paid":
        return {}
    return {position: amount for position, amount in left_to_credit(invoice).items() if amount}


def refunds(actor: Actor) -> QuerySet[Refund]:
    """Refunds through providers, newest first."""
    require_staff(actor)
    return Refund.objects.select_related("payment__organization", "credit_note__organization").order_by("-pk")


def refund(actor: Actor, number: int) -> Refund:
    """One refund, or NotFound."""
    return get_or_not_found(refunds(actor), pk=number)


def top_ups(actor: Actor) -> QuerySet[Payment]:
    """What was paid into prepaid accounts, of all customers, newest first."""
    require_staff(actor)
    return Payment.objects.filter(purpose=Purpose.TOP_UP).select_related("organization").order_by("-pk")


def any_top_up(actor: Actor, number: int) -> Payment:
    """One top-up, or NotFound."""
    return get_or_not_found(top_ups(actor), pk=number)


def refundable(actor: Actor, payment: Payment) -> Money:
    """How much of a top-up can be refunded now."""
    require_staff(actor)
    return refundable_of(payment)
