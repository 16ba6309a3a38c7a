"""Under which names this installation is reached: the provider's own, and those that a room above answers for.

Nothing is ever built from the Host header: links begin with `config.web.address`. What the name decides is whether we
answer at all, and whose look a page has.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Protocol

from django.conf import settings
from django.http.request import split_domain_port

from kanton.config import config


class HostBrand(Protocol):
    """Whose name a host is, and how its pages look."""

    @property
    def host(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def logo_url(self) -> str: ...
    @property
    def accent(self) -> str: ...
    @property
    def mark(self) -> Any: ...
    @property
    def greeting(self) -> str: ...


LookUp = Callable[[str], HostBrand | None]
_look_up: list[LookUp] = []


def set_look_up(look_up: LookUp) -> None:
    """Called once by the room that knows host names of customers. It is asked for names that are not the provider's."""
    _look_up[:] = [look_up]


def bare(host: str) -> str:
    """The name in a Host header, without its port, as names are compared."""
    return split_domain_port(host)[0].rstrip(".").lower()


def is_own(name: str) -> bool:
    """Whether a bare name is the provider's own: that of its address, this machine's, or a number."""
    if name in (config.web.hostname, config.web.host, "localhost", *config.web.other_names):
        return True
    if name in settings.ALLOWED_HOSTS:
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def brand_at(name: str) -> HostBrand | None:
    """Whose a bare name is; None for the provider's own names and for unknown ones."""
    return None if is_own(name) or not _look_up else _look_up[0](name)


def is_answered(name: str) -> bool:
    """Whether pages are shown under a name that is nobody's brand. Everything is until the provider has set the
    address that people type (`web.public_url`): before, nobody can tell right from wrong."""
    return is_own(name) or not config.web.public_url
