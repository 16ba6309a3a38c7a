"""Answers: the envelope, compact and in a stable order, as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from kanton.core.api.errors import ApiError
from kanton.core.api.schemas import money_out
from kanton.core.money import Money

Headers = list[tuple[str, str]]
REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(slots=True)
class Answer:
    """What goes back to the web server."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=list)

    @property
    def status_line(self) -> str:
        """Such as "200 OK"."""
        return f"{self.status} {REASONS.get(self.status, 'Answer')}"


def encoded(value: Any) -> bytes:
    """Compact JSON. Lazy texts are read in the language active now."""
    return to_json(value, fallback=_fallback)


def _fallback(value: Any) -> Any:
    return money_out(value) if isinstance(value, Money) else str(value)


def success(data: Any, keys: Mapping[str, Any] | None = None) -> bytes:
    """`result` first, then `data`, then the keys of a page: clients with `sed` rely on it."""
    if keys:
        return encoded({"result": "success", "data": data, **keys})
    return encoded({"result": "success", "data": data})


def failure(error: ApiError) -> Answer:
    """The envelope of an error."""
    return Answer(
        error.status, encoded({"result": "error", "error": error.problem}), list(error.headers.items())
    )


def with_headers(answer: Answer, *more: Iterable[tuple[str, str]]) -> Answer:
    """The answer with further headers."""
    for headers in more:
        answer.headers.extend(headers)
    return answer
