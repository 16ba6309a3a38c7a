"""Reads of teams: who is in them, what they open, and what somebody would lose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _

from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.core.rights import ADMINISTRATORS, RIGHTS
from kanton.organizations import grantable
from kanton.organizations.models import Grant, Membership, Organization, Team, TeamMember
from kanton.organizations.queries import members_of, require
from kanton.organizations.resolver import gives
from kanton.organizations.rights import MEMBERS_VIEW
from kanton.organizations.teams.models import DeletedTeam


def teams_of(actor: Actor, organization: Organization) -> QuerySet[Team]:
    """The teams with the number of their people and what they are granted; two queries for any number."""
    require(actor, MEMBERS_VIEW, organization)
    return (
        Team.objects.filter(organization=organization)
        .select_related("organization")
        .annotate(user_count=Count("team_members"))
        .prefetch_related(Prefetch("grants", Grant.objects.order_by("pk")))
    )


def team_of(actor: Actor, organization: Organization, number: int) -> Team:
    """One team, or NotFound."""
    return get_or_not_found(teams_of(actor, organization), pk=number)


def people_in(actor: Actor, team: Team) -> QuerySet[Membership]:
    """Who is in the team, and whether single sign-on put them in (`by_provider`)."""
    places = TeamMember.objects.filter(team=team, membership_id=OuterRef("pk"), by_provider=True)
    found = members_of(actor, team.organization).filter(_is_in(team))
    return found.annotate(by_provider=Exists(places))


def limited_in(actor: Actor, team: Team) -> QuerySet[Membership]:
    """Those of them who can lose something with the team, without what a list of people tells besides."""
    require(actor, MEMBERS_VIEW, team.organization)
    found = Membership.objects.filter(_is_in(team), organization=team.organization_id)
    return found.exclude(role__in=sorted(ADMINISTRATORS)).select_related("person").order_by("pk")


def people_outside(actor: Actor, team: Team) -> QuerySet[Membership]:
    """Who could come into the team."""
    return members_of(actor, team.organization).exclude(_is_in(team))


def deleted_teams_of(actor: Actor, organization: Organization) -> QuerySet[DeletedTeam]:
    """Teams that can be brought back, the latest first."""
    require(actor, MEMBERS_VIEW, organization)
    found = DeletedTeam.objects.filter(organization=organization).select_related("organization")
    return found.order_by("-deleted_at", "-pk")


def deleted_team_of(actor: Actor, organization: Organization, number: int) -> DeletedTeam:
    """One of them by the number that the team had, or NotFound."""
    return get_or_not_found(deleted_teams_of(actor, organization), number=number)


def _is_in(team: Team) -> Any:
    return Exists(TeamMember.objects.filter(team=team, membership_id=OuterRef("pk")))


@dataclass(frozen=True, slots=True)
class Loss:
    """What one member loses with a team: sentences such as “use mailboxes (acme.ch)”."""

    membership: Membership
    lost: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Who loses what, in the language active now."""
        return _("%(person)s loses: %(lost)s.") % {
            "person": self.membership.person.display_name,
            "lost": ", ".join(self.lost),
        }


def losses(team: Team, memberships: Iterable[Membership]) -> list[Loss]:
    """Who would lose what without this team, by name (ORG-79). What also comes from elsewhere, and what a role gives,
    is no loss. The same few queries for any number."""
    people = [membership for membership in memberships if membership.is_limited]
    people.sort(key=lambda membership: (membership.person.display_name, membership.pk))
    given = list(team.grants.order_by("pk"))
    if not people or not given:
        return []
    words = _words(team.organization, given)
    elsewhere: dict[int, list[Grant]] = {}
    numbers = [membership.pk for membership in people]
    for grant in Grant.objects.filter(organization=team.organization, membership__in=numbers):
        elsewhere.setdefault(grant.membership_id or 0, []).append(grant)
    others = TeamMember.objects.filter(membership__in=numbers, team__organization=team.organization)
    for member in others.exclude(team=team).select_related("team").prefetch_related("team__grants"):
        elsewhere.setdefault(member.membership_id, []).extend(member.team.grants.all())
    found = []
    for membership in people:
        kept = elsewhere.get(membership.pk, [])
        lost = tuple(
            _in_words(grant, words) for grant in given if not any(_covers(one, grant) for one in kept)
        )
        if lost:
            found.append(Loss(membership, lost))
    return found


def _covers(kept: Grant, grant: Grant) -> bool:
    """Does what is kept include the grant?"""
    right = RIGHTS.get(grant.right)
    return (
        right is not None
        and gives(kept.right, right)
        and kept.product == grant.product
        and kept.service_id in (None, grant.service_id)
        and kept.resource in ("", grant.resource)
    )


Words = dict[tuple[str, int | None, str], str]


def _words(organization: Organization, grants: Iterable[Grant]) -> Words:
    """How the things are called on which these grants are."""
    kinds = {kind.code: kind.label for kind in grantable.kinds_of(organization)}
    places = {(grant.product, grant.service_id, grant.resource) for grant in grants}
    return {
        place: f"{kinds[place[0]]}: {thing.label}" if place[0] else str(kinds[""])
        for place, thing in grantable.things_at(organization, places).items()
    }


def _in_words(grant: Grant, words: Words) -> str:
    right = RIGHTS[grant.right].label if grant.right in RIGHTS else grant.right
    place = words.get((grant.product, grant.service_id, grant.resource), "")
    return f"{right} ({place})" if place else str(right)


def opened_by(team: Team) -> list[tuple[Any, list[tuple[Any, list[Any]]]]]:
    """What a team opens: sections, the things in them, and the rights on each."""
    rights: dict[grantable.Place, set[str]] = {}
    for grant in team.grants.all():
        rights.setdefault((grant.product, grant.service_id, grant.resource), set()).add(grant.right)
    things = grantable.things_at(team.organization, rights)
    found = []
    for kind in grantable.kinds_of(team.organization):
        mine = [
            (thing, [right for right in thing.rights if right.code in rights[place]])
            for place, thing in things.items()
            if place[0] == kind.code
        ]
        if mine:
            found.append((kind, mine))
    return found
