"""Whoever manages people may suspend them."""

from __future__ import annotations

from kanton.organizations.suspension.actions import resume_member, suspend_member
from kanton.testing_matrix import ADMINISTRATORS, Cast, Line, Who, act, api, page

PAGE = "/o/<slug:organization>/people/<int:number>"
API = "/2/accounts/{account}/users/{user}/suspension"


def number(cast: Cast) -> dict[str, int]:
    """The external user's membership."""
    return {"number": cast.memberships[Who.EXTERNAL].pk}


def of_api(cast: Cast) -> dict[str, int]:
    """The external user, by number."""
    return {"account": cast.acme.pk, "user": cast.people[Who.EXTERNAL].pk}


LINES: list[Line] = [
    act("organizations.suspend_member",
        lambda actor, cast: suspend_member(actor, cast.memberships[Who.EXTERNAL]), allowed=ADMINISTRATORS),
    act("organizations.resume_member",
        lambda actor, cast: resume_member(actor, cast.memberships[Who.EXTERNAL]), allowed=ADMINISTRATORS),
    page(f"{PAGE}/suspend", allowed=ADMINISTRATORS, fill=number),
    page(f"{PAGE}/resume", post={}, allowed=ADMINISTRATORS, fill=number),
    api("GET", API, allowed=ADMINISTRATORS, fill=of_api),
    api("PUT", API, allowed=ADMINISTRATORS, fill=of_api),
    api("DELETE", API, allowed=ADMINISTRATORS, fill=of_api),
]  # fmt: skip
