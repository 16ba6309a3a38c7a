"""The cookies that our pages set, as the cookie page tells them (ACC-123). A test holds the list against the truth.

A room that sets one says so in its AppConfig.ready(): `cookies.register(Cookie(...))`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _


class Need(enum.StrEnum):
    """Why a cookie is there."""

    NECESSARY = "necessary"
    CHOSEN = "chosen"
    """Keeps a choice that the reader made by a click; it can be forgotten here."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie: its name, what it is for, how long it is kept."""

    name: str
    need: Need
    purpose: Any
    kept: Any


_YEAR, _SESSION = _("1 year"), _("14 days, or until you sign out")
_known: dict[str, Cookie] = {}


def register(*cookies: Cookie) -> None:
    """Add cookies to the page."""
    for cookie in cookies:
        _known[cookie.name] = cookie


def known() -> list[Cookie]:
    """All of them: first the necessary ones."""
    return sorted(_known.values(), key=lambda cookie: (cookie.need is Need.CHOSEN, cookie.name))


def can_be_forgotten() -> list[str]:
    """The names of those that only keep a choice."""
    return [cookie.name for cookie in known() if cookie.need is Need.CHOSEN]


register(
    Cookie(settings.SESSION_COOKIE_NAME, Need.NECESSARY, _("Knows you while you are signed in."), _SESSION),
    Cookie(
        settings.CSRF_COOKIE_NAME,
        Need.NECESSARY,
        _("Keeps other sites from sending our forms in your name."),
        _YEAR,
    ),
    Cookie(
        "messages",
        Need.NECESSARY,
        _("Carries a sentence such as “Saved” to the next page."),
        _("until it is shown"),
    ),
    Cookie(
        "kanton_cart", Need.NECESSARY, _("Knows your cart while you are not signed in."), _("until you order")
    ),
    Cookie(
        "kanton_device",
        Need.NECESSARY,
        _("Knows your browser again, so that a sign-in from a new one is told."),
        _YEAR,
    ),
    Cookie(settings.LANGUAGE_COOKIE_NAME, Need.CHOSEN, _("The language you chose."), _YEAR),
    Cookie("theme", Need.CHOSEN, _("Light or dark, as you chose."), _YEAR),
    Cookie("rail", Need.CHOSEN, _("Whether you made the menu narrow."), _YEAR),
    Cookie("currency", Need.CHOSEN, _("The currency you chose in the shop."), _YEAR),
)
