"""Blocks by program, for the provider's staff."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Router, Rows, Timestamp
from kanton.core.errors import TooMany
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.support.blocks.actions import ask_for_identity, block_person, lift_block, send_protection_guide
from kanton.support.blocks.errors import (
    AlreadyBlocked,
    BlockEnded,
    IdentityNeeded,
    MayNotAsk,
    NobodyElse,
    NotMember,
    StaffStays,
    WrongCode,
)
from kanton.support.blocks.models import SecurityBlock
from kanton.support.blocks.queries import places_of, security_block, security_blocks, whom_to_block

router = Router("Provider's staff")
STAFF = ("staff",)


class BlockOut(TypedDict):
    """A block: whom, where (null is the whole account), why, and how it ended."""

    id: int
    person_id: int
    organization: str | None
    reason: str
    asked_by: int | None
    blocked_by: int | None
    blocked_at: Timestamp
    needs_identity: bool
    lifted_at: Timestamp | None
    lifted_by: int | None
    lift_reason: str


def _out(block: SecurityBlock) -> BlockOut:
    return {
        "id": block.pk,
        "person_id": block.person_id,
        "organization": block.organization.slug if block.organization else None,
        "reason": block.reason,
        "asked_by": block.asked_by_id,
        "blocked_by": block.blocked_by_id,
        "blocked_at": clock.timestamp(block.blocked_at) or 0,
        "needs_identity": block.needs_identity,
        "lifted_at": clock.timestamp(block.lifted_at),
        "lifted_by": block.lifted_by_id,
        "lift_reason": block.lift_reason,
    }


@router.get("/2/staff/blocks", scopes=STAFF)
@exposes(security_blocks)
def list_blocks(request: ApiRequest) -> Rows[BlockOut]:
    """List the security blocks, newest first."""
    return Rows(security_blocks(request.actor), _out)


@router.get("/2/staff/blocks/{block}", scopes=STAFF)
@exposes(security_block)
def read_block(request: ApiRequest, block: int) -> BlockOut:
    """Read one security block."""
    return _out(security_block(request.actor, block))


class PlaceOut(TypedDict):
    """An organization where somebody could be blocked."""

    organization: str
    role: str
    is_last_owner: bool
    other_means: list[str]


@router.get("/2/staff/people/{person}/blocks", scopes=STAFF)
@exposes(places_of, whom_to_block)
def list_places(request: ApiRequest, person: int) -> list[PlaceOut]:
    """List where a person could be blocked, and what they may open by passwords of its own."""
    return [
        {
            "organization": place.membership.organization.slug,
            "role": place.membership.role,
            "is_last_owner": place.is_last_owner,
            "other_means": [one.label for one in place.means],
        }
        for place in places_of(request.actor, whom_to_block(request.actor, person))
    ]


class BlockIn(Body):
    """Where (null is the whole account), on whose request, and why."""

    organization: Annotated[str, Field(max_length=60)] | None = None
    support_code: Annotated[str, Field(max_length=20)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    is_last_owner_confirmed: bool = False


@router.post(
    "/2/staff/people/{person}/blocks",
    scopes=STAFF,
    errors=(AlreadyBlocked, WrongCode, MayNotAsk, NobodyElse, NotMember, StaffStays, TooMany),
    example={"organization": "acme", "support_code": "12345678", "reason": "The laptop was stolen."},
)
@exposes(block_person)
def block(request: ApiRequest, person: int, data: BlockIn) -> BlockOut:
    """Block somebody in a security incident, on the request of whose support code it is."""
    found = whom_to_block(request.actor, person)
    organization = None
    if data.organization is not None:
        organization = get_or_not_found(Organization.objects.all(), slug=data.organization)
    made = block_person(
        request.actor, found, digits=data.support_code, reason=data.reason, organization=organization,
        is_last_owner_confirmed=data.is_last_owner_confirmed,
    )  # fmt: skip
    return _out(made.done())


class LiftIn(Body):
    """Why it ends."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


@router.post(
    "/2/staff/blocks/{block}/end",
    scopes=STAFF,
    errors=(BlockEnded, IdentityNeeded),
    example={"reason": "The laptop was found."},
)
@exposes(lift_block)
def end_block(request: ApiRequest, block: int, data: LiftIn) -> BlockOut:
    """End a block. That of a last owner ends by a proof of identity."""
    return _out(lift_block(request.actor, security_block(request.actor, block), reason=data.reason))


@router.post("/2/staff/blocks/{block}/identity-check", scopes=STAFF, errors=(BlockEnded,))
@exposes(ask_for_identity)
def ask_identity(request: ApiRequest, block: int) -> int:
    """Ask a blocked last owner for a proof of identity; returns its number."""
    return int(ask_for_identity(request.actor, security_block(request.actor, block)).pk)


@router.post("/2/staff/people/{person}/security-guide", scopes=STAFF, errors=(TooMany,))
@exposes(send_protection_guide)
def send_guide(request: ApiRequest, person: int) -> bool:
    """Send somebody the guide for securing an account."""
    send_protection_guide(request.actor, whom_to_block(request.actor, person))
    return True
