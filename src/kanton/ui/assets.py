"""Where the built files are: their names carry a hash of their content, so browsers may keep them forever."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

DIST = Path(__file__).parent / "static" / "kanton" / "dist"
MANIFEST = DIST / "manifest.json"


def asset_url(name: str) -> str:
    """The address of a built file, such as `kanton.css`, with the hash of its content."""
    return _urls(MANIFEST.stat().st_mtime_ns if settings.DEBUG and MANIFEST.exists() else 0, name)


def file_name(name: str) -> str:
    """The name of a built file in `DIST`."""
    return _names().get(name, name)


@cache
def _urls(_changed: int, name: str) -> str:
    names = _names()
    return static(f"kanton/dist/{names.get(name, name)}")


def _names() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(MANIFEST.read_text())["files"]
    except (OSError, ValueError, KeyError):
        # Not built yet: the page stays readable without style, and the tests need no Node.
        return {}
    return found
