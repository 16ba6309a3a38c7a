"""Redirect addresses: which may be registered, and whether one that is asked for is a registered one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1"})
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_VISIBLE = re.compile(r"[!-~]{1,2000}")


def is_allowed(uri: str) -> bool:
    """https; http on the same device; or a scheme with a dot, which only an app of its own has (RFC 8252)."""
    if not _VISIBLE.fullmatch(uri) or "#" in uri or "\\" in uri or "*" in uri:
        return False
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or port == 0:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return parts.hostname in LOOPBACK | {"localhost"}
    return bool(_OWN_SCHEME.fullmatch(parts.scheme)) and len(uri) > len(parts.scheme) + 1


def is_registered(uri: str, registered: list[str]) -> bool:
    """Character by character the same; on the loopback address with any port, because apps take a free one."""
    return uri in registered or any(_same_loopback(uri, known) for known in registered)


def _same_loopback(uri: str, known: str) -> bool:
    if not is_allowed(uri):
        return False
    asked, kept = urlsplit(uri), urlsplit(known)
    return (
        asked.scheme == kept.scheme == "http"
        and kept.hostname in LOOPBACK
        and asked.hostname == kept.hostname
        and (asked.path, asked.query) == (kept.path, kept.query)
    )


def goes_to_device(uri: str) -> bool:
    """Does it lead to an app on the reader's own device, where the name of the application proves nothing?"""
    parts = urlsplit(uri)
    return parts.scheme != "https"


def source_of(uri: str) -> str:
    """How a Content-Security-Policy names the target of the redirect."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
