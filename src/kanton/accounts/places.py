"""Countries and time zones: what there is, how each is called, what belongs together."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones

import phonenumbers
from babel.core import get_global
from django.utils.translation import get_language

from kanton.accounts.errors import NotANumber
from kanton.ui import formats

# Territories of the standard that are no country somebody lives in.
_NO_COUNTRIES = frozenset(
    {"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB", "AC", "TA", "CP", "DG", "CQ", "AQ", "BV", "HM"}
)
_REGIONS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def countries() -> list[tuple[str, str]]:
    """Code and name of every country, by name in the reader's language."""
    return list(_countries(get_language() or "en"))


@functools.lru_cache(maxsize=8)
def _countries(language: str) -> tuple[tuple[str, str], ...]:
    names = formats.locale().territories
    found = [(code, name) for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRIES]
    return tuple(sorted(found, key=lambda pair: _letters(pair[1])))


def country_name(code: str) -> str:
    """The country as the reader's language calls it."""
    return str(formats.locale().territories.get(code, code))


def _letters(name: str) -> str:
    """For sorting: Österreich stands under O."""
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).lower()


@functools.lru_cache(maxsize=1)
def time_zones() -> tuple[tuple[str, str], ...]:
    """Every time zone named after a place, and UTC."""
    named = sorted(zone for zone in available_timezones() if zone.startswith(_REGIONS))
    return (("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in named))


# Of countries with several zones, the one where most people live.
_MOST = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CL": "America/Santiago", "CN": "Asia/Shanghai", "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin", "EC": "America/Guayaquil", "ES": "Europe/Madrid", "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty", "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon", "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "US": "America/New_York",
}  # fmt: skip


def time_zone_of(country: str) -> str:
    """The usual time zone of a country."""
    if country in _MOST:
        return _MOST[country]
    zones = get_global("territory_zones").get(country, [])
    known = {zone for zone, _name in time_zones()}
    return next((zone for zone in zones if zone in known), "UTC")


def normal_phone(written: str, country: str) -> str:
    """The number in international form (+41791234567), or NotANumber. Nothing stays nothing."""
    if not written.strip():
        return ""
    try:
        number = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException as error:
        raise NotANumber(phone=written) from error
    if not phonenumbers.is_possible_number(number):
        raise NotANumber(phone=written)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
