""" "Show as API call": what a button of a page would be as a request."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kanton.core.api.routing import ROUTES_OF, Route
from kanton.core.parity import EXPOSED, name_of


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request: method, address, body, and as a line for a shell."""

    method: str
    path: str
    body: Any = None

    def curl(self, origin: str = "") -> str:
        """The line for a shell; the token is taken from $KANTON_TOKEN."""
        lines = ['curl -H "Authorization: Bearer $KANTON_TOKEN"']
        if self.method != "GET":
            lines.append(f"-X {self.method}")
        if self.body is not None:
            text = json.dumps(self.body, ensure_ascii=False)
            lines += ['-H "Content-Type: application/json"', f"-d {shlex.quote(text)}"]
        lines.append(shlex.quote(origin + self.path) if origin else self.path)
        return " \\\n  ".join(lines)


def routes_for(function: Callable[..., Any]) -> list[Route]:
    """The routes that expose an action or a query."""
    return [route for handler in EXPOSED.get(name_of(function), ()) for route in ROUTES_OF.get(handler, ())]


def call_of(function: Callable[..., Any], *, body: Any = None, **places: Any) -> ApiCall | None:
    """How this action (or query) is called by a program; `places` fill the address. None when it has no route.

    Of several routes the one that takes exactly these places is chosen, the newest first.
    """
    routes = sorted(routes_for(function), key=lambda route: route.version, reverse=True)
    for route in routes:
        if set(route.path_names) == set(places):
            path = route.template
            for name, value in places.items():
                path = path.replace("{" + name + "}", quote(str(value), safe="@:"))
            return ApiCall(route.method, path, body if body is not None else route.example)
    return None
