"""Reads of payment profiles."""

from __future__ import annotations

from django.db.models import QuerySet

from kanton.billing.models import PaymentProfile
from kanton.billing.profiles.models import ProfileRequest
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import ACCOUNTING


def profiles_of(actor: Actor, organization: Organization) -> QuerySet[PaymentProfile]:
    """The organization's profiles, the default first, for those who keep the accounts."""
    require(actor, ACCOUNTING, organization)
    return (
        PaymentProfile.objects.filter(organization=organization)
        .select_related("organization")
        .order_by("-is_default", "pk")
    )


def profile_of(actor: Actor, organization: Organization, number: int) -> PaymentProfile:
    """One profile, or NotFound."""
    return get_or_not_found(profiles_of(actor, organization), pk=number)


def request_of(actor: Actor, organization: Organization, key: str) -> ProfileRequest:
    """A profile in the making, or NotFound."""
    require(actor, ACCOUNTING, organization)
    return get_or_not_found(ProfileRequest.objects.filter(organization=organization), key=key)
