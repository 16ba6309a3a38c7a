"""Find every room's `api.py`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from kanton.settings import ROOMS


@cache
def load_routes() -> None:
    """Import the rooms' API modules, the ground floor first; their routes register themselves."""
    for room in ROOMS:
        if find_spec(f"{room}.api") and room != "kanton.core":
            import_module(f"{room}.api")
