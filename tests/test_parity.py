"""No button without a request: every action, and every read that a page shows, has its route in the API (API-17)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kanton
from kanton.core.action import ACTIONS
from kanton.core.api import ROUTES, Route, call_of
from kanton.core.api.calls import routes_for
from kanton.core.api.routing import ROUTES_OF
from kanton.core.parity import EXPOSED, INTERNAL, PAGE_READS, name_of
from kanton.rest.loading import load_routes

ROOMS = re.compile(r"(^|\.)(actions|tasks|views|queries|api|pages)(\.|$)")


@pytest.fixture(scope="module", autouse=True)
def _everything_is_loaded() -> None:
    load_routes()
    for module in pkgutil.walk_packages(kanton.__path__, "kanton."):
        name = module.name.removeprefix("kanton.")
        if ".tests" not in name and ROOMS.search(name):
            importlib.import_module(module.name)


def found(name: str) -> Callable[..., Any]:
    """The function with this dotted name."""
    module, _dot, attribute = name.rpartition(".")
    while True:
        try:
            value: Any = importlib.import_module(module)
            break
        except ModuleNotFoundError:
            module, _dot, outer = module.rpartition(".")
            attribute = f"{outer}.{attribute}"
    for part in attribute.split("."):
        value = getattr(value, part)
    function: Callable[..., Any] = value
    return function


def is_exposed(function: Callable[..., Any]) -> bool:
    """Is it called by a route, or said to be internal?"""
    return bool(routes_for(function)) or name_of(function) in INTERNAL


def gap(function: Callable[..., Any]) -> str:
    """What to write where."""
    room = ".".join(function.__module__.split(".")[: 3 if ".products." in function.__module__ else 2])
    return (
        f"{room}.api: a route with @exposes({function.__name__}), or @internal(reason) on {name_of(function)}"
    )


@pytest.mark.spec("API-17")
def test_every_action_has_a_route() -> None:
    # Tests make actions of their own, and in one process they stay in the registry.
    ours = [spec.function for spec in ACTIONS.values() if ".tests." not in spec.function.__module__]
    gaps = [gap(function) for function in ours if not is_exposed(function)]
    assert not gaps, "\n" + "\n".join(sorted(gaps))


@pytest.mark.spec("API-17")
def test_every_read_of_a_page_has_a_route() -> None:
    gaps = [
        f"{gap(found(query))} (shown by {view})"
        for query, view in PAGE_READS.items()
        if not is_exposed(found(query))
    ]
    assert not gaps, "\n" + "\n".join(sorted(gaps))


def test_an_internal_action_is_exposed_by_nobody_and_says_why() -> None:
    for name, reason in INTERNAL.items():
        assert len(reason) > 10, name
    both = [name for name in INTERNAL if name in EXPOSED]
    assert not both, "internal, and yet reachable"


# Lists that read the same rows as the page's query, but as plain columns and only one page of them.
IN_ITS_OWN_WAY = {
    "kanton.products.domains.api.records.list_records": "kanton.products.domains.queries.records_of",
    "kanton.products.domains.api.zones.list_versions": "kanton.products.domains.queries.versions_of",
    "kanton.products.domains.api.zones.search_zones": "kanton.products.domains.queries.zones_of",
    "kanton.products.mail.api.hostings.list_mail_hostings": "kanton.products.mail.queries.mail_services_of"
    " kanton.products.mail.queries.mail_services_visible_to",
    "kanton.products.mail.api.access.list_webmail_accesses": "kanton.products.mail.queries.usable_mailboxes",
    "kanton.products.mail.api.hostings.read_mail_hosting": "kanton.products.mail.queries.mail_service_for",
}


def test_what_is_said_to_be_exposed_is_really_called() -> None:
    """`@exposes(x)` on a handler that never mentions x would be a lie."""
    lies = [
        f"{handler} does not use {name}"
        for name, handlers in EXPOSED.items()
        for handler in handlers
        if name not in IN_ITS_OWN_WAY.get(handler, "").split() and not uses(found(handler), found(name))
    ]
    assert not lies, "\n" + "\n".join(sorted(lies))


def test_an_action_is_never_done_in_another_way() -> None:
    actions = {name_of(spec.function) for spec in ACTIONS.values()}
    assert not actions & {name for names in IN_ITS_OWN_WAY.values() for name in names.split()}


def test_who_exposes_something_is_a_route() -> None:
    strays = [handler for handlers in EXPOSED.values() for handler in handlers if handler not in ROUTES_OF]
    assert not strays, "\n".join(strays)


def uses(handler: Callable[..., Any], function: Callable[..., Any]) -> bool:
    """Does the handler, or a helper beside it or beside the function, name the function? What happens within other
    actions does not count."""
    places = {place_of(handler), place_of(function)}
    seen: set[int] = set()
    waiting: list[Callable[..., Any]] = [handler]
    while waiting:
        current = inspect.unwrap(waiting.pop())
        if id(current) in seen or not isinstance(current, types.FunctionType):
            continue
        seen.add(id(current))
        for value in referred(current):
            if value is function:
                return True
            if not isinstance(value, types.FunctionType) or place_of(value) not in places:
                continue
            if not hasattr(value, "action_code"):
                waiting.append(value)
    return False


def place_of(function: Callable[..., Any]) -> str:
    """The module of a function; files of one package, such as those of `api/`, count as one."""
    return re.sub(r"\.(actions|api|views)\..*", r".\1", function.__module__)


def referred(function: types.FunctionType) -> Iterator[object]:
    """The objects whose names stand in the function, in functions within it, and in attributes such as queries.x."""
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [each for each in code.co_consts if isinstance(each, types.CodeType)]
        values = [function.__globals__[name] for name in code.co_names if name in function.__globals__]
        yield from values
        for value in values:
            if isinstance(value, types.ModuleType | type):
                yield from (vars(value)[name] for name in code.co_names if name in vars(value))
        for cell in function.__closure__ or ():
            yield cell.cell_contents


def test_a_page_can_show_its_action_as_an_api_call() -> None:
    """Each exposed action can be written as a line for a shell, with its places filled."""
    shown = 0
    for spec in ACTIONS.values():
        for route in routes_for(spec.function):
            call = call_of(spec.function, **dict.fromkeys(route.path_names, "1"))
            assert call is not None
            assert "{" not in call.path
            assert call.path in call.curl()
            shown += 1
    assert shown > 0


def test_every_route_is_documented() -> None:
    silent = [f"{route.method} {route.template}" for route in ROUTES if len(summary(route)) < 8]
    assert not silent, "\n".join(silent)


def summary(route: Route) -> str:
    """The first sentence."""
    return route.summary
