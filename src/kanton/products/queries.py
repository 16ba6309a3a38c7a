"""Reads of services over all products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.rights import RIGHTS, Right, Role
from kanton.organizations.models import Grant, Organization
from kanton.organizations.queries import require
from kanton.organizations.resolver import closed_to, gives, held_by
from kanton.products.contract import Meter, Product, all_products, product_called
from kanton.products.models import Service, ServiceQuerySet, Wanted


def services_of(
    actor: Actor, organization: Organization | None = None, *, products: Sequence[Product] | None = None
) -> ServiceQuerySet:
    """The services that the actor may use, wholly or in part, in one or in all of their organizations. One query.

    Each row also knows the actor's `role` in its organization. What is closed from where the actor comes is left out,
    or raises NetworkNotAllowed when that organization is asked for.
    """
    services = Service.objects.exclude(wanted=Wanted.ENDED)
    if organization is not None:
        services = services.filter(organization=organization)
    chosen = all_products() if products is None else products
    if actor.is_system:
        return services.filter(product__in=[product.code for product in chosen])
    if organization is None:
        services = services.exclude(organization__in=closed_to(actor))
    elif organization.admin_networks:
        held_by(actor, organization.pk)
    return usable_by(services, actor.person_id or 0, chosen)


def usable_by(services: ServiceQuerySet, person_id: int, products: Sequence[Product]) -> ServiceQuerySet:
    """Narrow to what the person's roles and grants let them use: what the resolver decides, as a condition. Only the
    networks are left to who asks (`resolver.closed_to`)."""
    by_roles: dict[frozenset[Role], list[str]] = {}
    for product in products:
        for right in product.seeing_rights:
            by_roles.setdefault(right.roles, []).append(product.code)
    # No product at all must not become no condition at all.
    allowed: Any = Q(pk__in=[])
    for roles, codes in by_roles.items():
        allowed |= Q(product__in=codes, organization__memberships__role__in=sorted(roles))
    granted = Grant.objects.filter(
        Q(service_id=None) | Q(service_id=OuterRef("pk")),
        product=OuterRef("product"),
        right__in=_giving(right for product in products for right in product.seeing_rights),
    )
    organization = OuterRef("organization_id")
    allowed |= Q(product__in=[product.code for product in products]) & (
        Exists(granted.direct(person_id, organization))
        | Exists(granted.through_teams(person_id, organization))
    )
    # All in one filter(): a second one would join the memberships anew, and take anybody's role for the person's.
    return services.filter(
        allowed, organization__memberships__person_id=person_id, organization__memberships__suspended_at=None
    ).annotate(role=F("organization__memberships__role"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one meter of a service shows."""

    meter: Meter
    value: int


def statistics_of(actor: Actor, service: Service) -> list[Reading]:
    """The figures about a service as a whole (ORG-72). A kind of product without statistics has none to look at."""
    product = product_called(service.product)
    if product.statistics_right is None:
        raise NotFound(model="statistics")
    require(actor, product.statistics_right, service)
    values = product.usage(service)
    return [Reading(meter, values[meter.code]) for meter in product.meters if meter.code in values]


def _giving(rights: Iterable[Right]) -> list[str]:
    """The codes of all rights that include one of these."""
    wanted = list(rights)
    return sorted({code for code in RIGHTS for right in wanted if gives(code, right)})
