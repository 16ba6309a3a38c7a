"""The menu's product lines, and deep links that find the right page in the reader's own organization."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from kanton.console.queries import counts
from kanton.core.actor import Actor
from kanton.core.addresses import address
from kanton.core.errors import NotFound
from kanton.organizations.actions import enter_organization
from kanton.organizations.models import Organization
from kanton.organizations.queries import last_entered, organization_for
from kanton.organizations.rights import BELONG
from kanton.products.contract import Product, all_products, product_called
from kanton.products.models import Service
from kanton.products.queries import services_of
from kanton.ui import shell

REMEMBERED = "organization"


def product_entries() -> Iterator[shell.NavEntry]:
    """A line for every installed product, shown to those who see at least one service of it (ORG-99)."""
    for order, product in enumerate(all_products(), 10):
        yield shell.NavEntry(
            key=product.code,
            group=shell.Group(product.group.value),
            label=product.plural,
            icon=product.icon,
            url=product.list_url,
            order=order,
            shown=_owns(product),
        )


def search_url(request: HttpRequest) -> str:
    """Where the search of the present organization is; nowhere on pages that belong to none."""
    organization = getattr(request, "organization", None)
    return address("console:search", organization.slug) if organization else ""


def notices_url(request: HttpRequest) -> str:
    """Where the notices of the present organization are; nowhere on pages that belong to none."""
    organization = getattr(request, "organization", None)
    return address("console:notices", organization.slug) if organization else ""


def present_organization(request: HttpRequest) -> Organization | None:
    """The organization the person works in on this device, or the one they entered last on any."""
    actor = request.actor  # type: ignore[attr-defined]
    wanted = request.session.get(REMEMBERED)
    if wanted:
        try:
            return organization_for(actor, wanted)
        except NotFound:
            pass  # left since, or renamed
    return last_entered(actor)


def enter(request: HttpRequest, organization: Organization) -> bool:
    """Note that the person works here from now on. Whether they worked somewhere else until now."""
    before = request.session.get(REMEMBERED)
    if before == organization.slug:
        return False
    request.session[REMEMBERED] = organization.slug
    actor = request.actor  # type: ignore[attr-defined]
    if actor.has_right(BELONG, organization):
        enter_organization(actor, organization)
    return before is not None


def thing_called(actor: Actor, key: str, name: str, present: Organization | None) -> Service:
    """The service of this kind and name in one of the actor's organizations, the present one before others (ORG-21).
    NotFound for those who may not see it, as for what does not exist."""
    product = product_called(key) if key in {each.code for each in all_products()} else None
    if product is None:
        raise NotFound(model="service")
    called = services_of(actor, products=[product]).filter(name__iexact=name).select_related("organization")
    found = list(called.order_by("-organization__memberships__entered_at", "pk")[:50])
    if not found:
        raise NotFound(model="service")
    return next((each for each in found if present and each.organization_id == present.pk), found[0])


def deep_link(key: str, organization: Organization) -> str | None:
    """The page called `key` in the menu, such as "domains" or "people", in this organization (ORG-100)."""
    for entry in shell.nav_entries():
        if entry.key == key and isinstance(entry.url, str):
            try:
                return reverse(entry.url, args=[organization.slug] if entry.in_organization else [])
            except NoReverseMatch:
                return None
    return None


def _owns(product: Product) -> Callable[[HttpRequest], bool]:
    return lambda request: bool(counts(request).get(product.code))
