"""A change of a zone being put together: checked as a whole, saved as one version, or not at all (DOM-38,
DOM-39).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kanton.core import clock
from kanton.core.action import after_commit
from kanton.core.actor import Actor
from kanton.products.domains import records
from kanton.products.domains.activity import Happened
from kanton.products.domains.errors import LastNameserver, ZoneChanged, error_of
from kanton.products.domains.models import (
    Zone,
    ZoneRecord,
    ZoneVersion,
    place_of,
    record_as_json,
    record_from_json,
    record_key,
)
from kanton.products.domains.problems import Problem, Reason
from kanton.products.domains.records import Record

VERSIONS_KEPT = 1000


class ZoneEdit:
    """The records of a locked zone and what shall become of them. Make one inside an action, then `save`."""

    def __init__(self, zone: Zone, *, version: int | None = None) -> None:
        """Lock the zone. With `version`, refuse when somebody saved a later one (DOM-40)."""
        self.zone = Zone.objects.select_for_update().alive().get(pk=zone.pk)
        if version is not None and version != self.zone.version:
            raise _changed(self.zone, version)
        self._rows = {row.pk: row for row in ZoneRecord.objects.filter(zone=self.zone)}
        for row in self._rows.values():
            row.zone = self.zone
        self._new: list[ZoneRecord] = []
        self._changed: dict[int, Record] = {}
        self._gone: dict[int, ZoneRecord] = {}

    @property
    def rows(self) -> list[ZoneRecord]:
        """The saved rows that stay, as they were saved."""
        return [row for pk, row in self._rows.items() if pk not in self._gone]

    def row(self, pk: int) -> ZoneRecord | None:
        """A saved row, unless somebody else has removed it."""
        return self._rows.get(pk)

    def add(self, record: Record, made_by: str = "") -> ZoneRecord:
        """Add a record."""
        if record_key(record) in {row.key for row in [*self.rows, *self._new]}:
            raise error_of(Problem(Reason.DUPLICATE, "target"))
        row = ZoneRecord.of(self.zone, record, made_by)
        self._new.append(row)
        return row

    def replace(self, pk: int, record: Record) -> None:
        """Change a saved record; it keeps its number."""
        if record_key(record) in {row.key for row in [*self.rows, *self._new] if row.pk != pk}:
            raise error_of(Problem(Reason.DUPLICATE, "target"))
        self._changed[pk] = record

    def remove(self, pk: int) -> None:
        """Remove a saved record."""
        self._gone[pk] = self._rows[pk]

    def become(self, wanted: Iterable[Record]) -> None:
        """Make the zone hold exactly these records; those that stay the same keep their numbers."""
        by_key = {record_key(record): record for record in wanted}
        for pk, row in self._rows.items():
            record = by_key.pop(row.key, None)
            if record is None:
                self.remove(pk)
            elif record.ttl != row.ttl:
                self.replace(pk, record)
        self._new += [ZoneRecord.of(self.zone, record) for record in by_key.values()]

    @property
    def result(self) -> list[Record]:
        """The records as they would be."""
        stay = [self._changed.get(pk, row.pure) for pk, row in self._rows.items() if pk not in self._gone]
        return stay + [row.pure for row in self._new]

    @property
    def removed(self) -> list[Record]:
        """What would no longer be so."""
        return [row.pure for row in self._gone.values()] + [self._rows[pk].pure for pk in self._changed]

    @property
    def added(self) -> list[Record]:
        """What would be new."""
        return [row.pure for row in self._new] + list(self._changed.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return sorted(self.removed) == sorted(self.added)

    def check(self) -> None:
        """Refuse what no name server could serve."""
        mine = {record_key(record) for record in self.added}
        problems = records.check_zone(self.zone.name, self.result)
        # Of several, the one at a record that is being saved says most.
        problems.sort(key=lambda found: found[0] is None or record_key(found[0]) not in mine)
        for _record, problem in problems:
            if problem.reason is Reason.APEX_NS_NEEDED:
                raise LastNameserver
            raise error_of(problem)

    def save(self, actor: Actor, kind: Happened) -> Zone:
        """Check and save everything as one version, with a higher serial, and have it published."""
        self.check()
        now = clock.now()
        version = ZoneVersion(
            zone=self.zone,
            organization_id=self.zone.organization_id,
            number=self.zone.version + 1,
            made_at=now,
            kind=kind.code,
            actor=actor.label[:200],
            person_id=actor.person_id,
            removed=[record_as_json(row.pure, row.made_by) for row in self._gone.values()]
            + [record_as_json(self._rows[pk].pure, self._rows[pk].made_by) for pk in self._changed],
            added=[record_as_json(row.pure, row.made_by) for row in self._new]
            + [record_as_json(record, self._rows[pk].made_by) for pk, record in self._changed.items()],
        )
        ZoneRecord.objects.filter(pk__in=list(self._gone)).delete()
        # Records that swap their contents would meet at the unique key half-way.
        for pk in self._changed:
            ZoneRecord.objects.filter(pk=pk).update(key=f"moving {pk}")
        for pk, record in self._changed.items():
            row = self._rows[pk]
            row.name, row.type, row.ttl, row.target = record.name, record.type, record.ttl, record.target
            row.key, row.place, row.updated_at = record_key(record), place_of(record.name), now
            row.save(update_fields=["name", "place", "type", "ttl", "target", "key", "updated_at"])
        for row in self._new:
            row.created_at = row.updated_at = now
        ZoneRecord.objects.bulk_create(self._new, batch_size=500)
        zone = self.zone
        zone.version = version.number
        zone.serial = version.serial = next_serial(zone.serial)
        zone.changed_at = now
        zone.wished()
        zone.save(update_fields=["version", "serial", "changed_at", *Zone.WISH_FIELDS])
        version.save(force_insert=True)
        ZoneVersion.objects.filter(zone=zone, number__lte=zone.version - VERSIONS_KEPT).delete()
        publish_later(zone)
        return zone


def publish_later(zone: Zone) -> None:
    """Have the name servers follow once this change is committed."""
    from kanton.products.domains.tasks import reconcile_zone

    after_commit(reconcile_zone, zone.pk, unique_key=f"reconcile-zone:{zone.pk}")


def next_serial(serial: int) -> int:
    """A higher serial, with the date in it as people are used to (RFC 1912, 2.2)."""
    today = int(clock.today().strftime("%Y%m%d")) * 100
    return max(serial + 1, today + 1)


def records_at(zone: Zone, number: int) -> list[Record] | None:
    """The records as they were in a version; None when its history is not kept any more."""
    now = {record_key(row.pure): row.pure for row in ZoneRecord.objects.filter(zone=zone)}
    later = list(ZoneVersion.objects.filter(zone=zone, number__gte=number).order_by("-number"))
    if not later or number < 1 or later[-1].number > number + 1:
        return None
    later = [version for version in later if version.number > number]
    for version in later:
        for record in version.added_records:
            now.pop(record_key(record), None)
        for record in version.removed_records:
            now[record_key(record)] = record
    return list(now.values())


def told(changed: Sequence[Record], zone: str, limit: int = 3) -> str:
    """Records in one line, for sentences: "www A 192.0.2.1, mail MX …"."""
    from kanton.products.domains.names import shortened, source_in

    shown = [
        shortened(f"{source_in(record.name, zone)} {record.type} {record.target}", 120)
        for record in changed[:limit]
    ]
    return ", ".join(shown) + (f" (+{len(changed) - limit})" if len(changed) > limit else "")


def _changed(zone: Zone, version: int) -> ZoneChanged:
    later = list(ZoneVersion.objects.filter(zone=zone, number__gt=version).order_by("number"))
    people = ", ".join(dict.fromkeys(each.actor for each in later)) or "?"
    removed = [record_from_json(item) for each in later for item in each.removed]
    added = [record_from_json(item) for each in later for item in each.added]
    changes = "; ".join(
        part
        for part in (
            "− " + told(removed, zone.name) if removed else "",
            "+ " + told(added, zone.name) if added else "",
        )
        if part
    )
    return ZoneChanged(
        people=people,
        changes=changes or "?",
        differences=[
            {"number": each.number, "by": each.actor, "removed": each.removed, "added": each.added}
            for each in later
        ],
    )
