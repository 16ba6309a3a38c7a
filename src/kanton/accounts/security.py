"""The boxes that rooms add to pages of the account: to "Security" one about each way in or protection, to the profile
what belongs to the person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from kanton.accounts.web import AccountRequest

Context = Callable[[AccountRequest], dict[str, Any] | None]


@dataclass(frozen=True)
class Box:
    """One card of a page ("security" or "profile"): its template and what it needs. `context` answers None to leave
    the box out."""

    key: str
    template: str
    context: Context
    order: int = 50
    page: str = "security"


_boxes: dict[str, Box] = {}


def add_box(box: Box) -> None:
    """Called when Django starts."""
    _boxes[box.key] = box


def boxes(request: AccountRequest, page: str = "security") -> Iterator[str]:
    """The boxes of a page as HTML, in their order."""
    own = [box for box in _boxes.values() if box.page == page]
    for box in sorted(own, key=lambda box: (box.order, box.key)):
        context = box.context(request)
        if context is not None:
            yield render_to_string(box.template, {"person": request.user, **context}, request=request)


PASSWORD = Box(
    "password",
    "accounts/security/_password.html",
    lambda request: {"has_password": request.user.has_usable_password()},
    order=10,
)
