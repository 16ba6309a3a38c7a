"""Reads of codes and grants."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from kanton.accounts.web import require_staff
from kanton.billing.models import Cart
from kanton.billing.promotions.models import CartMethod, CartPromotion, FreeGrant, PromoCode
from kanton.catalog.models import Plan
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import ORDER
from kanton.products.contract import product_called


def offer_name(product: str, plan: str) -> str:
    """What a code or grant is for, in the customer's words."""
    if plan and (found := Plan.objects.filter(code=plan).first()):
        return found.name
    with suppress(KeyError):
        return str(product_called(product).name)
    return product


def grants_for(organization: Organization) -> QuerySet[FreeGrant]:
    """The free grants that this organization can still use."""
    return FreeGrant.objects.filter(organization=organization, line=None, withdrawn_at=None).filter(
        Q(valid_until=None) | Q(valid_until__gte=clock.today())
    )


@dataclass(frozen=True, slots=True)
class GrantChoice:
    """The drop-down beside a line: the grants that fit it, and the one chosen (BIL-18)."""

    line: int
    name: str
    grants: tuple[FreeGrant, ...]
    chosen: int | None


@dataclass(frozen=True, slots=True)
class CartBox:
    """Payment method, codes and grants of a cart."""

    method: str
    codes: tuple[CartPromotion, ...]
    grants: tuple[GrantChoice, ...]


def cart_promotions(actor: Actor, organization: Organization, cart: Cart) -> CartBox:
    """What the cart summary offers: the method chosen, the codes applied, the grants that fit each line."""
    require(actor, ORDER, organization)
    chosen = CartMethod.objects.filter(cart=cart).first()
    promotions = list(
        CartPromotion.objects.filter(line__cart=cart)
        .select_related("code", "grant", "line__plan")
        .order_by("pk")
    )
    by_line = {each.line_id: each for each in promotions}
    free = list(grants_for(organization))
    grants = []
    for line in cart.lines.select_related("plan") if free else ():
        fitting = tuple(grant for grant in free if grant.fits(line.plan.product, line.plan.code))
        if fitting:
            has = by_line.get(line.pk)
            grants.append(
                GrantChoice(line.pk, line.name or line.plan.name, fitting, has.grant_id if has else None)
            )
    return CartBox(
        chosen.method if chosen else "",
        tuple(each for each in promotions if each.code_id is not None),
        tuple(grants),
    )


def codes_issued(actor: Actor) -> QuerySet[PromoCode]:
    """All promo codes with how often they were used, the newest first; for the staff."""
    require_staff(actor)
    used = Count("uses", filter=Q(uses__released_at=None))
    return PromoCode.objects.select_related("organization").annotate(used=used).order_by("-issued_at", "-pk")


def grants_issued(actor: Actor) -> QuerySet[FreeGrant]:
    """All free grants, the newest first; for the staff."""
    require_staff(actor)
    return FreeGrant.objects.select_related("organization", "line").order_by("-issued_at", "-pk")
