"""Zones, their versions, and the search for them."""

from __future__ import annotations

from typing import Any, cast

from kanton.core.api import ApiRequest, Lists, Rows
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.products.domains import names, queries
from kanton.products.domains.actions import create_zone, delete_zone, import_zone, restore_zone
from kanton.products.domains.api.common import (
    READ_DNS,
    SEARCH,
    WRITE_DNS,
    ZONE_WITHS,
    Row,
    domains_router,
    hot_records,
    zones_router,
)
from kanton.products.domains.api.records import record_out
from kanton.products.domains.errors import (
    InvalidRecord,
    InvalidZoneText,
    MainZone,
    RecordsExclude,
    ZoneChanged,
    ZoneExists,
)
from kanton.products.domains.models import Domain, Zone, ZoneVersion
from kanton.products.domains.problems import Problem
from kanton.products.domains.records import Record
from kanton.products.domains.schemas import (
    DifferenceOut,
    HintOut,
    ShortZoneOut,
    VersionOut,
    ZoneIn,
    ZoneOut,
    ZoneText,
)


def zone_out(zone: Zone, withs: frozenset[str] = frozenset()) -> ZoneOut:
    """One zone."""
    rows = cast("list[Row]", hot_records(zone.pk))
    out: ZoneOut = {
        "id": zone.pk,
        "fqdn": zone.name,
        "dnssec": {"is_enabled": False},
        "nameservers": [row[4] for row in rows if row[1] == zone.name and row[2] == "NS"],
        "version": zone.version,
    }
    if "skel" in withs:
        out["skel"] = queries.zone_text(zone)
    if not withs.isdisjoint(("records", "records_description")):
        described = withs & {"records_description", "description"}
        out["records"] = [record_out(zone.name, row, described) for row in rows]
    if "idn" in withs:
        out["idn"] = zone.display_name
    if "label" in withs:
        out["label"] = zone.display_name
    if "wish" in withs:
        out["serial"] = zone.serial
        out["wish"] = cast("Any", zone.wish_as_json())
    return out


@zones_router.get("/2/zones/{zone}", scopes=READ_DNS, withs=ZONE_WITHS)
@exposes(queries.zone_for, queries.zone_text)
def read_zone(request: ApiRequest, zone: str) -> ZoneOut:
    """Read a zone.

    With `with=wish`: whether the name server has confirmed it; `skel` is the zone file, `records` its
    records.
    """
    return zone_out(queries.zone_for(request.actor, zone), request.withs)


@zones_router.get("/2/zones/{zone}/exists", scopes=SEARCH)
def zone_exists(request: ApiRequest, zone: str) -> bool:
    """Tell whether there is a zone of this name; 404 when there is none."""
    queries.seen_zone(request.actor, zone)
    return True


@zones_router.post(
    "/2/zones/{zone}",
    scopes=WRITE_DNS,
    withs=ZONE_WITHS,
    errors=(ZoneExists, InvalidZoneText),
    example={"skel": "www 3600 IN A 192.0.2.7\n"},
)
@exposes(create_zone)
def add_zone(request: ApiRequest, zone: str, data: ZoneIn) -> ZoneOut:
    """Create a zone below one of your domains."""
    above = _domain_above(request, zone)
    made = create_zone(request.actor, above, name=zone, text=data.skel)
    return zone_out(made, request.withs)


def _domain_above(request: ApiRequest, name: str) -> Domain:
    try:
        normal = names.normal_name(name)
    except Problem as problem:
        raise NotFound(model="zone") from problem
    for above in names.ancestors(normal):
        try:
            return queries.domain_for(request.actor, above)
        except NotFound:
            continue
    raise NotFound(model="zone")


@zones_router.put(
    "/2/zones/{zone}",
    scopes=WRITE_DNS,
    withs=ZONE_WITHS,
    errors=(InvalidZoneText, RecordsExclude, InvalidRecord, ZoneChanged),
    example={"skel": "www 3600 IN A 192.0.2.7\n", "version": 3},
)
@exposes(import_zone)
def replace_zone(request: ApiRequest, zone: str, data: ZoneText) -> ZoneOut:
    """Replace the records of a zone by those of a zone file. One wrong line, and nothing changes.

    With the `version` that you read (or its ETag in `If-Match`), nothing changes either if somebody else has changed
    the zone since.
    """
    found = queries.zone_for(request.actor, zone)
    return zone_out(import_zone(request.actor, found, text=data.skel, version=data.version), request.withs)


@zones_router.delete("/2/zones/{zone}", scopes=WRITE_DNS, errors=(MainZone,))
@exposes(delete_zone)
def remove_zone(request: ApiRequest, zone: str) -> bool:
    """Delete a zone below a domain. The zone of the domain itself stays."""
    delete_zone(request.actor, queries.zone_for(request.actor, zone))
    return True


@zones_router.get("/2/zones/{zone}/hints", scopes=READ_DNS)
@exposes(queries.hints_for)
def read_hints(request: ApiRequest, zone: str) -> list[HintOut]:
    """Tell what is allowed in the zone but probably not meant."""
    found = queries.zone_for(request.actor, zone)
    hints = queries.hints_for(found)
    return [{"code": hint.code, "name": hint.name, "text": hint.text} for hint in hints]


def _line(record: Record, zone: str) -> str:
    return f"{names.source_in(record.name, zone)} {record.ttl} {record.type} {record.zone_target}"


def version_out(version: ZoneVersion, zone: str) -> VersionOut:
    """One saved change."""
    return {
        "number": version.number,
        "serial": version.serial,
        "made_at": int(version.made_at.timestamp()),
        "by": version.actor,
        "kind": version.kind,
        "removed": [_line(record, zone) for record in version.removed_records],
        "added": [_line(record, zone) for record in version.added_records],
    }


@zones_router.get(
    "/2/zones/{zone}/versions", scopes=READ_DNS, lists=Lists(order={"number": "number"}, default="-number")
)
@exposes(queries.versions_of)
def list_versions(request: ApiRequest, zone: str) -> Rows[VersionOut]:
    """List the saved changes of a zone, the newest first."""
    found = queries.zone_for(request.actor, zone)
    return Rows(ZoneVersion.objects.filter(zone=found), lambda version: version_out(version, found.name))


@zones_router.get("/2/zones/{zone}/versions/{number}", scopes=READ_DNS)
@exposes(queries.difference_to, queries.version_for)
def read_difference(request: ApiRequest, zone: str, number: int) -> DifferenceOut:
    """Tell what bringing the zone back to a version would change now."""
    found = queries.zone_for(request.actor, zone)
    queries.version_for(found, number)
    difference = queries.difference_to(found, number)
    if difference is None:
        raise NotFound(model="version")
    return {
        "number": number,
        "removed": [_line(record, found.name) for record in difference.removed],
        "added": [_line(record, found.name) for record in difference.added],
        "retimed": [_line(record, found.name) for _before, record in difference.retimed],
    }


@zones_router.post("/2/zones/{zone}/versions/{number}/restoration", scopes=WRITE_DNS, withs=ZONE_WITHS)
@exposes(restore_zone)
def restore_version(request: ApiRequest, zone: str, number: int) -> ZoneOut:
    """Bring a zone back to how it was in a version. That is a new version, so it can be undone too."""
    found = queries.zone_for(request.actor, zone)
    return zone_out(restore_zone(request.actor, found, number=number), request.withs)


ZONE_LISTS = Lists(order={"fqdn": "name", "id": "pk"}, default="fqdn", search=("name",))


def _short(row: tuple[str, int]) -> ShortZoneOut:
    return {"fqdn": row[0], "id": row[1], "dnssec": {"is_enabled": False}}


@domains_router.get("/2/domains/{domain}/zones", scopes=SEARCH, lists=ZONE_LISTS)
@domains_router.get("/2/domains/domains/{domain}/zones", scopes=SEARCH, lists=ZONE_LISTS)
@exposes(queries.zones_around, queries.zones_of)
def search_zones(request: ApiRequest, domain: str) -> Rows[ShortZoneOut]:
    """List the zones under the registered domain that holds a name, however deep the name is."""
    return Rows(queries.zones_around(request.actor, domain).values_list("name", "pk"), _short)
