"""The table of activity that pages of organizations and accounts share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.activity.models import Activity, outline
from kanton.core.activity import KINDS, PRODUCT_NAMES
from kanton.core.actor import ActorKind
from kanton.ui.tables import Column, DateColumn, Empty, Filter, Table

LOOK_BACK = 1000
Names = Callable[[set[int]], dict[int, str]]


def _by(row: Activity) -> str:
    who = row.actor_label
    return (
        _("%(person)s by the API token “%(token)s”") % {"person": who, "token": row.token_name}
        if row.token_name
        else who
    )


def _who(row: Activity) -> SafeString:
    """What nobody pressed a button for was done by Kanton, whatever its part is called."""
    return escape(_("Kanton itself") if row.actor_kind == ActorKind.SYSTEM.value else _by(row))


class ProductColumn(Column):
    """The kind of product as it is called where people read it; its code in the file."""

    def text(self, value: Any) -> Any:
        """The name."""
        return PRODUCT_NAMES.get(value, value)


class ActivityTable(Table[Activity]):
    """What happened, newest first. Filters offer what occurs in the latest thousand rows."""

    at = DateColumn(gettext_lazy("When"), value="at")
    what = Column(gettext_lazy("What"), value="sentence", main=True)
    who = Column(gettext_lazy("Who"), value=_by, html=_who, wide=True)
    product = ProductColumn(gettext_lazy("Product"), wide=True)
    address = Column(gettext_lazy("Address"), wide=True)
    search = ("search",)
    default_sort = "-pk"
    file_name = "activity"

    def __init__(
        self,
        request: HttpRequest,
        rows: QuerySet[Activity],
        *,
        names: Names | None = None,
    ) -> None:
        super().__init__(request, rows)
        latest = list(rows.order_by("-pk").values_list("kind", "product", "person_id")[:LOOK_BACK])
        kinds = sorted({kind for kind, _product, _person in latest})
        codes = sorted({product for _kind, product, _person in latest if product})
        self.filters = [
            Filter(
                "kind", _("What"), [(kind, outline(KINDS[kind]) if kind in KINDS else kind) for kind in kinds]
            ),
            Filter("product", _("Product"), [(code, PRODUCT_NAMES.get(code, code)) for code in codes]),
        ]
        if names is not None:
            people = names({person for _kind, _product, person in latest if person is not None})
            everybody = sorted(people.items(), key=lambda pair: pair[1].lower())
            system = (
                [("system", _("Kanton itself"))] if any(person is None for *_rest, person in latest) else []
            )
            self.filters.append(Filter("who", _("Who"), [*everybody, *system], apply=_done_by))
        self.filters = [chosen for chosen in self.filters if chosen.options()]
        self.empty = Empty(
            _("Nothing happened yet"), _("Every change appears here, with who made it."), icon="history"
        )

    def search_rows(self, rows: Any, query: str) -> Any:
        """The rows whose data hold every word."""
        for word in query.lower().split():
            rows = rows.filter(search__contains=word)
        return rows

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the search form carries along: filters, order and the dates."""
        dates = [(name, self.request.GET.get(name, "")) for name in ("from", "until")]
        return [*super().kept, *[(name, value) for name, value in dates if value]]


def _done_by(rows: QuerySet[Activity], values: list[str]) -> QuerySet[Activity]:
    people = [int(value) for value in values if value.isdigit()]
    found = rows.filter(person_id__in=people)
    return found | rows.filter(person_id=None) if "system" in values else found


def with_dates(request: HttpRequest, rows: QuerySet[Activity]) -> tuple[QuerySet[Activity], dict[str, Any]]:
    """The rows of the days `from` to `until` of the address, in the reader's time zone, and the days as given."""
    dates = {name: request.GET.get(name, "") for name in ("from", "until")}
    first, last = _day(dates["from"]), _day(dates["until"])
    if first:
        rows = rows.filter(at__gte=_midnight(first))
    if last:
        rows = rows.filter(at__lt=_midnight(last + dt.timedelta(days=1)))
    return rows, {
        "from": first.isoformat() if first else "",
        "until": last.isoformat() if last else "",
        "others": _others(request),
    }


def _others(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name not in ("from", "until", "after", "before", "format")
    ]


def _day(written: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(written)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), timezone.get_current_timezone())
