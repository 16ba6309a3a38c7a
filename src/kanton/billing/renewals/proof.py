"""The books prove that each term was billed once."""

from __future__ import annotations

from django.db.models import F, Window
from django.db.models.functions import Lag

from kanton.billing.proof import MOST_SHOWN, SETTLED
from kanton.billing.renewals.models import Renewal, RenewalState


def problems() -> list[str]:
    """Terms of a service that overlap, and renewals whose invoice tells something else. Three queries at any size."""
    live = Renewal.objects.exclude(state=RenewalState.CANCELLED)
    end_before = Window(Lag("ends_on"), partition_by="service", order_by=["starts_on", "pk"])
    twice = live.annotate(end_before=end_before).filter(end_before__gt=F("starts_on"))
    found = [
        f"service {service} was billed twice for the term from {start}"
        for service, start in twice.values_list("service", "starts_on")[:MOST_SHOWN]
    ]
    unpaid = live.filter(state=RenewalState.PAID).exclude(invoice__status__in=SETTLED)
    open_ = live.filter(state=RenewalState.OPEN, invoice__status__in=SETTLED)
    for renewals, said in (
        (unpaid, "is paid and its invoice is not"),
        (open_, "is open and its invoice is paid"),
    ):
        found += [
            f"renewal {pk} {said}" for pk in renewals.order_by("pk").values_list("pk", flat=True)[:MOST_SHOWN]
        ]
    return found
