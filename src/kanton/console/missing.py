"""“Product not visible?”: which of account, organization and rights it is (ORG-102). Never past a right (ORG-104)."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.db.models import Count, Q, QuerySet

from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.resolver import services_granted
from kanton.products.contract import Product, all_products, product_called
from kanton.products.models import Service, Wanted
from kanton.products.queries import services_of, usable_by

SHOWN = 20


class Reason(enum.StrEnum):
    """Why something expected is not in sight."""

    HERE = "here"
    ELSEWHERE = "organization"
    ENDED = "ended"
    RIGHTS = "rights"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Elsewhere:
    """Another organization of the person, with what they see there."""

    name: str
    slug: str
    count: int


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and so what the reason is. Everything in it is what the person may see anyway."""

    reason: Reason
    product: Product | None
    words: str
    here: Sequence[Service]
    elsewhere: Sequence[Elsewhere]
    ended: Sequence[Service]
    sees_all: bool
    whom_to_ask: str


def diagnosed(actor: Actor, organization: Organization, product: Product | None, words: str) -> Diagnosis:
    """Look for a product by kind and name where the person may look.

    As few queries for somebody in 2,000 organizations as for somebody in one.
    """
    products = [product] if product else all_products()
    named = _named(words)
    running = services_of(actor, products=products).filter(named)
    here = list(running.filter(organization=organization).order_by("name")[:SHOWN])
    elsewhere = _elsewhere(running.exclude(organization=organization))
    gone = usable_by(Service.objects.filter(wanted=Wanted.ENDED), actor.person_id or 0, products)
    ended = list(gone.filter(named, organization=organization).order_by("-ends_on", "name")[:SHOWN])
    sees_all = all(services_granted(actor, organization.pk, each.use_right)[0] for each in products)
    for service in (*here, *ended):
        service.organization = organization
    if here:
        reason = Reason.HERE
    elif elsewhere:
        reason = Reason.ELSEWHERE
    elif ended:
        reason = Reason.ENDED
    else:
        reason = Reason.ACCOUNT if sees_all else Reason.RIGHTS
    return Diagnosis(
        reason, product, words, here, elsewhere, ended, sees_all, _whom_to_ask(actor, organization, products)
    )


def product_wanted(code: str) -> Product | None:
    """The product that is looked for; None for any."""
    try:
        return product_called(code) if code else None
    except KeyError:
        return None


def _named(words: str) -> Q:
    parts = [Q(name__icontains=word) for word in words.split()[:8]]
    return reduce(lambda one, other: one & other, parts, Q())


def _elsewhere(services: QuerySet[Service]) -> list[Elsewhere]:
    counted: Any = (
        services.order_by()
        .values_list("organization__name", "organization__slug")
        .annotate(number=Count("pk", distinct=True))
        .order_by("-number", "organization__name")
    )
    return [Elsewhere(name, slug, number) for name, slug, number in counted[:SHOWN]]


def _whom_to_ask(actor: Actor, organization: Organization, products: Sequence[Product]) -> str:
    for each in products:
        decision = actor.decide(each.use_right, organization)
        if not decision:
            return str(decision.whom_to_ask)
    return ""
