"""Every change of a zone as a whole."""

from __future__ import annotations

from kanton.core import clock
from kanton.core.action import action, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.products.domains import defaults, edits, names, zonefile
from kanton.products.domains.activity import Happened
from kanton.products.domains.edits import ZoneEdit, publish_later, told
from kanton.products.domains.errors import (
    InvalidName,
    InvalidZoneText,
    MainZone,
    NoSuchVersion,
    ZoneExists,
    ZoneOutsideDomain,
)
from kanton.products.domains.models import Domain, Zone, ZoneRecord, ZoneVersion, record_from_json
from kanton.products.domains.problems import Problem
from kanton.products.domains.records import Record
from kanton.products.domains.rights import DNS_EDIT


@action(right=DNS_EDIT)
def import_zone(actor: Actor, zone: Zone, *, text: str, version: int | None = None) -> Zone:
    """Make a zone hold exactly what a zone file says. One wrong line, and nothing is saved (DOM-38, DOM-43).

    A file without name servers for the zone itself keeps the present ones.
    """
    edit = ZoneEdit(zone, version=version)
    wanted = read_text(text, zone.name)
    if not any(each.name == zone.name and each.type == "NS" for each in wanted):
        wanted += [row.pure for row in edit.rows if row.name == zone.name and row.type == "NS"]
    edit.become(wanted)
    if not edit.is_empty:
        edit.save(actor, Happened.ZONE_IMPORTED)
    record(
        actor,
        Happened.ZONE_IMPORTED,
        edit.zone,
        added=len(edit.added),
        removed=len(edit.removed),
        before=told(edit.removed, zone.name, limit=20),
        after=told(edit.added, zone.name, limit=20),
    )
    return edit.zone


def read_text(text: str, zone: str) -> list[Record]:
    """The records of a zone text, or InvalidZoneText with every wrong line."""
    found = zonefile.read_zone(text, zone)
    if found.problems:
        raise InvalidZoneText(found.problems)
    # The same line twice says the same once.
    return list({(each.name, each.type, each.target): each for each in found.records}.values())


@action(right=DNS_EDIT)
def restore_zone(actor: Actor, zone: Zone, *, number: int, version: int | None = None) -> Zone:
    """Bring a zone back to how it was in an earlier version. That is a new version, so it can be undone too
    (DOM-39).
    """
    edit = ZoneEdit(zone, version=version)
    wanted = edits.records_at(edit.zone, number)
    if wanted is None:
        oldest = ZoneVersion.objects.filter(zone=zone).order_by("number").values_list("number", flat=True)
        raise NoSuchVersion(number=number, oldest=oldest.first() or 1)
    edit.become(wanted)
    if not edit.is_empty:
        edit.save(actor, Happened.ZONE_RESTORED)
    record(
        actor,
        Happened.ZONE_RESTORED,
        edit.zone,
        number=number,
        before=told(edit.removed, zone.name, limit=20),
        after=told(edit.added, zone.name, limit=20),
    )
    return edit.zone


@action(right=DNS_EDIT)
def create_zone(actor: Actor, domain: Domain, *, name: str, text: str | None = None) -> Zone:
    """Create a zone below a domain, with our name servers and, if given, the records of a zone text."""
    try:
        name = names.normal_name(name)
    except Problem as problem:
        raise InvalidName(problem.at("name")) from problem
    if not names.is_in_zone(name, domain.name):
        raise ZoneOutsideDomain(name=name, domain=domain.name)
    Domain.objects.select_for_update().get(pk=domain.pk)
    if Zone.objects.alive().filter(name=name).exists():
        raise ZoneExists(name=name)
    wanted = read_text(text, name) if text else []
    if not any(each.name == name and each.type == "NS" for each in wanted):
        wanted = defaults.nameserver_records(name) + wanted
    zone = new_zone(domain, name)
    edit = ZoneEdit(zone)
    for each in wanted:
        edit.add(each)
    edit.save(actor, Happened.ZONE_CREATED)
    record(actor, Happened.ZONE_CREATED, edit.zone, after=told(wanted, name, limit=20))
    return edit.zone


def new_zone(domain: Domain, name: str) -> Zone:
    """A zone without records."""
    return Zone.objects.create(
        organization_id=domain.organization_id, service_id=domain.service_id, domain=domain, name=name
    )


@action(right=DNS_EDIT)
def delete_zone(actor: Actor, zone: Zone) -> Zone:
    """Delete a zone below a domain. The name servers stop answering it; the main zone stays with its domain."""
    zone = Zone.objects.select_for_update().select_related("domain").alive().get(pk=zone.pk)
    if zone.is_main:
        raise MainZone(name=zone.name)
    zone.removed_at = clock.now()
    zone.wished()
    zone.save(update_fields=["removed_at", *Zone.WISH_FIELDS])
    note_irreversible(f"{zone.name}: {ZoneRecord.objects.filter(zone=zone).count()}")
    record(actor, Happened.ZONE_DELETED, zone)
    publish_later(zone)
    return zone


@internal("The name server's answer.")
@action(right=SYSTEM, may_be_silent=True)
def settle_zone(
    actor: Actor, zone: Zone, version: int, *, number: int, is_proved: bool, reason: str, remedy: str = ""
) -> bool:
    """Keep what the name server said about this version of a zone. False when a newer one has come."""
    was_stuck = zone.wish_state == "failed"
    if is_proved:
        Zone.objects.filter(pk=zone.pk, proved_number__lt=number).update(proved_number=number)
        if zone.proved(version):
            if was_stuck:
                record(actor, Happened.ZONE_PROVED, zone, serial=zone.serial)
            return True
        return False
    if not remedy:
        return zone.waits(version, reason)
    if was_stuck:
        return True
    if zone.failed(version, reason, remedy):
        record(actor, Happened.ZONE_STUCK, zone, reason=reason)
        return True
    return False


def changed_since_proof(zone: Zone) -> set[tuple[str, str]]:
    """The record sets (name and type) that changed since the name server last confirmed the zone."""
    versions = ZoneVersion.objects.filter(zone=zone, number__gt=zone.proved_number).order_by("-number")[:20]
    found: set[tuple[str, str]] = set()
    for version in versions:
        for item in [*version.removed, *version.added]:
            one = record_from_json(item)
            found.add((one.name, one.type))
    return found
