"""Query strings as clients of this API write them: `filter[types][]=A`, `with=a,b`, `order_for[name]=desc`."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from kanton.core.api.errors import ApiError, invalid

MOST_FIELDS: Final = 500
MOST_DEPTH: Final = 5
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")

# Known to every request, so never taken for a filter.
STANDARD: Final = frozenset(
    {
        "with", "page", "per_page", "items_per_page", "items", "limit", "skip", "return", "order_by", "order",
        "order_for", "order_dir", "order_direction", "search", "dry_run", "lang", "locale", "_method", "_",
    }
)  # fmt: skip


def parse_query(text: str) -> dict[str, Any]:
    """The query as nested dicts; a name given twice, or with `[]`, holds a list. Raises ApiError for nonsense."""
    if not text:
        return {}
    pieces = text.split("&")
    if len(pieces) > MOST_FIELDS:
        raise ApiError(400, "bad_request", f"The query has more than {MOST_FIELDS} fields.")
    found: dict[str, Any] = {}
    for piece in pieces:
        if piece:
            name, _equals, value = piece.partition("=")
            put(found, _decoded(name), _decoded(value))
    return found


def _decoded(text: str) -> str:
    if "%" not in text and "+" not in text and text.isascii():
        return text
    try:
        # WSGI hands bytes over as latin-1.
        plain = unquote_to_bytes(text.replace("+", " ").encode("latin-1", "replace")).decode("utf-8")
    except UnicodeDecodeError:
        raise ApiError(400, "bad_request", "The query is not valid UTF-8.") from None
    if "\0" in plain:
        raise invalid("query", "The query holds a NUL character.")
    return plain


def put(into: dict[str, Any], name: str, value: str) -> None:
    """Add one field, following its brackets."""
    head, bracket, _rest = name.partition("[")
    keys = [head or name]
    if bracket and head:
        tail = name[len(head) :]
        inner = _BRACKETS.findall(tail)
        if "".join(f"[{key}]" for key in inner) == tail:
            keys += inner
        else:
            keys = [name]
    if len(keys) > MOST_DEPTH:
        raise ApiError(400, "bad_request", "The query is nested too deeply.")
    for position, key in enumerate(keys[:-1]):
        following = keys[position + 1]
        if following == "" and position + 2 == len(keys):
            values = into.setdefault(key, [])
            if not isinstance(values, list):
                values = into[key] = [values] if isinstance(values, str) else []
            values.append(value)
            return
        inner_dict = into.setdefault(key, {})
        if not isinstance(inner_dict, dict):
            inner_dict = into[key] = {}
        into = inner_dict
    key = keys[-1]
    if key in into:
        present = into[key]
        into[key] = [*present, value] if isinstance(present, list) else [present, value]
    else:
        into[key] = value


def words(value: Any) -> list[str]:
    """The words of a list field: `a,b`, repeated, or in brackets."""
    if value is None:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [word for each in value for word in words(each)]
    return [word.strip() for word in str(value).split(",") if word.strip()]


def last(value: Any) -> str | None:
    """The value of a field that may be given once; the last one counts."""
    if isinstance(value, list):
        return str(value[-1]) if value else None
    return value if isinstance(value, str) else None


def truth(value: Any) -> bool:
    """Is a switch of the query on?"""
    return (last(value) or "").lower() in ("1", "true", "yes", "on")
