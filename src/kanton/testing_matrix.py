"""The role matrix: every action and every address × who tries it.

HOW TO ADD YOUR LINES. Each room keeps its own in `src/kanton/<room>/tests/role_matrix.py`:

    from kanton.testing_matrix import ADMINISTRATORS, Cast, act, api, page

    LINES = [
        # an action: who may do it. `call` does it to something of Acme's; make what it needs inside.
        act("domains.add_record", lambda actor, cast: add_record(actor, zone_of(cast.acme), ...),
            allowed=ADMINISTRATORS | GRANTED),
        # a page: its route as in the URLconf, with a leading slash. <slug:organization> is Acme by itself,
        # other places are filled by `fill`, which makes the thing and returns the arguments of the address.
        page("/o/<slug:organization>/domains/<str:name>", allowed=..., right=DOMAINS_VIEW,
             fill=lambda cast: {"name": zone_of(cast.acme).name}),
        page("/o/<slug:organization>/domains/<str:name>/delete", post={"confirm": "on"}, allowed=..., fill=...),
        # an API route: method and address as its router has them.
        api("GET", "/2/zones/{name}", allowed=..., fill=...),
    ]

`allowed` is a set of `Who`; unite the named sets below with `|`. Everybody else must be refused: an action raises
Forbidden; a page answers 404 to strangers, 403 to members without the right, and sends the signed-out to /login; an
API route answers 404, 403 and 401. Say so where it differs: `but={Who.EXTERNAL: 404}`. What the allowed get is
`status` (200, or 303 after a POST), or an error that only somebody allowed can meet: `fails=LastOwner`.

GRANTED is a collaborator who holds `right` (an action's own right, or `right=`) for the whole product; COLLABORATOR
and EXTERNAL hold nothing. If a right is not grantable, GRANTED is refused like a COLLABORATOR. Each cell starts from
the same cast and is rolled back, and a refused page or API call must leave no trace in the activity.
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

import kanton
from kanton.config import config
from kanton.core import throttle
from kanton.core.action import ACTIONS
from kanton.core.actor import Actor, visitor
from kanton.core.errors import DomainError, Forbidden
from kanton.core.rights import SPECIAL, Right, Role

if TYPE_CHECKING:
    from kanton.accounts.models import Person


class Who(enum.StrEnum):
    """The columns."""

    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    GRANTED = "granted"
    COLLABORATOR = "collaborator"
    EXTERNAL = "external"
    STRANGER = "stranger"
    STAFF = "staff"
    SIGNED_OUT = "signed_out"


OWNER_ONLY = frozenset({Who.OWNER})
ADMINISTRATORS = frozenset({Who.OWNER, Who.ADMINISTRATOR})
GRANTED = frozenset({Who.GRANTED})
INTERNAL = ADMINISTRATORS | {Who.GRANTED, Who.COLLABORATOR}
MEMBERS = INTERNAL | {Who.EXTERNAL}
SIGNED_IN = frozenset(Who) - {Who.SIGNED_OUT}
EVERYBODY = frozenset(Who)
STAFF_ONLY = frozenset({Who.STAFF})
SIGNED_OUT_ONLY = frozenset({Who.SIGNED_OUT})
NOBODY: frozenset[Who] = frozenset()

ROLES = {
    Who.OWNER: Role.OWNER,
    Who.ADMINISTRATOR: Role.ADMINISTRATOR,
    Who.GRANTED: Role.COLLABORATOR,
    Who.COLLABORATOR: Role.COLLABORATOR,
    Who.EXTERNAL: Role.EXTERNAL,
}


class Cast:
    """Acme with one person of each role, Globex with the stranger, and Sam of the staff."""

    def __init__(self) -> None:
        from kanton.organizations.models import Membership
        from kanton.testing import make_organization, make_person

        self.people: dict[Who, Person] = {
            who: make_person(f"{who}@acme.example", who.value.title().replace("_", " "), "Muster")
            for who in Who
            if who not in (Who.STAFF, Who.SIGNED_OUT)
        }
        self.people[Who.STAFF] = make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True)
        self.acme = make_organization("Acme", "acme", self.people[Who.OWNER], kind="company")
        self.globex = make_organization("Globex", "globex", self.people[Who.STRANGER], kind="company")
        self.places: dict[str, Any] = {}
        self.memberships = {Who.OWNER: Membership.objects.get(organization=self.acme)}
        for who, role in ROLES.items():
            if who is not Who.OWNER:
                self.memberships[who] = Membership.objects.create(
                    organization=self.acme, person=self.people[who], role=role
                )

    @property
    def owner(self) -> Actor:
        """Acme's owner acting: to make what a line needs."""
        return self.actor(Who.OWNER)

    def actor(self, who: Who) -> Actor:
        """The column as an actor."""
        from kanton.testing import acting

        return visitor() if who is Who.SIGNED_OUT else acting(self.people[who])

    def grant(self, right: Right | None) -> None:
        """Give GRANTED the right for the whole product, if it can be given."""
        from kanton.organizations.models import Grant

        if right is not None and right.grantable:
            Grant.objects.create(
                organization=self.acme,
                membership=self.memberships[Who.GRANTED],
                right=right.code,
                product=right.product,
            )

    def client(self, who: Who) -> Client:
        """A browser in which the column is signed in."""
        client = Client()
        if who is not Who.SIGNED_OUT:
            client.force_login(self.people[who])
        return client

    def bearer(self, who: Who) -> dict[str, str]:
        """The headers of a program with an all-scopes token of the column."""
        from kanton.accounts.models import ApiToken
        from kanton.core.secrets import new_token, token_hash

        if who is Who.SIGNED_OUT:
            return {}
        secret = new_token()
        ApiToken.objects.create(
            person=self.people[who],
            name="matrix",
            digest=token_hash(secret),
            hint=secret[:4],
            scopes=["all"],
        )
        return {"Authorization": f"Bearer {secret}"}


Fill = Callable[[Cast], Mapping[str, Any]]
Refusal = int | str | type[DomainError]  # a text for where a page leads instead, such as "→ /login"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the matrix. `key` is what the registry or the URLconf calls it."""

    key: str
    allowed: frozenset[Who]
    right: Right | None = None
    but: Mapping[Who, Refusal] = field(default_factory=dict)

    def prepare(self, cast: Cast) -> None:
        """Make what all columns need, once for the line."""

    def outcome(self, cast: Cast, who: Who) -> object:
        """What really happens when this column tries."""
        raise NotImplementedError

    def expected(self, who: Who) -> object:
        """What must happen."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, kw_only=True)
class ActionLine(Line):
    """A line for an action."""

    call: Callable[[Actor, Cast], object]
    fails: type[DomainError] | None = None

    def expected(self, who: Who) -> object:
        """ "done", or the name of the error."""
        if who in self.but:
            refusal = self.but[who]
            return refusal.__name__ if isinstance(refusal, type) else refusal
        if who not in self.allowed:
            return Forbidden.__name__
        return self.fails.__name__ if self.fails else "done"

    def outcome(self, cast: Cast, who: Who) -> object:
        """Do it as this column."""
        right = self.right or ACTIONS[self.key].right
        cast.grant(right if right.code not in SPECIAL else None)
        try:
            self.call(cast.actor(who), cast)
        except DomainError as error:
            return type(error).__name__
        return "done"


@dataclass(frozen=True, kw_only=True)
class RequestLine(Line):
    """A line for a page (`api` False) or an API route."""

    method: str
    route: str
    fill: Fill | None = None
    data: Mapping[str, Any] | None = None
    status: int = 200
    api: bool = False

    def expected(self, who: Who) -> object:
        """The status, and where to for the signed-out."""
        if who in self.but:
            return self.but[who]
        if who in self.allowed:
            return self.status
        if who is Who.SIGNED_OUT:
            return 401 if self.api else "→ /login"
        if "organization" not in self.route and not self.api:
            return 403
        return 404 if who in (Who.STRANGER, Who.STAFF) else 403

    def prepare(self, cast: Cast) -> None:
        """Make the thing that the address names."""
        cast.places = {"organization": cast.acme.slug} | dict(self.fill(cast) if self.fill else {})

    def outcome(self, cast: Cast, who: Who) -> object:
        """Ask as this column."""
        from kanton.activity.models import Activity

        path = address(self.route, cast.places)
        cast.grant(self.right)
        client = cast.client(Who.SIGNED_OUT if self.api else who)
        headers = cast.bearer(who) if self.api else {}
        options: dict[str, Any] = {"headers": headers}
        if self.data is not None:
            options |= (
                {"data": self.data}
                if not self.api
                else {"data": self.data, "content_type": "application/json"}
            )
        before = Activity.objects.count()
        answer = getattr(client, self.method.lower())(path, **options)
        if who not in self.allowed and Activity.objects.count() != before:
            return f"{answer.status_code}, but something was done"
        if not self.api and answer.status_code == 302 and answer["Location"].startswith("/login"):
            return "→ /login"
        if strangers := _loaded_from_elsewhere(answer):
            return f"{answer.status_code}, but it loads {strangers}"
        return answer.status_code


_LOADS = re.compile(
    rb"""<(?:script|img|iframe|source|audio|video|embed|object|link(?![^>]*rel="(?:canonical|alternate)"))\b[^>]*?\b"""
    rb"""(?:src|srcset|href|data|poster)\s*=\s*["']((?:[a-z]+:)?//[^"']+)|url\(["']?((?:https?:)?//[^)"']+)""",
    re.IGNORECASE,
)


def _loaded_from_elsewhere(answer: Any) -> list[str]:
    """What a page makes the browser fetch from other hosts: always nothing (ACC-123)."""
    if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
        return []
    own = config.web.address.encode()
    found = [first or second for first, second in _LOADS.findall(answer.content)]
    return [address.decode() for address in found if not address.startswith(own)]


def act(
    key: str,
    call: Callable[[Actor, Cast], object],
    *,
    allowed: frozenset[Who],
    right: Right | None = None,
    but: Mapping[Who, Refusal] | None = None,
    fails: type[DomainError] | None = None,
) -> ActionLine:
    """A line for the action that the registry calls `key`, such as "organizations.invite_member"."""
    return ActionLine(key=key, call=call, allowed=allowed, right=right, but=but or {}, fails=fails)


def page(
    route: str,
    *,
    allowed: frozenset[Who],
    right: Right | None = None,
    fill: Fill | None = None,
    post: Mapping[str, Any] | None = None,
    status: int | None = None,
    but: Mapping[Who, Refusal] | None = None,
) -> RequestLine:
    """A line for a page: a GET, or with `post` the sending of its form."""
    method = "GET" if post is None else "POST"
    usual = 200 if post is None else 303
    return RequestLine(
        key=f"{method} {route}", method=method, route=route, allowed=allowed, right=right, fill=fill, data=post,
        status=status or usual, but=but or {},
    )  # fmt: skip


def api(
    method: str,
    route: str,
    *,
    allowed: frozenset[Who],
    right: Right | None = None,
    fill: Fill | None = None,
    data: Mapping[str, Any] | None = None,
    status: int = 200,
    but: Mapping[Who, Refusal] | None = None,
) -> RequestLine:
    """A line for an API route."""
    return RequestLine(
        key=f"{method} {route}", method=method, route=route, allowed=allowed, right=right, fill=fill, data=data,
        status=status, but=but or {}, api=True,
    )  # fmt: skip


_PLACE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>|\{(?:[^:{}]+:)?([^{}]+)\}")


def address(route: str, values: Mapping[str, Any]) -> str:
    """The route with its places filled."""
    return _PLACE.sub(lambda place: str(values[place.group(1) or place.group(2)]), route)


# --- what there is -----------------------------------------------------------------------------------------


def load_actions() -> None:
    """Import every room's actions and tasks, so that all actions are registered."""
    for module in pkgutil.walk_packages(kanton.__path__, "kanton."):
        name = module.name.removeprefix("kanton.")
        if ".tests" not in name and re.search(r"(^|\.)(actions|tasks)(\.|$)", name):
            importlib.import_module(module.name)


@dataclass(frozen=True)
class Address:
    """One address: of the URLconf (`method` is "", because ordinary views take several), or an API route."""

    route: str
    method: str
    module: str


def addresses() -> list[Address]:
    """Every address of the root URLconf, and every route of the API."""
    from kanton.core.api import ROUTES
    from kanton.rest.loading import load_routes

    load_routes()
    api_routes = [Address(route.template, route.method, route.handler.__module__) for route in ROUTES]
    return [*_walk(get_resolver(), "/"), *api_routes]


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, route)
        elif isinstance(entry, URLPattern):
            yield Address(route, "", entry.lookup_str)


def lines() -> list[Line]:
    """The lines of all rooms."""
    found: list[Line] = []
    package = Path(kanton.__file__).parent
    for path in sorted(package.glob("**/tests/role_matrix.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        found += importlib.import_module(name).LINES
    return found


def missing(known: list[Line]) -> list[str]:
    """What has no line yet, and which line to add where."""
    load_actions()
    keys = {line.key for line in known}
    gaps = []
    for code, spec in sorted(ACTIONS.items()):
        if code not in keys and ".tests." not in spec.function.__module__:
            place = _room_of(spec.function.__module__)
            gaps.append(
                f"{place}: act({code!r}, lambda actor, cast: {spec.function.__name__}(actor, …), allowed=…)"
            )
    for found in addresses():
        place = _room_of(found.module)
        if found.method:
            if f"{found.method} {found.route}" not in keys:
                gaps.append(f"{place}: api({found.method!r}, {found.route!r}, allowed=…)")
        elif not keys.intersection({f"GET {found.route}", f"POST {found.route}"}):
            gaps.append(f"{place}: page({found.route!r}, allowed=…)")
    return gaps


def obsolete(known: list[Line]) -> list[str]:
    """Lines about actions and addresses that are not there."""
    load_actions()
    routes = {found.route for found in addresses()}
    gone = []
    for line in known:
        is_there = line.route in routes if isinstance(line, RequestLine) else line.key in ACTIONS
        if not is_there:
            gone.append(line.key)
    return gone


def _room_of(module: str) -> str:
    parts = module.split(".")
    size = 3 if parts[:2] == ["kanton", "products"] and len(parts) > 3 else 2
    return f"src/{'/'.join(parts[:size])}/tests/role_matrix.py"


def row(line: Line) -> dict[str, object]:
    """The whole line as it really is: each column tried from the same state, and rolled back."""
    cast, found = Cast(), {}
    line.prepare(cast)
    for who in Who:
        throttle.forget_everything()  # counters are not rolled back
        sid = transaction.savepoint()
        # A copy, because actions change the objects they are given, and those are not rolled back.
        found[who.value] = line.outcome(deepcopy(cast), who)
        transaction.savepoint_rollback(sid)
    return found
