"""Files of the log: where they lie, and what is in them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from kanton.accounts.api import activity_out
from kanton.activity.models import Activity
from kanton.activity.queries import activity_in
from kanton.config import config
from kanton.organizations.trail.models import Format, LogExport

COLUMNS = ("position", "at", "text", "actor", "token", "product", "ip", "kind", "digest")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def place_of(export: LogExport) -> Path:
    """Where the file lies; only our user may enter."""
    folder = config.home / "exports"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"log-{export.pk}.{export.format}"


def rows_of(export: LogExport) -> QuerySet[Activity]:
    """The entries of the file, the oldest first. Its days are those of whoever ordered it."""
    rows = activity_in(export.organization_id)
    zone = ZoneInfo(export.person.time_zone)

    def midnight(day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), zone)

    if export.first_on:
        rows = rows.filter(at__gte=midnight(export.first_on))
    if export.last_on:
        rows = rows.filter(at__lt=midnight(export.last_on + dt.timedelta(days=1)))
    return rows.order_by("pk")


def line_of(row: Activity) -> dict[str, Any]:
    """One entry, with its place in the chain and its digest."""
    return {**activity_out(row), "at": row.at.isoformat(), "position": row.position, "digest": row.digest}


def written(export: LogExport, rows: QuerySet[Activity]) -> Iterator[str]:
    """The lines of the file, in the language active now."""
    if export.format == Format.CSV:
        yield "\ufeff" + _cells(COLUMNS)
    for row in rows.iterator(chunk_size=1000):
        found = line_of(row)
        if export.format == Format.CSV:
            yield _cells([_harmless(found[name]) for name in COLUMNS])
        else:
            yield json.dumps(found, ensure_ascii=False, default=str) + "\n"


def _cells(values: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    """Spreadsheets take some texts for formulas; an apostrophe before them makes them texts."""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(FORMULA)
        else ""
        if value is None
        else value
    )
