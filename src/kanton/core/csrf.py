"""Django's secret against forged forms, for pages that are made in less time than Django needs to mask it."""

from __future__ import annotations

import os
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CSRF_SECRET_LENGTH, get_token

_COUNT = len(CSRF_ALLOWED_CHARS)
_NUMBERS = {letter: number for number, letter in enumerate(CSRF_ALLOWED_CHARS)}
_TWICE = CSRF_ALLOWED_CHARS * 2
# Bytes from here on would make the first letters more likely than the others.
_FAIR = 256 - 256 % _COUNT
_UNFAIR = bytes(range(_FAIR, 256))
_FOLDED = bytes(number % _COUNT for number in range(256))


def csrf_token(request: HttpRequest) -> str:
    """What `get_token` gives: the secret of the cookie under a mask. One mask for the whole page, as in templates."""
    known: str | None = getattr(request, "_kanton_csrf", None)
    if known is None:
        known = request._kanton_csrf = _token(request)  # type: ignore[attr-defined]
    return known


def _token(request: HttpRequest) -> str:
    meta: dict[str, Any] = request.META
    secret = meta.get("CSRF_COOKIE")
    if secret is None:
        secret = meta["CSRF_COOKIE"] = "".join([CSRF_ALLOWED_CHARS[number] for number in _random()])
    try:
        numbers = [_NUMBERS[letter] for letter in secret]
    except KeyError:
        return get_token(request)
    meta["CSRF_COOKIE_NEEDS_UPDATE"] = True
    mask = _random()
    return "".join([CSRF_ALLOWED_CHARS[number] for number in mask]) + "".join(
        [_TWICE[number + hidden] for number, hidden in zip(numbers, mask, strict=True)]
    )


def _random() -> bytes:
    found = b""
    while len(found) < CSRF_SECRET_LENGTH:
        found += os.urandom(CSRF_SECRET_LENGTH * 2).translate(_FOLDED, _UNFAIR)
    return found[:CSRF_SECRET_LENGTH]
