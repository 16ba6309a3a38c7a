"""Tables: declare the columns, get sorting, filters, search, bulk actions, pages and CSV.

    class DomainTable(Table[Domain]):
        name = Column(_("Domain"), link=lambda domain: domain.get_absolute_url(), sort="name")
        state = WishColumn(_("State"))
        expires_on = DateColumn(_("Expires"), sort="expires_on")
        search = ("name",)
        filters = (Filter("wish_state", _("State"), WishState.choices),)
        bulk = (Bulk(_("Renew"), "domains:renew_many", icon="refresh"),)
        default_sort = "name"
        empty = Empty(_("No domains yet"), _("Register a name, or bring yours."), _("Find a name"), "/shop")

    def domains(request):
        return DomainTable(request, domains_of(request.organization)).response("domains/domains.html")

A table asks the database at most twice, for 10 rows as for 10,000 (columns that follow relations need
`select_related` in the query set that the view hands in).
"""

from __future__ import annotations

import base64
import binascii
import csv
import datetime as dt
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast

from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kanton.core.addresses import address
from kanton.core.csrf import csrf_token
from kanton.core.prepared import PreparedRows
from kanton.core.rights import Decision
from kanton.ui import components, formats
from kanton.ui.hx import hx_render
from kanton.ui.kept import Guard, kept, stand_in
from kanton.ui.markup import escaped
from kanton.ui.pages import kept_page
from kanton.ui.shell import Text, shell_of

Row = TypeVar("Row")
PAGE = 50
COUNT_LIMIT = 10_000
CHUNK = 500
TEMPLATE = "ui/_table.html"
# What a table is made of, and what it may have of its own instead of its class's.
_GIVEN = frozenset({"id", "query", "context"})
_OWN = frozenset({"filters", "bulk", "search", "caption", "columns", "default_sort"})
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Column:
    """One column: `value` reads it from a row (default: the attribute of the same name), `link` makes it a link.

    `sort` is the model field to sort by, "" for none. `main` marks the name of the thing: it stays in sight on a
    phone. `wide` columns are hidden on narrow screens.
    """

    css = ""

    def __init__(
        self,
        label: Text = "",
        *,
        value: Callable[[Any], Any] | str | None = None,
        link: Callable[[Any], str] | None = None,
        sort: str = "",
        main: bool = False,
        wide: bool = False,
        below: Callable[[Any], Any] | None = None,
        html: Callable[[Any], SafeString] | None = None,
        csv: bool = True,
    ) -> None:
        self.label, self.sort, self.main, self.wide = label, sort, main or link is not None, wide
        self.link, self.below, self.html, self.in_csv = link, below, html, csv
        self._value = value
        self.key = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name

    def value(self, row: Any) -> Any:
        """The bare value of this column in a row."""
        wanted = self._value
        if callable(wanted):
            return wanted(row)
        found = row
        for part in _parts(wanted or self.key):
            if found is None:
                return None
            found = found[part] if isinstance(found, Mapping) else getattr(found, part)
        return found

    def text(self, value: Any) -> Any:
        """The value as it is shown; escaped unless it is safe HTML."""
        return "" if value is None else value

    def plain(self, row: Any) -> str:
        """The value as it stands in the CSV file."""
        value = self.value(row)
        return "" if value is None else defused(str(value))

    def cell(self, row: Any) -> SafeString:
        """The inside of the table cell."""
        inner = escaped(self.html(row) if self.html else self.text(self.value(row)))
        if self.link and (url := self.link(row)):
            inner = f'<a class="row-link" href="{escaped(url)}">{inner}</a>'
        if self.below and (more := self.below(row)):
            inner = f'{inner}<div class="below">{escaped(more)}</div>'
        return SafeString(inner)


class MoneyColumn(Column):
    """Amounts, right-aligned with tabular figures. The CSV gets the bare amount with two places."""

    css = "num"

    def text(self, value: Any) -> Any:
        """The amount as the language writes it."""
        return formats.money(value)

    def plain(self, row: Any) -> str:
        """Two decimal places and a point, for other programs."""
        value = self.value(row)
        return "" if value is None else f"{value.amount:.2f}"


class NumberColumn(Column):
    """Whole numbers and decimals, right-aligned."""

    css = "num"

    def text(self, value: Any) -> Any:
        """The number with separators."""
        return formats.number(value)

    def plain(self, row: Any) -> str:
        """The bare number."""
        value = self.value(row)
        return "" if value is None else str(value)


class SizeColumn(NumberColumn):
    """Bytes as KB, MB, GB. None means unlimited."""

    def text(self, value: Any) -> Any:
        """The size as people read it."""
        return formats.size(value)


class DateColumn(Column):
    """A day or an instant, absolute with the relative below it; `relative=False` leaves that out."""

    css = "date"

    def __init__(self, label: Text = "", *, relative: bool = True, **options: Any) -> None:
        super().__init__(label, **options)
        self.relative = relative

    def text(self, value: Any) -> Any:
        """The date as `<time>`."""
        return components.when(value, relative=self.relative)

    def plain(self, row: Any) -> str:
        """ISO 8601, in UTC for instants."""
        value = self.value(row)
        if value is None:
            return ""
        if isinstance(value, dt.datetime) and value.tzinfo:
            value = value.astimezone(dt.UTC)
        return str(value.isoformat())


class ChoiceColumn(Column):
    """A value with a word for it, as a badge; `kinds` maps values to done, waiting, failed or note."""

    def __init__(
        self,
        label: Text = "",
        *,
        choices: Iterable[tuple[Any, Text]] = (),
        kinds: Mapping[Any, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(label, **options)
        self.choices, self.kinds = dict(choices), dict(kinds or {})
        self._badges: dict[tuple[Any, str | None], SafeString] = {}

    def text(self, value: Any) -> Any:
        """The badge."""
        if value is None or value == "":
            return ""
        if value not in self.choices:
            return components.badge(value, self.kinds.get(value, ""))
        key = (value, get_language())
        found = self._badges.get(key)
        if found is None:
            found = components.badge(self.choices[value], self.kinds.get(value, ""))
            self._badges[key] = found
        return found

    def plain(self, row: Any) -> str:
        """The word."""
        value = self.value(row)
        return "" if value is None else defused(str(self.choices.get(value, value)))


class YesNoColumn(Column):
    """True as a tick with a word; False stays empty."""

    def text(self, value: Any) -> Any:
        """A tick, or nothing."""
        if not value:
            return ""
        return format_html('{}<span class="sr">{}</span>', components.icon("check"), _("yes"))

    def plain(self, row: Any) -> str:
        """`yes` or `no`."""
        return "yes" if self.value(row) else "no"


class WishColumn(Column):
    """The state of a wish. The row is the wish, or `value` finds it. `refresh` is where a pending one asks again."""

    def __init__(
        self, label: Text = "", *, refresh: Callable[[Any], str] | None = None, **options: Any
    ) -> None:
        options.setdefault("value", lambda row: row)
        super().__init__(label, **options)
        self.refresh = refresh

    def cell(self, row: Any) -> SafeString:
        """The state component."""
        wish = self.value(row)
        if wish is None:
            return SafeString("")
        asks = self.refresh is not None and wish.wish_state != "done"
        return components.wish(wish, refresh=self.refresh(row) if asks and self.refresh else "")

    def plain(self, row: Any) -> str:
        """pending, done or failed."""
        wish = self.value(row)
        return "" if wish is None else str(wish.wish_state)


class TemplateColumn(Column):
    """A cell from a template of the room, which gets `row`. For the rare cell that nothing else fits."""

    def __init__(self, label: Text = "", *, template: str, **options: Any) -> None:
        options.setdefault("csv", False)
        super().__init__(label, **options)
        self.template = template

    def cell(self, row: Any) -> SafeString:
        """The rendered template."""
        return render_to_string(self.template, {"row": row})


class RowAction(NamedTuple):
    """A line in the ⋮ menu of a row. `post` sends it as a form, else it is a link; who may not sees it dead, with the
    reason of the `decision`."""

    label: Text
    url: str
    icon: str = ""
    post: bool = False
    danger: bool = False
    decision: Decision | bool = True


@dataclass(frozen=True)
class Bulk:
    """An action for the selected rows: a POST with `selected` ids to `url` (a URL name, or a path)."""

    label: Text
    url: str
    icon: str = ""
    danger: bool = False
    decision: Decision | bool = True


@dataclass(frozen=True)
class Empty:
    """What an empty table says at first use: what belongs here and the first step."""

    title: Text
    text: Text = ""
    action: Text = ""
    url: str = ""
    icon: str = "inbox"
    decision: Decision | bool = True


@dataclass(frozen=True)
class Filter:
    """A filter that lives in the address as `?key=value`, several values meaning "one of".

    `apply(queryset, values)` narrows the rows; without it, `field` (default: the key) must be one of the values.
    """

    key: str
    label: Text
    choices: Iterable[tuple[Any, Text]] | Callable[[], Iterable[tuple[Any, Text]]]
    field: str = ""
    apply: Callable[[Any, list[str]], Any] | None = None

    def options(self) -> list[tuple[str, Text]]:
        """The values to choose from."""
        found = self.choices() if callable(self.choices) else self.choices
        return [(str(value), label) for value, label in found if value != ""]


@dataclass
class Chip:
    """An active filter, and the address without it."""

    label: str
    remove_url: str


@dataclass
class FilterMenu:
    """A filter as a menu: each option with the address that toggles it."""

    key: str
    label: Text
    options: list[tuple[str, bool, str]]
    active: bool


@dataclass
class Header:
    """A column head: where a click sorts, and how it is sorted now."""

    label: Text
    css: str
    url: str = ""
    direction: str = ""

    @property
    def aria(self) -> str:
        """The value for aria-sort."""
        return {"up": "ascending", "down": "descending"}.get(self.direction, "none")


@dataclass
class Page:
    """The rows of one page and the cursors to its neighbours."""

    rows: list[Any] = field(default_factory=list)
    next: str = ""
    previous: str = ""


class _Shared(NamedTuple):
    """What all rows have in common in a language: each column with the start of its cells, and two labels."""

    openings: list[tuple[Column, str]]
    select: str
    more: str


_shared: dict[tuple[type, str | None], _Shared] = {}


class Table(Generic[Row]):
    """The base of all tables; see the top of this file. Also takes a list in place of a query set."""

    columns: ClassVar[dict[str, Column]] = {}
    search: Sequence[str] = ()
    filters: Sequence[Filter] = ()
    bulk: Sequence[Bulk] = ()
    default_sort = ""
    per_page = PAGE
    empty: Empty | None = None
    # The code of the product whose list this is: the empty list then helps to find what is missing (ORG-102).
    about_products: ClassVar[str] = ""
    caption: Text = ""
    file_name = ""
    prefix = ""
    id_field = "pk"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {key: value for key, value in vars(cls).items() if isinstance(value, Column)}
        cls.columns = {**cls.columns, **own}

    def __init__(
        self, request: HttpRequest, rows: QuerySet[Any] | PreparedRows[Any] | Sequence[Any], **context: Any
    ) -> None:
        self.request = request
        self.source = rows
        self.context = context
        self.id = _id_of(type(self).__name__)
        self.query = cast("Any", request.GET).get(self._param("q"), "").strip()[:200]

    # --- what rooms may override ---------------------------------------------------------------------

    def loaded(self, found: list[Any]) -> list[Row]:
        """What is shown of these rows of a query set: override it to load for a whole page what costs queries."""
        return found

    def row_actions(self, row: Row) -> Sequence[RowAction]:
        """The ⋮ menu of a row. None by default."""
        return ()

    def row_id(self, row: Row) -> str:
        """What identifies a row in the selection and in the page."""
        return str(
            getattr(row, self.id_field, "") or (row[self.id_field] if isinstance(row, Mapping) else "")
        )

    def row_class(self, row: Row) -> str:
        """A CSS class for a row, such as `is-quiet`."""
        return ""

    def search_rows(self, rows: Any, query: str) -> Any:
        """The rows that match what was typed."""
        if isinstance(rows, QuerySet):
            for word in query.split():
                found = Q()
                for name in self.search:
                    found |= Q(**{f"{name}__icontains": word})
                rows = rows.filter(found)
            return rows
        words = query.lower().split()
        columns = [column for column in self.columns.values() if column.in_csv]
        return [
            row
            for row in rows
            if all(any(word in column.plain(row).lower() for column in columns) for word in words)
        ]

    # --- answering -----------------------------------------------------------------------------------

    def response(
        self, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> HttpResponse:
        """The page, only the table for htmx, or the CSV file, whichever was asked for."""
        if self.wants_csv:
            # Django serves both alike; views stay annotated with plain HttpResponse.
            return cast("HttpResponse", self.csv())
        if self.request.META.get("HTTP_HX_TARGET") == self.id:
            return hx_render(self.request, "ui/table.html", "ui/table.html", {"table": self}, status=status)
        given = {"table": self, **(context or {})}
        parts = {name: value for name, value in given.items() if isinstance(value, Table)}
        plain = {name: value for name, value in given.items() if name not in parts}
        page = kept_page(self.request, template, plain, parts)
        if page is None:
            return hx_render(self.request, template, template, given, status=status)
        # The type is named, so that Django need not find out the character set.
        response = HttpResponse(page, "text/html; charset=utf-8", status)
        response.headers["Vary"] = "HX-Request"
        return response

    @property
    def wants_csv(self) -> bool:
        """Whether the address asks for the file."""
        return self.request.GET.get(self._param("format")) == "csv"

    def csv(self) -> StreamingHttpResponse:
        """All matching rows, not only this page, as UTF-8 that spreadsheets open without asking."""
        columns = [column for column in self.columns.values() if column.in_csv]
        writer = csv.writer(_Echo())
        language, zone = get_language(), timezone.get_current_timezone()

        def texts() -> Iterator[str]:
            yield "\ufeff" + str(writer.writerow([str(column.label) for column in columns]))
            for part in self._all_parts():
                yield "".join(writer.writerow([column.plain(row) for column in columns]) for row in part)

        def lines() -> Iterator[str]:
            # The file is written when the request, and with it the reader's language and zone, is over.
            written = texts()
            while True:
                with translation.override(language), timezone.override(zone):
                    text = next(written, None)
                if text is None:
                    return
                yield text

        name = slugify(self.file_name or type(self).__name__.removesuffix("Table")) or "table"
        response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response

    # --- what the template reads ---------------------------------------------------------------------

    @property
    def drawn(self) -> SafeString:
        """The table as HTML."""
        return SafeString(self.written.decode())

    @property
    def written(self) -> bytes:
        """The table as it is sent. What stands around the rows is kept by its shape (`kanton.ui.kept`)."""
        shape = self._shape()
        found = kept(shape, self._draw_kept) if shape is not None else None
        if found is not None:
            return found.written(self._fill)
        request = self.request
        html = render_to_string(
            TEMPLATE,
            {
                "table": self,
                "request": request,
                "shell": shell_of(request),
                "csrf_token": csrf_token(request),
            },
        )
        return html.encode()

    @property
    def has_rows(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.page.rows)

    @cached_property
    def page(self) -> Page:
        """The rows to show."""
        rows = self.narrowed
        if isinstance(rows, PreparedRows):
            given = self.request.GET
            if not (self._param("after") in given or self._param("before") in given):
                return self._first_page(rows)
            rows = rows.query_set()
        return self._query_page(rows) if isinstance(rows, QuerySet) else self._list_page(list(rows))

    @cached_property
    def narrowed(self) -> Any:
        """All rows that match search and filters, not yet sorted or cut."""
        rows: Any = self.source
        if isinstance(rows, PreparedRows) and self.is_narrowed:
            rows = rows.query_set()
        for chosen in self.filters:
            values = self._values(chosen)
            if not values:
                continue
            if chosen.apply:
                rows = chosen.apply(rows, values)
            elif isinstance(rows, QuerySet):
                rows = rows.filter(**{f"{chosen.field or chosen.key}__in": values})
            else:
                name = chosen.field or chosen.key
                rows = [row for row in rows if str(_read(row, name)) in values]
        if self.query and (self.search or not isinstance(rows, QuerySet)):
            rows = self.search_rows(rows, self.query)
        return rows

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter is on."""
        return bool(self.query) or any(self._values(chosen) for chosen in self.filters)

    @property
    def is_first_use(self) -> bool:
        """Nothing is here at all, and nothing hides it."""
        return not self.page.rows and not self.is_narrowed and not self.request.GET.get(self._param("after"))

    @cached_property
    def total(self) -> int:
        """How many rows match, counted up to a limit so that a million cost no more than ten thousand."""
        rows = self.narrowed
        if isinstance(rows, QuerySet | PreparedRows):
            if self.page.rows and not self.page.next and not self.page.previous:
                return len(self.page.rows)
            rows = rows.query_set() if isinstance(rows, PreparedRows) else rows
            return int(rows.order_by()[: COUNT_LIMIT + 1].count())
        return len(rows)

    @property
    def total_text(self) -> str:
        """The count in words."""
        return formats.count(min(self.total, COUNT_LIMIT), more=self.total > COUNT_LIMIT)

    @cached_property
    def chips(self) -> list[Chip]:
        """The active filters."""
        chips = []
        for chosen in self.filters:
            labels = dict(chosen.options())
            for value in self._values(chosen):
                others = [other for other in self._values(chosen) if other != value]
                url = self._url(**{chosen.key: others})
                chips.append(Chip(f"{chosen.label}: {labels.get(value, value)}", url))
        return chips

    @cached_property
    def menus(self) -> list[FilterMenu]:
        """The filters as menus."""
        menus = []
        for chosen in self.filters:
            now = self._values(chosen)
            options = []
            for value, label in chosen.options():
                on = value in now
                values = [other for other in now if other != value] if on else [*now, value]
                options.append((str(label), on, self._url(**{chosen.key: values})))
            menus.append(FilterMenu(chosen.key, chosen.label, options, bool(now)))
        return menus

    @property
    def clear_url(self) -> str:
        """The address without search and filters."""
        return self._url(q="", **{chosen.key: [] for chosen in self.filters})

    @property
    def csv_url(self) -> str:
        """The address of the file."""
        return self._url(format="csv")

    @property
    def next_url(self) -> str:
        """The address of the next page, or ""."""
        return self._url(after=self.page.next) if self.page.next else ""

    @property
    def previous_url(self) -> str:
        """The address of the page before, or ""."""
        return self._url(before=self.page.previous) if self.page.previous else ""

    @property
    def hx(self) -> SafeString:
        """How links and forms of this table swap only the table; not inherited by what stands in its cells."""
        return format_html(
            'hx-target="#{0}" hx-select="#{0}" hx-swap="outerHTML" hx-push-url="true"', self.id
        )

    @property
    def search_name(self) -> str:
        """The name of the search field."""
        return self._param("q")

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the search form must carry along: filters and order."""
        names = [chosen.key for chosen in self.filters] + ["sort"]
        return [
            (self._param(name), value)
            for name in names
            for value in self.request.GET.getlist(self._param(name))
        ]

    @cached_property
    def headers(self) -> list[Header]:
        """The heads of the columns."""
        name, down = self._order()
        heads = []
        for column in self.columns.values():
            css = " ".join(filter(None, (column.css, "wide" if column.wide else "")))
            if not column.sort:
                heads.append(Header(column.label, css))
                continue
            mine = column.sort == name
            turned = column.sort if mine and down else f"-{column.sort}" if mine else column.sort
            direction = ("down" if down else "up") if mine else ""
            heads.append(Header(column.label, css, self._url(sort=turned), direction))
        return heads

    @cached_property
    def has_row_actions(self) -> bool:
        """Whether rows have a ⋮ menu."""
        return type(self).row_actions is not Table.row_actions

    @property
    def bulk_actions(self) -> list[tuple[Bulk, str]]:
        """The actions for selected rows with their addresses."""
        return [(bulk, self._bulk_url(bulk)) for bulk in self.bulk]

    def body(self) -> SafeString:
        """All rows as HTML, made in one go: templates per cell would cost more than the query."""
        return SafeString("".join(self.row(row) for row in self.page.rows))

    def row(self, row: Row) -> SafeString:
        """One `<tr>`, the same for the whole page and for an answer to htmx."""
        shared, ident, name = self._shared, escaped(self.row_id(row)), self._name_of(row)
        cells = [f'<tr id="{self.id}-{ident}" class="{escaped(self.row_class(row))}">']
        if self.bulk:
            label = escaped(shared.select % {"name": name})
            cells.append(
                f'<td class="pick"><label><input type="checkbox" name="selected" value="{ident}">'
                f'<span class="sr">{label}</span></label></td>'
            )
        for column, opening in shared.openings:
            cells.append(f"{opening}{column.cell(row)}</td>")
        if self.has_row_actions:
            menu = components.row_menu(self.row_actions(row), name, pattern=shared.more)
            cells.append(f'<td class="more">{menu}</td>')
        cells.append("</tr>")
        return SafeString("".join(cells))

    @cached_property
    def _shared(self) -> _Shared:
        if "columns" in vars(self):
            return self._find_shared()
        key = (type(self), get_language())
        found = _shared.get(key)
        if found is None:
            found = _shared[key] = self._find_shared()
        return found

    def _find_shared(self) -> _Shared:
        openings = []
        for column in self.columns.values():
            marks = (column.css, "main" if column.main else "", "wide" if column.wide else "")
            css = escaped(" ".join(filter(None, marks)))
            label = "" if column.main else escaped(column.label)
            openings.append((column, f'<td class="{css}" data-label="{label}">'))
        return _Shared(openings, _("Select %(name)s"), _("More for %(name)s"))

    def selected(self) -> list[str]:
        """The ids chosen in a bulk POST."""
        return self.request.POST.getlist("selected")

    def selected_text(self) -> str:
        """The pattern for the bulk bar, which the script fills."""
        return _("%(n)s selected")

    # --- inside --------------------------------------------------------------------------------------

    def _shape(self) -> Hashable:
        """Everything that the template reads apart from what `_fill` puts in; None when that is not worth keeping:
        an empty table, a search, or tools that belong to this one table only.
        """
        if self.query or not self.page.rows or not _OWN.isdisjoint(vars(self)):
            return None
        asked: tuple[tuple[str, ...], ...] = ()
        if self.request.META.get("QUERY_STRING"):
            known = {self._param(chosen.key) for chosen in self.filters} | {self._param("sort")}
            cursors = {self._param("after"), self._param("before")}
            given = {name: values for name, values in self.request.GET.lists() if name not in cursors}
            if not known.issuperset(given):
                return None
            asked = tuple([(name, *values) for name, values in given.items()])
        has_organization = getattr(self.request, "organization", None) is not None
        shown = (bool(self.page.next), bool(self.page.previous), has_organization)
        return ("table", type(self), self.id, self.prefix, get_language(), asked, shown)

    def _draw_kept(self) -> str | None:
        noted: list[str] = []
        known = {name: value for name, value in vars(self).items() if name in _GIVEN or name in _OWN}
        mask = _Masked(self, known, noted)
        try:
            html = render_to_string(
                TEMPLATE,
                {
                    "table": mask,
                    "request": mask.request,
                    "shell": Guard(noted, "shell"),
                    "csrf_token": stand_in("token"),
                },
            )
        except Exception:
            if not noted:
                raise
        return None if noted else html

    def _fill(self, kind: str, _number: int, _css: str) -> str:
        match kind:
            case "path":
                return escaped(self.request.path)
            case "slug":
                return escaped(self.request.organization.slug)  # type: ignore[attr-defined]
            case "token":
                return csrf_token(self.request)
            case "body":
                return self.body()
            case "total":
                return escaped(self.total_text)
            case "next":
                return escaped(self.next_url)
            case "previous":
                return escaped(self.previous_url)
        raise AssertionError(kind)

    def _name_of(self, row: Row) -> str:
        main = self._main
        return str(row) if main is None else str(main.value(row))

    @cached_property
    def _main(self) -> Column | None:
        return next((column for column in self.columns.values() if column.main), None)

    def _bulk_url(self, bulk: Bulk) -> str:
        if bulk.url.startswith("/"):
            return bulk.url
        organization = getattr(self.request, "organization", None)
        try:
            return address(bulk.url, *([organization.slug] if organization is not None else []))
        except NoReverseMatch:
            return reverse(bulk.url)

    def _param(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def _values(self, chosen: Filter) -> list[str]:
        known = {value for value, _label in chosen.options()}
        return [value for value in self.request.GET.getlist(self._param(chosen.key)) if value in known]

    def _url(self, **changes: Any) -> str:
        query = self.request.GET.copy()
        for name in ("format", "after", "before"):
            query.pop(self._param(name), None)
        for name, value in changes.items():
            values = value if isinstance(value, list) else [value] if value else []
            query.setlist(self._param(name), values)
            if not values:
                query.pop(self._param(name), None)
        written = query.urlencode()
        return f"?{written}" if written else self.request.path

    def _order(self) -> tuple[str, bool]:
        asked = self.request.GET.get(self._param("sort"), "")
        known = {column.sort for column in self.columns.values() if column.sort}
        if asked.removeprefix("-") not in known:
            asked = self.default_sort
        return asked.removeprefix("-"), asked.startswith("-")

    def _all_parts(self) -> Iterator[list[Any]]:
        rows = self.narrowed
        if isinstance(rows, PreparedRows):
            rows = rows.query_set()
        if not isinstance(rows, QuerySet):
            yield self._sorted(list(rows))
            return
        found = rows.order_by(*self._ordering(backwards=False)).iterator(chunk_size=CHUNK)
        while part := list(islice(found, CHUNK)):
            yield self.loaded(part)

    def _ordering(self, *, backwards: bool) -> list[Any]:
        name, down = self._order()
        order: list[Any] = []
        descending = down is not backwards
        if name and name != "pk":
            # Empty values stand at the end, whichever way the column is sorted.
            direction = F(name).desc if descending else F(name).asc
            order.append(direction(nulls_first=True) if backwards else direction(nulls_last=True))
        order.append("-pk" if descending else "pk")
        return order

    def _first_page(self, rows: PreparedRows[Any]) -> Page:
        found = rows.first(self._order(), lambda: self._ordering(backwards=False), self.per_page + 1)
        page = Page(found[: self.per_page])
        if len(found) > self.per_page:
            page.next = self._cursor_of(page.rows[-1])
        return page

    def _query_page(self, rows: QuerySet[Any]) -> Page:
        after, before = (
            self._cursor(self.request.GET.get(self._param(name), "")) for name in ("after", "before")
        )
        backwards = before is not None and after is None
        place = before if backwards else after
        if place is not None:
            try:
                rows = rows.filter(self._beyond(rows.model, place, backwards=backwards))
            except (ValidationError, FieldError, ValueError, TypeError, FieldDoesNotExist):
                place, backwards = None, False
        found = list(rows.order_by(*self._ordering(backwards=backwards))[: self.per_page + 1])
        more, found = len(found) > self.per_page, found[: self.per_page]
        if backwards:
            found.reverse()
        page = Page(found)
        if found:
            if more or backwards:
                page.next = self._cursor_of(found[-1])
            if (place is not None and not backwards) or (backwards and more):
                page.previous = self._cursor_of(found[0])
            page.rows = self.loaded(found)
        return page

    def _beyond(self, model: type[models.Model], place: tuple[Any, Any], *, backwards: bool) -> Q:
        name, down = self._order()
        value, pk = place
        pk_key = "pk__gt" if down is backwards else "pk__lt"
        model._meta.pk.to_python(pk)
        if not name or name == "pk":
            return Q(**{pk_key: pk})
        empty = Q(**{f"{name}__isnull": True})
        if value is None:
            same = empty & Q(**{pk_key: pk})
            return same | ~empty if backwards else same
        side = "gt" if down is backwards else "lt"
        beyond = Q(**{f"{name}__{side}": value}) | Q(**{name: value, pk_key: pk})
        return beyond if backwards else beyond | empty

    def _cursor_of(self, row: Any) -> str:
        name, _down = self._order()
        value = _read(row, name) if name and name != "pk" else None
        if isinstance(value, dt.date):
            value = value.isoformat()
        elif value is not None and not isinstance(value, str | int | float | bool):
            value = str(value)
        written = json.dumps([name, value, _plain_pk(row.pk)], separators=(",", ":"))
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")

    def _cursor(self, text: str) -> tuple[Any, Any] | None:
        if not text or len(text) > 2000:
            return None
        try:
            name, value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            return None
        if name != self._order()[0] or isinstance(value, list | dict) or isinstance(pk, list | dict):
            return None
        return value, pk

    def _sorted(self, rows: list[Any]) -> list[Any]:
        name, down = self._order()
        if not name:
            return rows
        filled = [row for row in rows if _read(row, name) is not None]
        empty = [row for row in rows if _read(row, name) is None]
        return sorted(filled, key=lambda row: _comparable(_read(row, name)), reverse=down) + empty

    def _list_page(self, rows: list[Any]) -> Page:
        rows = self._sorted(rows)
        asked = (
            self.request.GET.get(self._param("after")) or self.request.GET.get(self._param("before")) or ""
        )
        start = int(asked) if asked.isdecimal() and len(asked) < 9 else 0
        page = Page(rows[start : start + self.per_page])
        if start + self.per_page < len(rows):
            page.next = str(start + self.per_page)
        if start:
            page.previous = str(max(0, start - self.per_page)) if start > self.per_page else "0"
        return page


class _Masked:
    """A table as the template reads it when what is drawn will be kept: with stand-ins for path, rows and counts."""

    def __init__(self, table: Table[Any], known: dict[str, Any], noted: list[str]) -> None:
        organization = Guard(noted, "organization", slug=stand_in("slug"))
        has_organization = getattr(table.request, "organization", None) is not None
        query = table.request.GET.copy()
        for name in ("after", "before"):
            query.pop(table._param(name), None)
        self.request = Guard(
            noted,
            "request",
            GET=query,
            path=stand_in("path"),
            organization=organization if has_organization else None,
        )
        self._table = object.__new__(type(table))
        vars(self._table).update(known, request=self.request, page=Page([True]))
        self.page = self._table.page
        self.body, self.total_text = stand_in("body"), stand_in("total")
        self.next_url = stand_in("next") if table.page.next else ""
        self.previous_url = stand_in("previous") if table.page.previous else ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


@lru_cache(maxsize=1024)
def _id_of(name: str) -> str:
    return f"table-{slugify(name.removesuffix('Table'))}"


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


class _Echo:
    """A file for csv.writer that hands back each line."""

    def write(self, value: str) -> str:
        return value


def _read(row: Any, name: str) -> Any:
    found = row
    for part in _parts(name):
        if found is None:
            return None
        found = found[part] if isinstance(found, Mapping) else getattr(found, part)
    return found


@lru_cache(maxsize=1024)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.replace("__", ".").split("."))


def _plain_pk(pk: Any) -> Any:
    return pk if isinstance(pk, int | str) else str(pk)


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
