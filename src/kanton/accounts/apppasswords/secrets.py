"""How app passwords look, and how they are kept.

They are typed from a screen into a phone: small letters and digits that nobody mistakes, in groups. 24 of them out of
31 hold 118 bits, which nobody guesses; so a single fast hash is enough, and a mail program that logs in at every fetch
costs microseconds where Argon2 would cost 20 ms (decision 0048).
"""

from __future__ import annotations

import hashlib
import secrets

GROUP, GROUPS = 4, 6
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def generate() -> str:
    """A new app password, such as "k7dq-…" of six groups. The hyphens belong to it."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def digest_of(password: str) -> str:
    """What is kept and published: SHA-256, hexadecimal, which Dovecot reads too."""
    return hashlib.sha256(password.encode()).hexdigest()
