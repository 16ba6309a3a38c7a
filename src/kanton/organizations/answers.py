"""Who may do what here, and why: each question that people ask is one function, and the model of rights answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from kanton.core.actor import Actor
from kanton.core.rights import RIGHTS, SPECIAL, Decision, Right, Role
from kanton.core.standing import Change, Given, Held, what_changes
from kanton.organizations import grantable
from kanton.organizations.grantable import Place, Thing
from kanton.organizations.models import Grant, Membership, Organization, TeamMember
from kanton.organizations.queries import Target, require
from kanton.organizations.resolver import CATALOGUE, explained, sentences
from kanton.organizations.rights import MEMBERS_VIEW

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """One right at one place: yes or no, and why."""

    right: Right
    decision: Decision


@dataclass(frozen=True, slots=True)
class AtPlace:
    """What somebody may do at one place."""

    label: Any
    detail: Any
    product: str
    service_id: int | None
    resource: str
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class OfKind:
    """What somebody may do with one kind of product, or with the organization itself (`code` ""). `left_out` counts
    the places that are not told."""

    code: str
    label: Any
    icon: str
    places: Sequence[AtPlace]
    left_out: int = 0


def held_of(membership: Membership, remembered: dict[str, Any] | None = None) -> Held:
    """What a member holds. Three queries, or none when `with_grants` has fetched it along. Who asks for many members of
    one organization gives them one `remembered`, so that limits read once.
    """
    if membership.suspended_at is not None:
        return Held(None, (), membership.organization_id, CATALOGUE)
    direct = [
        _given(grant, "")
        for grant in membership.grants.all()
        if grant.organization_id == membership.organization_id
    ]
    by_team = [
        _given(grant, place.team.name)
        for place in membership.team_members.all()
        if place.team.organization_id == membership.organization_id
        for grant in place.team.grants.all()
        if grant.organization_id == membership.organization_id
    ]
    return Held(
        Role(membership.role),
        (*direct, *by_team),
        membership.organization_id,
        CATALOGUE,
        remembered={} if remembered is None else remembered,
    )


def with_grants(members: QuerySet[Membership], grants: QuerySet[Grant] | None = None) -> QuerySet[Membership]:
    """The members with their grants and those of their teams: three queries more, for any number of members."""
    narrowed = Grant.objects.all() if grants is None else grants
    teams = TeamMember.objects.select_related("team").prefetch_related(Prefetch("team__grants", narrowed))
    return members.prefetch_related(Prefetch("grants", narrowed), Prefetch("team_members", teams))


def what_they_can(membership: Membership, *, search: str = "", limit: int = SHOWN) -> list[OfKind]:
    """What can this person do here? Every right over the organization and over each kind of product, held or not; and
    of single things those on which something is held. Each with where it comes from (ORG-74).

    `search` narrows the single things; no more than `limit` of a kind are told.
    """
    organization, held = membership.organization, held_of(membership)
    wide = [right for right in RIGHTS.values() if right.code not in SPECIAL and not right.product]
    whole = AtPlace(organization.name, "", "", None, "", _answers(held, wide, None, ""))
    found = [OfKind("", _("Organization"), "building", [whole])]
    given = {
        (each.product, each.service_id, each.resource) for each in held.grants if each.service_id is not None
    }
    limited = held.role is not None and any(
        held.role not in right.roles for right in RIGHTS.values() if right.product
    )
    things = grantable.things_at(organization, given) if limited else {}
    for kind in grantable.kinds_of(organization):
        if not kind.code:
            continue
        everything = kind.things[0]
        places = [
            AtPlace(everything.label, "", kind.code, None, "", _answers(held, everything.rights, None, ""))
        ]
        single = sorted(
            (thing for place, thing in things.items() if place[0] == kind.code and _matches(thing, search)),
            key=lambda thing: (str(thing.detail or thing.label), bool(thing.detail), str(thing.label)),
        )
        for thing in single[:limit]:
            answers = [
                each
                for each in _answers(held, thing.rights, thing.service_id, thing.resource)
                if each.decision.allowed or each.decision.forbidden_by
            ]
            places.append(
                AtPlace(thing.label, thing.detail, kind.code, thing.service_id, thing.resource, answers)
            )
        found.append(OfKind(kind.code, kind.label, kind.icon, places, max(len(single) - limit, 0)))
    return found


def who_can(actor: Actor, organization: Organization, right: Right, place: Place) -> QuerySet[Membership]:
    """Who can do this here? Everybody whose role, grant or team gives `right` at this place. `why` tells of each."""
    require(actor, MEMBERS_VIEW, organization)
    giving = _giving(organization, right, place)
    through = giving.filter(
        team__organization=organization,
        team__team_members__membership=OuterRef("pk"),
        team__team_members__membership__organization=organization,
    )
    members = Membership.objects.filter(organization=organization, suspended_at=None).filter(
        Q(role__in=sorted(right.roles)) | Exists(giving.filter(membership=OuterRef("pk"))) | Exists(through)
    )
    return with_grants(members.select_related("person", "organization"), giving)


def why(
    membership: Membership, right: Right, place: Place, *, remembered: dict[str, Any] | None = None
) -> Decision:
    """Why can they, or why not? The decision of one right at one place for one member."""
    _product, service_id, resource = place
    target = Target(membership.organization_id, service_id, resource)
    return explained(held_of(membership, remembered), right, target)


@dataclass(frozen=True, slots=True)
class Told:
    """One right at one place that a change of access gives, takes, or leaves through another source."""

    change: Change
    right: Right
    label: Any
    because: tuple[Any, ...]

    def __str__(self) -> str:
        params = {"right": self.right.label, "place": self.label, "why": " ".join(map(str, self.because))}
        if self.change is Change.GAINED:
            return _("New: %(place)s: %(right)s.") % params
        if self.change is Change.LOST:
            return _("No longer: %(place)s: %(right)s.") % params
        return _("Stays: %(place)s: %(right)s. %(why)s") % params


def what_would_change(membership: Membership, grants: Iterable[Mapping[str, Any]]) -> list[Told]:
    """What would change if these were the member's own grants? What comes from their teams stays as it is."""
    before = held_of(membership)
    direct = [
        Given(*(grant[name] for name in ("right", "product", "service_id", "resource"))) for grant in grants
    ]
    by_team = [each for each in before.grants if each.team]
    after = replace(before, grants=(*direct, *by_team), reaches={}, answers={}, remembered={})
    return _told(membership.organization, before, after)


def _told(organization: Organization, before: Held, after: Held) -> list[Told]:
    changes = what_changes(before, after)
    kinds = {kind.code: kind.label for kind in grantable.kinds_of(organization)}
    things = grantable.things_at(
        organization, {(each.product, each.service_id, each.resource) for each in changes}
    )
    found = []
    for each in changes:
        thing = things.get((each.product, each.service_id, each.resource))
        label = _place_label(kinds.get(each.product, each.product), each.product, thing)
        found.append(Told(each.change, RIGHTS[each.right], label, sentences(each.sources)))
    return found


def _place_label(kind: Any, product: str, thing: Thing | None) -> Any:
    if thing is None:
        return _("something that is no longer there")
    return f"{kind}, {thing.label}" if thing.service_id is None and product else thing.label


def _answers(held: Held, rights: Iterable[Right], service_id: int | None, resource: str) -> list[Answer]:
    target = Target(held.organization_id, service_id, resource)
    return [Answer(right, explained(held, right, target)) for right in rights]


def _matches(thing: Thing, search: str) -> bool:
    return search.lower() in f"{thing.label} {thing.detail}".lower()


def _given(grant: Grant, team: str) -> Given:
    return Given(grant.right, grant.product, grant.service_id, grant.resource, team)


def _giving(organization: Organization, right: Right, place: Place) -> QuerySet[Grant]:
    """The grants that give `right` at a place: its own, and those of all that the place belongs to."""
    _product, service_id, resource = place
    where = Q(service_id=None, resource="")
    if service_id is not None:
        where |= Q(service_id=service_id, resource="")
        if resource:
            where |= Q(service_id=service_id, resource=resource)
    codes = sorted(CATALOGUE.giving(right.code))
    return Grant.objects.filter(where, organization=organization, product=right.product, right__in=codes)
