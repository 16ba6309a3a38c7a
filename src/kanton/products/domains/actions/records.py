"""Every change of single records."""

from __future__ import annotations

from collections.abc import Sequence

from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.products.domains import records
from kanton.products.domains.activity import Happened
from kanton.products.domains.edits import ZoneEdit, told
from kanton.products.domains.errors import error_of
from kanton.products.domains.models import Zone, ZoneRecord
from kanton.products.domains.problems import Problem
from kanton.products.domains.records import Record
from kanton.products.domains.rights import DNS_EDIT


@action(right=DNS_EDIT)
def create_record(
    actor: Actor,
    zone: Zone,
    *,
    source: str | None,
    type: str,
    target: str,
    ttl: int | None = None,
    version: int | None = None,
) -> ZoneRecord:
    """Add a record to a zone. With `version`, only if nobody changed the zone since."""
    edit = ZoneEdit(zone, version=version)
    try:
        new = records.read_record(zone.name, source=source, type=type, ttl=ttl, target=target)
    except Problem as problem:
        raise error_of(problem) from problem
    row = edit.add(new)
    edit.save(actor, Happened.RECORD_ADDED)
    record(actor, Happened.RECORD_ADDED, edit.zone, after=told([new], zone.name))
    return row


@action(right=DNS_EDIT)
def update_record(
    actor: Actor,
    zone: Zone,
    record_id: int,
    *,
    source: str | None = None,
    type: str | None = None,
    target: str | None = None,
    ttl: int | None = None,
    version: int | None = None,
) -> ZoneRecord:
    """Change a record; what is not given stays. It then counts as entered by hand."""
    edit = ZoneEdit(zone, version=version)
    row = _row(edit, record_id)
    before = row.pure
    kind = type or before.type
    try:
        new = records.read_record(
            zone.name,
            source=before.name + "." if source is None else source,
            type=kind,
            ttl=before.ttl if ttl is None else ttl,
            target=before.target if target is None else target,
        )
    except Problem as problem:
        raise error_of(problem) from problem
    if new != before:
        edit.replace(row.pk, new)
        if row.made_by and new.target != before.target:
            row.made_by = ""
            ZoneRecord.objects.filter(pk=row.pk).update(made_by="")
        edit.save(actor, Happened.RECORD_CHANGED)
    record(
        actor,
        Happened.RECORD_CHANGED,
        edit.zone,
        before=_full(before, zone.name),
        after=_full(new, zone.name),
    )
    return row


@action(right=DNS_EDIT)
def delete_record(actor: Actor, zone: Zone, record_id: int, *, version: int | None = None) -> Zone:
    """Remove a record from a zone."""
    edit = ZoneEdit(zone, version=version)
    row = _row(edit, record_id)
    edit.remove(row.pk)
    edit.save(actor, Happened.RECORD_REMOVED)
    record(actor, Happened.RECORD_REMOVED, edit.zone, before=told([row.pure], zone.name))
    return edit.zone


@action(right=DNS_EDIT)
def delete_records(
    actor: Actor, zone: Zone, record_ids: Sequence[int], *, version: int | None = None
) -> Zone:
    """Remove several records at once, or none of them."""
    edit = ZoneEdit(zone, version=version)
    rows = [_row(edit, record_id) for record_id in dict.fromkeys(record_ids)]
    for row in rows:
        edit.remove(row.pk)
    edit.save(actor, Happened.RECORDS_REMOVED)
    before = told([row.pure for row in rows], zone.name, limit=20)
    record(actor, Happened.RECORDS_REMOVED, edit.zone, count=len(rows), before=before)
    return edit.zone


def _row(edit: ZoneEdit, record_id: int) -> ZoneRecord:
    row = edit.row(record_id)
    if row is None:
        raise NotFound(model="record")
    return row


def _full(one: Record, zone: str) -> str:
    return f"{told([one], zone)} (TTL {one.ttl})"
