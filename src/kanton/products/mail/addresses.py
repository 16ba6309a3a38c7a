"""Mail addresses: what may be created here, what may be written to, and how both are normalised. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

LOCAL_PART_MAX = 64
ADDRESS_MAX = 254
_OWN_LOCAL = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?")
_ATOM = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
)
_QUOTED = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u0080-\U0010ffff]|\\[\x20-\x7e])*"')
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
RESERVED = frozenset({"postmaster", "abuse"})
"""Always reach an administrator (MAIL-9), whether or not somebody creates them."""


class BadAddress(ValueError):
    """Not an address, with the reason as a stable word: `empty`, `too_long`, `characters`, `dots` or `domain`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Address:
    """A local part and a domain in A-label form, as SMTP carries them."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def shown(self) -> str:
        """The address as a person writes it, international domain in its own letters."""
        return f"{self.local}@{domain_shown(self.domain)}"

    @property
    def is_ascii(self) -> bool:
        """True when it needs no SMTPUTF8."""
        return self.local.isascii()


def own_local_part(text: str) -> str:
    """A local part for a mailbox, alias or redirect of ours: lower case, letters, digits, dot, hyphen, underscore."""
    local = text.strip().lower()
    if not local:
        raise BadAddress("empty")
    if len(local) > LOCAL_PART_MAX:
        raise BadAddress("too_long")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise BadAddress("dots")
    if not _OWN_LOCAL.fullmatch(local):
        raise BadAddress("characters")
    return local


def domain_in_ascii(text: str) -> str:
    """The domain in A-label form and lower case; raises BadAddress for what is no host name."""
    name = text.strip().rstrip(".").lower()
    if not name:
        raise BadAddress("domain")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise BadAddress("domain") from error
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise BadAddress("domain")
    return name


def domain_shown(name: str) -> str:
    """The domain in its own letters; unchanged when it is not a valid international name."""
    try:
        return idna.decode(name) if "xn--" in name else name
    except (idna.IDNAError, UnicodeError):
        return name


def parse_address(text: str, *, local_max: int = LOCAL_PART_MAX) -> Address:
    """An address anywhere in the world, quoted local parts and other scripts included. Domain literals are refused.

    Rewritten senders (SRS) are longer than the rules allow and yet in wide use: SMTP passes a higher `local_max`.
    """
    text = text.strip()
    local, at, domain = text.rpartition("@")
    if not at or not local:
        raise BadAddress("empty")
    if not (_ATOM.fullmatch(local) or _QUOTED.fullmatch(local)):
        raise BadAddress("characters")
    if len(local.encode()) > local_max:
        raise BadAddress("too_long")
    address = Address(local, domain_in_ascii(domain))
    if len(str(address).encode()) > ADDRESS_MAX + local_max - LOCAL_PART_MAX:
        raise BadAddress("too_long")
    return address


def is_address(text: str) -> bool:
    """True when `parse_address` accepts it."""
    try:
        parse_address(text)
    except BadAddress:
        return False
    return True
