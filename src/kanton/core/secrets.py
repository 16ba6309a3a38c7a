"""Hashing and encrypting with the installation's keys. Nothing here is ever logged."""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets as random

from cryptography.fernet import Fernet, MultiFernet

from kanton.config import config


@functools.lru_cache(maxsize=1)
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in config.secrets.field_keys])


def encrypt(text: str) -> str:
    """The text, encrypted under the newest key."""
    return _fernet().encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """The plain text; raises InvalidToken when none of our keys made it."""
    return _fernet().decrypt(token.encode("ascii")).decode()


def encrypt_bytes(content: bytes) -> bytes:
    """A file's content, encrypted under the newest key."""
    return _fernet().encrypt(content)


def decrypt_bytes(token: bytes) -> bytes:
    """The content; raises InvalidToken when none of our keys made it."""
    return _fernet().decrypt(token)


def keyed_digest(purpose: str, message: bytes) -> str:
    """HMAC-SHA-256 under the activity key, for chains and for signed addresses. Hexadecimal."""
    return hmac.digest(_key_for(config.secrets.activity_key, purpose), message, "sha256").hex()


@functools.lru_cache(maxsize=64)
def _key_for(key: bytes, purpose: str) -> bytes:
    return hashlib.sha256(key + purpose.encode()).digest()


def new_token(prefix: str = "") -> str:
    """A secret of 256 bits for tokens and links, URL-safe."""
    return prefix + random.token_urlsafe(32)


def token_hash(token: str) -> str:
    """How a high-entropy token is stored: SHA-256, hexadecimal. Not for passwords."""
    return hashlib.sha256(token.encode()).hexdigest()
