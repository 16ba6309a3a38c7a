"""Calling an identity provider whose address a customer chose: only what is public, only so much, only so long.

The name is looked up once, every address it has is checked, and the connection goes to the address that was checked,
so that a name which answers differently the second time gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from kanton.config import config
from kanton.core.internet import is_public
from kanton.organizations.sso.errors import ProviderUnreachable

SECONDS: Final = 8.0
MOST_BYTES: Final = 512 * 1024


def get_json(url: str, *, bearer: str = "") -> dict[str, Any]:
    """The JSON object at this address. Raises ProviderUnreachable."""
    return _call("GET", url, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})


def post_form(url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object that answers a form. Raises ProviderUnreachable, with the provider's word for an error."""
    return _call(
        "POST",
        url,
        body=urlencode(fields).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
    )


def check_address(url: str, what: str = "address") -> None:
    """Raises ProviderUnreachable for an address that is never called: not https, with user or fragment, odd."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ProviderUnreachable(reason=f"{what} cannot be read") from None
    if not host or "@" in parts.netloc or parts.fragment or any(letter <= " " for letter in url):
        raise ProviderUnreachable(reason=f"{what} is no address")
    if parts.scheme == "https" or (
        parts.scheme == "http" and config.sso.private_networks and _is_this_machine(host)
    ):
        return
    raise ProviderUnreachable(reason=f"{what} must begin with https://")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _resolved(host: str, port: int) -> str:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise ProviderUnreachable(reason=f"{host} has no address") from None
    addresses = [ip_address(text.partition("%")[0]) for text in sorted(found)]
    if not config.sso.private_networks and not all(is_public(address) for address in addresses):
        raise ProviderUnreachable(reason=f"{host} is not on the public Internet")
    if not addresses:
        raise ProviderUnreachable(reason=f"{host} has no address")
    addresses.sort(key=lambda address: address.version)
    return str(addresses[0])


def _call(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
    check_address(url)
    parts = urlsplit(url)
    host, is_safe = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_safe else 80)
    ends = time.monotonic() + SECONDS
    connection = _Pinned(host, port, _resolved(host, port), is_safe)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(
            method, target, body, {"Accept": "application/json", "User-Agent": "Kanton", **headers}
        )
        answer = connection.getresponse()
        raw = b""
        while chunk := answer.read1(64 * 1024):
            raw += chunk
            if len(raw) > MOST_BYTES:
                raise ProviderUnreachable(reason="the answer is too long")
            if time.monotonic() > ends:
                raise ProviderUnreachable(reason="the answer takes too long")
    except (OSError, http.client.HTTPException) as trouble:
        reason = "its certificate is not valid" if isinstance(trouble, ssl.SSLError) else "no connection"
        raise ProviderUnreachable(reason=reason) from None
    finally:
        connection.close()
    return _read(answer.status, raw)


def _read(status: int, raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    if status != 200:
        word = value.get("error") if isinstance(value, dict) else None
        told = f" ({word[:60]})" if isinstance(word, str) and word.isprintable() else ""
        raise ProviderUnreachable(reason=f"it answers {status}{told}")
    if not isinstance(value, dict):
        raise ProviderUnreachable(reason="the answer is not a JSON object")
    return value


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name that was asked for."""

    def __init__(self, host: str, port: int, address: str, is_safe: bool) -> None:
        super().__init__(host, port, timeout=SECONDS / 2)
        self._address, self._is_safe = address, is_safe
        if is_safe:
            self.default_port = 443

    def connect(self) -> None:
        """Connect to the checked address; the certificate must be for the name."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
            if self._is_safe
            else plain
        )
