"""The port of the global search: rooms say how their things are found, the console asks them all.

    search.register(search.Source("invoices", _("Invoices"), find_invoices, order=40))

`find(request, words, limit)` gives at most `limit` results that this person may see in `request.organization`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from kanton.ui.shell import Text


@dataclass(frozen=True)
class Result:
    """One thing that was found."""

    title: Text
    url: str
    icon: str = "file"
    note: Text = ""


@dataclass(frozen=True)
class Source:
    """A kind of things that can be found: `order` is its place in the list."""

    key: str
    label: Text
    find: Callable[[HttpRequest, str, int], Iterable[Result]]
    order: int = 50


_sources: dict[str, Source] = {}


def register(*sources: Source) -> None:
    """Make kinds of things findable. A second source with the same key replaces the first."""
    for source in sources:
        _sources[source.key] = source


def sources() -> list[Source]:
    """All kinds of things that can be found, in their order."""
    return sorted(_sources.values(), key=lambda source: (source.order, source.key))
