"""Reads that are more than one line."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from kanton.accounts.models import Person, address_key
from kanton.accounts.queries import has_second_factor
from kanton.activity.models import Activity
from kanton.activity.queries import activity_in
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.prepared import Prepared, PreparedModels
from kanton.core.query import get_or_not_found
from kanton.core.rights import Right, Role
from kanton.core.secrets import token_hash
from kanton.organizations.models import INVITATION_LIFE, Invitation, Membership, Organization
from kanton.organizations.rights import ACTIVITY_VIEW, MEMBERS_VIEW
from kanton.ui.shell import SWITCHER

_own = PreparedModels(
    lambda person_id, slug: Organization.objects.filter(
        slug=slug, memberships__person_id=person_id, memberships__suspended_at=None
    ),
    int,
    str,
)


def organization_for(actor: Actor, slug: str) -> Organization:
    """The organization with this slug, or NotFound. Hidden and missing look the same from outside."""
    if actor.person_id is not None and not actor.consent:
        found = _own.first(actor.person_id, slug)
        if found is not None:
            return found
    return get_or_not_found(Organization.objects.visible_to(actor), slug=slug)


def suspended_from(actor: Actor, slug: str) -> Membership | None:
    """The actor's suspended membership of the organization with this slug; asked when that was not found."""
    found = Membership.objects.filter(
        organization__slug=slug, person_id=actor.person_id or 0, suspended_at__isnull=False
    )
    return found.select_related("person", "organization").first()


def mail_readers(organization: Organization, roles: Collection[Role] = (Role.OWNER,)) -> QuerySet[Membership]:
    """Whom the organization's mails go to: its active members with these roles. Where nobody is left, as when the last
    owner is blocked, its owners all the same, so that reminders go on (ORG-91)."""
    readers = Membership.objects.filter(organization=organization, role__in=sorted(roles), suspended_at=None)
    if not readers.exists():
        readers = Membership.objects.filter(organization=organization, role=Role.OWNER)
    return readers.select_related("person").order_by("pk")


def organization_by_id(actor: Actor, organization_id: int) -> Organization:
    """The organization with this number, or NotFound."""
    return get_or_not_found(Organization.objects.visible_to(actor), pk=organization_id)


def organizations_of(actor: Actor) -> list[Organization]:
    """Every organization the actor can switch to, by name. One query."""
    return list(Organization.objects.visible_to(actor).order_by("name"))


class Switchable(NamedTuple):
    """An organization as the switcher shows it."""

    name: str
    slug: str
    corner: str
    own_initials: str
    initials_colour: str
    logo_key: str
    role: str


_LOOKS = [f"organization__{name}" for name in Switchable._fields[:-1]] + ["role"]
_of_person = Prepared(
    lambda person_id: (
        Membership.objects.filter(person_id=person_id, suspended_at=None)
        .order_by("-entered_at", "-pk")
        .values_list(*_LOOKS)[: SWITCHER + 1]
    ),
    int,
)


def switchable(actor: Actor) -> list[Switchable]:
    """The organizations that the actor entered last, the latest first, and one more than the switcher lists when
    there are more (ORG-17). One query, as quick for 2,000 organizations as for two."""
    return [Switchable(*row) for row in _of_person(actor.person_id or 0)]


def memberships_of(actor: Actor) -> QuerySet[Membership]:
    """The actor's memberships with their organizations and `has_sso`, by name. One query."""
    mine = Membership.objects.filter(person_id=actor.person_id or 0, suspended_at=None).annotate(
        has_sso=Coalesce(F("organization__sso__is_on"), False)
    )
    return mine.select_related("organization").order_by("organization__name", "pk")


def memberships_called(actor: Actor, words: str) -> list[Membership]:
    """The actor's memberships in organizations that are called so, as many as the switcher lists (ORG-17)."""
    if not words.strip():
        return []
    found = memberships_of(actor)
    for word in words.split()[:8]:
        found = found.filter(organization__name__icontains=word)
    return list(found[:SWITCHER])


def last_entered(actor: Actor) -> Organization | None:
    """The organization that the actor entered last, on whatever device."""
    mine = Organization.objects.filter(
        memberships__person_id=actor.person_id or 0, memberships__suspended_at=None
    )
    return mine.order_by("-memberships__entered_at", "-memberships__pk").first()


def has_sso(organization: Organization) -> bool:
    """Whether people sign in here at a provider of the organization's own (ACC-118)."""
    return Organization.objects.filter(pk=organization.pk, sso__is_on=True).exists()


def require(actor: Actor, right: Right, target: Any) -> None:
    """Raises Forbidden, with whom to ask, unless the actor has the right. For reads that not every member may make."""
    decision = actor.decide(right, target)
    if not decision:
        raise Forbidden(decision)


def members_of(actor: Actor, organization: Organization) -> QuerySet[Membership]:
    """The people of an organization with second factor and last activity there, one query for any number (ORG-40)."""
    require(actor, MEMBERS_VIEW, organization)
    latest = Activity.objects.filter(
        organization_id=OuterRef("organization_id"), person_id=OuterRef("person_id")
    ).order_by("-pk")
    return (
        Membership.objects.filter(organization=organization)
        .select_related("person", "organization")
        .annotate(
            has_second_factor=has_second_factor("person_id"),
            last_active_at=Subquery(latest.values("at")[:1]),
        )
    )


def member_of(actor: Actor, organization: Organization, number: int) -> Membership:
    """One member by the number of the membership, or NotFound."""
    return get_or_not_found(members_of(actor, organization), pk=number)


def pending_invitations(actor: Actor, organization: Organization) -> QuerySet[Invitation]:
    """Invitations that are neither accepted nor revoked, expired ones included, so that they can be sent again."""
    require(actor, MEMBERS_VIEW, organization)
    waiting = Invitation.objects.filter(organization=organization, accepted_at=None, revoked_at=None)
    return waiting.select_related("invited_by", "organization").order_by("-pk")


def invitation_of(actor: Actor, organization: Organization, number: int) -> Invitation:
    """One pending invitation, or NotFound."""
    return get_or_not_found(pending_invitations(actor, organization), pk=number)


def invitation_by_secret(secret: str) -> Invitation | None:
    """The open invitation of a link. Looking does not use it up."""
    found = (
        Invitation.objects.select_related("organization", "invited_by")
        .filter(digest=token_hash(secret))
        .first()
    )
    return found if found is not None and found.is_open else None


def invitations_for(person: Person) -> list[Invitation]:
    """What this person's address is invited to (ORG-9)."""
    open_ones = Invitation.objects.filter(
        email_key=address_key(person.email),
        accepted_at=None,
        revoked_at=None,
        sent_at__gt=clock.now() - INVITATION_LIFE,
    )
    return list(open_ones.select_related("organization", "invited_by").order_by("pk"))


def activity_of_organization(actor: Actor, organization: Organization) -> QuerySet[Activity]:
    """What happened in the organization, newest first."""
    require(actor, ACTIVITY_VIEW, organization)
    return activity_in(organization.pk)


@dataclass(frozen=True, slots=True)
class Target:
    """Something in an organization that a right is asked for: a service, or a part of it."""

    organization_id: int
    service_id: int | None = None
    resource: str = ""
