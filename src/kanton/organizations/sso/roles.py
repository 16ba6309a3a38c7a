"""From what the provider says about a person to role and teams: rules of one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kanton.core.rights import Role
from kanton.organizations.models import Membership
from kanton.organizations.sso.errors import BadRule, OwnersByHand

Rule = dict[str, Any]
MOST_RULES = 50
# Called with a membership and the names of the teams that the rules give it.
TeamTaker = Callable[[Membership, Sequence[str]], None]
_team_takers: list[TeamTaker] = []


def register_teams(take: TeamTaker) -> None:
    """The room of teams puts people into those of these names, and out of the others that rules once gave them."""
    if take not in _team_takers:
        _team_takers.append(take)


def put_into_teams(membership: Membership, names: Sequence[str]) -> None:
    """Tell the room of teams, if there is one. Whoever was put into a team by hand stays in it."""
    for take in _team_takers:
        take(membership, names)


def read(lines: Sequence[str]) -> list[Rule]:
    """`group = administrator: Team A, Team B` on each line; the role or the teams may be missing."""
    rules: list[Rule] = []
    for line in lines[:MOST_RULES]:
        value, equals, rest = line.rpartition("=")
        role, _colon, teams = rest.partition(":")
        value, role = value.strip(), role.strip().lower()
        names = [name.strip()[:80] for name in teams.split(",") if name.strip()]
        if role == Role.OWNER:
            raise OwnersByHand
        if not equals or not value or len(value) > 200 or (role not in Role.values if role else not names):
            raise BadRule(rule=line[:100])
        rules.append({"value": value, "role": role, "teams": names})
    return rules


def written(rules: Sequence[Rule]) -> list[str]:
    """The rules as people write them."""
    return [
        f"{rule['value']} = {rule['role']}{': ' + ', '.join(rule['teams']) if rule['teams'] else ''}"
        for rule in rules
    ]


def applied(rules: Sequence[Rule], claim: str, claims: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The role of the first rule that fits ("" when none has one), and the teams of all that fit."""
    found: Any = claims
    for part in claim.split("."):  # Keycloak nests: realm_access.roles
        found = found.get(part) if isinstance(found, Mapping) else None
    held = (
        {str(value) for value in found}
        if isinstance(found, list)
        else {found}
        if isinstance(found, str)
        else set()
    )
    role, teams = "", []
    for rule in rules:
        if rule["value"] in held:
            role = role or rule["role"]
            teams += [name for name in rule["teams"] if name not in teams]
    return role, teams
