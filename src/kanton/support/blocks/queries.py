"""Reads of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from kanton.accounts.models import Person
from kanton.accounts.web import require_staff
from kanton.config import config
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.core.rights import ADMINISTRATORS, Role
from kanton.organizations.models import Membership, Organization
from kanton.organizations.suspension.means import Means, means_of
from kanton.support.blocks.errors import HeldByProvider
from kanton.support.blocks.models import SecurityBlock


def security_blocks(actor: Actor) -> QuerySet[SecurityBlock]:
    """All blocks, the newest first, for staff."""
    require_staff(actor)
    return SecurityBlock.objects.select_related(
        "person", "organization", "asked_by", "blocked_by", "lifted_by"
    )


def security_block(actor: Actor, number: int) -> SecurityBlock:
    """One block, or NotFound."""
    return get_or_not_found(security_blocks(actor), pk=number)


@dataclass(frozen=True, slots=True)
class Place:
    """An organization of somebody who may be blocked: whether they are its last owner, and what they may open there
    with passwords of its own (ORG-88, ORG-91)."""

    membership: Membership
    is_last_owner: bool
    means: Sequence[Means]


def whom_to_block(actor: Actor, number: int) -> Person:
    """The person, or NotFound; for staff."""
    require_staff(actor)
    return get_or_not_found(Person.objects.all(), pk=number)


def places_of(actor: Actor, person: Person) -> list[Place]:
    """The organizations of this person, for staff."""
    require_staff(actor)
    rows = Membership.objects.filter(person=person).select_related("organization", "person")
    return [
        Place(each, is_last_owner(each), means_of(person, each.organization))
        for each in rows.order_by("organization__name")
    ]


def is_last_owner(membership: Membership) -> bool:
    """Whether nobody else can act as owner there."""
    if membership.role != Role.OWNER or membership.suspended_at is not None:
        return False
    others = Membership.objects.filter(
        organization=membership.organization_id, role=Role.OWNER, suspended_at=None, person__is_active=True
    )
    return not others.exclude(pk=membership.pk).exists()


def may_ask(asking: Person, person: Person, organization: Organization | None) -> bool:
    """The person, an owner or administrator of the organization, or one of every organization of the person."""
    if asking.pk == person.pk:
        return True
    led = Membership.objects.filter(person=asking, role__in=ADMINISTRATORS, suspended_at=None)
    mine = set(led.values_list("organization_id", flat=True))
    if organization is not None:
        return organization.pk in mine
    theirs = set(Membership.objects.filter(person=person).values_list("organization_id", flat=True))
    return bool(theirs) and theirs <= mine


def hold(membership: Membership) -> None:
    """Raises HeldByProvider while a block keeps this member out."""
    if SecurityBlock.objects.filter(
        person=membership.person_id, organization=membership.organization_id, lifted_at=None
    ).exists():
        raise HeldByProvider(
            person=membership.person.display_name,
            organization=membership.organization.name,
            provider=config.operator.name,
            support=config.operator.support_email,
        )
