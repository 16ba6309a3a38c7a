"""Teams by program, in the shapes that clients know, and `grants` in ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Id, Lists, Query, Router, Rows, Timestamp, invalid
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations import grantable
from kanton.organizations.api import GrantIn, ShortTeamOut, color_of, short_team
from kanton.organizations.errors import UnknownRight
from kanton.organizations.models import Membership, Organization, Team, TeamMember
from kanton.organizations.queries import members_of, organization_by_id
from kanton.organizations.teams.actions import (
    add_to_team,
    change_team_access,
    change_teams,
    create_team,
    delete_team,
    edit_team,
    remove_from_team,
    restore_team,
)
from kanton.organizations.teams.errors import TeamNameMissing, TeamNameTaken, TooManyTeams
from kanton.organizations.teams.queries import (
    deleted_team_of,
    deleted_teams_of,
    losses,
    people_in,
    people_outside,
    team_of,
    teams_of,
)

router = Router("Teams")
READ, WRITE = ("users:read", "accounts"), ("users",)
TEAMS = "/1/accounts/{account}/teams"
ONE = f"{TEAMS}/{{team}}"
WITHS = ("user_count", "product_count", "product_by_service_count")
# Our rights end in a word; the interface knows four.
WORDS = {"manage": "technical", "technical": "technical", "statistics": "statistic", "sale": "sale"}


class TeamPermissionOut(TypedDict):
    """What the team may do with one kind of product."""

    service_id: int
    service_name: str
    rights: Literal["check", "sale", "statistic", "technical"]


class TeamGrantOut(TypedDict):
    """One right: for all products of a kind, for one, or for a part of it."""

    right: str
    service_id: int | None
    resource: str


class TeamOut(TypedDict):
    """A team."""

    id: int
    name: str
    description: str
    color_id: int
    owned_by_id: int | None
    created_by_id: int | None
    created_at: Timestamp
    updated_at: Timestamp
    is_sso: bool
    permissions: list[TeamPermissionOut]
    grants: list[TeamGrantOut]
    user_count: NotRequired[int]
    product_count: NotRequired[int]
    product_by_service_count: NotRequired[int]


class TeamUserOut(TypedDict):
    """Somebody in a team, with all their teams."""

    id: int
    display_name: str
    first_name: str
    last_name: str
    email: str
    is_sso: bool
    last_login_at: int
    is_put_in_by_sso: bool
    teams: list[ShortTeamOut]


class TeamPermissionsIn(Body):
    """Kinds of products, by their numbers, that the team opens entirely."""

    services: Annotated[list[Id], Field(max_length=200)] = []


class TeamIn(Body):
    """A new team. `grants` says in detail what it opens, `permissions` for whole kinds of products."""

    name: Annotated[str, Field(max_length=80)]
    description: Annotated[str, Field(max_length=300)] = ""
    permissions: TeamPermissionsIn | None = None
    grants: Annotated[list[GrantIn], Field(max_length=2000)] | None = None


class TeamPatch(Body):
    """What changes; what is left out stays."""

    name: Annotated[str | None, Field(max_length=80)] = None
    description: Annotated[str | None, Field(max_length=300)] = None
    permissions: TeamPermissionsIn | None = None
    grants: Annotated[list[GrantIn], Field(max_length=2000)] | None = None


class UsersIn(Body):
    """People, by their numbers."""

    user_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]


class TeamsIn(Body):
    """Teams, by their numbers."""

    team_ids: Annotated[list[Id], Field(max_length=500)]


class LossOut(TypedDict):
    """What somebody would lose without the team."""

    user_id: int
    display_name: str
    lost: list[str]


class DeletedTeamOut(TypedDict):
    """A deleted team that can be brought back."""

    id: int
    name: str
    deleted_at: Timestamp


class TeamFilter(Query):
    """Narrows the list."""

    team_ids: list[Id] = []
    user_ids: list[Id] = []


class TeamsQuery(Query):
    """Which teams."""

    filter: TeamFilter = TeamFilter()


class LossQuery(Query):
    """Whom to ask about; everybody in the team when left out."""

    user_ids: list[Id] = []


def team_out(team: Team, withs: frozenset[str] = frozenset()) -> TeamOut:
    """A team as the API tells it. Needs what `teams_of` loads."""
    grants = list(team.grants.all())
    permissions: dict[tuple[str, str], TeamPermissionOut] = {}
    for grant in grants:
        word = WORDS.get(grant.right.rpartition(".")[2], "check")
        named = grantable.named(grant.product)
        permissions[grant.product, word] = {
            "service_id": named.number,
            "service_name": named.name,
            "rights": word,  # type: ignore[typeddict-item]
        }
    out: TeamOut = {
        "id": team.pk,
        "name": team.name,
        "description": team.description,
        "color_id": color_of(team),
        "owned_by_id": None,
        "created_by_id": None,
        "created_at": clock.timestamp(team.created_at) or 0,
        "updated_at": clock.timestamp(team.created_at) or 0,
        "is_sso": False,
        "permissions": list(permissions.values()),
        "grants": [
            {"right": one.right, "service_id": one.service_id, "resource": one.resource} for one in grants
        ],
    }
    if "user_count" in withs:
        out["user_count"] = team.user_count  # type: ignore[attr-defined]
    if "product_count" in withs:
        out["product_count"] = len({one.service_id for one in grants if one.service_id is not None})
    if "product_by_service_count" in withs:
        out["product_by_service_count"] = len({one.product for one in grants if one.product})
    return out


def _user_out(membership: Membership) -> TeamUserOut:
    person = membership.person
    return {
        "id": person.pk,
        "display_name": person.display_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "is_sso": not person.has_usable_password(),
        "last_login_at": clock.timestamp(person.last_login) or 0,
        "is_put_in_by_sso": getattr(membership, "by_provider", False),
        "teams": [short_team(team) for team in membership.teams.all()],
    }


def _grants(
    organization: Organization, permissions: TeamPermissionsIn | None, grants: list[GrantIn] | None
) -> list[dict[str, Any]]:
    given = [one.model_dump() for one in grants or ()]
    if permissions is not None and permissions.services:
        sections = [section for section in grantable.kinds_of(organization) if section.code]
        known = {grantable.named(section.code).number: section for section in sections}
        for number in permissions.services:
            if number not in known:
                raise invalid("permissions.services", "There is no kind of product with this number.")
            given += grantable.everything([known[number]])
    return given


def _team(request: ApiRequest, account: int, team: int) -> Team:
    return team_of(request.actor, organization_by_id(request.actor, account), team)


def _people(request: ApiRequest, organization: Organization, numbers: list[int]) -> list[Membership]:
    wanted = set(numbers)
    found = list(members_of(request.actor, organization).filter(person_id__in=wanted))
    if len(found) != len(wanted):
        raise invalid("user_ids", "Somebody among them does not belong to this account.")
    return found


@router.get(
    TEAMS,
    scopes=READ,
    withs=WITHS,
    lists=Lists(
        order={"id": "id", "name": "name_key", "created_at": "created_at"},
        default="name",
        search=("name", "description"),
    ),
)
@exposes(teams_of)
def list_teams(request: ApiRequest, account: int, query: TeamsQuery) -> Rows[TeamOut]:
    """List the teams of an organization, or those with one of these people in them."""
    withs = frozenset(request.withs)
    found = teams_of(request.actor, organization_by_id(request.actor, account))
    if query.filter.team_ids:
        found = found.filter(pk__in=query.filter.team_ids)
    if query.filter.user_ids:
        inside = TeamMember.objects.filter(membership__person_id__in=query.filter.user_ids)
        found = found.filter(pk__in=inside.values("team_id"))
    return Rows(found, lambda team: team_out(team, withs))


class BasicTeamOut(TypedDict):
    """A team's number and name."""

    id: int
    name: str


@router.get(
    "/1/accounts/{account_id}/basic/teams",
    scopes=READ,
    lists=Lists(order={"id": "id", "name": "name_key"}, default="name", search=("name",)),
)
@exposes(teams_of)
def list_basic_teams(request: ApiRequest, account_id: int) -> Rows[BasicTeamOut]:
    """List numbers and names of the teams."""
    organization = organization_by_id(request.actor, account_id)
    return Rows(teams_of(request.actor, organization), lambda team: {"id": team.pk, "name": team.name})


@router.post(
    TEAMS,
    scopes=WRITE,
    status=201,
    errors=(TeamNameMissing, TeamNameTaken, TooManyTeams, UnknownRight),
    example={"name": "Web", "grants": [{"right": "mail.use"}]},
)
@exposes(create_team)
def create(request: ApiRequest, account: int, data: TeamIn) -> TeamOut:
    """Create a team, with what everybody in it may use."""
    organization = organization_by_id(request.actor, account)
    made = create_team(
        request.actor,
        organization,
        name=data.name,
        description=data.description,
        grants=_grants(organization, data.permissions, data.grants),
    )
    return team_out(made)


@router.get(ONE, scopes=READ, withs=WITHS)
@exposes(team_of)
def read_team(request: ApiRequest, account: int, team: int) -> TeamOut:
    """Read one team, with what it opens."""
    return team_out(_team(request, account, team), frozenset(request.withs))


@router.patch(
    ONE, scopes=WRITE, errors=(TeamNameMissing, TeamNameTaken, UnknownRight), example={"name": "Web and mail"}
)
@exposes(edit_team, change_team_access)
def change(request: ApiRequest, account: int, team: int, data: TeamPatch) -> TeamOut:
    """Rename a team, or replace what it opens."""
    found = _team(request, account, team)
    edit_team(request.actor, found, name=data.name, description=data.description)
    if data.grants is not None or data.permissions is not None:
        grants = _grants(found.organization, data.permissions, data.grants)
        change_team_access(request.actor, found, grants=grants)
    return team_out(_team(request, account, team))


@router.delete(ONE, scopes=WRITE)
@exposes(delete_team)
def delete(request: ApiRequest, account: int, team: int) -> bool:
    """Delete a team. Its people lose only what came from it; a dry run tells who loses what."""
    delete_team(request.actor, _team(request, account, team))
    return True


@router.get(f"{TEAMS}/deleted", scopes=READ, lists=Lists(order={"id": "number"}))
@exposes(deleted_teams_of)
def list_deleted(request: ApiRequest, account: int) -> Rows[DeletedTeamOut]:
    """List deleted teams that can be brought back."""
    organization = organization_by_id(request.actor, account)
    return Rows(
        deleted_teams_of(request.actor, organization),
        lambda one: {
            "id": one.number,
            "name": one.name,
            "deleted_at": clock.timestamp(one.deleted_at) or 0,
        },
    )


@router.post(f"{ONE}/restore", scopes=WRITE, errors=(TeamNameTaken,))
@exposes(restore_team, deleted_team_of)
def restore(request: ApiRequest, account: int, team: int) -> TeamOut:
    """Bring a deleted team back."""
    organization = organization_by_id(request.actor, account)
    back = restore_team(request.actor, deleted_team_of(request.actor, organization, team))
    return team_out(back)


@router.get(f"{ONE}/losses", scopes=READ)
@exposes(losses)
def list_losses(request: ApiRequest, account: int, team: int, query: LossQuery) -> list[LossOut]:
    """List who would lose what without the team."""
    found = _team(request, account, team)
    people = people_in(request.actor, found)
    if query.user_ids:
        people = people.filter(person_id__in=query.user_ids)
    return [
        {
            "user_id": loss.membership.person_id,
            "display_name": loss.membership.person.display_name,
            "lost": list(loss.lost),
        }
        for loss in losses(found, people)
    ]


USERS = Lists(
    order={"id": "person_id", "email": "person__email", "last_name": "person__last_name"},
    default="id",
    search=("person__first_name", "person__last_name", "person__email"),
)


class MembersQuery(Query):
    """Who is listed."""

    outside: bool = False


@router.get(f"{ONE}/users", scopes=READ, lists=USERS)
@exposes(people_in, people_outside)
def list_users(request: ApiRequest, account: int, team: int, query: MembersQuery) -> Rows[TeamUserOut]:
    """List who is in a team; with `outside=1`, who could come into it."""
    found = _team(request, account, team)
    people = people_outside(request.actor, found) if query.outside else people_in(request.actor, found)
    return Rows(people.prefetch_related("teams"), _user_out)


@router.post(f"{ONE}/users", scopes=WRITE, status=201, example={"user_ids": [17]})
@exposes(add_to_team)
def add_users(request: ApiRequest, account: int, team: int, data: UsersIn) -> bool:
    """Take people into a team. They may use at once what it opens."""
    found = _team(request, account, team)
    add_to_team(request.actor, found, memberships=_people(request, found.organization, data.user_ids))
    return True


@router.delete(f"{ONE}/users", scopes=WRITE)
@exposes(remove_from_team)
def remove_users(request: ApiRequest, account: int, team: int, data: UsersIn) -> bool:
    """Take people out of a team. They lose only what came from it; a dry run tells who loses what."""
    found = _team(request, account, team)
    remove_from_team(request.actor, found, memberships=_people(request, found.organization, data.user_ids))
    return True


@router.put("/2/accounts/{account}/users/{user}/teams", scopes=WRITE, example={"team_ids": [3, 8]})
@exposes(change_teams)
def set_teams(request: ApiRequest, account: int, user: int, data: TeamsIn) -> list[ShortTeamOut]:
    """Put somebody into exactly these teams."""
    organization = organization_by_id(request.actor, account)
    membership = get_or_not_found(members_of(request.actor, organization), person_id=user)
    wanted = list(teams_of(request.actor, organization).filter(pk__in=data.team_ids))
    if len(wanted) != len(set(data.team_ids)):
        raise invalid("team_ids", "One of the teams does not exist.")
    change_teams(request.actor, membership, teams=wanted)
    return [short_team(team) for team in membership.teams.order_by("name_key")]
