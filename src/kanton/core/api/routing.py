"""Routes: a handler with its address, scopes and shapes, worked out once when the room is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter

from kanton.core.api.lists import Lists, Rows
from kanton.core.api.schemas import BIGGEST, Query
from kanton.core.errors import DomainError
from kanton.core.parity import name_of

F = TypeVar("F", bound=Callable[..., Any])

WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True, kw_only=True)
class Route:
    """One method of one address."""

    method: str
    template: str
    handler: Callable[..., Any]
    tag: str
    scopes: tuple[str, ...]
    is_public: bool
    status: int
    withs: tuple[str, ...]
    lists: Lists | None
    errors: tuple[type[DomainError], ...]
    needs_confirmation: bool
    version: int = 0
    segments: tuple[str, ...] = ()
    path_names: tuple[str, ...] = ()
    number_names: frozenset[str] = frozenset()
    query: type[Query] | None = None
    blank_query: Query | None = None
    body: TypeAdapter[Any] | None = None
    is_body_optional: bool = False
    result: TypeAdapter[Any] | None = None
    example: Any = None
    #: The names the query may hold, for lists; others are refused (API-28).
    query_names: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """A name of its own, for the description: get_2_zones_zone_records."""
        words = self.template.replace("{", "").replace("}", "").replace("-", "_").strip("/").split("/")
        return "_".join([self.method.lower(), *words])

    @property
    def is_list(self) -> bool:
        """Does it answer a list with pages?"""
        return self.lists is not None

    @property
    def is_write(self) -> bool:
        """Does it change something?"""
        return self.method in WRITING

    @property
    def summary(self) -> str:
        """The first sentence of the handler's docstring."""
        text = inspect.getdoc(self.handler) or ""
        return text.split("\n\n")[0].replace("\n", " ").strip()

    @property
    def description(self) -> str:
        """The rest of the docstring."""
        return (inspect.getdoc(self.handler) or "").partition("\n\n")[2].strip()


ROUTES: Final[list[Route]] = []
ROUTES_OF: Final[dict[str, list[Route]]] = {}  # by the handler's name, as @exposes knows it
_taken: dict[tuple[str, ...], Route] = {}


class Router:
    """The routes of one room (or of one part of it): a heading of the documentation."""

    def __init__(self, tag: str) -> None:
        self.tag = tag

    def get(self, template: str, **options: Any) -> Callable[[F], F]:
        """A read. See `route` for the options."""
        return self.route("GET", template, **options)

    def post(self, template: str, **options: Any) -> Callable[[F], F]:
        """A POST."""
        return self.route("POST", template, **options)

    def put(self, template: str, **options: Any) -> Callable[[F], F]:
        """A PUT."""
        return self.route("PUT", template, **options)

    def patch(self, template: str, **options: Any) -> Callable[[F], F]:
        """A PATCH."""
        return self.route("PATCH", template, **options)

    def delete(self, template: str, **options: Any) -> Callable[[F], F]:
        """A DELETE."""
        return self.route("DELETE", template, **options)

    def route(
        self,
        method: str,
        template: str,
        *,
        scopes: Sequence[str] = (),
        public: bool = False,
        status: int = 200,
        withs: Sequence[str] = (),
        lists: Lists | None = None,
        errors: Sequence[type[DomainError]] = (),
        needs_confirmation: bool = False,
        example: Any = None,
    ) -> Callable[[F], F]:
        """Make the decorated function answer this address.

        `scopes`: a token needs one of them (`ANY` for any token); without scopes a route must be `public`.
        `withs`: the values of `with=`. `lists`: how the returned Rows are sorted and searched. `errors`: the
        DomainErrors that a caller may meet, for the documentation. `example`: a body that works.
        `needs_confirmation`: only with the token of a dry run, for what costs money or destroys data.
        """
        if not scopes and not public:
            raise ValueError(f"{method} {template}: name the scopes, or say that it is public")

        def decorate(handler: F) -> F:
            route = Route(
                method=method,
                template=template,
                handler=handler,
                tag=self.tag,
                scopes=tuple(scopes),
                is_public=public,
                status=status,
                withs=tuple(withs),
                lists=lists,
                errors=tuple(errors),
                needs_confirmation=needs_confirmation,
                example=example,
            )
            _read_address(route)
            _read_signature(route)
            _add(route)
            return handler

        return decorate


def _read_address(route: Route) -> None:
    segments = tuple(route.template.strip("/").split("/"))
    if not (route.template.startswith("/") and segments[0].isdigit() and len(segments) > 1):
        raise ValueError(f"{route.template}: an address begins with its version, such as /1/")
    route.version = int(segments[0])
    route.segments = tuple("{}" if part.startswith("{") else part for part in segments[1:])
    route.path_names = tuple(part[1:-1] for part in segments[1:] if part.startswith("{"))


def _read_signature(route: Route) -> None:
    hints = get_type_hints(route.handler, include_extras=True)
    parameters = list(inspect.signature(route.handler).parameters.values())[1:]
    where = f"{route.method} {route.template}"
    numbers = set()
    if missing := set(route.path_names) - {parameter.name for parameter in parameters}:
        raise TypeError(f"{where}: the handler does not take {missing}")
    for parameter in parameters:
        hint = hints.get(parameter.name, str)
        if parameter.name in route.path_names:
            if hint is int:
                numbers.add(parameter.name)
            elif hint is not str:
                raise TypeError(f"{where}: {parameter.name} of an address is str or int")
        elif parameter.name == "query":
            if not (isinstance(hint, type) and issubclass(hint, Query)):
                raise TypeError(f"{where}: query must be a subclass of Query")
            route.query = hint
            if not any(about.is_required() for about in hint.model_fields.values()):
                route.blank_query = hint()
            route.query_names = frozenset(about.alias or name for name, about in hint.model_fields.items())
        elif parameter.name == "data":
            route.body = TypeAdapter(hint)
            route.is_body_optional = not (
                isinstance(hint, type)
                and issubclass(hint, BaseModel)
                and any(about.is_required() for about in hint.model_fields.values())
            )
        else:
            raise TypeError(f"{where}: cannot fill {parameter.name}; known are the address, query and data")
    route.number_names = frozenset(numbers)
    result = hints.get("return", Any)
    if get_origin(result) is Rows:
        (row,) = get_args(result)
        route.result = TypeAdapter(list[row])  # type: ignore[valid-type]
        route.lists = route.lists or Lists()
    else:
        route.result = TypeAdapter(result)


def _add(route: Route) -> None:
    key = (route.method, str(route.version), *route.segments)
    if (twin := _taken.get(key)) is not None:
        raise ValueError(
            f"{route.method} {route.template} is taken by {name_of(twin.handler)} as {twin.template}"
        )
    _taken[key] = route
    ROUTES.append(route)
    ROUTES_OF.setdefault(name_of(route.handler), []).append(route)
    _table.clear()


class Node:
    """One segment of the addresses."""

    __slots__ = ("any", "methods", "named")

    def __init__(self) -> None:
        self.named: dict[str, Node] = {}
        self.any: Node | None = None
        self.methods: dict[str, Route] = {}


_table: dict[int, Node] = {}


def table() -> dict[int, Node]:
    """The addresses of each version, as a tree. Built at the first request after the rooms were loaded."""
    if not _table:
        built: dict[int, Node] = {}
        for route in ROUTES:
            node = built.setdefault(route.version, Node())
            for segment in route.segments:
                if segment == "{}":
                    node.any = node.any or Node()
                    node = node.any
                else:
                    node = node.named.setdefault(segment, Node())
            node.methods[route.method] = route
        _table.update(sorted(built.items(), reverse=True))
    return _table


def find(
    version: int | None, segments: Sequence[str]
) -> tuple[dict[str, Route], tuple[str, ...], int] | None:
    """The methods of an address, what stands in its places, and its version; without a version, the newest."""
    tree = table()
    for number in (version,) if version is not None else tree:
        root = tree.get(number)
        if root is not None and (found := _walk(root, segments, 0, ())) is not None:
            return found[0], found[1], number
    return None


def _walk(
    node: Node, segments: Sequence[str], position: int, places: tuple[str, ...]
) -> tuple[dict[str, Route], tuple[str, ...]] | None:
    if position == len(segments):
        return (node.methods, places) if node.methods else None
    segment = segments[position]
    following = node.named.get(segment)
    if following is not None and (found := _walk(following, segments, position + 1, places)) is not None:
        return found
    if node.any is not None and segment:
        return _walk(node.any, segments, position + 1, (*places, segment))
    return None


def whole_number(text: str) -> int | None:
    """The number in an address; None when there is none that the database could know."""
    if text.isascii() and text.isdigit() and len(text) <= 19:
        number = int(text)
        return number if number <= BIGGEST else None
    return None
