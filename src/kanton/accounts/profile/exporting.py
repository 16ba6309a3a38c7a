"""Everything an account knows about its person, in one file (the right to one's own data).

A room adds what it knows in its AppConfig.ready():

    exporting.register(Part("tokens", _("API tokens"), lambda person: ({"name": token.name} for token in …)))

Rows are plain values. Secrets and their hashes never belong here.
"""

from __future__ import annotations

import csv
import html
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kanton.accounts.models import Person
from kanton.ui import formats

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the file."""

    key: str
    title: Any
    rows: Callable[[Person], Iterable[Row]]
    order: int = 50


@dataclass(frozen=True, slots=True)
class Extra:
    """A file beside the tables, such as the picture; None when there is none."""

    name: str
    content: Callable[[Person], bytes | None]


_parts: dict[str, Part] = {}
_extras: dict[str, Extra] = {}


def register(*parts: Part) -> None:
    """Add tables."""
    for part in parts:
        _parts[part.key] = part


def register_file(extra: Extra) -> None:
    """Add a file."""
    _extras[extra.name] = extra


def parts() -> list[Part]:
    """All tables in their order."""
    return sorted(_parts.values(), key=lambda part: (part.order, part.key))


def write(person: Person, path: Path, tell: Callable[[int], None]) -> None:
    """Write the file. `tell` hears how many parts are done."""
    with (
        translation.override(person.language),
        timezone.override(person.time_zone),
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        page = [_head(person)]
        data: dict[str, Any] = {}
        for number, part in enumerate(parts(), start=1):
            rows = [dict(row) for row in part.rows(person)]
            data[part.key] = rows
            archive.writestr(f"{part.key}.csv", _csv(rows))
            page += _section(part, rows)
            tell(number)
        for extra in _extras.values():
            if (content := extra.content(person)) is not None:
                archive.writestr(extra.name, content)
        archive.writestr("data.json", json.dumps(data, default=_machine, ensure_ascii=False, indent=1))
        archive.writestr("index.html", "".join([*page, "</main></body></html>\n"]))


def _machine(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _shown(value: Any) -> str:
    if hasattr(value, "hour"):
        return formats.datetime(value)
    if isinstance(value, list | tuple):
        return ", ".join(_shown(each) for each in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def _csv(rows: list[dict[str, Any]]) -> str:
    from kanton.ui.tables import defused

    written = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = csv.writer(written)
    table.writerow(names)
    for row in rows:
        cells = (row.get(name) for name in names)
        table.writerow(defused("" if cell is None else _machine(cell)) for cell in cells)
    return "\ufeff" + written.getvalue()


def _head(person: Person) -> str:
    title = _("Data of %(name)s") % {"name": person.display_name}
    zone = _("Times are those of %(zone)s.") % {"zone": timezone.get_current_timezone_name()}
    return (
        f'<!doctype html><html lang="{html.escape(person.language)}"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>body{{font:15px/1.5 sans-serif;margin:2rem}}"
        "table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccd;padding:.3rem .5rem;text-align:left;"
        "vertical-align:top}@media print{body{margin:0}}</style></head><body><main>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(zone)}</p>"
    )


def _section(part: Part, rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"<h2>{html.escape(str(part.title))}</h2>"
    if not rows:
        yield f"<p>{html.escape(_('Nothing.'))}</p>"
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    yield "<table><tr>" + "".join(f"<th>{html.escape(name)}</th>" for name in names) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{html.escape(_shown(row.get(name)))}</td>" for name in names) + "</tr>"
    yield "</table>"
