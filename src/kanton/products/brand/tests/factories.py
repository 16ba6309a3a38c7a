"""Custom Brands for tests."""

from __future__ import annotations

from django.utils import timezone

from kanton.core import clock
from kanton.core.actor import System
from kanton.organizations.models import Organization
from kanton.products.actions import start_service
from kanton.products.brand import known
from kanton.products.brand.actions import go_live, prove_brand, set_up_brand
from kanton.products.brand.models import Brand
from kanton.products.models import Service

SYSTEM = System("brand")
_numbers = iter(range(10**9))


def make_service(organization: Organization, host: str = "manager.acme.example") -> Service:
    """A paid Custom Brand, whose job waits."""
    return start_service(
        System("billing"),
        organization,
        order_line=f"test-brand-{next(_numbers)}",
        product="brand",
        plan="custom-brand",
        name=host,
        options={"name": host},
        starts_on=clock.today(),
        ends_on=None,
        period_months=12,
    )


def make_brand(organization: Organization, host: str = "manager.acme.example", *, live: bool = True) -> Brand:
    """A Custom Brand with both proofs, or with none."""
    brand = set_up_brand(SYSTEM, make_service(organization, host))
    if live:
        go_live(SYSTEM, prove_brand(SYSTEM, brand))
        Service.objects.filter(pk=brand.service_id).update(wish_state="done", proved_at=timezone.now())
    known.changed()
    return Brand.objects.select_related("service", "organization").get(pk=brand.pk)
