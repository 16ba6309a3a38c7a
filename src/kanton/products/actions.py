"""Every change of a service as such. What it does inside is its product's business."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from kanton.core.action import action, after_commit, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.organizations.models import Organization
from kanton.products.activity import Happened
from kanton.products.models import Service, Wanted


@internal("Billing starts it when an order line is paid; customers order instead.")
@action(right=SYSTEM)
def start_service(
    actor: Actor,
    organization: Organization,
    *,
    order_line: str,
    product: str,
    plan: str,
    name: str,
    options: Mapping[str, Any],
    starts_on: date,
    ends_on: date | None,
    period_months: int,
    is_guaranteed: bool = False,
) -> Service:
    """Want a new service. Called twice for the same order line, it returns the first one's service."""
    service, is_new = Service.objects.get_or_create(
        order_line=order_line,
        defaults={
            "organization": organization,
            "product": product,
            "plan": plan,
            "name": name,
            "options": dict(options),
            "starts_on": starts_on,
            "ends_on": ends_on,
            "period_months": period_months,
            "anchor_day": starts_on.day,
            "is_guaranteed": is_guaranteed,
        },
    )
    if is_new:
        _reconcile_later(service)
    record(actor, Happened.SERVICE_ORDERED, service)
    return service


@internal("Billing and dunning do it; customers cancel instead.")
@action(right=SYSTEM)
def want_service(actor: Actor, service: Service, wanted: Wanted) -> Service:
    """Suspend, resume or end a service."""
    service.wanted = wanted
    service.wished()
    service.save()
    kinds = {
        Wanted.ACTIVE: Happened.SERVICE_RESUMED,
        Wanted.SUSPENDED: Happened.SERVICE_SUSPENDED,
        Wanted.ENDED: Happened.SERVICE_ENDED,
    }
    record(actor, kinds[wanted], service)
    _reconcile_later(service)
    return service


@internal("Billing extends what was paid; customers renew instead.")
@action(right=SYSTEM)
def extend_service(actor: Actor, service: Service, *, until: date) -> Service:
    """The paid term now ends at 24:00 of `until` in the operator's time zone."""
    service.ends_on = until
    service.wished()
    service.save()
    record(actor, Happened.SERVICE_EXTENDED, service, until=until.isoformat())
    _reconcile_later(service)
    return service


def _reconcile_later(service: Service) -> None:
    from kanton.products.tasks import reconcile_service

    after_commit(reconcile_service, service.pk, unique_key=f"reconcile-service:{service.pk}")
