"""The model of rights, whole and in the open: what somebody holds in an organization, and what follows from it.

Nothing here knows a database, a page or Django; who wants to know what may happen need not read further.

- A role holds some rights by itself: owners and administrators all of products.
- A grant gives one right: organization-wide, on all of a product (what comes later included), on one service, or on
  one part of it. It is given to a member, or to a team and so to everybody in it.
- A right includes weaker ones of the same product. It never reaches another product, nor the organization itself.
- Rights only add up. What somebody may is the union of all sources, and each source can be named.
- Nothing crosses organizations: a `Held` is of one organization and knows no other.
- The scopes of a token narrow. Consent lets a helper into an organization and gives no right there.

`organizations/resolver.py` loads a `Held` and answers with it; previews and proofs make their own.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


class Ruled(Protocol):
    """What must be known of a right."""

    @property
    def code(self) -> str: ...
    @property
    def roles(self) -> frozenset[Any]: ...
    @property
    def product(self) -> str: ...
    @property
    def implies(self) -> tuple[str, ...]: ...
    @property
    def scopes(self) -> tuple[str, ...]: ...


class Catalogue:
    """All rights there are, and which includes which."""

    def __init__(self, rights: Mapping[str, Ruled]) -> None:
        self.rights = rights
        self._giving: dict[str, frozenset[str]] = {}
        self._known = 0

    def included(self, code: str) -> frozenset[str]:
        """The codes of everything that comes with the right called `code`, itself included."""
        found: set[str] = set()
        waiting = [code]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.rights[each].implies if each in self.rights else ()
        return frozenset(found)

    def giving(self, code: str) -> frozenset[str]:
        """The codes of all rights that include the one called `code`, itself included."""
        if self._known != len(self.rights):  # rooms add theirs while the program starts
            self._giving, self._known = {}, len(self.rights)
        if code not in self._giving:
            self._giving[code] = frozenset(
                {code} | {each for each in self.rights if code in self.included(each)}
            )
        return self._giving[code]


class Given(NamedTuple):
    """One grant. `team` is the name of the team it comes through, "" when it was given directly."""

    right: str
    product: str
    service_id: int | None
    resource: str
    team: str = ""

    def covers(self, service_id: int | None, resource: str) -> bool:
        """Whether it counts at this place."""
        if self.service_id is None:
            return not self.resource
        return self.service_id == service_id and self.resource in ("", resource)


class SourceKind(enum.StrEnum):
    """Where a right can come from."""

    ROLE = "role"
    DIRECT = "direct"
    TEAM = "team"


class Source(NamedTuple):
    """One reason why somebody has a right: the role or the team called `name`, or a grant of their own.

    `right` is the right that was given; it includes the one in question.
    """

    kind: SourceKind
    name: str
    right: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody has one right."""

    everywhere: bool = False
    services: frozenset[int] = frozenset()
    parts: frozenset[tuple[int, str]] = frozenset()


NOWHERE = Reach()
EVERYWHERE = Reach(everywhere=True)


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody holds in one organization: a role, and what was granted to them and to their teams.

    `reaches` keeps what follows, right by right as it is asked for, and `answers` what whoever decides makes of it.
    `remembered` is for limits and reasons, which may keep there what they read, for as long as this is kept.
    """

    role: Any
    grants: tuple[Given, ...] = ()
    organization_id: int = 0
    catalogue: Catalogue = field(default_factory=lambda: Catalogue({}), compare=False, repr=False)
    reaches: dict[str, Reach] = field(default_factory=dict, compare=False, repr=False)
    answers: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    remembered: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def reach(self, right: Ruled) -> Reach:
        """Where they have this right; worked out once."""
        found = self.reaches.get(right.code)
        if found is None:
            found = self.reaches[right.code] = self._reach_of(right)
        return found

    def may(self, right: Ruled, service_id: int | None = None, resource: str = "") -> bool:
        """Yes or no."""
        reach = self.reach(right)
        return (
            reach.everywhere
            or service_id in reach.services
            or (bool(resource) and (service_id, resource) in reach.parts)
        )

    def sources(self, right: Ruled, service_id: int | None = None, resource: str = "") -> tuple[Source, ...]:
        """Every reason for a yes; none is a no."""
        if self.role is None:
            return ()
        if self.role in right.roles:
            return (Source(SourceKind.ROLE, str(self.role), right.code),)
        found = (
            Source(SourceKind.TEAM if each.team else SourceKind.DIRECT, each.team, each.right)
            for each in self._giving(right)
            if each.covers(service_id, resource)
        )
        return tuple(dict.fromkeys(found))

    def _giving(self, right: Ruled) -> Iterator[Given]:
        giving = self.catalogue.giving(right.code)
        return (each for each in self.grants if each.right in giving and each.product == right.product)

    def _reach_of(self, right: Ruled) -> Reach:
        if self.role is None:
            return NOWHERE
        if self.role in right.roles:
            return EVERYWHERE
        services: set[int] = set()
        parts: set[tuple[int, str]] = set()
        for each in self._giving(right):
            if each.service_id is None:
                if not each.resource:
                    return EVERYWHERE
            elif each.resource:
                parts.add((each.service_id, each.resource))
            else:
                services.add(each.service_id)
        return Reach(False, frozenset(services), frozenset(parts)) if services or parts else NOWHERE


def within(scopes: frozenset[str] | None, right: Ruled) -> bool:
    """Whether these scopes let through what the person may anyway. None: nothing narrows."""
    return scopes is None or "all" in scopes or any(scope in scopes for scope in right.scopes)


class Change(enum.StrEnum):
    """What a change of grants does to one right at one place."""

    GAINED = "gained"
    LOST = "lost"
    STAYS = "stays"


class Changed(NamedTuple):
    """One right at one place, before and after. `sources` are those it then has: why it stays, or came."""

    change: Change
    right: str
    product: str
    service_id: int | None
    resource: str
    sources: tuple[Source, ...]


def what_changes(before: Held, after: Held) -> list[Changed]:
    """What is gained and lost when one becomes the other, and what is taken away and yet stays through another source.

    Only places that are named in a grant that comes or goes are looked at: nothing else can differ.
    """
    earlier, later = set(before.grants), set(after.grants)
    asked: dict[tuple[str, int | None, str], None] = {}
    for each in dict.fromkeys((*before.grants, *after.grants)):
        if each in earlier and each in later:
            continue
        for code in sorted(before.catalogue.included(each.right)):
            right = before.catalogue.rights.get(code)
            if right is not None and right.product == each.product:
                asked[code, each.service_id, each.resource] = None
    return list(_changed(before, after, asked))


def _changed(before: Held, after: Held, asked: Iterable[tuple[str, int | None, str]]) -> Iterator[Changed]:
    for code, service_id, resource in asked:
        right = before.catalogue.rights[code]
        had, has = before.sources(right, service_id, resource), after.sources(right, service_id, resource)
        if had and has:
            if set(had) <= set(has):
                continue
            change = Change.STAYS
        elif had or has:
            change = Change.GAINED if has else Change.LOST
        else:
            continue
        yield Changed(change, code, right.product, service_id, resource, has)
