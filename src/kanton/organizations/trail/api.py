"""Proofs of the log by program."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Router, Timestamp
from kanton.core.errors import TooMany
from kanton.core.parity import exposes
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id
from kanton.organizations.trail.actions import choose_head_readers, order_log_export
from kanton.organizations.trail.errors import NotAnOwner, UnknownFormat
from kanton.organizations.trail.models import LogExport
from kanton.organizations.trail.queries import checked, head_readers, is_kept, log_exports

router = Router("Accounts")
SCOPES = ("accounts",)
PATH = "/2/accounts/{account}/activity/proof"


class ProofOut(TypedDict):
    """The head of the log's chain, what the last check went over, and who gets the head each day (by membership)."""

    chain: str
    entries: int
    head: str
    checked_at: Timestamp | None
    checked_entries: int
    checked_from: Timestamp | None
    checked_until: Timestamp | None
    problem: str | None
    readers: list[int]


def _out(request: ApiRequest, organization: Organization) -> ProofOut:
    found = checked(request.actor, organization)
    chain = found.chain
    return {
        "chain": chain.name,
        "entries": chain.length,
        "head": chain.head,
        "checked_at": clock.timestamp(chain.verified_at),
        "checked_entries": chain.verified_length,
        "checked_from": clock.timestamp(found.first.at) if found.first else None,
        "checked_until": clock.timestamp(found.last.at) if found.last else None,
        "problem": chain.verified_problem or None,
        "readers": list(head_readers(organization).values_list("membership_id", flat=True)),
    }


@router.get(PATH, scopes=SCOPES)
@exposes(checked, head_readers)
def read_proof(request: ApiRequest, account: int) -> ProofOut:
    """Tell the head of the log's chain, and what the last check went over. Keep it: it proves the log up to here."""
    return _out(request, organization_by_id(request.actor, account))


class KeptIn(Body):
    """A head that somebody kept."""

    entries: int = Field(ge=1)
    head: str = Field(min_length=64, max_length=64)


@router.post(f"{PATH}/comparison", scopes=SCOPES, example={"entries": 1234, "head": "9f" * 32})
@exposes(is_kept)
def compare(request: ApiRequest, account: int, data: KeptIn) -> bool:
    """Tell whether the log still has, at this place, the entry whose digest was kept."""
    return is_kept(request.actor, organization_by_id(request.actor, account), data.entries, data.head)


class ReadersIn(Body):
    """Who gets the head each day, by the numbers of their memberships."""

    readers: list[int] = Field(max_length=1000)


@router.put(f"{PATH}/readers", scopes=SCOPES, errors=(NotAnOwner,), example={"readers": [17]})
@exposes(choose_head_readers)
def put_readers(request: ApiRequest, account: int, data: ReadersIn) -> ProofOut:
    """Choose which owners get the head of the log by mail each day."""
    organization = organization_by_id(request.actor, account)
    choose_head_readers(request.actor, organization, readers=data.readers)
    return _out(request, organization)


class LogExportOut(TypedDict):
    """A file of the log: how much of it is written. It is fetched on the page “Files of the log”."""

    id: int
    format: str
    total: int
    done: int
    is_ready: bool


def _export_out(export: LogExport) -> LogExportOut:
    return {
        "id": export.pk,
        "format": export.format,
        "total": export.total,
        "done": export.done,
        "is_ready": export.ready_at is not None,
    }


class LogExportIn(Body):
    """Which days of the log, and how they are written."""

    format: Literal["jsonl", "csv"]
    first_on: dt.date | None = None
    last_on: dt.date | None = None


@router.get("/2/accounts/{account}/activity/exports", scopes=SCOPES)
@exposes(log_exports)
def list_exports(request: ApiRequest, account: int) -> list[LogExportOut]:
    """List the files of the log of the last week."""
    organization = organization_by_id(request.actor, account)
    return [_export_out(each) for each in log_exports(request.actor, organization)]


@router.post(
    "/2/accounts/{account}/activity/exports",
    scopes=SCOPES,
    errors=(UnknownFormat, TooMany),
    example={"format": "jsonl", "first_on": "2027-01-01"},
    status=201,
)
@exposes(order_log_export)
def order_export(request: ApiRequest, account: int, data: LogExportIn) -> LogExportOut:
    """Have the log, or some days of it, written into a file."""
    organization = organization_by_id(request.actor, account)
    return _export_out(order_log_export(request.actor, organization, **data.model_dump()))
