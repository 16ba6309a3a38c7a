"""One request to the API, as the web server hands it over: no session, cookie or form comes near it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kanton.core.actor import Actor
    from kanton.core.api.lists import Listing
    from kanton.core.api.routing import Route


class ApiRequest:
    """What a handler gets: who asks (`actor`), which optional fields (`withs`), and how to list (`listing`)."""

    __slots__ = (
        "META",
        "actor",
        "fields",
        "is_dry_run",
        "listing",
        "method",
        "path",
        "route",
        "token_id",
        "withs",
    )

    actor: Actor
    route: Route
    fields: dict[str, Any]
    withs: frozenset[str]
    listing: Listing
    token_id: int | None
    is_dry_run: bool

    def __init__(self, environ: dict[str, Any], method: str, path: str) -> None:
        self.META = environ
        self.method = method
        self.path = path
        self.fields = {}
        self.withs = frozenset()
        self.token_id = None
        self.is_dry_run = False

    def header(self, name: str) -> str:
        """A header of the request, or "" without it."""
        key = name.upper().replace("-", "_")
        value: str = self.META.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
        return value

    def wants(self, name: str) -> bool:
        """Did the caller ask for this optional field (`with=`)?"""
        return name in self.withs
