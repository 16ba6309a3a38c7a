"""What can be granted to collaborators, external users and teams, as the products above describe it.

A source tells, for one organization, the kinds of products, and of each kind the things that rights can be given on:
all of it, a service, or a part of one. There may be thousands of them, so pages ask for some at a time or by name.
`kanton.products` registers a source for all products.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import RIGHTS, Right
from kanton.organizations.errors import UnknownRight
from kanton.organizations.models import Organization

GrantValues = dict[str, Any]
#: Where a right is given: kind of product ("" for the organization itself), service (None for all), part of it.
Place = tuple[str, int | None, str]
#: So many services of a kind are told where nobody asks for more.
FEW = 50


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that rights can be given on: all services of a kind (`service_id` None), a service, or a part of it.

    `rights` are offered from the weakest to the strongest. `detail` says more, such as what a part belongs to.
    """

    label: Any
    rights: Sequence[Right]
    service_id: int | None = None
    resource: str = ""
    detail: Any = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of product, or the organization itself (`code` ""). `count` is how many services there are."""

    code: str
    label: Any
    icon: str
    things: Sequence[Thing] = field(default_factory=tuple)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Some things of one kind, each service followed by its parts, and whether there are more."""

    things: Sequence[Thing]
    has_more: bool = False
    has_more_parts: bool = False


class Source(Protocol):
    """Who knows kinds of products and their things."""

    def kinds(self, organization: Organization) -> Iterable[Section]:
        """The kinds, each with the one thing that stands for all of it."""

    def things(
        self, organization: Organization, code: str, *, search: str, first: Collection[int], limit: int
    ) -> Found:
        """Services of one kind by name, those in `first` before the others."""

    def named(self, organization: Organization, places: Collection[Place]) -> Mapping[Place, Thing]:
        """The things at these places, as far as they are there. As few queries as for one."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a kind of product is called: by programs, with a number and a name, and by people."""

    number: int
    name: str
    label: Any


_sources: list[Source] = []
_names: list[Callable[[str], Named | None]] = []


def register_names(names: Callable[[str], Named | None]) -> None:
    """Add a source of names for the codes of sections. Called from `AppConfig.ready()`."""
    if names not in _names:
        _names.append(names)


def named(code: str) -> Named:
    """How the kind of product with this code is called; "" is the organization itself."""
    if not code:
        return Named(0, "account", _("Organization"))
    return next((found for names in _names if (found := names(code)) is not None), Named(0, code, code))


def register_source(source: Source) -> None:
    """Add a source. Called from `AppConfig.ready()`."""
    if all(type(known) is not type(source) for known in _sources):
        _sources.append(source)


def kinds_of(organization: Organization) -> list[Section]:
    """Everything that can be granted as a whole: rights of the organization itself, and all of each kind of product."""
    wide = [right for right in RIGHTS.values() if right.grantable and not right.product]
    own = [Section("", _("Organization"), "building", [Thing(organization.name, wide)])] if wide else []
    return [*own, *(section for source in _sources for section in source.kinds(organization))]


def things_of(
    organization: Organization, code: str, *, search: str = "", first: Collection[int] = (), limit: int = FEW
) -> Found:
    """Services of one kind with their parts, by name; `search` looks at both names."""
    for source in _sources:
        found = source.things(organization, code, search=search, first=first, limit=limit)
        if found.things:
            return found
    return Found(())


def things_at(organization: Organization, places: Collection[Place]) -> dict[Place, Thing]:
    """The things at these places; what is not there, such as in another organization, is left out."""
    found: dict[Place, Thing] = {}
    wanted = set(places)
    for section in kinds_of(organization):
        if (section.code, None, "") in wanted:
            found[section.code, None, ""] = section.things[0]
    single = {place for place in wanted if place[1] is not None}
    for source in _sources:
        if single:
            found.update(source.named(organization, single))
    return found


def key_of(right: str, service_id: int | None, resource: str = "") -> str:
    """How a form writes one grant."""
    return f"{right}|{service_id or ''}|{resource}"


def grant_of(key: str) -> GrantValues:
    """The grant that a form wrote; whether it is offered is another question. Raises UnknownRight for no grant."""
    code, _bar, rest = key.partition("|")
    service, _bar, resource = rest.partition("|")
    right = RIGHTS.get(code)
    if right is None or not right.grantable or (service and not (service.isdecimal() and len(service) < 19)):
        raise UnknownRight(right=code)
    return {
        "right": right.code,
        "product": right.product,
        "service_id": int(service) if service else None,
        "resource": resource,
    }


def place_of(grant: Mapping[str, Any]) -> Place:
    """Where a grant counts."""
    return (grant["product"], grant["service_id"], grant["resource"])


def everything(sections: Sequence[Section]) -> list[GrantValues]:
    """The highest permissions on all products, future services included (ORG-70). Rights of the whole organization,
    such as accounting, are never part of it (ORG-76)."""
    return [
        {"right": right.code, "product": right.product, "service_id": None, "resource": ""}
        for section in sections
        if section.code
        for thing in section.things
        if thing.service_id is None
        for right in thing.rights
    ]


def check(organization: Organization, grants: Sequence[Mapping[str, Any]]) -> None:
    """Raises UnknownRight unless each of these grants is offered in the organization. A few queries for any number."""
    things = things_at(organization, {place_of(grant) for grant in grants})
    for grant in grants:
        thing = things.get(place_of(grant))
        if thing is None or all(right.code != grant["right"] for right in thing.rights):
            raise UnknownRight(right=grant["right"])
