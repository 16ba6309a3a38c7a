"""Blocks: why an order stands still, and the clock that runs meanwhile (BIL-24, BIL-31)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.billing.blocking.grounds import label_of
from kanton.billing.models import Order
from kanton.core import clock
from kanton.organizations.models import Organization
from kanton.support.models import IdentityCheck

CLOCK = timedelta(hours=240)
LEAST_LEFT = timedelta(hours=72)
#: Seven of the ten days are over.
REMINDER_BEFORE = timedelta(hours=72)


class Ending(models.TextChoices):
    """How a block ended."""

    RELEASED = "released", _("Released")
    CANCELLED = "cancelled", _("Cancelled")
    LAPSED = "lapsed", _("Cancelled after ten days")


class Block(models.Model):
    """One block of an order. `ends_at` is when it is cancelled; None while documents are examined, then `left`.

    `note` is what the staff wrote for one another; customers never see it.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="blocks")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    case = models.ForeignKey(IdentityCheck, on_delete=models.SET_NULL, null=True, related_name="+")
    ground = models.CharField(max_length=40)
    note = models.CharField(max_length=500, blank=True, default="")
    blocked_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    left = models.DurationField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(max_length=10, choices=Ending.choices, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(ended_at=None), name="one_block_per_order")
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(ended_at=None), name="block_to_end")]

    def __str__(self) -> str:
        return str(self.order)

    @property
    def ground_label(self) -> str:
        """Why it was blocked, in words."""
        return label_of(self.ground)

    def is_to_be_reminded(self, now: datetime) -> bool:
        """Whether seven of the ten days are over, and the clock runs."""
        return self.ends_at is not None and now < self.ends_at <= now + REMINDER_BEFORE

    def stop(self) -> None:
        """Documents were handed in: the clock stands still. Does not save."""
        if self.ends_at is not None:
            self.left, self.ends_at = max(self.ends_at - clock.now(), timedelta(0)), None

    def go_on(self, *, least: timedelta = timedelta(0)) -> None:
        """The documents lapsed or were refused: the clock goes on with what was left, or the least. Does not save."""
        if self.ends_at is None:
            self.ends_at = clock.now() + max(self.left or timedelta(0), least)
            self.left = None
