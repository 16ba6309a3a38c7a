"""The way to a push service: a port, and the real one over HTTPS that goes only to public addresses."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from kanton.core.internet import is_public

TIMEOUT = 10.0


class NotPublic(Exception):
    """The endpoint leads into a private network: an app must not send us there."""


class PushService(Protocol):
    """Takes a message for a browser."""

    def deliver(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status that the service answers; OSError when it cannot be reached, NotPublic when it must not be."""


class Https:
    """The services that browsers name, each asked directly."""

    def deliver(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post it to the address that the name has now, if that is a public one. Redirections are not followed."""
        where = urlsplit(endpoint)
        connection = _PinnedConnection(where.hostname or "", public_address(where.hostname or ""))
        try:
            target = f"{where.path or '/'}{'?' + where.query if where.query else ''}"
            connection.request("POST", target, body, dict(headers))
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError(f"{where.hostname} answers no HTTP") from error
        finally:
            connection.close()


def public_address(host: str) -> str:
    """The first address of the host; NotPublic when any of them lies in a private or reserved network."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]
    for address in found:
        if not is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise NotPublic(f"{host} is {address}")
    return found[0]


class _PinnedConnection(http.client.HTTPSConnection):
    """Connects to the address that was looked at, so that a name cannot change its mind in between."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(host, 443, timeout=TIMEOUT)
        self.address = address

    def connect(self) -> None:
        raw = socket.create_connection((self.address, 443), TIMEOUT)
        self.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=self.host)


_service: list[PushService] = [Https()]


def service() -> PushService:
    """The way that is in use."""
    return _service[-1]


@contextmanager
def instead(other: PushService) -> Iterator[None]:
    """Inside the block messages go there. For tests."""
    _service.append(other)
    try:
        yield
    finally:
        _service.remove(other)
