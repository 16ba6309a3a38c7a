"""Whoever manages people may have them alerted."""

from __future__ import annotations

from kanton.organizations.alerts.actions import send_security_alert
from kanton.testing_matrix import ADMINISTRATORS, Cast, Line, Who, act, api, page


def number(cast: Cast) -> dict[str, int]:
    """The collaborator's membership."""
    return {"number": cast.memberships[Who.COLLABORATOR].pk}


LINES: list[Line] = [
    act(
        "organizations.send_security_alert",
        lambda actor, cast: send_security_alert(actor, cast.memberships[Who.COLLABORATOR]),
        allowed=ADMINISTRATORS,
    ),
    page("/o/<slug:organization>/people/<int:number>/alert", allowed=ADMINISTRATORS, fill=number),
    page("/o/<slug:organization>/people/<int:number>/alert", post={}, allowed=ADMINISTRATORS, fill=number),
    page("/o/<slug:organization>/people/alerts", post={}, allowed=ADMINISTRATORS),
    api(
        "POST",
        "/2/accounts/{account}/users/{user}/security-alert",
        data={},
        allowed=ADMINISTRATORS,
        fill=lambda cast: {"account": cast.acme.pk, "user": cast.people[Who.COLLABORATOR].pk},
    ),
]
