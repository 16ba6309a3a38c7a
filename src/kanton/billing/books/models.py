"""Bookkeeping: refunds, what the nightly proof found, closed periods, and the operator's VAT rates."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.accounts.models import Person
from kanton.billing.models import Invoice, Payment
from kanton.core import clock
from kanton.core.money import Money


class RefundState(models.TextChoices):
    """Where a refund stands."""

    PENDING = "pending", pgettext_lazy("a refund", "On its way")
    DONE = "done", pgettext_lazy("a refund", "Refunded")
    FAILED = "failed", pgettext_lazy("a refund", "Refused")
    INSTEAD = "instead", pgettext_lazy("a refund", "On the prepaid account instead")


class Refund(models.Model):
    """Money on its way back through the provider by which it came. `key` makes it happen once.

    A failed one was refused by the provider (`is_refused`), or nobody knows what became of it there. `doubted_at` is
    when the provider last said that it did not reach the payer: then its books are asked, whatever the state was.

    It belongs to a credit note, or to none: then `payment` is a top-up, of which this part is refunded.
    """

    credit_note = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds"
    )
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    minor = models.BigIntegerField()
    key = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=8, choices=RefundState.choices, default=RefundState.PENDING)
    reason = models.CharField(max_length=200, blank=True)
    refusals = models.PositiveIntegerField(default=0)
    is_refused = models.BooleanField(default=False)
    doubted_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(minor__gt=0), name="refund_moves_something")]
        indexes = [
            models.Index(fields=["state"], name="refund_waits", condition=Q(state__in=["pending", "failed"]))
        ]

    def __str__(self) -> str:
        return str(self.amount)

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.minor, self.payment.currency)

    @property
    def subject(self) -> Invoice | Payment:
        """What it is a refund of, as the activity names it."""
        return self.credit_note or self.payment


class ProofRun(models.Model):
    """What one run of the proof found: for each check its code, how long it took, and the problems."""

    started_at = models.DateTimeField(default=clock.now, db_index=True)
    seconds = models.FloatField(default=0)
    checks: Any = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"

    @property
    def problem_count(self) -> int:
        """How many things do not add up."""
        return sum(len(each["problems"]) for each in self.checks)

    @property
    def is_green(self) -> bool:
        """Whether everything adds up."""
        return self.problem_count == 0


class Closing(models.Model):
    """A closed period: no entry is dated up to `through` any more. The database refuses it (guards.py)."""

    through = models.DateField(unique=True)
    trial: Any = models.JSONField(default=dict)
    closed_at = models.DateTimeField(default=clock.now)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.through.isoformat()


class TaxRate(models.Model):
    """A VAT rate of a country from a day on, which the operator added to the table that comes with Kanton."""

    country = models.CharField(_("country"), max_length=2)
    since = models.DateField(_("valid from"))
    percentage = models.DecimalField(_("rate in percent"), max_digits=5, decimal_places=2)
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["country", "since"]
        constraints = [
            models.UniqueConstraint(fields=["country", "since"], name="one_tax_rate_per_day"),
            models.CheckConstraint(
                condition=Q(percentage__gte=0, percentage__lt=100), name="tax_rate_makes_sense"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.percentage} %"
