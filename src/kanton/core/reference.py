"""Lists that everybody shares: countries, languages and time zones, with the numbers that the API knows them by.

Numbers never change, whatever is added: a country's comes from its two letters, a time zone's from its name.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from typing_extensions import TypedDict

from kanton.core import clock

# CLDR's names for what is not a country.
_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
_NOT_ZONES = ("Etc/", "SystemV/", "US/", "posix/", "right/")


class CountryOut(TypedDict):
    """A country as the API tells it."""

    id: int
    name: str
    short_name: str
    is_enabled: bool


class LanguageOut(TypedDict):
    """A language as the API tells it."""

    id: int
    name: str
    short_name: str
    locale: str
    short_locale: str


class TimezoneOut(TypedDict):
    """A time zone as the API tells it; `gmt` is its distance now, with summer time."""

    id: int
    name: str
    gmt: str


@dataclass(frozen=True, slots=True)
class KnownLanguage:
    """A language of ours and the number that clients of the API know it by."""

    number: int
    code: str
    locale: str


LANGUAGES = (
    KnownLanguage(1, "fr", "fr_FR"),
    KnownLanguage(2, "en", "en_GB"),
    KnownLanguage(3, "de", "de_DE"),
    KnownLanguage(4, "it", "it_IT"),
    KnownLanguage(5, "es", "es_ES"),
)


def country_number(code: str) -> int:
    """The number of the country with these two letters: CH is 308."""
    return (ord(code[0]) - 64) * 100 + ord(code[1]) - 64


@cache
def countries() -> dict[int, CountryOut]:
    """Every country by its number, in the order of the English names."""
    named = {
        code: name
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES
    }
    return {
        country_number(code): {
            "id": country_number(code), "name": name, "short_name": code, "is_enabled": True
        }
        for code, name in sorted(named.items(), key=lambda item: item[1])
    }  # fmt: skip


def country_code(number: int) -> str | None:
    """The two letters of the country with this number."""
    found = countries().get(number)
    return found["short_name"] if found else None


@cache
def languages() -> dict[int, LanguageOut]:
    """The languages of Kanton by their numbers."""
    english = Locale("en")
    return {
        each.number: {
            "id": each.number,
            "name": english.languages[each.code],
            "short_name": each.code,
            "locale": each.locale,
            "short_locale": each.code,
        }
        for each in LANGUAGES
    }


def language_called(code: str) -> LanguageOut:
    """The language with this code or locale; English when it is none of ours."""
    for each in languages().values():
        if code in (each["short_name"], each["locale"]):
            return each
    return languages()[2]


def timezone_number(name: str) -> int:
    """The number of a time zone."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


@cache
def _zone_names() -> dict[int, str]:
    names = [name for name in available_timezones() if "/" in name and not name.startswith(_NOT_ZONES)]
    return {timezone_number(name): name for name in sorted([*names, "UTC"])}


def timezone_out(name: str) -> TimezoneOut:
    """The time zone as the API tells it."""
    moment: datetime = clock.now().astimezone(ZoneInfo(name))
    offset = moment.strftime("%z")
    return {"id": timezone_number(name), "name": name, "gmt": f"GMT{offset[:3]}:{offset[3:5]}"}


def timezones() -> list[TimezoneOut]:
    """Every time zone of the IANA database that people choose from, by name."""
    return [timezone_out(name) for name in _zone_names().values()]


def timezone_name(number: int) -> str | None:
    """The time zone with this number."""
    return _zone_names().get(number)
