"""The port of the start page: rooms say what needs attention and which figures matter, the console shows them.

    home.register_attention("unpaid", unpaid_invoices)      # request -> Iterable[Attention]
    home.register_figures("balance", balance_figures)       # request -> Iterable[Figure]

Both get a request with `organization` and `actor`, and give only what this actor may see (ORG-104).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from kanton.ui.shell import Text


@dataclass(frozen=True)
class Attention:
    """Something that waits for a person: what is so, and the step to take. The most urgent has the lowest order."""

    text: Text
    url: str
    action: Text
    kind: str = "waiting"
    order: int = 50
    at: dt.date | None = None


@dataclass(frozen=True)
class Figure:
    """A number that matters on the start page."""

    label: Text
    value: Text
    note: Text = ""
    url: str = ""
    icon: str = ""
    kind: str = ""
    order: int = 50


_attention: dict[str, Callable[[HttpRequest], Iterable[Attention]]] = {}
_figures: dict[str, Callable[[HttpRequest], Iterable[Figure]]] = {}


def register_attention(key: str, find: Callable[[HttpRequest], Iterable[Attention]]) -> None:
    """Add what may need attention."""
    _attention[key] = find


def register_figures(key: str, find: Callable[[HttpRequest], Iterable[Figure]]) -> None:
    """Add figures to the start page."""
    _figures[key] = find


def attention(request: HttpRequest) -> list[Attention]:
    """All that needs attention, the most urgent first."""
    found = [item for find in _attention.values() for item in find(request)]
    return sorted(found, key=lambda item: (item.order, item.at.isoformat() if item.at else "~"))


def figures(request: HttpRequest) -> list[Figure]:
    """All figures in their order."""
    return sorted((item for find in _figures.values() for item in find(request)), key=lambda item: item.order)
