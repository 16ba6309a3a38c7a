"""Scopes of the protocol: those of the API, and those of OpenID Connect that tell who somebody is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from kanton.core.api.scopes import ALL, SCOPES, expand, offered

OPENID: Final = "openid"
IDENTITY: Final[dict[str, Any]] = {
    OPENID: _("Know who you are: your number here"),
    "profile": _("Read your name, language and time zone"),
    "email": _("Read your login e-mail"),
    "phone": _("Read your mobile number"),
    "offline_access": _("Keep the access while you are away"),
}


def choices() -> list[tuple[str, Any]]:
    """What an application may be registered for."""
    return [*IDENTITY.items(), *((one.code, one.label) for one in offered() if one.code != "staff")]


def known(code: str) -> bool:
    """Is there such a scope, and may an application have it?"""
    return code in IDENTITY or (code in SCOPES and code != "staff")


def in_words(scopes: Iterable[str]) -> list[Any]:
    """The scopes as people read them."""
    return [IDENTITY[code] if code in IDENTITY else SCOPES[code].label for code in scopes if known(code)]


def within(asked: Iterable[str], held: Iterable[str]) -> bool:
    """Is all that is asked among what is held, weaker scopes included?"""
    has = expand(held)
    return all(code in has or (ALL in has and code not in IDENTITY) for code in asked)
