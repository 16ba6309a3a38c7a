"""Once a day: tell whose kept card expires soon."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.billing.models import PaymentProfile
from kanton.billing.profiles.actions import tell_expiry
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic

DAYS_BEFORE = 30


@periodic("profiles.expiry", at="08:00")
@task(unique=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def look_for_expiry() -> int:
    """Mail once about each profile that expires within 30 days."""
    today = clock.today()
    found = PaymentProfile.objects.filter(
        expires_on__gte=today, expires_on__lte=today + timedelta(days=DAYS_BEFORE)
    )
    return sum(
        tell_expiry(System("billing"), each) for each in found.select_related("organization").order_by("pk")
    )
