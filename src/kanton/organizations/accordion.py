"""The accordion of rights: kinds of products, their services, and what is in them, with a box for each right.

An organization may have thousands of services, so each kind shows some, those with rights first, and finds others by
name. The form sends what it showed: saving changes what is in sight and leaves the rest alone. Searching, showing more
and ticking for many at once are buttons of the same form, which works without JavaScript; nothing ticked is lost on the
way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import QueryDict

from kanton.core.rights import RIGHTS, Right
from kanton.organizations import grantable
from kanton.organizations.errors import UnknownRight
from kanton.organizations.grantable import GrantValues, Place, Section, Thing, grant_of, key_of, place_of
from kanton.organizations.models import Grant, Organization
from kanton.ui.forms import PREVIEW

STEP = 25
MOST = 100
#: The button that does not save: "find", "more:mail", "tick:mail", "untick:mail", "everything".
LOOK = "look"


@dataclass(frozen=True, slots=True)
class Box:
    """One right at one place, as a box to tick; `was_on` is what is saved."""

    key: str
    label: Any
    is_on: bool
    was_on: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One thing with its boxes."""

    key: str
    thing: Thing
    boxes: list[Box]
    is_chosen: bool

    @property
    def can_be_chosen(self) -> bool:
        """Services can be ticked together; what stands for all of them, or for a part, is ticked alone."""
        return self.thing.service_id is not None and not self.thing.resource


@dataclass(frozen=True, slots=True)
class Kind:
    """One section of the accordion."""

    section: Section
    rows: list[Row]
    rights: list[Right]
    search: str
    shown: int
    has_more: bool
    has_more_parts: bool
    is_open: bool

    @property
    def is_searchable(self) -> bool:
        """Whether there is more than one sees at once, or somebody searches already."""
        return bool(self.search) or self.has_more or self.has_more_parts or self.section.count > STEP


class Accordion:
    """What is saved, what is ticked now, and what is looked at. `data` is the form as it was sent, if it was."""

    def __init__(
        self, organization: Organization, saved: Iterable[Grant], data: QueryDict | None = None
    ) -> None:
        self.organization = organization
        self.data = QueryDict() if data is None else data
        self.is_sent = data is not None
        self.kinds = grantable.kinds_of(organization)
        self.saved: dict[Place, set[str]] = {}
        for grant in saved:
            self.saved.setdefault((grant.product, grant.service_id, grant.resource), set()).add(grant.right)
        self.now = {place: set(rights) for place, rights in self.saved.items()}
        if data is not None:
            self._take_in()

    @property
    def is_looking(self) -> bool:
        """Whether a button was pressed that does not save."""
        return LOOK in self.data and PREVIEW not in self.data

    @property
    def form_data(self) -> QueryDict | None:
        """What the form around it is bound to: nothing while somebody looks, so that what is not filled in yet is no
        error."""
        return self.data if self.is_sent and not self.is_looking else None

    def kept(self, *lists: str) -> dict[str, Any]:
        """What stands in the other fields while somebody looks, as initial values; those in `lists` have several."""
        if not self.is_looking:
            return {}
        return {name: self.data.getlist(name) if name in lists else self.data.get(name) for name in self.data}

    def grants(self) -> list[GrantValues]:
        """Everything that is on now, seen or not. Raises UnknownRight for what no form offers."""
        for key in self.data.getlist("grant"):
            grant_of(key)
        return [
            {"right": right, "product": place[0], "service_id": place[1], "resource": place[2]}
            for place, rights in self.now.items()
            for right in sorted(rights)
        ]

    @cached_property
    def sections(self) -> list[Kind]:
        """What the template draws."""
        changed = {place for place in {*self.now, *self.saved} if self._changed(place)}
        things = grantable.things_at(self.organization, {place for place in changed if place[1] is not None})
        return [self._kind(kind, things) for kind in self.kinds]

    def _changed(self, place: Place) -> bool:
        return self.now.get(place, set()) != self.saved.get(place, set())

    def _take_in(self) -> None:
        ticked: dict[Place, set[str]] = {}
        for key in self.data.getlist("grant"):
            right = RIGHTS.get(key.partition("|")[0])
            if right is not None and right.grantable:
                grant = _written(key)
                if grant is not None:
                    ticked.setdefault(place_of(grant), set()).add(right.code)
        shown = {place for key in self.data.getlist("shown") if (place := _place(key)) is not None}
        if "shown" not in self.data:  # a program, not the page: what is ticked is all there shall be
            shown = set(self.now)
        for place in shown | ticked.keys():
            self.now[place] = ticked.get(place, set())
        what, _colon, code = self.data.get(LOOK, "").partition(":")
        if what == "everything" or self.data.get("everything"):
            for grant in grantable.everything(self.kinds):
                self.now.setdefault(place_of(grant), set()).add(grant["right"])
        elif what in ("tick", "untick"):
            rights = set(self.data.getlist(f"for_{code}"))
            chosen = [
                place for key in self.data.getlist("choose") if (place := _place(key)) and place[0] == code
            ]
            offered = {
                right.code for kind in self.kinds if kind.code == code for right in kind.things[0].rights
            }
            for place in chosen:
                now = self.now.get(place, set())
                self.now[place] = now | (rights & offered) if what == "tick" else now - rights

    def _kind(self, kind: Section, changed: Mapping[Place, Thing]) -> Kind:
        search = self.data.get(f"q_{kind.code}", "").strip() if kind.code else ""
        what, _colon, code = self.data.get(LOOK, "").partition(":")
        shown = (
            int(given)
            if (given := self.data.get(f"n_{kind.code}", "")).isdecimal() and len(given) < 5
            else STEP
        )
        shown = min(shown + (STEP if (what, code) == ("more", kind.code) else 0), MOST)
        things = list(kind.things)
        has_more = has_more_parts = False
        if kind.code:
            mine = {place: thing for place, thing in changed.items() if place[0] == kind.code}
            first = {place[1] for place in self.saved if place[0] == kind.code and place[1] is not None}
            found = grantable.things_of(self.organization, kind.code, search=search, first=first, limit=shown)
            has_more, has_more_parts = found.has_more, found.has_more_parts
            listed = {(kind.code, thing.service_id, thing.resource) for thing in found.things}
            things += [thing for place, thing in mine.items() if place not in listed] + list(found.things)
        rows = [self._row(kind.code, thing) for thing in things]
        is_open = (
            code == kind.code != "" or bool(search) or any(box.is_on for row in rows for box in row.boxes)
        )
        return Kind(
            kind,
            rows,
            list(kind.things[0].rights),
            search,
            shown,
            has_more=has_more and shown < MOST,
            has_more_parts=has_more_parts or (has_more and shown >= MOST),
            is_open=is_open,
        )

    def _row(self, code: str, thing: Thing) -> Row:
        place = (code, thing.service_id, thing.resource)
        key = f"{code}|{thing.service_id or ''}|{thing.resource}"
        now, was = self.now.get(place, set()), self.saved.get(place, set())
        boxes = [
            Box(key_of(right.code, *place[1:]), right.label, right.code in now, right.code in was)
            for right in thing.rights
        ]
        return Row(key, thing, boxes, key in self.data.getlist("choose") and self.is_looking)


def _written(key: str) -> GrantValues | None:
    try:
        return grant_of(key)
    except UnknownRight:
        return None


def _place(key: str) -> Place | None:
    """The place that a row wrote; None for nonsense."""
    code, _bar, rest = key.partition("|")
    service, _bar, resource = rest.partition("|")
    if service and not (service.isdecimal() and len(service) < 19):
        return None
    return (code, int(service) if service else None, resource)
