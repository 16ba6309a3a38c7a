"""The OpenAPI 3.1 description, written from the routes that answer: the same models check and describe (API-31)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from kanton.config import config
from kanton.core.api import MoneyOut, Route
from kanton.core.api.errors import Problem
from kanton.core.api.lists import MOST_PER_PAGE, PAGE
from kanton.core.api.routing import ROUTES
from kanton.core.api.schemas import Query
from kanton.core.errors import DomainError
from kanton.core.parity import EXPOSED, name_of
from kanton.rest.answers import REASONS
from kanton.rest.loading import load_routes

Schema = dict[str, Any]
REF: Final = "#/components/schemas/{model}"


class Change(TypedDict):
    """One thing that would happen."""

    code: str
    description: str


class Cost(TypedDict):
    """One thing that would be charged, VAT included."""

    label: str
    amount: MoneyOut


class Post(TypedDict):
    """One mail that would go out."""

    to: str
    subject: str


class FollowingJob(TypedDict):
    """One job that would be started."""

    task: str


class Confirmation(TypedDict):
    """Send `token` as `X-Confirmation` with the same request to do exactly this."""

    token: str
    expires_at: int


class Effect(TypedDict):
    """What a request with `?dry_run=1` would do."""

    dry_run: bool
    changes: list[Change]
    price: list[Cost]
    mails: list[Post]
    jobs: list[FollowingJob]
    irreversible: list[str]
    confirmation: Confirmation | None


MEANING: Final = {
    400: "The request cannot be read, or the rules of the product forbid it.",
    401: "No token, a token that is no longer good, or one that lacks the scope.",
    403: "You may see this, but you lack the right. `context.right` names it, and the description whom to ask.",
    404: "There is nothing here, or it is not yours to see. `context.model` says what was looked for.",
    409: "In the present state this cannot be done, or a key or a confirmation does not fit the request.",
    412: "It has changed since the version that `If-Match` names.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Something in the request is not valid. `errors` lists each attribute with what is wrong.",
    429: "Too many requests. `Retry-After` says how many seconds to wait.",
    500: "Our mistake. Nothing was half done.",
    503: "Not available at the moment. Nothing was changed.",
}

INTRODUCTION: Final = (
    "Every change that the Manager offers is a request here, with the same checks and the same sentences. "
    "How it works, with tutorials: `/api/docs`."
)


@cache
def description() -> dict[str, Any]:
    """The whole description. The routes do not change while the program runs, so neither does this."""
    load_routes()
    routes = sorted(ROUTES, key=lambda route: (route.template, route.method))
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{config.operator.name} API",
            "version": str(max(route.version for route in routes)),
            "description": INTRODUCTION,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": config.web.address}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in sorted({route.tag for route in routes})],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {str(status): _error_response(status) for status in MEANING},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token made in the Manager under “API tokens”. It is shown once.",
                }
            },
        },
    }


Key = tuple[str, str]


def _schemas(routes: list[Route]) -> tuple[dict[Key, Schema], dict[str, Schema]]:
    """The schema of every body and answer, and the named ones that they refer to."""
    inputs: list[tuple[Key, Any, TypeAdapter[Any]]] = []
    for route in routes:
        if route.body is not None:
            inputs.append(((route.name, "body"), "validation", route.body))
        if route.query is not None:
            inputs.append(((route.name, "query"), "validation", TypeAdapter(route.query)))
        assert route.result is not None
        inputs.append(((route.name, "result"), "serialization", route.result))
    inputs.append((("problem", "result"), "serialization", TypeAdapter(Problem)))
    inputs.append((("effect", "result"), "serialization", TypeAdapter(Effect)))
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=REF)
    schemas = {key[0]: schema for key, schema in found.items()}
    components: dict[str, Schema] = dict(rest.get("$defs", {}))
    components["Failure"] = {
        "type": "object",
        "properties": {"result": {"const": "error"}, "error": schemas[("problem", "result")]},
        "required": ["result", "error"],
    }
    return schemas, {name: components[name] for name in sorted(components)}


def _operation(route: Route, schemas: dict[Key, Schema]) -> Schema:
    operation: Schema = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": list(_parameters(route, schemas)),
        "responses": _responses(route, schemas),
    }
    if route.description:
        operation["description"] = route.description
    if route.is_public:
        operation["security"] = []
    else:
        operation["x-scopes"] = [] if route.scopes == ("*",) else list(route.scopes)
    handler = name_of(route.handler)
    if does := sorted(function for function, handlers in EXPOSED.items() if handler in handlers):
        operation["x-does"] = does
    if route.body is not None:
        content: Schema = {"schema": schemas[(route.name, "body")]}
        if route.example is not None:
            content["example"] = route.example
        operation["requestBody"] = {
            "required": not route.is_body_optional,
            "content": {"application/json": content},
        }
    return operation


def _parameters(route: Route, schemas: dict[Key, Schema]) -> Iterator[Schema]:
    for name in route.path_names:
        schema: Schema = (
            {"type": "integer", "minimum": 1} if name in route.number_names else {"type": "string"}
        )
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if route.withs:
        yield _in_query(
            "with",
            {"type": "array", "items": {"type": "string", "enum": [*route.withs, "*"]}},
            "Optional attributes to load, with commas between them; `*` loads all.",
            style="form",
            explode=False,
        )
    if route.query is not None:
        yield from _query_parameters(route.query, "")
    if route.lists is not None and route.method == "GET":
        yield from _list_parameters(route)
    if route.is_write:
        yield _in_query("dry_run", {"type": "boolean"}, "Say what this would do, and do nothing.")
        if route.needs_confirmation:
            yield _header("X-Confirmation", "The token that the dry run gave.")
        if route.method == "POST":
            yield _header(
                "Idempotency-Key", "A key of yours: repeated within a day, the first answer comes again."
            )
        else:
            yield _header("If-Match", "The ETag that you read: do this only if nothing has changed since.")


def _list_parameters(route: Route) -> Iterator[Schema]:
    assert route.lists is not None
    counting: Schema = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
    yield _in_query("page", counting, "The page, from 1. Without any of these, the whole list.")
    yield _in_query(
        "per_page",
        counting | {"default": PAGE},
        f"Rows on a page; more than {MOST_PER_PAGE} count as {MOST_PER_PAGE}. Also items_per_page and items.",
    )
    yield _in_query("limit", counting | {"minimum": 0}, "At most so many rows.")
    yield _in_query("skip", counting | {"minimum": 0}, "Leave so many rows out.")
    yield _in_query("return", {"const": "total"}, "`data` becomes the number of rows.")
    if route.lists.order:
        names = list(route.lists.order)
        yield _in_query(
            "order_by",
            {"type": "array", "items": {"type": "string", "enum": names}},
            "Sort by one or several.",
            style="form",
            explode=False,
        )
        yield _in_query("order", {"type": "string", "enum": ["asc", "desc"]}, "The direction.")
    if route.lists.search:
        yield _in_query("search", {"type": "string"}, "Text that a row must hold.")


def _query_parameters(model: type[Query], prefix: str) -> Iterator[Schema]:
    """`filter: RecordFilter` becomes filter[source], filter[types][] and so on."""
    definition = model.model_json_schema(ref_template=REF)
    shared = definition.get("$defs", {})
    for name, about in model.model_fields.items():
        shown = about.alias or name
        place = f"{prefix}[{shown}]" if prefix else shown
        nested = about.annotation
        if isinstance(nested, type) and issubclass(nested, Query):
            yield from _query_parameters(nested, place)
            continue
        schema = _plain(definition["properties"][shown], shared)
        is_list = schema.get("type") == "array"
        told = schema.pop("description", "")
        schema.pop("title", None)
        yield _in_query(
            f"{place}[]" if is_list and prefix else place, schema, told, is_required=about.is_required()
        )


def _plain(schema: Schema, shared: dict[str, Any]) -> Schema:
    """The schema with what it refers to put in, and without the null that a query cannot say."""
    if "$ref" in schema:
        return _plain(shared[str(schema["$ref"]).rpartition("/")[2]], shared)
    if "anyOf" in schema:
        kinds = [_plain(kind, shared) for kind in schema["anyOf"] if kind.get("type") != "null"]
        rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
        return rest | kinds[0] if len(kinds) == 1 else rest | {"anyOf": kinds}
    if "items" in schema:
        return {name: value for name, value in schema.items() if name != "default"} | {
            "items": _plain(schema["items"], shared)
        }
    return dict(schema)


def _in_query(
    name: str, schema: Schema, description: str, *, is_required: bool = False, **more: Any
) -> Schema:
    told: Schema = {"name": name, "in": "query", "required": is_required, "schema": schema} | more
    return told | ({"description": description} if description else {})


def _header(name: str, description: str) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": 255},
        "description": description,
    }


def _responses(route: Route, schemas: dict[Key, Schema]) -> Schema:
    data = schemas[(route.name, "result")]
    kinds = [_envelope(data, is_list=route.is_list)]
    if route.is_list:
        kinds.append(_envelope({"type": "integer", "minimum": 0}))
    effect = _envelope(schemas[("effect", "result")])
    if route.is_write and route.status == 200:
        kinds.append(effect)
    responses: Schema = {
        str(route.status): _response(
            REASONS[route.status], kinds[0] if len(kinds) == 1 else {"anyOf": kinds}, has_headers=True
        )
    }
    if route.is_write and route.status != 200:
        responses["200"] = _response("What a dry run found", effect, has_headers=True)
    if not route.is_write and not route.is_list:
        responses["304"] = {"description": "It is still what your If-None-Match names."}
    for status in statuses(route):
        codes = sorted({error.code for error in route.errors if error.status == status})
        if codes:
            meaning = MEANING.get(status, REASONS[status])
            told = _error_response(status)
            told["description"] = f"{meaning} Codes: {', '.join(f'`{code}`' for code in codes)}."
            responses[str(status)] = told
        else:
            responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return responses


def statuses(route: Route) -> list[int]:
    """Every status but success that this request may be answered with."""
    found = {400, 404, 422, 429, 500, 503} | {error.status for error in route.errors}
    if not route.is_public:
        found |= {401, 403}
    if route.is_write:
        found |= {409, 412, 413, 415}
    return sorted(found)


def errors_of(route: Route) -> list[type[DomainError]]:
    """The business errors that a caller may meet, by status and code."""
    return sorted(set(route.errors), key=lambda error: (error.status, error.code))


def _envelope(data: Schema, *, is_list: bool = False) -> Schema:
    properties: Schema = {"result": {"const": "success"}, "data": data}
    if is_list:
        properties |= {name: {"type": "integer"} for name in ("total", "page", "pages", "items_per_page")}
    return {"type": "object", "properties": properties, "required": ["result", "data"]}


def _response(description: str, schema: Schema, *, has_headers: bool = False) -> Schema:
    told: Schema = {"description": description, "content": {"application/json": {"schema": schema}}}
    if has_headers:
        number = {"schema": {"type": "integer"}}
        told["headers"] = {
            "X-Api-Version": number | {"description": "The version that was applied."},
            "X-RateLimit-Limit": number | {"description": "Requests that are admitted in this time."},
            "X-RateLimit-Remaining": number | {"description": "Requests that remain."},
            "X-RateLimit-Reset": number | {"description": "Seconds until a place becomes free."},
        }
    return told


def _error_response(status: int) -> Schema:
    return _response(MEANING.get(status, REASONS[status]), {"$ref": REF.format(model="Failure")})
