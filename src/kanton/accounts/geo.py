"""Roughly where an address is, from a database of the operator's (MaxMind's format); without one, nowhere."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import maxminddb
from django.utils.translation import get_language

from kanton.config import config

log = logging.getLogger("kanton.places")


@lru_cache(maxsize=2)
def _database(path: str) -> Any:
    try:
        return maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        log.warning("The database of places %s cannot be read: %s", path, error)
        return None


def place_of(address: str) -> str:
    """Town and country in the reader's language, or nothing."""
    database = _database(config.sign_in.geo_database) if config.sign_in.geo_database else None
    if database is None:
        return ""
    try:
        found = database.get(address) or {}
    except (ValueError, maxminddb.InvalidDatabaseError):
        return ""
    parts = (_name(found.get("city")), _name(found.get("country")))
    return ", ".join(part for part in parts if part)


def _name(thing: Any) -> str:
    names = (thing or {}).get("names", {})
    return str(names.get(get_language() or "en") or names.get("en") or (thing or {}).get("iso_code", ""))
