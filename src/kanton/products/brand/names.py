"""Host names that a brand may have. Pure but for the settings: no database, no network."""

from __future__ import annotations

import re

import idna

from kanton.config import config
from kanton.core import hosts
from kanton.products.brand.errors import BadHost, HostOfProvider

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# Names that never lead to a public server (RFC 6761, RFC 8375).
_NOT_PUBLIC = frozenset({"localhost", "local", "internal", "invalid", "test", "onion", "arpa", "lan", "home"})
CHALLENGE = "_kanton-brand"
TEXT = "kanton-brand="


def normal_host(text: str) -> str:
    """The name in ASCII and small letters. Raises BadHost, or HostOfProvider for names that are ours."""
    wanted = text.strip().rstrip(".").lower()
    try:
        host = idna.encode(wanted, uts46=True).decode("ascii").lower() if not wanted.isascii() else wanted
    except idna.IDNAError:
        raise BadHost(host=text[:100]) from None
    labels = host.split(".")
    if (
        len(host) > 253 - len(CHALLENGE) - 1
        or len(labels) < 2
        or not all(_LABEL.fullmatch(label) for label in labels)
        or labels[-1].isdigit()
        or labels[-1] in _NOT_PUBLIC
        or _is_broken_idna(labels)
    ):
        raise BadHost(host=text[:100])
    if hosts.is_own(host) or any(host == own or host.endswith(f".{own}") for own in _ours()):
        raise HostOfProvider(host=host)
    return host


def _is_broken_idna(labels: list[str]) -> bool:
    for label in labels:
        if label.startswith("xn--"):
            try:
                idna.decode(label)
            except idna.IDNAError:
                return True
    return False


def _ours() -> set[str]:
    """The provider's names: that of the console, of its mail, and of its servers."""
    mail = config.operator.email.rpartition("@")[2].lower()
    return {config.web.hostname, mail, config.smtp.hostname, *config.dns.nameservers} - {"", "localhost"}


def challenge_of(host: str) -> str:
    """Where the TXT record of the proof stands."""
    return f"{CHALLENGE}.{host}"
