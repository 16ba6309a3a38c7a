"""The body of a request: bounded, decoded, and refused with an envelope when it is nonsense."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, Final

from pydantic_core import from_json

from kanton.config import config
from kanton.core.api.errors import ApiError, invalid
from kanton.core.api.query import parse_query
from kanton.core.api.schemas import BIGGEST

MOST_DEPTH: Final = 40
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\d{19}|[eE]\+?\d{3}")


def raw_body(environ: dict[str, Any]) -> bytes:
    """The bytes of the body, or 413 when there are too many."""
    most = config.api.max_body_bytes
    length = environ.get("CONTENT_LENGTH") or ""
    stream = environ["wsgi.input"]
    if length:
        if not (length.isascii() and length.isdigit()):
            raise ApiError(400, "bad_request", "The Content-Length is not a number.")
        if int(length) > most:
            raise too_large(most)
        return bytes(stream.read(int(length))) if int(length) else b""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        raw = bytes(stream.read(most + 1))
        if len(raw) > most:
            raise too_large(most)
        return raw
    return b""


def too_large(most: int) -> ApiError:
    """413."""
    return ApiError(
        413, "request_too_large", f"The body is larger than {most} bytes.", context={"max_bytes": str(most)}
    )


def parsed_body(raw: bytes, content_type: str) -> Any:
    """What the body says: JSON, or a form. An empty body is an empty object."""
    if not raw.strip():
        return {}
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" and raw.lstrip()[:1] not in (b"{", b"["):
        return parse_query(raw.strip().decode("latin-1"))
    # Several tools send JSON under the type of a form, or under none.
    if kind in ("", "application/json", "text/json", "application/x-www-form-urlencoded", "text/plain") or (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        return _json(raw)
    raise ApiError(
        415,
        "unsupported_media_type",
        f"The body is {kind[:80]}; send application/json.",
        context={"accepted": "application/json"},
    )


def _json(raw: bytes) -> Any:
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise ApiError(400, "bad_request", f"The body is not valid JSON: {error}.") from None
    if _SUSPECT.search(raw):
        _inspect(value, "body", 0)
    return value


def _inspect(value: Any, where: str, depth: int) -> None:
    """Refuse what a database cannot keep: NUL, halves of characters, numbers beyond 64 bits."""
    if depth > MOST_DEPTH:
        raise ApiError(400, "bad_request", "The body is nested too deeply.")
    match value:
        case str():
            if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
                raise invalid(
                    where, f"{where} holds a character that is not text.", code="validation_rule_string"
                )
        case bool():
            return
        case int():
            if abs(value) > BIGGEST:
                raise invalid(where, f"{where} is too large a number.", code="validation_rule_integer")
        case float():
            if not isfinite(value):
                raise invalid(where, f"{where} is too large a number.", code="validation_rule_numeric")
        case list():
            for each in value:
                _inspect(each, where, depth + 1)
        case dict():
            for name, each in value.items():
                _inspect(name, "body", depth + 1)
                _inspect(each, name if where == "body" else f"{where}.{name}", depth + 1)
        case _:
            return
