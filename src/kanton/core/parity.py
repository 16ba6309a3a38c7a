"""Parity of the two faces: which API route exposes which action, and which reads a page shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

EXPOSED: dict[str, list[str]] = {}
INTERNAL: dict[str, str] = {}
PAGE_READS: dict[str, str] = {}


def name_of(function: Callable[..., Any]) -> str:
    """The dotted name under which an action or a query is known here."""
    return f"{function.__module__}.{function.__qualname__}"


def exposes(*functions: Callable[..., Any]) -> Callable[[F], F]:
    """On an API handler: these actions or queries are reachable through it. The parity test reads it."""

    def decorate(handler: F) -> F:
        for function in functions:
            EXPOSED.setdefault(name_of(function), []).append(name_of(handler))
        return handler

    return decorate


def shows(*queries: Callable[..., Any]) -> Callable[[F], F]:
    """On a console view: the page shows what these queries return, so the API must offer them too."""

    def decorate(view: F) -> F:
        for query in queries:
            PAGE_READS[name_of(query)] = name_of(view)
        return view

    return decorate


def internal(reason: str) -> Callable[[F], F]:
    """On an action that no customer starts (the clock, an engine's answer): why it has no API route."""

    def decorate(function: F) -> F:
        INTERNAL[name_of(function)] = reason
        return function

    return decorate
