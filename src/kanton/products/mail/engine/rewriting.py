"""Sender rewriting (SRS) for redirected mail, so that SPF and with it DMARC hold at the next server (MAIL-10)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time

from kanton.products.mail.addresses import Address, BadAddress, parse_address

VALID_DAYS = 21
LONG_LOCAL_MAX = 200
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_REWRITTEN = re.compile(r"srs0=([a-z0-9]{8})=([a-z2-7]{2})=([^=]+)=(.+)", re.IGNORECASE)


def _day(now: float) -> int:
    return int(now // 86400) % 1024


def _mark(key: bytes, day: str, domain: str, local: str) -> str:
    digest = hmac.new(key, f"{day}={domain}={local}".lower().encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:8].decode("ascii").lower()


def rewrite(sender: str, *, domain: str, key: bytes, now: float | None = None) -> str:
    """The envelope sender under our domain that leads bounces back to the original one. "" stays ""."""
    if not sender:
        return ""
    original = parse_address(sender, local_max=LONG_LOCAL_MAX)
    number = _day(time.time() if now is None else now)
    day = _ALPHABET[number // 32] + _ALPHABET[number % 32]
    local = _packed(original.local)
    return f"SRS0={_mark(key, day, original.domain, local)}={day}={original.domain}={local}@{domain}"


def original_sender(address: Address, *, key: bytes, now: float | None = None) -> str | None:
    """Where a bounce to a rewritten address belongs; None when we did not make it or it is too old."""
    found = _REWRITTEN.fullmatch(address.local)
    if found is None:
        return None
    mark, day, domain, local = found.groups()
    day = day.upper()
    if not hmac.compare_digest(mark.lower(), _mark(key, day, domain, local)):
        return None
    made = _ALPHABET.index(day[0]) * 32 + _ALPHABET.index(day[1])
    if (_day(time.time() if now is None else now) - made) % 1024 > VALID_DAYS:
        return None
    try:
        return str(parse_address(f"{_unpacked(local)}@{domain}", local_max=LONG_LOCAL_MAX))
    except (BadAddress, ValueError):
        return None


def _packed(local: str) -> str:
    """What may stand inside a local part: quoted ones as hexadecimal digits behind a further "="."""
    return "=" + local.encode().hex() if local.startswith(('"', "=")) else local


def _unpacked(local: str) -> str:
    return bytes.fromhex(local[1:]).decode() if local.startswith("=") else local
