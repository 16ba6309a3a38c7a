"""Inviting many by program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.errors import NotConfirmed
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Id, Lists, Router, Rows, Timestamp
from kanton.core.errors import TooMany
from kanton.core.parity import exposes
from kanton.organizations.api import ROLE_TYPES, ROLES, RoleType
from kanton.organizations.inviting.actions import invite_many
from kanton.organizations.inviting.errors import LinesRefused, NoText, NothingPasted, TooLarge, TooManyLines
from kanton.organizations.inviting.lines import MOST_BYTES, MOST_LINES, Line, read
from kanton.organizations.inviting.models import Batch
from kanton.organizations.inviting.queries import batch_of, batches_of, check
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id

router = Router("Invitations")
MANY = "/2/accounts/{account}/invitations/batches"
Short = Annotated[str, Field(max_length=300)]


class InviteeIn(Body):
    """Somebody to invite."""

    email: Short
    role_type: RoleType | None = None
    teams: Annotated[list[Id], Field(max_length=100)] = []
    first_name: Short = ""
    last_name: Short = ""


class ManyIn(Body):
    """People to invite at once: as `users`, or as the text of a `table` such as a CSV file. `role_type` counts for
    those who have none of their own."""

    users: Annotated[list[InviteeIn], Field(max_length=MOST_LINES)] = []
    table: Annotated[str, Field(max_length=MOST_BYTES)] = ""
    role_type: RoleType = "normal"

    def lines(self, organization: Organization) -> list[Line]:
        """The people, in the order given. A number that is no team's is told as the name of a missing one."""
        names = dict(organization.teams.values_list("pk", "name"))
        told = [
            Line(
                number,
                one.email.strip(),
                one.role_type or "",
                tuple(names.get(team, str(team)) for team in one.teams),
                first_name=one.first_name[:80],
                last_name=one.last_name[:80],
            )
            for number, one in enumerate(self.users, start=1)
        ]
        return told or read(self.table).lines


class CheckedOut(TypedDict):
    """A line with what it comes to. `problem` is null when it can be invited."""

    line: int
    email: str
    role_type: RoleType
    first_name: str
    last_name: str
    teams: list[int]
    problem: str | None
    message: str | None


class BatchOut(TypedDict):
    """People who were invited at once, and how many of their mails are written."""

    id: int
    total: int
    sent: int
    is_done: bool
    created_at: Timestamp


def batch_out(batch: Batch) -> BatchOut:
    """A batch as the API tells it."""
    return {
        "id": batch.pk,
        "total": batch.total,
        "sent": batch.sent,
        "is_done": batch.is_done,
        "created_at": clock.timestamp(batch.asked_at) or 0,
    }


READING = (NothingPasted, NoText, TooLarge, TooManyLines)
EXAMPLE = {"users": [{"email": "lea@example.ch", "role_type": "external"}, {"email": "tim@example.ch"}]}


@router.post(f"{MANY}/check", scopes=("users",), errors=READING, example=EXAMPLE)
@exposes(check)
def check_batch(request: ApiRequest, account: int, data: ManyIn) -> list[CheckedOut]:
    """Check a list of people without inviting anybody: each line, and what stands in its way."""
    organization = organization_by_id(request.actor, account)
    checked = check(request.actor, organization, data.lines(organization), role=ROLES[data.role_type])
    return [
        {
            "line": one.line.number,
            "email": one.line.email,
            "role_type": ROLE_TYPES[one.role],  # type: ignore[typeddict-item]
            "first_name": one.line.first_name,
            "last_name": one.line.last_name,
            "teams": list(one.teams),
            "problem": one.problem or None,
            "message": one.sentence or None,
        }
        for one in checked
    ]


@router.post(
    MANY,
    scopes=("users",),
    status=201,
    errors=(*READING, LinesRefused, NotConfirmed, TooMany),
    example=EXAMPLE,
)
@exposes(invite_many)
def create_batch(request: ApiRequest, account: int, data: ManyIn) -> BatchOut:
    """Invite everybody in a list, or nobody. The mails are written in the background."""
    organization = organization_by_id(request.actor, account)
    return batch_out(
        invite_many(request.actor, organization, lines=data.lines(organization), role=ROLES[data.role_type])
    )


@router.get(MANY, scopes=("users:read", "accounts"), lists=Lists(order={"id": "pk"}))
@exposes(batches_of)
def list_batches(request: ApiRequest, account: int) -> Rows[BatchOut]:
    """List the lists of people that were invited at once."""
    return Rows(batches_of(request.actor, organization_by_id(request.actor, account)), batch_out)


@router.get(f"{MANY}/{{batch}}", scopes=("users:read", "accounts"))
@exposes(batch_of)
def read_batch(request: ApiRequest, account: int, batch: int) -> BatchOut:
    """Read how many mails of a list are written."""
    return batch_out(batch_of(request.actor, organization_by_id(request.actor, account), batch))
