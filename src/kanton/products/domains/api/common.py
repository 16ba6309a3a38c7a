"""What all three families of routes share: scopes, and how a record is read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kanton.core.api import Lists, Router
from kanton.core.prepared import Prepared
from kanton.products.domains.errors import InvalidRecord, RecordExists, RecordsExclude, UnsupportedType
from kanton.products.domains.models import ZoneRecord

zones_router = Router("DNS zones")
domains_router = Router("Domains")
older_router = Router("DNS records (older)")

READ_DNS = ("dns:read",)
WRITE_DNS = ("dns:write",)
READ_DOMAINS = ("domain:read",)
SEARCH = ("domain:read", "dns:read")
MANAGE_DOMAINS = ("domain",)

ZONE_WITHS = ("skel", "records", "records_description", "description", "idn", "label", "wish")
RECORD_WITHS = ("description", "idn", "dyndns_id", "delegated_zone")
RECORD_LISTS = Lists(
    order={
        "id": "pk",
        "source": "name",
        "type": "type",
        "ttl": "ttl",
        "target": "target",
        "updated_at": "updated_at",
    },
    default="id",
    search=("name", "target"),
)
COLUMNS = ("pk", "name", "type", "ttl", "target", "updated_at")
RECORD_ERRORS = (RecordExists, RecordsExclude, InvalidRecord, UnsupportedType)

Row = tuple[int, str, str, int, str, datetime]


def _all_records(zone_id: int) -> Any:
    return ZoneRecord.objects.filter(zone_id=zone_id).order_by("pk").values_list(*COLUMNS)


hot_records = Prepared(_all_records, int)


def row_of(record: ZoneRecord) -> Row:
    """The COLUMNS of a record."""
    return record.pk, record.name, record.type, record.ttl, record.target, record.updated_at
