"""Drawn HTML that is kept between requests: the shape is drawn once, the values are put in for each.

What differs from one reader to the next are names, addresses and tokens, not the shape. So a template is drawn once
with stand-ins in place of those, and kept under everything else that it reads. Nothing that is kept belongs to
anybody: with a million organizations there are as many kept drawings as combinations of language, role and products.

A template that reads anything else than what was masked for it is found out while it is drawn (`Guard`), and is
then drawn anew for each request, as ever.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from kanton.core.rights import Decision
from kanton.ui.components import StandIn

KEPT = 1024
# Nobody can guess these, so nothing that people write can be taken for a stand-in.
_SECRET = secrets.token_hex(12)
_NUMBER = 10**17 + secrets.randbelow(10**17)
_PLACE = re.compile(rf"{_SECRET}-([a-z]+)-(\d+)-(?:([a-z -]*)-)?end|{_NUMBER}")

Place = tuple[str, int, str]


class Kept:
    """A drawn piece: its texts, and which values belong between them.

    Kept as bytes, since that is what is sent: encoding a page anew costs more than putting in its values.
    """

    def __init__(self, html: str) -> None:
        self._parts: list[bytes] = []
        self._places: dict[Place, list[int]] = {}
        start = 0
        for match in _PLACE.finditer(html):
            place = (match[1], int(match[2]), match[3] or "") if match[1] else ("pk", 0, "")
            self._parts += [html[start : match.start()].encode(), b""]
            self._places.setdefault(place, []).append(len(self._parts) - 1)
            start = match.end()
        self._parts.append(html[start:].encode())
        self.is_whole = _SECRET.encode() not in b"".join(self._parts).lower()

    def written(self, value: Callable[[str, int, str], str | bytes]) -> bytes:
        """The piece with the real values, as it is sent."""
        parts = self._parts.copy()
        for place, positions in self._places.items():
            text = value(*place)
            if not isinstance(text, bytes):
                text = text.encode()
            for position in positions:
                parts[position] = text
        return b"".join(parts)

    def filled(self, value: Callable[[str, int, str], str | bytes]) -> SafeString:
        """The piece with the real values, for templates."""
        return SafeString(self.written(value).decode())


_kept: dict[Hashable, Kept | None] = {}


def kept(key: Hashable, draw: Callable[[], str | None]) -> Kept | None:
    """The piece of this key, drawn when it is first asked for. None when it cannot be kept."""
    try:
        if not settings.DEBUG:
            return _kept[key]
    except KeyError:
        pass
    html = draw()
    found = Kept(html) if html is not None else None
    if found is not None and not found.is_whole:
        found = None  # a filter cut a stand-in into pieces
    if len(_kept) >= KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[key] = found
    return found


def stand_in(kind: str, number: int = 0) -> StandIn:
    """The text that stands for a value; `kind` is a word of small letters."""
    return StandIn(f"{_SECRET}-{kind}-{number}-end", lambda css: f"{_SECRET}-{kind}avatar-{number}-{css}-end")


def number_stand_in() -> int:
    """The number that stands for the page's organization."""
    return _NUMBER


class NotKept(Exception):
    """A template read what is different in each request."""


class Guard:
    """Stands for what a kept template may not read, and notes when it does."""

    def __init__(self, noted: list[str], name: str, /, **known: Any) -> None:
        self.__dict__.update(known, _guard=(noted, name))

    def _refuse(self, *_args: Any) -> NoReturn:
        noted, name = self.__dict__["_guard"]
        noted.append(name)
        raise NotKept(name)

    def __getattr__(self, name: str) -> Any:
        self._refuse()

    def __getitem__(self, name: str) -> Any:
        # Templates try this first.
        return self.__dict__[name] if name in self.__dict__ else self._refuse()

    __str__ = __repr__ = __bool__ = __len__ = __iter__ = __contains__ = _refuse
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __hash__ = _refuse


class Placing:
    """Puts the stand-in of the page's organization into an address."""

    def __init__(self, slug: str) -> None:
        self._found = f"/o/{slug}/" if slug else ""
        self._wanted = f"/o/{stand_in('slug')}/"

    def __call__(self, url: str) -> str:
        """The address, with the stand-in where the slug is."""
        if self._found and url.startswith(self._found):
            return self._wanted + url[len(self._found) :]
        return url


def masked(context: Mapping[str, Any], place: Placing, noted: list[str]) -> tuple[Hashable, dict[str, Any]]:
    """What a page hands to its template, as a key and as the template may read it: texts, numbers and lists of them
    belong to the key; everything else is guarded.
    """
    keys, values = [], {}
    for name, value in context.items():
        try:
            values[name], key = _plain(value, place)
        except TypeError:
            values[name], key = Guard(noted, name), None
        keys.append((name, key))
    return tuple(keys), values


def _plain(value: Any, place: Placing) -> tuple[Any, Hashable]:
    kind = type(value)
    if value is None or kind is int or kind is bool:
        return value, (kind, value)
    if kind is str or kind is SafeString:
        value = place(value) if kind is str else value
        return value, (kind, value)
    if isinstance(value, Promise):
        return value, str(value)
    if kind is Decision and value:
        # The same for all who may; a refusal names people, so its page is drawn anew.
        return True, (kind, True)
    if kind is list or kind is tuple:
        pairs = [_plain(each, place) for each in value]
        return kind(each for each, _key in pairs), (kind, tuple(key for _each, key in pairs))
    if kind is dict:
        found = {name: _plain(each, place) for name, each in value.items()}
        return {name: pair[0] for name, pair in found.items()}, tuple(
            (name, pair[1]) for name, pair in found.items()
        )
    raise TypeError
