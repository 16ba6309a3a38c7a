"""Reads of blocked orders."""

from __future__ import annotations

from django.db.models import QuerySet

from kanton.accounts.web import require_staff
from kanton.billing.blocking.models import Block
from kanton.billing.models import Order
from kanton.billing.queries import orders_of
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization


def blocks_of(actor: Actor, organization: Organization) -> QuerySet[Block]:
    """The blocks that stand now, for those who may order or keep the accounts."""
    orders = orders_of(actor, organization).prefetch_related(None).order_by()
    return (
        Block.objects.filter(ended_at=None, order__in=orders.values("pk"))
        .select_related("order__organization", "case")
        .order_by("blocked_at", "pk")
    )


def all_orders(actor: Actor) -> QuerySet[Order]:
    """The orders of all customers, newest first; for the staff."""
    require_staff(actor)
    return (
        Order.objects.select_related("organization", "invoice", "person")
        .prefetch_related("lines")
        .order_by("-placed_at", "-pk")
    )


def any_order(actor: Actor, number: int) -> Order:
    """One order of any customer, or NotFound; for the staff."""
    return get_or_not_found(all_orders(actor), pk=number)


def blocks_on(actor: Actor, order: Order) -> QuerySet[Block]:
    """All blocks of an order, the latest first; for the staff."""
    require_staff(actor)
    return Block.objects.filter(order=order).select_related("case", "person").order_by("-blocked_at", "-pk")
