"""How many messages an address may send in 24 hours (MAIL-38 to MAIL-45). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_SECONDS = 24 * 3600
SENDING_LIMIT_STARTER = 100
SENDING_LIMIT_FULL = 1440

SENDING_LIMITS = {
    "my-suite": 500,
    "my-suite-plus": SENDING_LIMIT_FULL,
    "suite-standard-single": SENDING_LIMIT_STARTER,
    "suite-standard": SENDING_LIMIT_FULL,
    "suite-pro": SENDING_LIMIT_FULL,
    "suite-enterprise": SENDING_LIMIT_FULL,
    "mail-starter": SENDING_LIMIT_STARTER,
    "mail": SENDING_LIMIT_FULL,
    "web-unauthenticated": 50,
    "web-authenticated": SENDING_LIMIT_FULL,
}
"""Recipients per address and 24 hours, by offer (MAIL-38)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Recipients that were accepted at one moment (seconds since 1970)."""

    at: float
    count: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a sliding window says to one more message."""

    allowed: bool
    limit: int
    used: int
    possible_at: float | None
    """When a message of this size would be accepted; None when it never would."""

    @property
    def left(self) -> int:
        """Recipients that may still be written to now."""
        return max(0, self.limit - self.used)


def allowance(sent: Sequence[Sent], *, limit: int, wanted: int, now: float) -> Allowance:
    """May `wanted` more recipients be written to? The window is the 24 hours before `now`, sliding."""
    window = sorted((one for one in sent if one.at > now - WINDOW_SECONDS), key=lambda one: one.at)
    used = sum(one.count for one in window)
    if used + wanted <= limit:
        return Allowance(True, limit, used, now)
    if wanted > limit:
        return Allowance(False, limit, used, None)
    remaining = used
    for one in window:
        remaining -= one.count
        if remaining + wanted <= limit:
            return Allowance(False, limit, used, one.at + WINDOW_SECONDS)
    return Allowance(False, limit, used, now)  # pragma: no cover - the loop always frees enough
