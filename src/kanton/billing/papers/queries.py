"""Reads of billing addresses and exports, for those who keep the accounts."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from kanton.billing.papers.models import BillingAddress, Export
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service


def billing_addresses_of(actor: Actor, organization: Organization) -> QuerySet[BillingAddress]:
    """The additional billing addresses, with how many products use each."""
    require(actor, ACCOUNTING, organization)
    return (
        BillingAddress.objects.filter(organization=organization)
        .select_related("organization")
        .annotate(use_count=Count("uses"))
        .order_by("name", "pk")
    )


def billing_address_of(actor: Actor, organization: Organization, number: int) -> BillingAddress:
    """One billing address, or NotFound."""
    return get_or_not_found(billing_addresses_of(actor, organization), pk=number)


def billed_service_of(actor: Actor, organization: Organization, number: int) -> Service:
    """A product of the organization whose invoices can go elsewhere, or NotFound."""
    require(actor, ACCOUNTING, organization)
    return get_or_not_found(
        Service.objects.select_related("organization"), organization=organization, pk=number
    )


def exports_of(actor: Actor, organization: Organization) -> QuerySet[Export]:
    """The exports that this person asked for, newest first."""
    require(actor, ACCOUNTING, organization)
    return (
        Export.objects.filter(organization=organization, person=actor.person_id)
        .select_related("organization")
        .order_by("-pk")
    )


def export_of(actor: Actor, organization: Organization, key: str) -> Export:
    """One export, or NotFound."""
    return get_or_not_found(exports_of(actor, organization), key=key)
