"""The records of a zone."""

from __future__ import annotations

from typing import Any, cast

from kanton.core.api import ApiRequest, Rows
from kanton.core.parity import exposes
from kanton.products.domains import names, queries, records
from kanton.products.domains.actions import create_record, delete_record, delete_records, update_record
from kanton.products.domains.api.common import (
    COLUMNS,
    READ_DNS,
    RECORD_ERRORS,
    RECORD_LISTS,
    RECORD_WITHS,
    WRITE_DNS,
    Row,
    hot_records,
    row_of,
    zones_router,
)
from kanton.products.domains.engine import engine
from kanton.products.domains.errors import LastNameserver, NotManagedHere
from kanton.products.domains.models import ZoneRecord
from kanton.products.domains.problems import Problem
from kanton.products.domains.records import Record
from kanton.products.domains.schemas import (
    Answered,
    DescriptionOut,
    RecordChange,
    RecordIn,
    RecordOut,
    RecordsGone,
    RecordsQuery,
)


def record_out(zone: str, row: Row, withs: frozenset[str] = frozenset()) -> RecordOut:
    """One record from its COLUMNS."""
    pk, name, kind, ttl, target, updated_at = row
    out: RecordOut = {
        "id": pk,
        "source": names.source_in(name, zone),
        "source_idn": names.display_name(name),
        "type": cast("Answered", kind),
        "ttl": ttl,
        "target": target,
        "updated_at": int(updated_at.timestamp()),
    }
    if withs:
        if "dyndns_id" in withs:
            out["dyndns_id"] = None
        if "delegated_zone" in withs:
            out["delegated_zone"] = None
        if not withs.isdisjoint(("description", "records_description")):
            out["description"] = _description(Record(name, kind, target, ttl))
    return out


_PART_NAMES = {"fingerprint": "digest", "fingerprint_type": "digest_type"}
_LABELS: dict[tuple[str, str], dict[int, str]] = {
    ("TLSA", "usage"): {0: "PKIX-TA", 1: "PKIX-EE", 2: "DANE-TA", 3: "DANE-EE"},
    ("TLSA", "selector"): {0: "Cert", 1: "SPKI"},
    ("TLSA", "matching_type"): {0: "Full", 1: "SHA-256", 2: "SHA-512"},
    ("SSHFP", "algorithm"): {1: "RSA", 2: "DSA", 3: "ECDSA", 4: "Ed25519", 6: "Ed448"},
    ("SSHFP", "digest_type"): {1: "SHA-1", 2: "SHA-256"},
    ("DS", "algorithm"): {
        8: "RSASHA256",
        10: "RSASHA512",
        13: "ECDSAP256SHA256",
        14: "ECDSAP384SHA384",
        15: "ED25519",
    },
    ("DS", "digest_type"): {1: "SHA-1", 2: "SHA-256", 4: "SHA-384"},
}


def _description(record: Record) -> DescriptionOut:
    found: dict[str, Any] = {}
    kind = "TLSA" if record.type == "SMIMEA" else record.type
    for part, value in records.describe(record).items():
        name = _PART_NAMES.get(part, part)
        if name in DescriptionOut.__annotations__:
            label = _LABELS.get((kind, name), {}).get(value) if isinstance(value, int) else None
            found[name] = {"value": value, "label": label or str(value)}
    return cast("DescriptionOut", found)


@zones_router.get("/2/zones/{zone}/records", scopes=READ_DNS, withs=RECORD_WITHS, lists=RECORD_LISTS)
@exposes(queries.records_of)
def list_records(request: ApiRequest, zone: str, query: RecordsQuery) -> Rows[RecordOut]:
    """List the records of a zone."""
    found = queries.seen_zone(request.actor, zone)
    withs, name = request.withs, found.name
    if not query.model_fields_set and request.listing.is_plain:
        return Rows(hot_records(found.pk), lambda row: record_out(name, row, withs))
    rows = ZoneRecord.objects.filter(zone_id=found.pk)
    if query.filter.types:
        rows = rows.filter(type__in=query.filter.types)
    if query.filter.source is not None:
        try:
            rows = rows.filter(name=names.owner_name(query.filter.source, name))
        except Problem:
            rows = rows.none()
    return Rows(rows.values_list(*COLUMNS), lambda row: record_out(name, row, withs))


@zones_router.post(
    "/2/zones/{zone}/records",
    scopes=WRITE_DNS,
    withs=RECORD_WITHS,
    errors=RECORD_ERRORS,
    example={"source": "www", "type": "A", "target": "192.0.2.7", "ttl": 3600},
)
@exposes(create_record)
def add_record(request: ApiRequest, zone: str, data: RecordIn) -> RecordOut:
    """Add a record to a zone."""
    found = queries.zone_for(request.actor, zone)
    made = create_record(
        request.actor, found, source=data.source, type=data.type, target=data.target, ttl=data.ttl
    )
    return record_out(found.name, row_of(made), request.withs)


@zones_router.delete(
    "/2/zones/{zone}/records", scopes=WRITE_DNS, errors=(LastNameserver,), example={"ids": [4711, 4712]}
)
@exposes(delete_records)
def remove_records(request: ApiRequest, zone: str, data: RecordsGone) -> bool:
    """Remove several records at once, or none of them."""
    delete_records(request.actor, queries.zone_for(request.actor, zone), data.ids)
    return True


@zones_router.get("/2/zones/{zone}/records/{record}", scopes=READ_DNS, withs=RECORD_WITHS)
@exposes(queries.record_for)
def read_record(request: ApiRequest, zone: str, record: int) -> RecordOut:
    """Read one record."""
    found = queries.zone_for(request.actor, zone)
    return record_out(found.name, row_of(queries.record_for(found, record)), request.withs)


@zones_router.put(
    "/2/zones/{zone}/records/{record}",
    scopes=WRITE_DNS,
    withs=RECORD_WITHS,
    errors=RECORD_ERRORS,
    example={"target": "192.0.2.8", "ttl": 300},
)
@exposes(update_record)
def change_record(request: ApiRequest, zone: str, record: int, data: RecordChange) -> RecordOut:
    """Change the target or the TTL of a record."""
    found = queries.zone_for(request.actor, zone)
    queries.record_for(found, record)
    changed = update_record(request.actor, found, record, target=data.target, ttl=data.ttl)
    return record_out(found.name, row_of(changed), request.withs)


@zones_router.delete("/2/zones/{zone}/records/{record}", scopes=WRITE_DNS, errors=(LastNameserver,))
@exposes(delete_record)
def remove_record(request: ApiRequest, zone: str, record: int) -> bool:
    """Remove a record."""
    found = queries.zone_for(request.actor, zone)
    queries.record_for(found, record)
    delete_record(request.actor, found, record)
    return True


@zones_router.get("/2/zones/{zone}/records/{record}/check", scopes=READ_DNS, errors=(NotManagedHere,))
def check_record(request: ApiRequest, zone: str, record: int) -> bool:
    """Ask the name server whether it answers this record now."""
    found = queries.zone_for(request.actor, zone)
    row = queries.record_for(found, record)
    if not queries.uses_own_nameservers(found.domain.registry_nameservers or found.domain.nameservers):
        raise NotManagedHere(name=found.name)
    answered = engine().look_up(row.name, row.type)
    return answered is not None and row.pure.wire in answered
