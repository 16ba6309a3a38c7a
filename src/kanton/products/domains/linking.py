"""What another room does in a zone: link a service with the records it needs, unlink, and check them live (DOM-60, 61).

    plan = plan_link(zone, "mail:17", mail_records(zone.name, key.selector, key.record))
    link_records(actor, zone, owner="mail:17", wanted=plan.wanted, replace=True)
    check_records(zone, plan.wanted)          # asks the name server
    unlink_records(actor, zone, owner="mail:17")

A record that people entered by hand is replaced only with `replace=True`; unlinking removes what linking made and
nothing else. Records that came with the domain ("setup") make room for a link without asking.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kanton.products.domains import records
from kanton.products.domains.engine import engine
from kanton.products.domains.models import Zone, ZoneRecord, record_key
from kanton.products.domains.records import Record

SETUP = "setup"


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A record that a service needs. `displaces` says which others at its name must go: "" none, "set" all of
    its type, or the beginning of a text, as "v=spf1".
    """

    record: Record
    displaces: str = ""

    def displaces_row(self, row: ZoneRecord) -> bool:
        """Whether a row must make room for it. A CNAME always must, and always wants to be alone."""
        if row.name != self.record.name or row.key == record_key(self.record):
            return False
        if "CNAME" in (row.type, self.record.type):
            return True
        if row.type != self.record.type or not self.displaces:
            return False
        return self.displaces == "set" or records.text_value(row.target).lower().startswith(
            self.displaces.lower()
        )


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """What linking would do: records that are there already, that are added, that make room; of these
    `by_hand` were entered by people.
    """

    owner: str
    wanted: tuple[LinkRecord, ...]
    present: tuple[Record, ...]
    added: tuple[Record, ...]
    replaced: tuple[Record, ...]
    by_hand: tuple[Record, ...]
    replaced_rows: tuple[int, ...] = field(default=())

    @property
    def asks(self) -> bool:
        """Whether somebody must confirm it first."""
        return bool(self.by_hand)


def plan_link(zone: Zone, owner: str, wanted: Iterable[LinkRecord]) -> LinkPlan:
    """What linking would do to a zone as it is now."""
    return plan_among(list(ZoneRecord.objects.filter(zone=zone)), owner, wanted)


def plan_among(rows: Sequence[ZoneRecord], owner: str, wanted: Iterable[LinkRecord]) -> LinkPlan:
    """What linking would do among these rows."""
    wanted = tuple(wanted)
    keys = {row.key for row in rows}
    needed = {record_key(each.record) for each in wanted}
    replaced = [
        row for row in rows if row.key not in needed and any(each.displaces_row(row) for each in wanted)
    ]
    return LinkPlan(
        owner=owner,
        wanted=wanted,
        present=tuple(each.record for each in wanted if record_key(each.record) in keys),
        added=tuple(each.record for each in wanted if record_key(each.record) not in keys),
        replaced=tuple(row.pure for row in replaced),
        by_hand=tuple(row.pure for row in replaced if not row.made_by),
        replaced_rows=tuple(row.pk for row in replaced),
    )


class CheckState(enum.StrEnum):
    """What the name server says about one record."""

    GOOD = "good"
    MISSING = "missing"
    OTHER = "other"
    SILENT = "silent"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Checked:
    """One wanted record, what is answered instead, and where it must be entered."""

    record: Record
    state: CheckState

    @property
    def is_good(self) -> bool:
        """Whether it is answered as wanted."""
        return self.state is CheckState.GOOD


def check_records(zone: Zone, wanted: Iterable[LinkRecord]) -> list[Checked]:
    """Ask the name server for each record (DOM-61). When the domain's name servers are somebody else's, the
    records must be entered there, and what our server says does not count.
    """
    from kanton.products.domains.queries import uses_own_nameservers

    is_elsewhere = not uses_own_nameservers(zone.domain.registry_nameservers or zone.domain.nameservers)
    found = []
    for each in wanted:
        record = each.record
        answered = None if is_elsewhere else engine().look_up(record.name, record.type)
        if is_elsewhere:
            state = CheckState.ELSEWHERE
        elif answered is None:
            state = CheckState.SILENT
        elif record.wire in answered:
            state = CheckState.GOOD
        else:
            state = CheckState.OTHER if answered else CheckState.MISSING
        found.append(Checked(record, state))
    return found
