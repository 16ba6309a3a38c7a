"""Proof keys: whoever began a sign-in must be the one who ends it (RFC 7636). Only S256."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """Could this be the hash of a verifier?"""
    return bool(_CHALLENGE.fullmatch(text))


def challenge_of(verifier: str) -> str:
    """What is sent ahead of a verifier."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_answered(challenge: str, verifier: str) -> bool:
    """Does the verifier fit? One without a challenge means that somebody took the challenge out on the way."""
    if not challenge:
        return not verifier
    return bool(_VERIFIER.fullmatch(verifier)) and hmac.compare_digest(challenge_of(verifier), challenge)
