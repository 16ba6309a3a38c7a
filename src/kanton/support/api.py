"""Support by program: one's own support code; for staff, its look-up and the proofs of identity."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.queries import person_of
from kanton.accounts.web import require_staff
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Router, Rows, Timestamp
from kanton.core.parity import exposes
from kanton.support.actions.codes import look_up_support_code, renew_support_code
from kanton.support.actions.identity import decide_identity_check
from kanton.support.errors import NotUnderExamination, OwnCase, WhichAccount
from kanton.support.models import CODE_LIFE, IdentityCheck, SupportCode
from kanton.support.queries import identity_check, identity_checks, roles_of, support_code_of

router = Router("Support")
STAFF = ("staff",)


class CodeOut(TypedDict):
    """A support code and until when it works."""

    code: str
    valid_until: Timestamp


def code_out(code: SupportCode) -> CodeOut:
    """As the API writes it."""
    return {"code": code.digits, "valid_until": clock.timestamp(code.issued_at + CODE_LIFE) or 0}


@router.get("/2/profile/support-code", scopes=("user_info",))
@exposes(support_code_of)
def read_support_code(request: ApiRequest) -> CodeOut | None:
    """Read the support code of the token's person; null while none works."""
    found = support_code_of(request.actor)
    return None if found is None else code_out(found)


@router.post("/2/profile/support-code", scopes=("profile_update",), status=201)
@exposes(renew_support_code)
def make_support_code(request: ApiRequest) -> CodeOut:
    """Make a new support code; the earlier one is void."""
    return code_out(renew_support_code(request.actor, person_of(request.actor)))


class DigitsIn(Body):
    """What a caller read out."""

    digits: Annotated[str, Field(max_length=20)]


class RoleOut(TypedDict):
    """A membership."""

    organization: str
    role: str


class CallerOut(TypedDict):
    """Whose code it was."""

    id: int
    name: str
    roles: list[RoleOut]


@router.post("/2/staff/support-code", scopes=STAFF, example={"digits": "1234 5678"})
@exposes(look_up_support_code)
def use_support_code(request: ApiRequest, data: DigitsIn) -> CallerOut | None:
    """Recognize a caller by the support code, which is used up; null for a wrong one."""
    require_staff(request.actor)
    person = look_up_support_code(request.actor, digits=data.digits)
    if person is None:
        return None
    roles: list[RoleOut] = [
        {"organization": each.organization.slug, "role": each.role} for each in roles_of(person)
    ]
    return {"id": person.pk, "name": person.display_name, "roles": roles}


class CheckOut(TypedDict):
    """A proof of identity. Its photographs are shown on the staff's page only."""

    id: int
    reason: str
    about: str
    state: str
    person_id: int | None
    created_at: Timestamp
    submitted_at: Timestamp | None
    decided_at: Timestamp | None


def check_out(case: IdentityCheck) -> CheckOut:
    """As the API writes it."""
    return {
        "id": case.pk,
        "reason": case.reason,
        "about": case.about,
        "state": case.state,
        "person_id": case.person_id,
        "created_at": clock.timestamp(case.created_at) or 0,
        "submitted_at": clock.timestamp(case.submitted_at),
        "decided_at": clock.timestamp(case.decided_at),
    }


@router.get("/2/staff/identity-checks", scopes=STAFF)
@exposes(identity_checks)
def list_identity_checks(request: ApiRequest) -> Rows[CheckOut]:
    """List the proofs of identity, newest first."""
    return Rows(identity_checks(request.actor), check_out)


@router.get("/2/staff/identity-checks/{check_id}", scopes=STAFF)
@exposes(identity_check)
def read_identity_check(request: ApiRequest, check_id: int) -> CheckOut:
    """Read one proof of identity."""
    return check_out(identity_check(request.actor, check_id))


class DecisionIn(Body):
    """Accepted or refused, and why; `email` names the account when the case knows none."""

    is_accepted: bool
    words: Annotated[str, Field(max_length=500)]
    email: Annotated[str, Field(max_length=254)] = ""


@router.post(
    "/2/staff/identity-checks/{check_id}/decision",
    scopes=STAFF,
    errors=(NotUnderExamination, WhichAccount, OwnCase),
    example={"is_accepted": False, "words": "The document is not readable."},
)
@exposes(decide_identity_check)
def post_decision(request: ApiRequest, check_id: int, data: DecisionIn) -> CheckOut:
    """Decide on a proof of identity whose documents were handed in."""
    case = decide_identity_check(
        request.actor,
        identity_check(request.actor, check_id),
        is_accepted=data.is_accepted,
        words=data.words,
        email=data.email,
    )
    return check_out(case)
