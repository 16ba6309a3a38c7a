"""Lists: sorting, searching, pages and offsets, the same for every list of the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, cast

from django.db.models import Q, QuerySet

from kanton.core.api.errors import invalid, not_among
from kanton.core.api.query import last, words

R = TypeVar("R")

PAGE: Final = 25
MOST_PER_PAGE: Final = 1000
# Without any paging field the whole list is expected; beyond this many rows it begins to have pages.
MOST_UNPAGED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Lists:
    """How a route's list can be ordered and searched.

    `order` maps the names of the interface to ORM paths (to keys of the row, for lists that are not querysets);
    `default` is a name of `order`, with "-" for descending. `search` names the ORM paths (or row keys) that
    `search=` looks into.
    """

    order: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    search: tuple[str, ...] = ()
    always_paged: bool = False


class Rows(Generic[R]):
    """What a handler of a list returns: the source, not yet cut, and how one element becomes a row.

    With `many`, the elements of one page are turned into rows together, for what must be loaded for all at once. With
    `late`, a list that is no queryset holds just what it is ordered and searched by, and the rows of one page are made
    of that when it is cut.
    """

    __slots__ = ("late", "many", "one", "source")

    def __init__(
        self,
        source: QuerySet[Any, Any] | Sequence[Any],
        one: Callable[[Any], R] | None = None,
        *,
        many: Callable[[list[Any]], list[R]] | None = None,
        late: Callable[[list[Any]], list[R]] | None = None,
    ) -> None:
        self.source = source
        self.one = one
        self.many = many
        self.late = late

    def rows_of(self, elements: Iterable[Any]) -> list[R]:
        """The rows of one page."""
        if self.many is not None:
            return self.many(list(elements))
        if self.one is not None:
            return [self.one(element) for element in elements]
        return cast("list[R]", list(elements))


@dataclass(frozen=True, slots=True)
class Listing:
    """What the caller asked of the list."""

    page: int | None = None
    per_page: int = PAGE
    limit: int | None = None
    skip: int = 0
    total_only: bool = False
    order: tuple[tuple[str, bool], ...] = ()  # (name, descending)
    search: str = ""

    @property
    def is_whole(self) -> bool:
        """Nothing about pages was asked for."""
        return self.page is None and self.limit is None and not self.skip

    @property
    def is_plain(self) -> bool:
        """Nothing at all was asked for: a hot list may answer from a `Prepared` query."""
        return self.is_whole and not (self.total_only or self.order or self.search)


WHOLE: Final = Listing()


def listing_of(fields: Mapping[str, Any], lists: Lists) -> Listing:
    """Read paging, sorting and searching out of the query. Raises ApiError (422) for what makes no sense."""
    page = _number(fields, "page", 1)
    per_page = next(
        (
            size
            for name in ("per_page", "items_per_page", "items")
            if (size := _number(fields, name, 1)) is not None
        ),
        None,
    )
    if page is None and (per_page is not None or lists.always_paged) and "limit" not in fields:
        page = 1
    given = last(fields.get("return"))
    if given not in (None, "", "total"):
        raise not_among("return", ["total"])
    return Listing(
        page=page,
        per_page=min(per_page or PAGE, MOST_PER_PAGE),
        limit=_number(fields, "limit", 0),
        skip=_number(fields, "skip", 0) or 0,
        total_only=given == "total",
        order=_order(fields, lists),
        search=(last(fields.get("search")) or "").strip(),
    )


def _number(fields: Mapping[str, Any], name: str, least: int) -> int | None:
    text = last(fields.get(name))
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= least):
        code = "validation_rule_min" if text.lstrip("-").isdigit() else "validation_rule_integer"
        raise invalid(name, f"{name} must be a whole number, at least {least}.", code=code)
    return int(text)


def _order(fields: Mapping[str, Any], lists: Lists) -> tuple[tuple[str, bool], ...]:
    names = words(fields.get("order_by"))
    each = fields.get("order_for")
    each = each if isinstance(each, dict) else {}
    general = "asc"
    for name in ("order", "order_dir", "order_direction"):
        if (given := last(fields.get(name))) not in (None, ""):
            general = _direction(name, str(given))
    names += [str(name) for name in each if name not in names]
    for name in names:
        if name not in lists.order:
            raise not_among("order_by", lists.order)
    if not names and general == "desc" and lists.default:
        return ((lists.default.lstrip("-"), not lists.default.startswith("-")),)
    return tuple(
        (name, _direction(f"order_for[{name}]", last(each.get(name)) or general) == "desc") for name in names
    )


def _direction(attribute: str, text: str) -> str:
    direction = text.lower()
    if direction not in ("asc", "desc"):
        raise not_among(attribute, ["asc", "desc"])
    return direction


def cut(rows: Rows[Any], lists: Lists, asked: Listing) -> tuple[Any, dict[str, int]]:
    """The rows that were asked for, and the keys that the envelope gets beside `data`."""
    if isinstance(rows.source, QuerySet):
        return _cut_queryset(rows, rows.source, lists, asked)
    return _cut_sequence(rows, lists, asked)


def _cut_queryset(
    rows: Rows[Any], source: QuerySet[Any, Any], lists: Lists, asked: Listing
) -> tuple[Any, dict[str, int]]:
    if asked.search and lists.search:
        condition = Q()
        for path in lists.search:
            condition |= Q(**{f"{path}__icontains": asked.search})
        source = source.filter(condition)
    if asked.total_only:
        return source.count(), {}
    order = asked.order
    if not order and lists.default:
        order = ((lists.default.lstrip("-"), lists.default.startswith("-")),)
    if order:
        paths = [("-" if descending else "") + lists.order[name] for name, descending in order]
        # A stable order, so that no row is shown on two pages or on none.
        source = source.order_by(
            *paths, *(() if any(path.lstrip("-") == "pk" for path in paths) else ("pk",))
        )
    if asked.is_whole:
        elements = list(source[: MOST_UNPAGED + 1])
        if len(elements) > MOST_UNPAGED:
            return rows.rows_of(elements[:MOST_UNPAGED]), _keys(source.count(), 1, MOST_UNPAGED)
        return rows.rows_of(elements), {}
    begin, end = _window(asked)
    # An instant's count and cut may differ by a row that comes in between; the order keeps the pages apart.
    keys = _keys(source.count(), asked.page, asked.per_page) if asked.page is not None else {}
    return rows.rows_of(source[begin:end]), keys


def _cut_sequence(rows: Rows[Any], lists: Lists, asked: Listing) -> tuple[Any, dict[str, int]]:
    found: list[Any] = rows.rows_of(rows.source)
    if asked.search and lists.search:
        wanted = asked.search.casefold()
        found = [
            row for row in found if any(wanted in str(row.get(key, "")).casefold() for key in lists.search)
        ]
    if asked.total_only:
        return len(found), {}
    for name, descending in reversed(asked.order):
        key = lists.order[name]
        found.sort(key=lambda row, key=key: _sortable(row.get(key)), reverse=descending)  # type: ignore[misc]
    late = rows.late or list
    if asked.is_whole:
        return late(found), {}
    begin, end = _window(asked)
    keys = _keys(len(found), asked.page, asked.per_page) if asked.page is not None else {}
    return late(found[begin:end]), keys


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, (int, float)):
        return (1, value)
    return (2, str(value).casefold())


def _window(asked: Listing) -> tuple[int, int | None]:
    if asked.page is not None:
        begin = (asked.page - 1) * asked.per_page
        return begin, begin + asked.per_page
    return asked.skip, asked.skip + (MOST_UNPAGED if asked.limit is None else min(asked.limit, MOST_UNPAGED))


def _keys(total: int, page: int | None, per_page: int) -> dict[str, int]:
    return {
        "total": total,
        "page": page or 1,
        "pages": max(1, -(-total // per_page)),
        "items_per_page": per_page,
    }
