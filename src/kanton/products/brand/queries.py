"""Reads of Custom Brands."""

from __future__ import annotations

from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.products.brand.models import Brand, BrandQuerySet
from kanton.products.models import Wanted


def brands_of(actor: Actor, organization: Organization) -> BrandQuerySet:
    """The organization's brands that the actor may see, those that have ended left out."""
    found = Brand.objects.visible_to(actor, organization).exclude(service__wanted=Wanted.ENDED)
    return found.select_related("service", "organization").order_by("host")


def brand_of(actor: Actor, organization: Organization, number: int) -> Brand:
    """One brand by the number of its service, or NotFound."""
    return get_or_not_found(brands_of(actor, organization), service_id=number)


def is_proven(host: str) -> bool:
    """Whether somebody holds this name with us: only for such a name a certificate is asked for."""
    return (
        Brand.objects.filter(host=host, proven_at__isnull=False)
        .exclude(service__wanted=Wanted.ENDED)
        .exists()
    )
