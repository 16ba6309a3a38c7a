"""Who may do what to teams."""

from __future__ import annotations

from collections.abc import Callable

from kanton.organizations.models import Team
from kanton.organizations.teams.actions import (
    add_to_team,
    change_team_access,
    change_teams,
    create_team,
    delete_team,
    edit_team,
    follow_provider,
    forget_deleted_teams,
    remove_from_team,
    restore_team,
)
from kanton.testing_matrix import ADMINISTRATORS, NOBODY, Cast, Line, Who, act, api, page

O = "/o/<slug:organization>"  # noqa: E741 - every address below begins so
ONE = f"{O}/teams/<int:number>"
API = "/1/accounts/{account}/teams"


def team(cast: Cast) -> Team:
    """A team of Acme with the external user in it."""
    made = create_team(cast.owner, cast.acme, name="Web")
    add_to_team(cast.owner, made, memberships=[cast.memberships[Who.EXTERNAL]])
    return made


def number(cast: Cast) -> dict[str, int]:
    """A team in an address."""
    return {"number": team(cast).pk}


def deleted(cast: Cast) -> dict[str, int]:
    """A deleted team in an address of either kind."""
    kept = delete_team(cast.owner, team(cast))
    return {"number": kept.number, "account": cast.acme.pk, "team": kept.number}


def account(cast: Cast) -> dict[str, int]:
    """Acme in an address of the API, under both names that it has there."""
    return {"account": cast.acme.pk, "account_id": cast.acme.pk}


def one(cast: Cast) -> dict[str, int]:
    """A team in an address of the API."""
    return account(cast) | {"team": team(cast).pk}


def action(name: str, call: Callable[..., object]) -> Line:
    """A line for an action of teams."""
    return act(f"organizations.{name}", call, allowed=ADMINISTRATORS)


LINES: list[Line] = [
    action("create_team", lambda actor, cast: create_team(actor, cast.acme, name="Web")),
    action("edit_team", lambda actor, cast: edit_team(actor, team(cast), name="Net")),
    action("change_team_access", lambda actor, cast: change_team_access(actor, team(cast), grants=[])),
    action("delete_team", lambda actor, cast: delete_team(actor, team(cast))),
    action("restore_team", lambda actor, cast: restore_team(actor, delete_team(cast.owner, team(cast)))),
    action(
        "add_to_team",
        lambda actor, cast: add_to_team(actor, team(cast), memberships=[cast.memberships[Who.COLLABORATOR]]),
    ),
    action(
        "remove_from_team",
        lambda actor, cast: remove_from_team(actor, team(cast), memberships=[cast.memberships[Who.EXTERNAL]]),
    ),
    action("change_teams", lambda actor, cast: change_teams(actor, cast.memberships[Who.EXTERNAL], teams=[])),
    act(
        "organizations.follow_provider",
        lambda actor, cast: follow_provider(actor, cast.memberships[Who.EXTERNAL], names=[]),
        allowed=NOBODY,
    ),
    act(
        "organizations.forget_deleted_teams",
        lambda actor, cast: forget_deleted_teams(actor, cast.acme),
        allowed=NOBODY,
    ),
    page(f"{O}/teams", allowed=ADMINISTRATORS),
    page(f"{O}/teams/new", allowed=ADMINISTRATORS),
    page(f"{O}/teams/new", post={"name": "Web"}, allowed=ADMINISTRATORS),
    page(f"{O}/teams/choose", post={}, allowed=ADMINISTRATORS),
    page(ONE, fill=number, allowed=ADMINISTRATORS),
    page(f"{ONE}/edit", fill=number, allowed=ADMINISTRATORS),
    page(f"{ONE}/edit", fill=number, post={"name": "Net"}, allowed=ADMINISTRATORS),
    page(f"{ONE}/access", fill=number, allowed=ADMINISTRATORS),
    page(f"{ONE}/access", fill=number, post={}, allowed=ADMINISTRATORS),
    page(f"{ONE}/add", fill=number, allowed=ADMINISTRATORS),
    page(f"{ONE}/add", fill=number, post={}, allowed=ADMINISTRATORS),
    page(f"{ONE}/remove", fill=number, post={}, allowed=ADMINISTRATORS),
    page(f"{ONE}/delete", fill=number, allowed=ADMINISTRATORS),
    page(f"{ONE}/delete", fill=number, post={}, allowed=ADMINISTRATORS),
    page(f"{ONE}/restore", fill=deleted, post={}, allowed=ADMINISTRATORS),
    page(
        f"{O}/people/<int:number>/teams",
        fill=lambda cast: {"number": cast.memberships[Who.EXTERNAL].pk},
        allowed=ADMINISTRATORS,
    ),
    page(
        f"{O}/people/<int:number>/teams",
        fill=lambda cast: {"number": cast.memberships[Who.EXTERNAL].pk},
        post={},
        allowed=ADMINISTRATORS,
    ),
    api("GET", API, fill=account, allowed=ADMINISTRATORS),
    api("GET", "/1/accounts/{account_id}/basic/teams", fill=account, allowed=ADMINISTRATORS),
    api("POST", API, fill=account, data={"name": "Web"}, allowed=ADMINISTRATORS, status=201),
    api("GET", f"{API}/{{team}}", fill=one, allowed=ADMINISTRATORS),
    api("PATCH", f"{API}/{{team}}", fill=one, data={"name": "Net"}, allowed=ADMINISTRATORS),
    api("DELETE", f"{API}/{{team}}", fill=one, allowed=ADMINISTRATORS),
    api("GET", f"{API}/deleted", fill=account, allowed=ADMINISTRATORS),
    api("POST", f"{API}/{{team}}/restore", fill=deleted, data={}, allowed=ADMINISTRATORS),
    api("GET", f"{API}/{{team}}/losses", fill=one, allowed=ADMINISTRATORS),
    api("GET", f"{API}/{{team}}/users", fill=one, allowed=ADMINISTRATORS),
    # Nobody has this number: who may is told so.
    api(
        "POST",
        f"{API}/{{team}}/users",
        fill=one,
        data={"user_ids": [9_999_999]},
        allowed=ADMINISTRATORS,
        status=422,
    ),
    api(
        "DELETE",
        f"{API}/{{team}}/users",
        fill=one,
        data={"user_ids": [9_999_999]},
        allowed=ADMINISTRATORS,
        status=422,
    ),
    api(
        "PUT",
        "/2/accounts/{account}/users/{user}/teams",
        fill=lambda cast: account(cast) | {"user": cast.people[Who.EXTERNAL].pk},
        data={"team_ids": []},
        allowed=ADMINISTRATORS,
    ),
]
