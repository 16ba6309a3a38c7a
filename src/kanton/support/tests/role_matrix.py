"""Support: one's own code and case; the staff's look-up and decisions; the pages of whoever lost the way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kanton.core.actor import System
from kanton.core.secrets import token_hash
from kanton.core.throttle import forget_everything
from kanton.support.actions.codes import look_up_support_code, renew_support_code
from kanton.support.actions.identity import (
    ask_for_identity_check,
    begin_identity_check,
    carry_out_accepted_check,
    decide_identity_check,
    end_identity_check,
    lapse_identity_check,
    open_identity_check,
    resend_identity_check,
    stop_identity_check,
    submit_identity_check,
    watch_identity_checks,
)
from kanton.support.errors import CheckGone
from kanton.support.models import CheckState, IdentityCheck
from kanton.testing_matrix import (
    EVERYBODY,
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

STAFF_PAGE = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)
NOT_OWN = dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404)


def case(cast: Cast) -> IdentityCheck:
    """A case about the owner that waits for documents."""
    return open_identity_check(System("tests"), cast.people[Who.OWNER], reason="password")


def submitted(cast: Cast) -> IdentityCheck:
    """A case about the owner that waits for a decision."""
    found = case(cast)
    found.state, found.submitted_at = CheckState.SUBMITTED, found.created_at
    found.save()
    return found


def agreed(cast: Cast) -> Mapping[str, Any]:
    """A link that stops what was accepted."""
    found = case(cast)
    found.state, found.cancel_digest = CheckState.AGREED, token_hash("stop")
    found.save()
    return {"secret": "stop"}


def with_link(cast: Cast) -> Mapping[str, Any]:
    """A link that nobody opened yet."""
    found = case(cast)
    found.digest = token_hash("link")
    found.save()
    return {"secret": "link"}


def fresh(cast: Cast) -> Mapping[str, Any]:
    """Each column with all its tries left."""
    forget_everything()
    return {}


HELP: dict[str, Any] = {"reason": "password", "email": "lea@example.ch", "contact": "lea@elsewhere.example"}
LINES: list[Line] = [
    act(
        "support.renew_support_code",
        lambda actor, cast: renew_support_code(actor, cast.people[Who.OWNER]),
        allowed=OWNER_ONLY,
    ),
    act(
        "support.look_up_support_code",
        lambda actor, cast: look_up_support_code(actor, digits="1234 5678"),
        allowed=STAFF_ONLY,
    ),
    act(
        "support.open_identity_check",
        lambda actor, cast: open_identity_check(actor, cast.people[Who.OWNER], reason="password"),
        allowed=NOBODY,
    ),
    act(
        "support.ask_for_identity_check",
        lambda actor, cast: fresh(cast) or ask_for_identity_check(actor, **HELP),
        allowed=EVERYBODY,
    ),
    act(
        "support.resend_identity_check",
        lambda actor, cast: resend_identity_check(actor, case(cast)),
        allowed=OWNER_ONLY,
    ),
    act(
        "support.begin_identity_check",
        lambda actor, cast: begin_identity_check(actor, secret="no such secret"),
        allowed=EVERYBODY,
        fails=CheckGone,
    ),
    act(
        "support.submit_identity_check",
        lambda actor, cast: submit_identity_check(actor, secret="no such secret", session="", photos={}),
        allowed=EVERYBODY,
        fails=CheckGone,
    ),
    act(
        "support.decide_identity_check",
        lambda actor, cast: decide_identity_check(actor, submitted(cast), is_accepted=False, words="No."),
        allowed=STAFF_ONLY,
    ),
    act(
        "support.carry_out_accepted_check",
        lambda actor, cast: carry_out_accepted_check(actor, case(cast)),
        allowed=NOBODY,
    ),
    act(
        "support.stop_identity_check",
        lambda actor, cast: stop_identity_check(actor, secret="no such secret"),
        allowed=EVERYBODY,
        fails=CheckGone,
    ),
    act(
        "support.end_identity_check",
        lambda actor, cast: end_identity_check(actor, case(cast)),
        allowed=NOBODY,
    ),
    act(
        "support.lapse_identity_check",
        lambda actor, cast: lapse_identity_check(actor, submitted(cast)),
        allowed=NOBODY,
    ),
    act("support.watch_identity_checks", lambda actor, cast: watch_identity_checks(actor), allowed=NOBODY),
    page("/account/support-code", allowed=SIGNED_IN),
    page("/account/support-code", post={}, allowed=SIGNED_IN),
    page(
        "/account/identity-checks/<int:number>/procedure",
        post={},
        fill=lambda cast: {"number": case(cast).pk},
        allowed=OWNER_ONLY,
        but=NOT_OWN,
    ),
    page("/identity-check", allowed=EVERYBODY),
    page("/identity-check", post=HELP, fill=fresh, allowed=EVERYBODY, status=200),
    page("/identity/<str:secret>", fill=with_link, allowed=EVERYBODY),
    page("/identity/<str:secret>", post={}, fill=with_link, allowed=EVERYBODY),
    page("/identity/stop/<str:secret>", fill=agreed, allowed=EVERYBODY),
    page("/staff/support-code", allowed=STAFF_ONLY, but=STAFF_PAGE),
    page(
        "/staff/support-code",
        post={"digits": "1"},
        fill=fresh,
        allowed=STAFF_ONLY,
        but=STAFF_PAGE,
        status=422,
    ),
    page("/staff/identity-checks", allowed=STAFF_ONLY, but=STAFF_PAGE),
    page(
        "/staff/identity-checks/<int:number>",
        fill=lambda cast: {"number": submitted(cast).pk},
        allowed=STAFF_ONLY,
        but=STAFF_PAGE,
    ),
    page(
        "/staff/identity-checks/<int:number>",
        post={"decision": "refuse", "words": "Not readable."},
        fill=lambda cast: {"number": submitted(cast).pk},
        allowed=STAFF_ONLY,
        but=STAFF_PAGE,
    ),
    page(
        "/staff/identity-checks/<int:number>/photos/<str:kind>",
        fill=lambda cast: {"number": submitted(cast).pk, "kind": "front"},
        allowed=STAFF_ONLY,
        but=STAFF_PAGE,
        status=404,
    ),
    api("GET", "/2/profile/support-code", allowed=SIGNED_IN),
    api("POST", "/2/profile/support-code", data={}, allowed=SIGNED_IN, status=201),
    api(
        "POST",
        "/2/staff/support-code",
        data={"digits": "1234 5678"},
        fill=fresh,
        allowed=STAFF_ONLY,
        but=STAFF_PAGE,
    ),
    api("GET", "/2/staff/identity-checks", allowed=STAFF_ONLY, but=STAFF_PAGE),
    api(
        "GET",
        "/2/staff/identity-checks/{check_id}",
        fill=lambda cast: {"check_id": submitted(cast).pk},
        allowed=STAFF_ONLY,
        but=STAFF_PAGE,
    ),
    api(
        "POST",
        "/2/staff/identity-checks/{check_id}/decision",
        data={"is_accepted": False, "words": "No."},
        fill=lambda cast: {"check_id": submitted(cast).pk},
        allowed=STAFF_ONLY,
        but=STAFF_PAGE,
    ),
]
