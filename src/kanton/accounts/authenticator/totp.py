"""One-time codes by the clock (RFC 6238): what the app shows without any network (ACC-90)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
from collections.abc import Iterator
from datetime import datetime

DIGITS = 6
PERIOD = 30
DRIFT = 1  # steps either way (ACC-80)


def new_secret() -> str:
    """160 bits in base32."""
    return base64.b32encode(random.token_bytes(20)).decode("ascii")


def code_at(secret: str, step: int) -> str:
    """The code of this step of 30 seconds."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(moment: datetime) -> int:
    """The number of the step in which the moment lies."""
    return int(moment.timestamp()) // PERIOD


def steps_of(secret: str, code: str, moment: datetime) -> Iterator[int]:
    """The steps, at most one off, for which this code is right. Takes as long for a wrong one."""
    present = step_of(moment)
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            yield step
