"""Whole pages of tables, kept between requests (`kanton.ui.kept`): only values and rows are put in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from kanton.core.parity import name_of
from kanton.ui.frame import Values, common
from kanton.ui.kept import Guard, kept, masked, number_stand_in, stand_in

MESSAGES = "messages"
LONGEST_QUERY = 200


LIST_PAGES: set[str] = set()
View = TypeVar("View", bound=Callable[..., Any])


def list_page(view: View) -> View:
    """On a view that shows a list and changes nothing: a front door may answer it (`kanton.console.door`)."""
    LIST_PAGES.add(name_of(view))
    return require_GET(view)


class Drawn(Protocol):
    """A part that draws itself, such as a table."""

    @property
    def written(self) -> bytes:
        """Its HTML, as it is sent."""

    @property
    def has_rows(self) -> bool:
        """Whether there is something in it; pages ask no more than that."""


def kept_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], parts: Mapping[str, Drawn]
) -> bytes | None:
    """The page as it is sent, or None when it must be drawn anew for each request: because it has messages to show, is
    about one thing (there would be as many kept pages as things), or reads more than texts, numbers and its parts.
    """
    match = request.resolver_match
    if (
        match is None
        or match.kwargs
        or MESSAGES in request.COOKIES
        or len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY
    ):
        return None
    values = Values(request)
    noted: list[str] = []
    key, plain = masked(context, values.place, noted)
    filled = list(parts.values())
    path = values.place(request.path)

    def draw() -> str | None:
        stand_ins = {
            name: Guard(noted, name, drawn=stand_in("part", number), has_rows=part.has_rows)
            for number, (name, part) in enumerate(parts.items())
        }
        html = ""
        try:
            html = render_to_string(template, _readable(values, path, noted) | plain | stand_ins)
        except Exception:
            if not noted:
                raise
        return None if noted else html

    found = kept(
        ("page", template, path, values.shape, key, *[(name, part.has_rows) for name, part in parts.items()]),
        draw,
    )
    if found is None:
        return None
    return found.written(
        lambda kind, number, css: filled[number].written if kind == "part" else values(kind, number, css)
    )


def _readable(values: Values, path: str, noted: list[str]) -> dict[str, Any]:
    """What every page may read: the shell, and of the request only where it is and in which organization."""
    shell = values.masked()
    organization = Guard(
        noted, "organization", slug=stand_in("slug"), name=stand_in("name"), pk=number_stand_in()
    )
    request = Guard(
        noted,
        "request",
        path=path,
        get_full_path=lambda: stand_in("here"),
        organization=organization if shell.organization else None,
        _kanton_shell=shell,
    )
    return common(shell) | {
        "request": request, "messages": (), "user": Guard(noted, "user"), "perms": Guard(noted, "perms"),
    }  # fmt: skip
