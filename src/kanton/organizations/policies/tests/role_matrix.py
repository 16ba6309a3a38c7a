"""Who may set security rules, and whom they lead to the wall."""

from __future__ import annotations

from typing import Any

from kanton.core import clock
from kanton.organizations.policies.actions import (
    demand_second_factor,
    leave_networks_open,
    leave_second_factor_open,
    leave_sessions_open,
    limit_networks,
    limit_sessions,
    remind_of_rules,
    remind_of_second_factor,
    rescue_networks,
)
from kanton.organizations.policies.errors import NotFromHere, NothingLimited, ProtectYourselfFirst
from kanton.testing_matrix import (
    ADMINISTRATORS,
    MEMBERS,
    NOBODY,
    OWNER_ONLY,
    SIGNED_IN,
    STAFF_ONLY,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

O = "/o/<slug:organization>"  # noqa: E741 - every address below begins so
API = "/2/accounts/{account}"
HIDDEN = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)


def account(cast: Cast) -> dict[str, Any]:
    """Acme's number."""
    return {"account": cast.acme.pk}


LINES: list[Line] = [
    act("organizations.demand_second_factor",
        lambda actor, cast: demand_second_factor(actor, cast.acme, demanded_from=clock.today()),
        allowed=ADMINISTRATORS, fails=ProtectYourselfFirst),
    act("organizations.leave_second_factor_open",
        lambda actor, cast: leave_second_factor_open(actor, cast.acme), allowed=ADMINISTRATORS),
    act("organizations.remind_of_second_factor",
        lambda actor, cast: remind_of_second_factor(actor, cast.acme), allowed=NOBODY),
    act("organizations.limit_sessions",
        lambda actor, cast: limit_sessions(actor, cast.acme, begins=clock.today()), allowed=ADMINISTRATORS,
        fails=NothingLimited),
    act("organizations.leave_sessions_open",
        lambda actor, cast: leave_sessions_open(actor, cast.acme), allowed=ADMINISTRATORS),
    act("organizations.limit_networks",
        lambda actor, cast: limit_networks(actor, cast.acme, networks="192.0.2.0/24", begins=clock.today()),
        allowed=ADMINISTRATORS, fails=NotFromHere),
    act("organizations.leave_networks_open",
        lambda actor, cast: leave_networks_open(actor, cast.acme), allowed=ADMINISTRATORS),
    act("organizations.rescue_networks", lambda actor, cast: rescue_networks(actor, cast.acme), allowed=STAFF_ONLY),
    act("organizations.remind_of_rules", lambda actor, cast: remind_of_rules(actor, cast.acme), allowed=NOBODY),
    page(f"{O}/rules/sessions", allowed=ADMINISTRATORS),
    page(f"{O}/rules/sessions/off", post={}, allowed=ADMINISTRATORS),
    page(f"{O}/rules/networks", allowed=ADMINISTRATORS),
    page(f"{O}/rules/networks/off", post={}, allowed=ADMINISTRATORS),
    page("/staff/organizations/<slug:slug>/networks/rescue", post={}, allowed=STAFF_ONLY,
         fill=lambda cast: {"slug": "acme"}, but=HIDDEN),
    api("PUT", f"{API}/security_rules/sessions", fill=account, allowed=ADMINISTRATORS,
        data={"hours": 12, "begins": "2999-01-01"}),
    api("DELETE", f"{API}/security_rules/sessions", fill=account, allowed=ADMINISTRATORS),
    api("PUT", f"{API}/security_rules/networks", fill=account, allowed=ADMINISTRATORS,
        data={"networks": ["127.0.0.0/8"], "begins": "2999-01-01"}),
    api("DELETE", f"{API}/security_rules/networks", fill=account, allowed=ADMINISTRATORS),
    api("POST", "/2/staff/organizations/{slug}/networks-rescue", data={}, allowed=STAFF_ONLY,
        fill=lambda cast: {"slug": "acme"}, but=HIDDEN),
    page(f"{O}/rules", allowed=ADMINISTRATORS),
    page(f"{O}/rules/second-factor", allowed=ADMINISTRATORS),
    page(f"{O}/rules/second-factor/off", post={}, allowed=ADMINISTRATORS),
    # Nothing is demanded in the matrix: the wall leads back.
    page(f"{O}/second-factor", allowed=MEMBERS, status=302),
    page(f"{O}/second-factor/leave", post={}, allowed=MEMBERS - OWNER_ONLY, but={Who.OWNER: 409}),
    api("GET", f"{API}/security_rules", fill=account, allowed=ADMINISTRATORS),
    api("PUT", f"{API}/security_rules", fill=account, data={"second_factor_from": None}, allowed=ADMINISTRATORS),
]  # fmt: skip
