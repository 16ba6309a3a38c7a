"""Payment reminders: each level once per invoice, by constraint (BIL-73)."""

from __future__ import annotations

from django.db import models

from kanton.billing.models import Invoice
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization


class Reminder(models.Model):
    """A reminder that was sent. Level 1 is the first.

    What its document says is frozen here, as the bill may still get another address or a promo code. Those of the time
    when a reminder was a mail only have no `pay_until`.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="reminders")
    level = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(default=clock.now)
    is_last = models.BooleanField(default=False)
    pay_until = models.DateField(null=True, blank=True)
    total_minor = models.BigIntegerField(default=0)
    customer = models.JSONField(default=dict)

    class Meta:
        ordering = ["invoice", "level"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "level"], name="one_reminder_per_level"),
            models.CheckConstraint(condition=models.Q(level__gte=1), name="reminder_has_a_level"),
        ]

    def __str__(self) -> str:
        return self.invoice.label

    @property
    def total(self) -> Money:
        """What was open when it was sent."""
        return Money(self.total_minor, self.invoice.currency)
