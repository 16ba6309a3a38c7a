"""One-time passwords by time (RFC 6238): six digits, thirty seconds, one step of drift either way (ACC-80)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
import struct
from datetime import datetime
from urllib.parse import quote, urlencode

import segno

PERIOD = 30
DIGITS = 6
DRIFT = 1


def new_secret() -> str:
    """160 random bits in base 32, as authenticator apps read them."""
    return base64.b32encode(random.token_bytes(20)).decode("ascii")


def code_at(secret: str, step: int) -> str:
    """The code of this time step."""
    mac = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1)
    offset = mac[-1] & 0x0F
    (number,) = struct.unpack(">I", mac[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}d}"


def step_at(moment: datetime) -> int:
    """The number of the time step."""
    return int(moment.timestamp()) // PERIOD


def matching_step(secret: str, code: str, moment: datetime) -> int | None:
    """The time step whose code this is, at most one away from now; None for a wrong code."""
    digits = "".join(character for character in code if character.isascii() and character.isdigit())
    now = step_at(moment)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step), digits):
            found = step
    return found


def address(secret: str, *, issuer: str, account: str) -> str:
    """What the QR code says."""
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer}, quote_via=quote)}"


def picture(text: str) -> str:
    """The QR code as the address of an SVG picture, dark on light in every theme."""
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(scale=5, border=3, dark="#10222b", light="#ffffff"))


def grouped(secret: str) -> str:
    """The key in blocks of four, to be typed."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
