"""What payment profiles need besides the profile itself: a profile in the making, and what Stripe calls our things."""

from __future__ import annotations

from django.db import models

from kanton.accounts.models import Person
from kanton.billing.models import PaymentProfile
from kanton.billing.models.payments import new_payment_key
from kanton.core import clock
from kanton.organizations.models import Organization


class ProfileRequest(models.Model):
    """Somebody is giving a method to a provider that keeps it. Its key is the provider's idempotency key."""

    key = models.CharField(max_length=43, unique=True, default=new_payment_key)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=40)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    profile = models.ForeignKey(
        PaymentProfile, on_delete=models.SET_NULL, null=True, blank=True, related_name="requests"
    )
    replaces = models.ForeignKey(
        PaymentProfile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    begun_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.provider


class StripeObject(models.Model):
    """What Stripe calls a payment or a saving of ours. Written as soon as Stripe answers, so nothing begins twice."""

    key = models.CharField(max_length=43, unique=True)
    session = models.CharField(max_length=120, blank=True)
    intent = models.CharField(max_length=120, blank=True)
    url = models.TextField(blank=True)
    made_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.intent or self.session


class ExpiryNotice(models.Model):
    """The one mail about a profile that expires soon (BIL-48)."""

    profile = models.ForeignKey(PaymentProfile, on_delete=models.CASCADE, related_name="+")
    expires_on = models.DateField()
    sent_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "expires_on"], name="one_notice_per_expiry")
        ]

    def __str__(self) -> str:
        return f"{self.profile} {self.expires_on}"
