"""For the tests of every room: a client of the API that is harder to please than real ones."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from kanton.accounts.models import ApiToken, Person
from kanton.core.api import Route
from kanton.core.api.routing import find
from kanton.core.secrets import new_token, token_hash
from kanton.rest.front import Front


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the API."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The whole envelope."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """What a success carries."""
        envelope = self.json
        assert envelope["result"] == "success", envelope
        return envelope["data"]

    @property
    def error(self) -> Any:
        """What an error carries."""
        envelope = self.json
        assert envelope["result"] == "error", envelope
        return envelope["error"]

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.error["code"])


def token_for(person: Person, *scopes: str, name: str = "test", **fields: Any) -> str:
    """The secret of a new token of this person; without scopes, for everything."""
    secret = new_token()
    ApiToken.objects.create(
        person=person,
        name=name,
        digest=token_hash(secret),
        hint=secret[:4],
        scopes=list(scopes) or ["all"],
        **fields,
    )
    return secret


@dataclass(slots=True)
class ApiClient:
    """Calls the API as this person (or as nobody), and fails when an answer is not what the description promises."""

    person: Person | None = None
    scopes: tuple[str, ...] = ()
    token: str = ""
    address: str = "192.0.2.1"
    _front: Front = field(default_factory=lambda: Front(at_once=True))

    def __post_init__(self) -> None:
        if self.person is not None and not self.token:
            self.token = token_for(self.person, *self.scopes)

    def get(self, path: str, **headers: str) -> Reply:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        """POST with a JSON body."""
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Reply:
        """PUT with a JSON body."""
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Reply:
        """PATCH with a JSON body."""
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str) -> Reply:
        """DELETE."""
        return self.call("DELETE", path, body, **headers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Any method. Bytes go as they are, other bodies as JSON; `If_Match="…"` becomes the header If-Match."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        place, _mark, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": place.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(raw)) if raw else "",
            "CONTENT_TYPE": "application/json" if raw else "",
            "REMOTE_ADDR": self.address,
            "wsgi.input": io.BytesIO(raw),
        }
        if self.token:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        for name, value in headers.items():
            key = name.upper()
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        answer = self._front.answer(environ)
        assert answer is not None, f"{path} is not an address of the API"
        reply = Reply(answer.status, dict(answer.headers), answer.body)
        if method != "HEAD":
            check(method, place, query, reply)
        return reply


def check(method: str, path: str, query: str, reply: Reply) -> None:
    """The answer must be what the description says: envelope, status, and the shape of `data`."""
    if reply.status == 304:
        assert reply.body == b""
        return
    envelope = reply.json
    assert next(iter(envelope)) == "result", "`result` comes first"
    assert envelope["result"] in ("success", "asynchronous", "error")
    assert (envelope["result"] == "error") == (reply.status >= 400), reply
    assert reply.status < 500, f"{method} {path}: {reply.body!r}"
    if envelope["result"] == "error":
        assert envelope["error"]["code"] and envelope["error"]["description"], envelope
        return
    assert list(envelope)[1] == "data", "`data` comes second"
    route = route_of(method, path)
    if route is None or "dry_run" in query or "return=total" in query:
        return
    assert reply.status == route.status, f"{method} {path} answered {reply.status}, said is {route.status}"
    try:
        assert route.result is not None
        route.result.validate_python(envelope["data"], strict=True)
    except ValidationError as error:
        raise AssertionError(f"{method} {path}: the answer is not what the route says: {error}") from None


def route_of(method: str, path: str) -> Route | None:
    """The route of an address, as the front door finds it."""
    segments = path.strip("/").split("/")
    version = int(segments.pop(0)) if segments[0].isdigit() else None
    found = find(version, segments)
    return found[0].get(method) if found else None
