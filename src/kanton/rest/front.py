"""The front door of the API: every request from the first byte to the last, without a console's machinery around it.

It works on the web server's own environment, before Django makes a request of it. Measured, this halves the time of
an authorised list, and nothing of sessions, cookies and forms can go wrong here (docs/decisions/0030).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError, OperationalError, connections
from django.urls import Resolver404, resolve
from django.utils import translation
from pydantic import ValidationError

from kanton.core.api.errors import ApiError, not_among, of_domain_error, of_validation, validation_failed
from kanton.core.api.lists import WHOLE, Rows, cut, listing_of
from kanton.core.api.query import STANDARD, last, parse_query, words
from kanton.core.api.request import ApiRequest
from kanton.core.api.routing import WRITING, Route, find, whole_number
from kanton.core.errors import DomainError
from kanton.core.web import client_address
from kanton.rest import limits, writes
from kanton.rest.answers import Answer, failure, success
from kanton.rest.authentication import Caller, LastUse, caller_of, not_authorized
from kanton.rest.body import parsed_body, raw_body
from kanton.rest.etags import tag_of
from kanton.rest.loading import load_routes

log = logging.getLogger("kanton.api")

OVERRIDES = WRITING | {"GET"}
ALWAYS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Vary", "Authorization"),
    ("X-Content-Type-Options", "nosniff"),
]


class Front:
    """Answers API requests; everything else is None. `at_once` writes the last use of tokens without delay (tests)."""

    def __init__(self, *, at_once: bool = False) -> None:
        load_routes()
        self._notes = LastUse(at_once=at_once)

    def answer(self, environ: dict[str, Any]) -> Answer | None:
        """The answer, or None when this address is not the API's."""
        path: str = environ.get("PATH_INFO", "")
        if not path[1:2].isdigit():
            return self._without_version(environ, path)
        version, _slash, _rest = path[1:].partition("/")
        if not version.isdigit():
            return None
        return self._complete(
            environ, path, int(version) if len(version) < 4 else 0, path[2 + len(version) :]
        )

    def _without_version(self, environ: dict[str, Any], path: str) -> Answer | None:
        """Without a version the newest answers (API-4), for programs only: people's pages live there too."""
        if environ.get("HTTP_AUTHORIZATION", "")[:7].lower() != "bearer ":
            return None
        if find(None, path.strip("/").split("/")) is None and _is_a_page(path):
            return None
        return self._complete(environ, path, None, path[1:])

    def _complete(self, environ: dict[str, Any], path: str, version: int | None, rest: str) -> Answer:
        if translation.get_language() != "en":
            # The API speaks English (API-23), whatever page this thread has shown before.
            with translation.override("en"):
                return self._safe(environ, path, version, rest)
        return self._safe(environ, path, version, rest)

    def _safe(self, environ: dict[str, Any], path: str, version: int | None, rest: str) -> Answer:
        headers: list[tuple[str, str]] = []
        try:
            answer = self._answer(environ, path, version, rest, headers)
        except Exception as error:  # noqa: BLE001 - never HTML, never a stack trace (API-23)
            answer = failure(_as_api_error(error, environ))
        answer.headers += headers
        answer.headers += ALWAYS
        if environ["REQUEST_METHOD"] == "HEAD":
            answer.headers.append(("Content-Length", str(len(answer.body))))
            answer.body = b""
        elif answer.status != 304:
            answer.headers.append(("Content-Length", str(len(answer.body))))
        return answer

    def _answer(
        self,
        environ: dict[str, Any],
        path: str,
        version: int | None,
        rest: str,
        headers: list[tuple[str, str]],
    ) -> Answer:
        found = find(version, _segments(rest))
        if found is None:
            raise ApiError(
                404, "method_not_found", "There is no such request. See /api/docs for all of them."
            )
        methods, places, number = found
        headers.append(("X-Api-Version", str(number)))
        given = environ["REQUEST_METHOD"]
        raw = b"" if given in ("GET", "HEAD") else raw_body(environ)
        query = environ.get("QUERY_STRING", "")
        fields = parse_query(query) if query else {}
        method = _method(environ, given, fields, raw)
        route = methods.get(method)
        if route is None:
            allowed = ", ".join(sorted(methods))
            raise ApiError(
                405, "method_not_allowed", f"This address takes {allowed}.", headers={"Allow": allowed}
            )
        request = ApiRequest(environ, method, path)
        request.route = route
        self._authorize(request, route, headers)
        request.fields = fields
        return _run(request, route, places, raw)

    def _authorize(self, request: ApiRequest, route: Route, headers: list[tuple[str, str]]) -> None:
        try:
            caller = caller_of(request, self._notes)
        except ApiError:
            self._count_stranger(request, headers)
            raise
        if caller is None:
            self._count_stranger(request, headers)
            if not route.is_public:
                raise not_authorized("Send your token as “Authorization: Bearer …”.")
            request.actor = _visitor(request)
            return
        _count(caller, headers)
        request.actor = caller.actor
        request.token_id = caller.token_id
        scopes = caller.actor.scopes or frozenset()
        if not (
            route.is_public
            or route.scopes == ("*",)
            or "all" in scopes
            or not scopes.isdisjoint(route.scopes)
        ):
            raise not_authorized(
                f"The token lacks the scope for this request: it needs {' or '.join(route.scopes)}.",
                context={"scopes": ",".join(route.scopes)},
            )

    def _count_stranger(self, request: ApiRequest, headers: list[tuple[str, str]]) -> None:
        verdict = limits.admit_address(client_address(request))  # type: ignore[arg-type]
        headers += limits.headers_of(verdict)
        if not verdict:
            raise limits.refusal(verdict)


def _is_a_page(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _visitor(request: ApiRequest) -> Any:
    from kanton.core.actor import visitor

    return visitor(
        ip=client_address(request),  # type: ignore[arg-type]
        user_agent=request.header("User-Agent")[:300],
    )


def _count(caller: Caller, headers: list[tuple[str, str]]) -> None:
    verdict = limits.admit(caller.digest[:32], caller.person_id, caller.ways)
    headers += limits.headers_of(verdict)
    if not verdict:
        raise limits.refusal(verdict)


def _segments(rest: str) -> list[str]:
    if not rest.isascii():
        try:
            rest = rest.encode("latin-1").decode("utf-8")
        except UnicodeError:
            raise ApiError(404, "method_not_found", "The address is not valid UTF-8.") from None
    if rest.endswith("/"):
        rest = rest[:-1]
    return rest.split("/")


def _method(environ: dict[str, Any], given: str, fields: dict[str, Any], raw: bytes) -> str:
    """The method that is meant: some clients can only GET and POST (api-compat section 1)."""
    if given == "HEAD":
        return "GET"
    if given != "POST":
        return given
    meant = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE") or last(fields.get("_method")) or ""
    if not meant and b"_method" in raw:
        body = parsed_body(raw, environ.get("CONTENT_TYPE", ""))
        meant = (last(body.get("_method")) if isinstance(body, dict) else None) or ""
    meant = meant.strip().upper()
    if meant and meant not in OVERRIDES:
        raise not_among("_method", sorted(OVERRIDES))
    return meant or given


def _run(request: ApiRequest, route: Route, places: tuple[str, ...], raw: bytes) -> Answer:
    fields = request.fields
    arguments: dict[str, Any] = {}
    for name, text in zip(route.path_names, places, strict=True):
        if "\0" in text:
            raise ApiError(404, "object_not_found", "There is nothing here.", context={"model": name})
        if name in route.number_names:
            number = whole_number(text)
            if number is None:
                raise ApiError(404, "object_not_found", "There is nothing here.", context={"model": name})
            arguments[name] = number
        else:
            arguments[name] = text
    if fields:
        if "with" in fields and route.withs:
            request.withs = _withs(fields["with"], route)
        if route.is_list and route.method == "GET":
            unknown = fields.keys() - STANDARD - route.query_names
            if unknown:
                raise not_among("query", sorted(route.query_names | STANDARD - {"_", "_method", "lang"}))
    request.listing = WHOLE
    if route.lists is not None and (fields or route.lists.always_paged):
        request.listing = listing_of(fields, route.lists)
    if route.query is not None:
        arguments["query"] = _query(route, fields) if fields else route.blank_query or _query(route, {})
    if route.body is not None:
        arguments["data"] = _body(route, parsed_body(raw, request.header("Content-Type")))
    if route.is_write:
        return writes.run(request, route, arguments, raw)
    return read(request, route, arguments)


def read(request: ApiRequest, route: Route, arguments: dict[str, Any]) -> Answer:
    """Answer a GET. Single things get an ETag, and 304 when the caller has them already."""
    result = route.handler(request, **arguments)
    if isinstance(result, Rows):
        assert route.lists is not None
        data, keys = cut(result, route.lists, request.listing)
        return Answer(route.status, success(data, keys))
    body = success(result)
    tag = tag_of(body, request.withs)
    if request.header("If-None-Match") in (tag, f"W/{tag}"):
        return Answer(304, b"", [("ETag", tag)])
    return Answer(route.status, body, [("ETag", tag)])


def _withs(given: Any, route: Route) -> frozenset[str]:
    asked = frozenset(words(given))
    if "*" in asked:
        asked = asked - {"*"} | frozenset(route.withs)
    if not asked.issubset(route.withs):
        raise not_among("with", route.withs)
    return asked


def _query(route: Route, fields: dict[str, Any]) -> Any:
    assert route.query is not None
    known = route.query_names
    try:
        return route.query.model_validate({name: fields[name] for name in fields if name in known})
    except ValidationError as error:
        raise of_validation(error) from None


def _body(route: Route, value: Any) -> Any:
    assert route.body is not None
    try:
        return route.body.validate_python(value)
    except ValidationError as error:
        raise of_validation(error) from None


def _as_api_error(error: Exception, environ: dict[str, Any]) -> ApiError:
    match error:
        case ApiError():
            return error
        case DomainError():
            return of_domain_error(error)
        case ObjectDoesNotExist():
            return ApiError(404, "object_not_found", "There is nothing here.", context={"model": "object"})
        case DjangoValidationError():
            return validation_failed(
                [{"code": "validation_rule_invalid", "description": text} for text in error.messages]
            )
        case DataError() | OverflowError():
            log.warning("%s: the database refused a value: %s", environ.get("PATH_INFO"), error)
            return validation_failed(
                [{"code": "validation_rule_invalid", "description": "A value is too long or too large."}]
            )
        case IntegrityError():
            log.warning("%s: lost a race: %s", environ.get("PATH_INFO"), error)
            return ApiError(
                409,
                "conflict_error",
                "Something changed in the meantime. Read it again and repeat what is needed.",
            )
        case OperationalError():
            log.error("The database does not answer: %s", error)
            return ApiError(
                503,
                "temporarily_unavailable",
                "The database is busy. Nothing was changed; try again in a moment.",
                headers={"Retry-After": "2"},
            )
        case _:
            log.error("%s %s failed", environ["REQUEST_METHOD"], environ.get("PATH_INFO"), exc_info=error)
            return ApiError(
                500, "unexpected_error", "That was our mistake, and we have noted it. Nothing was half done."
            )


StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def in_front_of(application: Wsgi, *, at_once: bool = False) -> Wsgi:
    """The web application with the API before it."""
    front = Front(at_once=at_once)

    def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not (path[1:2].isdigit() or "HTTP_AUTHORIZATION" in environ):
            return application(environ, start_response)
        database = connections["default"]
        if database.connection is not None:
            database.close_if_unusable_or_obsolete()
        answer = front.answer(environ)
        if answer is None:
            return application(environ, start_response)
        start_response(answer.status_line, answer.headers)
        return [answer.body]

    return serve
