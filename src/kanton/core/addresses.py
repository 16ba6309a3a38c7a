"""Addresses of pages, for places that write hundreds of them: Django's `reverse` costs more than a table's cell.

Kanton lives at the root of its host, so there is no prefix to think of.
"""

from __future__ import annotations

import re
import secrets
from functools import lru_cache
from typing import Any

from django.urls import reverse

_is_word = re.compile(r"[A-Za-z0-9.-]+").fullmatch
# Stand-ins that every converter of ours takes, and that no address holds by itself.
_WORD = f"k{secrets.token_hex(8)}"
_NUMBER = 10**17 + secrets.randbelow(10**17)


def address(name: str, *args: str | int) -> str:
    """What `reverse(name, args=args)` gives: the pattern is looked up once, and filled after that."""
    for each in args:
        if type(each) is not int and not _is_word(each):  # type: ignore[arg-type]
            # Anything but a plain word is Django's to judge: it may not fit, and must be quoted.
            return reverse(name, args=list(args))
    return _pattern(name, tuple(map(type, args))) % args


@lru_cache(maxsize=2048)
def _pattern(name: str, kinds: tuple[type, ...]) -> str:
    stand_ins: list[Any] = [
        _NUMBER + place if kind is int else f"{_WORD}{place}e" for place, kind in enumerate(kinds)
    ]
    pattern = reverse(name, args=stand_ins).replace("%", "%%")
    for stand_in in stand_ins:
        pattern = pattern.replace(str(stand_in), "%s")
    if pattern.count("%s") != len(stand_ins):
        raise ValueError(f"{name} does not show each of its arguments once")
    return pattern
