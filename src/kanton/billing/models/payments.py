"""Payments: the prepaid account, what is reserved on it, and money that comes through a provider."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.billing.models.invoices import Invoice
from kanton.billing.models.ledger import CURRENCY_CHOICES, Account
from kanton.core import clock
from kanton.core.fields import EncryptedTextField
from kanton.core.money import Money
from kanton.core.secrets import new_token
from kanton.organizations.models import Organization

PAYMENT_LIFE = timedelta(minutes=30)


class PrepaidAccount(models.Model):
    """An organization's reserve of money in one currency (BIL-50). Its row is the lock; its balance is a sum."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="prepaid_accounts")
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="prepaid")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency"], name="one_prepaid_account")
        ]

    def __str__(self) -> str:
        return str(_("Prepaid account"))


class Purpose(models.TextChoices):
    """What a payment is for."""

    INVOICE = "invoice", _("Invoice")
    TOP_UP = "top_up", _("Top-up")


class PaymentState(models.TextChoices):
    """Where a payment stands."""

    PENDING = "pending", _("In progress")
    SUCCEEDED = "succeeded", _("Paid")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Not completed")
    CANCELLED = "cancelled", _("Cancelled")
    REFUNDED = "refunded", _("Refunded")


def new_payment_key() -> str:
    """A key nobody can guess: it stands in addresses and is the provider's idempotency key."""
    return new_token()[:43]


def payment_deadline() -> object:
    """Until when an attempt to pay keeps others out (BIL-98)."""
    return clock.now() + PAYMENT_LIFE


class Payment(models.Model):
    """One attempt to pay an invoice or to top up: the prepaid part and the part through a provider.

    A pending payment of an invoice keeps every other one out (a constraint, not an `if`).
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    provider = models.CharField(max_length=40)
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    minor = models.BigIntegerField()
    prepaid_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=PaymentState.choices, default=PaymentState.PENDING)
    reason = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=43, unique=True, default=new_payment_key)
    charge = models.CharField(max_length=120, blank=True)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(default=payment_deadline)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(state="pending"), name="one_pending_payment_per_invoice"
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(state="succeeded", purpose="invoice"),
                name="one_successful_payment_per_invoice",
            ),
            models.UniqueConstraint(
                fields=["provider", "charge"], condition=~Q(charge=""), name="one_payment_per_charge"
            ),
            models.CheckConstraint(
                condition=Q(minor__gte=0, prepaid_minor__gte=0), name="payment_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(purpose="invoice", invoice__isnull=False) | Q(purpose="top_up", invoice=None),
                name="payment_has_its_purpose",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-started_at"], name="payment_of_organization"),
            models.Index(fields=["expires_at"], name="payment_pending", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return str(self.total)

    @property
    def amount(self) -> Money:
        """The part that goes through the provider."""
        return Money(self.minor, self.currency)

    @property
    def prepaid_part(self) -> Money:
        """The part from the prepaid account."""
        return Money(self.prepaid_minor, self.currency)

    @property
    def total(self) -> Money:
        """Both parts."""
        return self.amount + self.prepaid_part

    @property
    def is_pending(self) -> bool:
        """Nobody knows yet how it ends."""
        return self.state == PaymentState.PENDING


class Reservation(models.Model):
    """Money set aside on a prepaid account until the rest of a payment is there (BIL-59)."""

    prepaid = models.ForeignKey(PrepaidAccount, on_delete=models.PROTECT, related_name="reservations")
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="reservation")
    minor = models.BigIntegerField()
    is_active = models.BooleanField(default=True)
    reserved_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(minor__gt=0), name="reservation_is_positive")]
        indexes = [models.Index(fields=["prepaid"], name="reservation_active", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return str(Money(self.minor, self.prepaid.currency))


class PaymentProfile(models.Model):
    """A way to pay that an organization keeps for renewals. Never a card number: the provider's token only (BIL-48)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="payment_profiles")
    provider = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    token = EncryptedTextField(blank=True, default="")
    brand = models.CharField(max_length=30, blank=True)
    last_digits = models.CharField(max_length=4, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=Q(is_default=True), name="one_default_profile"
            )
        ]

    def __str__(self) -> str:
        return self.label


class ProviderEvent(models.Model):
    """A message of a payment provider that was taken in. The same one again changes nothing."""

    provider = models.CharField(max_length=40)
    event = models.CharField(max_length=120)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="events")
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "event"], name="provider_event_once")]

    def __str__(self) -> str:
        return self.event


class RefundAnswer(models.TextChoices):
    """What the built-in test provider does with refunds of a charge."""

    ANSWER = "answer", "answer"
    SILENT = "silent", "succeed, but stay silent"
    REFUSE = "refuse", "refuse"


class TestCharge(models.Model):
    """The books of the built-in test provider, as a real provider keeps its own."""

    __test__ = False  # pytest: not a test

    key = models.CharField(max_length=43)
    charge = models.CharField(max_length=40, unique=True)
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()
    outcome = models.CharField(max_length=10)
    refunded_at = models.DateTimeField(null=True, blank=True)
    refunds = models.CharField(max_length=8, choices=RefundAnswer.choices, default=RefundAnswer.ANSWER)
    made_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.charge


class TestRefund(models.Model):
    """A refund in the books of the built-in test provider. It makes a key of which it no longer knows a second time."""

    __test__ = False  # pytest: not a test

    charge = models.CharField(max_length=120, db_index=True)
    key = models.CharField(max_length=80)
    attempt = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()
    has_failed = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.key
