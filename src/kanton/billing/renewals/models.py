"""Renewals: each term of a service after its first, once. And what stands between two terms."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.billing.models import Invoice
from kanton.billing.models.ledger import CURRENCY_CHOICES
from kanton.billing.terms import Term, advance
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization
from kanton.products.models import Service


class Origin(models.TextChoices):
    """Who asked for a renewal."""

    BY_HAND = "by_hand", _("By hand")
    AUTOMATIC = "automatic", _("Automatic")
    GUARANTEE = "guarantee", _("Renewal guarantee")


class RenewalState(models.TextChoices):
    """Where a renewal stands."""

    OPEN = "open", _("To pay")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")


class Renewal(models.Model):
    """The next term of a service and the bill for it.

    The natural key is (service, period start): a constraint and no `if` keeps a period from being billed twice. The
    term is granted when the bill is paid; the guarantee grants it first. `period_months` is the billing period from
    then on, of which the term has one or several.
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="renewals", db_index=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="renewals")
    starts_on = models.DateField()
    ends_on = models.DateField()
    period_months = models.PositiveSmallIntegerField()
    unit_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    state = models.CharField(max_length=10, choices=RenewalState.choices, default=RenewalState.OPEN)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    made_at = models.DateTimeField(default=clock.now)
    granted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "starts_on"], condition=~Q(state="cancelled"), name="one_renewal_per_term"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on"), period_months__gte=1, unit_minor__gte=0),
                name="renewal_makes_sense",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_on"],
                condition=Q(state="open", next_try_on__isnull=False),
                name="renewal_to_try",
            ),
            models.Index(fields=["service", "-starts_on"], name="renewal_of_service"),
        ]

    def __str__(self) -> str:
        return self.service.name

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return self.service.product

    @property
    def net(self) -> Money:
        """What the term costs without VAT and without the guarantee's fee."""
        return Money(self.net_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether it waits for money."""
        return self.state == RenewalState.OPEN


class Suspension(models.Model):
    """A service that stands still because its term ended unpaid. What else stands still is not ours to resume."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="suspensions")
    since = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(ended_at=None), name="one_suspension_per_service"
            )
        ]

    def __str__(self) -> str:
        return str(self.service_id)


class PeriodChange(models.Model):
    """Another billing period that waits for the end of the running term (BIL-104)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="period_changes")
    months = models.PositiveSmallIntegerField()
    takes_effect_on = models.DateField()
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(ended_at=None), name="one_period_change_per_service"
            ),
            models.CheckConstraint(condition=Q(months__gte=1), name="period_change_makes_sense"),
        ]

    def __str__(self) -> str:
        return self.service.name


class PriceNotice(models.Model):
    """The customer was told, on this day, that the renewals of a service will cost this much (BIL-99)."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="price_notices")
    months = models.PositiveSmallIntegerField()
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    sent_on = models.DateField(default=clock.today)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "months", "currency", "minor"], name="one_price_notice"
            )
        ]

    def __str__(self) -> str:
        return str(Money(self.minor, self.currency))


class EndNotice(models.Model):
    """The customer was told, so many days before, that a term ends and nothing renews it by itself. Each once."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="end_notices")
    ends_on = models.DateField()
    days = models.PositiveSmallIntegerField()
    sent_on = models.DateField(default=clock.today)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "ends_on", "days"], name="one_end_notice_per_step")
        ]

    def __str__(self) -> str:
        return f"{self.service_id}: {self.days}"


def term_of(service: Service) -> Term:
    """The term of a service that runs now, or ran last. Its start is what its end and its period say."""
    assert service.ends_on is not None
    begin = advance(service.ends_on, -service.period_months, service.anchor_day)
    return Term(begin, service.ends_on, service.anchor_day)
