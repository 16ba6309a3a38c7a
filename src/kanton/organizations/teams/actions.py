"""Every change of teams."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from kanton.core import clock
from kanton.core.action import action, after_commit, is_dry_run, note, record, record_many
from kanton.core.activity import Recorded
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.parity import internal
from kanton.core.query import get_or_not_found
from kanton.core.rights import SYSTEM, Role
from kanton.organizations import grantable
from kanton.organizations.actions import checked_grants
from kanton.organizations.models import Grant, Membership, Organization, Team, TeamMember
from kanton.organizations.rights import MEMBERS_MANAGE
from kanton.organizations.signals import team_people_changed
from kanton.organizations.teams import emails
from kanton.organizations.teams.activity import Happened
from kanton.organizations.teams.errors import TeamNameMissing, TeamNameTaken, TooManyTeams
from kanton.organizations.teams.models import DeletedTeam
from kanton.organizations.teams.queries import losses

MOST_TEAMS = 500
KEPT = timedelta(days=30)
TOLD_AT_ONCE = 50


@action(right=MEMBERS_MANAGE)
def create_team(
    actor: Actor,
    organization: Organization,
    *,
    name: str,
    description: str = "",
    grants: Sequence[Mapping[str, Any]] = (),
) -> Team:
    """A new team, with what everybody in it may use (ORG-78)."""
    if organization.teams.count() >= MOST_TEAMS:
        raise TooManyTeams(most=MOST_TEAMS)
    checked = _checked(organization, grants)
    team = Team(organization=organization)
    _name(team, name, description)
    _give(team, checked)
    record(actor, Happened.CREATED, team, rights=_rights(checked))
    return team


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def edit_team(actor: Actor, team: Team, *, name: str | None = None, description: str | None = None) -> Team:
    """Another name or description. What the team may use stays."""
    before = (team.name, team.description)
    _name(team, team.name if name is None else name, team.description if description is None else description)
    if (team.name, team.description) != before:
        record(actor, Happened.CHANGED, team)
    return team


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def change_team_access(actor: Actor, team: Team, *, grants: Sequence[Mapping[str, Any]]) -> Team:
    """Replace what everybody in the team may use, and tell those for whom something changes."""
    checked = _checked(team.organization, grants)
    if {tuple(grant.values()) for grant in checked} == set(
        team.grants.values_list("right", "product", "service_id", "resource")
    ):
        return team
    team.grants.all().delete()
    _give(team, checked)
    actor.loaded.clear()
    record(actor, Happened.ACCESS_CHANGED, team, rights=_rights(checked))
    _tell(emails.ACCESS_CHANGED, team, list(_members(team)), by=actor.label)
    return team


@action(right=MEMBERS_MANAGE)
def delete_team(actor: Actor, team: Team) -> DeletedTeam:
    """Delete a team. Its people lose only what came from it (ORG-79); for 30 days it can be brought back."""
    team = _locked(team)
    members = list(_members(team))
    _note_losses(team, members)
    kept = DeletedTeam.objects.create(
        organization=team.organization,
        number=team.pk,
        name=team.name,
        description=team.description,
        grants=list(team.grants.order_by("pk").values("right", "product", "service_id", "resource")),
        members=[membership.pk for membership in members],
        by_provider=list(team.team_members.filter(by_provider=True).values_list("membership_id", flat=True)),
        created_at=team.created_at,
    )
    record(actor, Happened.DELETED, team, people=len(members))
    _tell(emails.LEFT, team, members, by=actor.label)
    team.delete()
    _changed(team)
    actor.loaded.clear()
    return kept


@action(right=MEMBERS_MANAGE)
def restore_team(actor: Actor, deleted: DeletedTeam) -> Team:
    """Bring a team back under its number, with those of its people and products that are still there.

    What is no longer offered, such as a right on a product that was cancelled, does not come back (ORG-77).
    """
    organization = deleted.organization
    team = Team(pk=deleted.number, organization=organization, created_at=deleted.created_at)
    _name(team, deleted.name, deleted.description, is_new=True)
    things = grantable.things_at(organization, {grantable.place_of(grant) for grant in deleted.grants})
    _give(
        team,
        [
            grant
            for grant in deleted.grants
            if (thing := things.get(grantable.place_of(grant))) is not None
            and any(right.code == grant["right"] for right in thing.rights)
        ],
    )
    still = set(organization.memberships.values_list("pk", flat=True))
    _take_in(team, [pk for pk in deleted.members if pk in still], by_provider=set(deleted.by_provider))
    actor.loaded.clear()
    record(actor, Happened.RESTORED, team)
    _tell(emails.JOINED, team, list(_members(team)), by=actor.label)
    deleted.delete()
    return team


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def add_to_team(actor: Actor, team: Team, *, memberships: Iterable[Membership]) -> list[Membership]:
    """Take members of the organization into a team; they may use at once what it may (ORG-78), and are told. Returns
    those who were not in it yet. Whom single sign-on had put in stays now, whatever the provider says."""
    wanted = _of_organization(team, memberships)
    inside = set(team.team_members.values_list("membership_id", flat=True))
    new = [membership for membership in wanted if membership.pk not in inside]
    known = [membership.pk for membership in wanted if membership.pk in inside]
    team.team_members.filter(membership__in=known).update(by_provider=False)
    _take_in(team, [membership.pk for membership in new])
    record_many([Recorded(actor, Happened.JOINED, membership, {"team": team.name}) for membership in new])
    _tell(emails.JOINED, team, new, by=actor.label)
    if new:
        actor.loaded.clear()
    return new


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def remove_from_team(actor: Actor, team: Team, *, memberships: Iterable[Membership]) -> list[Membership]:
    """Take members out of a team. They lose only what came from it alone (ORG-79), and are told. Returns those who were
    in it."""
    wanted = _of_organization(team, memberships)
    inside = set(team.team_members.values_list("membership_id", flat=True))
    leaving = [membership for membership in wanted if membership.pk in inside]
    _note_losses(team, leaving)
    record_many([Recorded(actor, Happened.LEFT, membership, {"team": team.name}) for membership in leaving])
    _tell(emails.LEFT, team, leaving, by=actor.label)
    team.team_members.filter(membership__in=leaving).delete()
    if leaving:
        _changed(team)
        actor.loaded.clear()
    return leaving


@action(right=MEMBERS_MANAGE, may_be_silent=True)
def change_teams(actor: Actor, membership: Membership, *, teams: Sequence[Team]) -> Membership:
    """Put a member into exactly these teams."""
    wanted = {team.pk: team for team in teams}
    present = {team.pk: team for team in Team.objects.filter(team_members__membership=membership)}
    for number in sorted(wanted.keys() - present.keys()):
        add_to_team(actor, wanted[number], memberships=[membership])
    for number in sorted(present.keys() - wanted.keys()):
        remove_from_team(actor, present[number], memberships=[membership])
    return membership


@internal("Single sign-on: the provider says which teams somebody is in.")
@action(right=SYSTEM, may_be_silent=True)
def follow_provider(actor: Actor, membership: Membership, *, names: Sequence[str]) -> None:
    """Put somebody into the teams of these names, and out of those into which the provider had put them and which it no
    longer names; where they were put in by hand, they stay. Teams that do not exist are passed over: a name alone would
    open nothing."""
    wanted = {Team.key_of(name) for name in names}
    inside = {place.team_id: place for place in membership.team_members.select_related("team")}
    for team in Team.objects.filter(organization_id=membership.organization_id, name_key__in=wanted).order_by(
        "pk"
    ):
        if team.pk not in inside:
            _take_in(team, [membership.pk], by_provider={membership.pk})
            record(actor, Happened.JOINED, membership, team=team.name)
    for _number, place in sorted(inside.items()):
        if place.by_provider and place.team.name_key not in wanted:
            place.delete()
            _changed(place.team)
            record(actor, Happened.LEFT, membership, team=place.team.name)


@internal("Done by the clock.")
@action(right=SYSTEM, may_be_silent=True)
def forget_deleted_teams(actor: Actor, organization: Organization) -> int:
    """Forget the teams of an organization that nobody brought back within 30 days; returns how many."""
    old = DeletedTeam.objects.filter(organization=organization, deleted_at__lt=clock.now() - KEPT)
    number, _each = old.delete()
    if number:
        record(actor, Happened.FORGOTTEN, organization, number=number)
    return number


def _name(team: Team, name: str, description: str, *, is_new: bool = False) -> None:
    team.name, team.description = " ".join(name.split())[:80], description.strip()[:300]
    if not team.name:
        raise TeamNameMissing
    try:
        with transaction.atomic():
            team.save(force_insert=is_new or team.pk is None)
    except IntegrityError as error:
        raise TeamNameTaken(name=team.name) from error


def _checked(organization: Organization, grants: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What can be granted to a collaborator can be granted to a team."""
    return checked_grants(organization, Role.COLLABORATOR, grants)


def _give(team: Team, grants: Iterable[Mapping[str, Any]]) -> None:
    for grant in {tuple(grant.values()): grant for grant in grants}.values():
        Grant.objects.create(organization_id=team.organization_id, team=team, **grant)


def _take_in(team: Team, numbers: Iterable[int], *, by_provider: Collection[int] = ()) -> None:
    """Memberships by their numbers. Whoever came in through another hand at the same moment is in already."""
    places = [
        TeamMember(team=team, membership_id=number, by_provider=number in by_provider) for number in numbers
    ]
    if places:
        TeamMember.objects.bulk_create(places, batch_size=1000, ignore_conflicts=True)
        _changed(team)


def _changed(team: Team) -> None:
    """Rooms above hear of it once, such as mail for its app passwords."""
    team_people_changed.send(TeamMember, organization_id=team.organization_id)


def _locked(team: Team) -> Team:
    """The team, for whoever deletes it first; whoever comes second finds nothing."""
    rows = Team.objects.select_for_update(of=("self",)).select_related("organization")
    return get_or_not_found(rows, pk=team.pk)


def _rights(grants: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({str(grant["right"]) for grant in grants})


def _members(team: Team) -> Iterable[Membership]:
    found = Membership.objects.filter(team_members__team=team, organization_id=team.organization_id)
    return found.select_related("person", "organization").order_by("pk")


def _tell(template: str, team: Team, members: Sequence[Membership], *, by: str) -> None:
    """Tell those for whom something changes; many by jobs, so that nobody waits for a thousand mails."""
    affected = [membership for membership in members if membership.is_limited]
    products = sorted(set(team.grants.exclude(product="").values_list("product", flat=True)))
    if len(affected) <= TOLD_AT_ONCE:
        for membership in affected:
            emails.tell(template, membership, team.name, products, by=by)
        return
    from kanton.organizations.teams.tasks import tell_members

    for begin in range(0, len(affected), TOLD_AT_ONCE):
        numbers = [membership.pk for membership in affected[begin : begin + TOLD_AT_ONCE]]
        after_commit(tell_members, template, team.organization_id, team.name, numbers, products, by)


def _of_organization(team: Team, memberships: Iterable[Membership]) -> list[Membership]:
    wanted = list({membership.pk: membership for membership in memberships}.values())
    if any(membership.organization_id != team.organization_id for membership in wanted):
        raise NotFound(model="user")
    return wanted


def _note_losses(team: Team, memberships: Sequence[Membership]) -> None:
    """For the preview only: nobody else reads it."""
    if is_dry_run():
        for loss in losses(team, memberships):
            note(loss.sentence)
