"""Reads of the console: across products, but never past a right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.activity.queries import activity_in
from kanton.core.actor import Actor
from kanton.core.prepared import Prepared
from kanton.organizations.models import Membership, Organization
from kanton.organizations.rights import ACTIVITY_VIEW, MEMBERS_VIEW
from kanton.products.contract import all_products
from kanton.products.models import Service, Wanted
from kanton.products.queries import services_of, usable_by
from kanton.ui import home


@dataclass(frozen=True)
class Overview:
    """The start page of an organization for one person."""

    attention: list[home.Attention]
    figures: list[home.Figure]
    counts: dict[str, int]
    activity: list[Activity]


def viewpoint(actor: Actor, organization: Organization) -> HttpRequest:
    """A request that says no more than who looks at which organization, for those who come without a browser."""
    request = HttpRequest()
    request.method, request.path = "GET", f"/o/{organization.slug}/"
    request.actor, request.organization = actor, organization  # type: ignore[attr-defined]
    request.user = SimpleLazyObject(lambda: Person.objects.get(pk=actor.person_id or 0))  # type: ignore[assignment]
    return request


def overview_of(request: HttpRequest) -> Overview:
    """What needs attention, the figures that matter, what is owned, and what happened (ORG-99, ORG-104)."""
    actor, organization = request.actor, request.organization  # type: ignore[attr-defined]
    return Overview(
        home.attention(request), home.figures(request), counts(request), recent_activity(actor, organization)
    )


def services_seen(actor: Actor, organization: Organization) -> QuerySet[Service]:
    """The services that the actor may see in this organization and that have not ended, in one query."""
    return services_of(actor, organization).exclude(wanted=Wanted.ENDED)


def counts(request: HttpRequest) -> dict[str, int]:
    """Services by product for this request's actor and organization, asked for once."""
    known: dict[str, int] | None = getattr(request, "_kanton_counts", None)
    if known is None:
        known = counts_by_product(request.actor, request.organization)  # type: ignore[attr-defined]
        request._kanton_counts = known  # type: ignore[attr-defined]
    return known


def counts_by_product(actor: Actor, organization: Organization) -> dict[str, int]:
    """How many services of each product the actor sees. One query, which every page of the console asks."""
    if actor.is_system or organization.admin_networks:
        return dict(_counted(services_seen(actor, organization)))
    installed = tuple(product.code for product in all_products())
    return dict(_counts(installed)(actor.person_id or 0, organization.pk))


def _counted(services: QuerySet[Service]) -> Any:
    return services.values_list("product").annotate(number=Count("pk")).order_by()


@lru_cache(maxsize=8)
def _counts(_installed: tuple[str, ...]) -> Prepared:
    """The query for the products that are installed, written once."""
    running = Service.objects.exclude(wanted=Wanted.ENDED)
    return Prepared(
        lambda person_id, organization_id: _counted(
            usable_by(running.filter(organization=organization_id), person_id, all_products())
        ),
        int,
        int,
    )


def people_seen(actor: Actor, organization: Organization) -> QuerySet[Membership]:
    """The people of the organization, for those who may see them."""
    if not actor.has_right(MEMBERS_VIEW, organization):
        return Membership.objects.none()
    return Membership.objects.filter(organization=organization).select_related("person")


def recent_activity(actor: Actor, organization: Organization, limit: int = 8) -> list[Activity]:
    """What happened last, for those who may see the activity."""
    if not actor.has_right(ACTIVITY_VIEW, organization):
        return []
    return list(activity_in(organization.pk)[:limit])
