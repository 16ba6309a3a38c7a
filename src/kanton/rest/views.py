"""The documentation, in English (API-8), and the machine-readable description. Both are drawn from the routes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_safe

from kanton.config import config
from kanton.core.api import ApiCall, Route
from kanton.core.api.routing import ROUTES
from kanton.core.api.scopes import offered
from kanton.rest.answers import encoded
from kanton.rest.openapi import MEANING, description, errors_of, statuses
from kanton.rest.tutorials import TUTORIALS, tutorial_called


@dataclass(frozen=True, slots=True)
class Chapter:
    """The requests of one heading."""

    tag: str
    slug: str
    routes: tuple[Route, ...]

    @property
    def url(self) -> str:
        """Its page."""
        return reverse("rest:chapter", args=[self.slug])


@cache
def chapters() -> tuple[Chapter, ...]:
    """Every heading with its requests."""
    description()
    tags = sorted({route.tag for route in ROUTES})
    return tuple(
        Chapter(
            tag,
            slugify(tag),
            tuple(
                sorted(
                    (each for each in ROUTES if each.tag == tag),
                    key=lambda each: (each.template, each.method),
                )
            ),
        )
        for tag in tags
    )


@cache
def _written() -> bytes:
    return encoded(description())


@require_safe
@cache_control(max_age=300, public=True)
def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 description."""
    return HttpResponse(_written(), content_type="application/json")


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    # In English only (API-8), whatever the reader's language.
    with translation.override("en"):
        shared = {"chapters": chapters(), "tutorials": TUTORIALS, "origin": config.web.address}
        return render(request, template, shared | context)


@require_GET
def documentation(request: HttpRequest) -> HttpResponse:
    """How the API works, its tutorials, and the list of all requests."""
    limit = config.api.requests_per_minute
    context = {
        "meaning": MEANING.items(),
        "scopes": offered(),
        "limit": limit,
        "newest": max(route.version for route in ROUTES),
    }
    return _page(request, "rest/documentation.html", context)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One line of the tables of a request: a place in the address, a query field, or an attribute of the body."""

    name: str
    kind: str
    is_required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """One request as the page tells it."""

    route: Route
    anchor: str
    parameters: tuple[Attribute, ...]
    body: tuple[Attribute, ...]
    answer: str
    curl: str
    errors: tuple[tuple[int, str, str], ...]
    statuses: tuple[int, ...]


@require_GET
def chapter(request: HttpRequest, slug: str) -> HttpResponse:
    """The requests of one heading, each with its attributes, answer, errors and a line for the shell."""
    for found in chapters():
        if found.slug == slug:
            return _page(
                request,
                "rest/chapter.html",
                {"chapter": found, "told": [_told(route) for route in found.routes]},
            )
    raise Http404


@require_GET
def tutorial(request: HttpRequest, slug: str) -> HttpResponse:
    """One tutorial."""
    found = tutorial_called(slug)
    if found is None:
        raise Http404
    steps = [
        (step, step.example.curl(config.web.address) if step.example is not None else "")
        for step in found.steps
    ]
    return _page(request, "rest/tutorial.html", {"tutorial": found, "steps": steps})


@cache
def _told_by_name() -> dict[str, Any]:
    return {
        operation["operationId"]: operation
        for methods in description()["paths"].values()
        for operation in methods.values()
    }


def _told(route: Route) -> Told:
    operation = _told_by_name()[route.name]
    shared = description()["components"]["schemas"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answer = operation["responses"][str(route.status)]["content"]["application/json"]["schema"]
    data = (answer.get("anyOf", [answer])[0])["properties"]["data"]
    path = route.template
    for name in route.path_names:
        path = path.replace("{" + name + "}", EXAMPLES.get(name, "1"))
    return Told(
        route=route,
        anchor=f"{route.method.lower()}-{slugify(route.template.replace('/', '-'))}",
        parameters=tuple(
            Attribute(
                each["name"],
                f"{each['in']}, {_kind(each['schema'], shared)}",
                each["required"],
                each.get("description", ""),
            )
            for each in operation["parameters"]
        ),
        body=tuple(_attributes(body.get("schema", {}), shared)),
        answer=json.dumps(_shape(data, shared, 0), indent=2, ensure_ascii=False),
        curl=ApiCall(route.method, path, body.get("example") or _body_example(body, shared)).curl(
            config.web.address
        ),
        errors=tuple((error.status, error.code, _sentence(error.message)) for error in errors_of(route)),
        statuses=tuple(statuses(route)),
    )


EXAMPLES = {"zone": "acme.ch", "domain": "acme.ch", "mailbox_name": "info", "tld": "ch", "slug": "acme"}


def _sentence(message: Any) -> str:
    with translation.override("en"):
        return str(message)


def _resolved(schema: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = shared[schema["$ref"].rpartition("/")[2]]
    return schema


def _kind(schema: dict[str, Any], shared: dict[str, Any]) -> str:
    """The type in a word or two, with what is allowed."""
    schema = _resolved(schema, shared)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each, shared) for each in schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}), shared)}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None and high < 2**53:
        return f"{kind} {low}–{high}"
    if "maxLength" in schema:
        return f"{kind}, at most {schema['maxLength']} characters"
    return kind


def _attributes(schema: dict[str, Any], shared: dict[str, Any]) -> list[Attribute]:
    schema = _resolved(schema, shared)
    if schema.get("type") == "array":
        return _attributes(schema.get("items", {}), shared)
    required = schema.get("required", ())
    return [
        Attribute(
            name, _kind(about, shared), name in required, _resolved(about, shared).get("description", "")
        )
        for name, about in schema.get("properties", {}).items()
    ]


def _shape(schema: dict[str, Any], shared: dict[str, Any], depth: int) -> Any:
    """What an answer looks like: its attributes with their types; optional ones with a tilde."""
    schema = _resolved(schema, shared)
    if depth > 5:
        return "…"
    if schema.get("type") == "object" and "properties" in schema:
        required = schema.get("required", ())
        return {
            (name if name in required else f"{name}~"): _shape(about, shared, depth + 1)
            for name, about in schema["properties"].items()
        }
    if schema.get("type") == "array":
        return [_shape(schema.get("items", {}), shared, depth + 1)]
    if "anyOf" in schema and any(_resolved(each, shared).get("properties") for each in schema["anyOf"]):
        return _shape(
            next(each for each in schema["anyOf"] if _resolved(each, shared).get("properties")), shared, depth
        )
    return _kind(schema, shared)


def _body_example(body: dict[str, Any], shared: dict[str, Any]) -> Any:
    """A body that at least has the right attributes, where the room gave none."""
    schema = _resolved(body.get("schema", {}), shared)
    if not schema:
        return None
    required = schema.get("required", ())
    return {
        name: _value(about, shared)
        for name, about in schema.get("properties", {}).items()
        if name in required
    }


def _value(schema: dict[str, Any], shared: dict[str, Any]) -> Any:
    schema = _resolved(schema, shared)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], shared)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return [_value(schema.get("items", {}), shared)]
        case "object":
            return {}
        case _:
            return "…"
