"""Where somebody goes for whom no way back is left. The room of support has that page (ACC-52)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from kanton.accounts.second_factor import register_help

_page: list[str] = []


def register(url_name: str) -> None:
    """Called when Django starts by the room that verifies identities."""
    _page[:] = [url_name]
    register_help("recovery:help")


def address(reason: str = "") -> str:
    """The page's address, for this reason; empty while there is none."""
    if not _page:
        return ""
    return reverse(_page[0]) + (f"?{urlencode({'reason': reason})}" if reason else "")
