"""Security rules by program."""

from __future__ import annotations

import datetime as dt

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.web import require_staff
from kanton.core.api import ApiRequest, Body, Router
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.networks import kept
from kanton.organizations.policies.actions import (
    demand_second_factor,
    leave_networks_open,
    leave_second_factor_open,
    leave_sessions_open,
    limit_networks,
    limit_sessions,
    rescue_networks,
)
from kanton.organizations.policies.errors import (
    DayIsPast,
    LengthOutOfRange,
    NotANetwork,
    NotFromHere,
    NothingLimited,
    ProtectYourselfFirst,
)
from kanton.organizations.policies.queries import unprotected
from kanton.organizations.policies.rights import POLICIES_MANAGE
from kanton.organizations.queries import organization_by_id, require

router = Router("Security rules")
SCOPES = ("accounts", "users")


class RulesOut(TypedDict):
    """The rules of an organization."""

    second_factor_from: str | None
    is_second_factor_demanded: bool
    second_factor_for_apps: bool
    users_without_second_factor: int
    session_hours: int | None
    session_idle_minutes: int | None
    sessions_from: str | None
    admin_networks: list[str]
    admin_networks_from: str | None


class RulesIn(Body):
    """From which day on everybody must have a second factor; null leaves it open."""

    second_factor_from: dt.date | None = Field(description="A day in the operator's time zone, or null.")
    second_factor_for_apps: bool | None = Field(
        default=None,
        description="Whether mail programs need a password made with a second factor; left out or null, as it is.",
    )


def _rules(organization: Organization) -> RulesOut:
    day = organization.second_factor_from
    known = kept(organization.admin_networks)
    return {
        "second_factor_from": day.isoformat() if day else None,
        "is_second_factor_demanded": organization.demands_second_factor,
        "second_factor_for_apps": organization.second_factor_for_apps,
        "users_without_second_factor": unprotected(organization).count(),
        "session_hours": organization.session_hours,
        "session_idle_minutes": organization.session_idle_minutes,
        "sessions_from": organization.session_rule_from.isoformat()
        if organization.session_rule_from
        else None,
        "admin_networks": [str(network) for network in known[1]] if known else [],
        "admin_networks_from": known[0].isoformat() if known else None,
    }


@router.get("/2/accounts/{account}/security_rules", scopes=SCOPES)
@exposes(unprotected)
def read_rules(request: ApiRequest, account: int) -> RulesOut:
    """Tell which rules hold, and how many users do not meet them yet."""
    organization = organization_by_id(request.actor, account)
    require(request.actor, POLICIES_MANAGE, organization)
    return _rules(organization)


@router.put(
    "/2/accounts/{account}/security_rules",
    scopes=SCOPES,
    errors=(DayIsPast, ProtectYourselfFirst),
    example={"second_factor_from": "2027-01-11", "second_factor_for_apps": True},
)
@exposes(demand_second_factor, leave_second_factor_open)
def put_rules(request: ApiRequest, account: int, data: RulesIn) -> RulesOut:
    """Demand a second factor of everybody from a day on, also of apps if you like, or leave it open.

    Those without one get a mail; about apps everybody gets one.
    """
    organization = organization_by_id(request.actor, account)
    if data.second_factor_from is None:
        return _rules(leave_second_factor_open(request.actor, organization))
    return _rules(
        demand_second_factor(
            request.actor,
            organization,
            demanded_from=data.second_factor_from,
            also_for_apps=data.second_factor_for_apps,
        )
    )


class SessionsIn(Body):
    """How long a sign-in lasts; null is no limit."""

    hours: int | None = None
    idle_minutes: int | None = None
    begins: dt.date = Field(description="A day in the operator's time zone.")


@router.put(
    "/2/accounts/{account}/security_rules/sessions",
    scopes=SCOPES,
    errors=(DayIsPast, NothingLimited, LengthOutOfRange),
    example={"hours": 12, "idle_minutes": 30, "begins": "2027-01-11"},
)
@exposes(limit_sessions)
def put_sessions(request: ApiRequest, account: int, data: SessionsIn) -> RulesOut:
    """Limit how long a sign-in lasts inside this organization. Everybody else gets a mail."""
    organization = organization_by_id(request.actor, account)
    return _rules(limit_sessions(request.actor, organization, **data.model_dump()))


@router.delete("/2/accounts/{account}/security_rules/sessions", scopes=SCOPES)
@exposes(leave_sessions_open)
def delete_sessions(request: ApiRequest, account: int) -> RulesOut:
    """Let sign-ins last as long as everywhere."""
    return _rules(leave_sessions_open(request.actor, organization_by_id(request.actor, account)))


class NetworksIn(Body):
    """From where owners and administrators may act."""

    networks: list[str] = Field(max_length=50, description="CIDR, IPv4 or IPv6.")
    begins: dt.date = Field(description="A day in the operator's time zone.")


@router.put(
    "/2/accounts/{account}/security_rules/networks",
    scopes=SCOPES,
    errors=(DayIsPast, NotANetwork, NotFromHere),
    example={"networks": ["192.0.2.0/24", "2001:db8::/32"], "begins": "2027-01-11"},
)
@exposes(limit_networks)
def put_networks(request: ApiRequest, account: int, data: NetworksIn) -> RulesOut:
    """Let owners and administrators act from these networks only; yours must be one of them."""
    organization = organization_by_id(request.actor, account)
    text = "\n".join(data.networks)
    return _rules(limit_networks(request.actor, organization, networks=text, begins=data.begins))


@router.delete("/2/accounts/{account}/security_rules/networks", scopes=SCOPES)
@exposes(leave_networks_open)
def delete_networks(request: ApiRequest, account: int) -> RulesOut:
    """Let owners and administrators act from anywhere."""
    return _rules(leave_networks_open(request.actor, organization_by_id(request.actor, account)))


@router.post("/2/staff/organizations/{slug}/networks-rescue", scopes=("staff",))
@exposes(rescue_networks)
def post_rescue(request: ApiRequest, slug: str) -> bool:
    """Lift the rule about networks for an organization that shut itself out; for the provider's staff."""
    require_staff(request.actor)
    rescue_networks(request.actor, get_or_not_found(Organization.objects.all(), slug=slug))
    return True
