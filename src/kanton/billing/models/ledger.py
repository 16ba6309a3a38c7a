"""The ledger: accounts, and entries whose postings add up to nothing. Append-only; see ledger_guards.py."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.money import CURRENCIES, Money
from kanton.organizations.models import Organization

CURRENCY_CHOICES = [(code, code) for code in CURRENCIES]


class AccountKind(models.TextChoices):
    """What an account stands for. Debits are positive, credits negative."""

    PREPAID = "prepaid", _("Prepaid account")
    RECEIVABLE = "receivable", _("Receivables")
    REVENUE = "revenue", _("Revenue")
    VAT = "vat", _("VAT")
    IN_TRANSIT = "in_transit", _("Cash in transit")
    BANK = "bank", _("Bank")
    FEES = "fees", _("Payment provider fees")
    CASHBACK = "cashback", _("Cashback")
    SUSPENSE = "suspense", _("Suspense")


class Account(models.Model):
    """One account in one currency. `detail` divides a kind: revenue by product, VAT by rate, cash by provider."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    detail = models.CharField(max_length=60, blank=True, default="")
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "detail", "currency"],
                name="one_account_of_a_kind",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, self.detail, self.currency) if part)


class Entry(models.Model):
    """One movement of money. `key` is its natural key: the same event can be booked once only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=40)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    booked_at = models.DateTimeField(default=clock.now)
    booked_on = models.DateField(default=clock.today, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-booked_at"], name="entry_of_organization")]

    def __str__(self) -> str:
        return self.key


class Posting(models.Model):
    """One side of an entry: so much on this account. Written before its entry, which closes it."""

    # Neither needs an index of its own: each leads one of those below. Nor does an account need the check of a foreign
    # key: the guard of the entry refuses a posting on an account that is not there, and none is ever deleted.
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings", db_index=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings", db_index=False, db_constraint=False
    )
    minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(minor=0), name="posting_moves_something"),
            models.UniqueConstraint(fields=["entry", "account"], name="one_posting_per_account"),
        ]
        indexes = [models.Index(fields=["account", "minor"], name="posting_for_balances")]

    def __str__(self) -> str:
        return f"{self.account} {self.minor}"

    @property
    def amount(self) -> Money:
        """The posting as money: debit positive, credit negative."""
        return Money(self.minor, self.account.currency)
