"""Web Push as browsers and their push services know it: encrypted messages (RFC 8291) from a server that says who it is
(VAPID, RFC 8292). No network here: what to send comes out, as headers and a body."""

from __future__ import annotations

import json
import secrets as random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kanton.accounts.authenticator.protocol import base64url, from_base64url, public_point
from kanton.config import config

RECORD_SIZE = 4096
LONGEST = 3000  # of a message: one record, with room for what push services add
PROMISE = timedelta(hours=12)  # how long a VAPID token is good; at most 24 hours


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached, and the keys it made for that."""

    endpoint: str
    p256dh: str
    auth: str

    @classmethod
    def of(cls, kept: str) -> Subscription | None:
        """From the text that `kept` made; None from an empty one."""
        return cls(**json.loads(kept)) if kept else None

    @property
    def kept(self) -> str:
        """As text."""
        return json.dumps({"endpoint": self.endpoint, "p256dh": self.p256dh, "auth": self.auth})

    @property
    def is_possible(self) -> bool:
        """An address of the public web and keys of the right kind."""
        try:
            where = urlsplit(self.endpoint)
            port, key, auth = where.port, from_base64url(self.p256dh), from_base64url(self.auth)
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        except ValueError:
            return False
        host = where.hostname or ""
        return (
            where.scheme == "https"
            and port in (None, 443)
            and where.username is None
            and "." in host.strip(".")
            and not host.replace(".", "").isdigit()
            and len(self.endpoint) <= 1000
            and self.endpoint.isascii()
            and len(auth) == 16
        )


def encrypted(
    message: bytes,
    subscription: Subscription,
    *,
    salt: bytes | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The message as only this browser can read it (aes128gcm in one record). `salt` and `key` are for test vectors."""
    if len(message) > LONGEST:
        raise ValueError("a pushed message is short")
    salt = salt or random.token_bytes(16)
    key = key or ec.generate_private_key(ec.SECP256R1())
    theirs = from_base64url(subscription.p256dh)
    ours = public_point(key.public_key())
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    master = _derived(
        shared, from_base64url(subscription.auth), b"WebPush: info\0" + theirs + ours, length=32
    )
    content_key = _derived(master, salt, b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derived(master, salt, b"Content-Encoding: nonce\0", length=12)
    sealed = AESGCM(content_key).encrypt(nonce, message + b"\x02", None)
    return salt + RECORD_SIZE.to_bytes(4) + bytes([len(ours)]) + ours + sealed


def _derived(key: bytes, salt: bytes, info: bytes, *, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(key)


def headers(
    subscription: Subscription, *, now: datetime, lives: timedelta, topic: str, is_urgent: bool
) -> dict[str, str]:
    """What goes with the body: who sends, how long it is worth keeping, which earlier message it replaces."""
    return {
        "Authorization": f"vapid t={vapid_token(subscription.endpoint, now)}, k={public_key()}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(int(lives.total_seconds())),
        "Topic": topic[:32],
        "Urgency": "high" if is_urgent else "normal",
    }


def vapid_token(endpoint: str, now: datetime) -> str:
    """A JWT that tells this push service, and no other, who we are and whom to write to (RFC 8292)."""
    where = urlsplit(endpoint)
    claims = {
        "aud": f"{where.scheme}://{where.netloc}",
        "exp": int((now + PROMISE).timestamp()),
        "sub": f"mailto:{config.operator.email}",
    }
    parts = (json.dumps(part, separators=(",", ":")) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    text = ".".join(base64url(part.encode()) for part in parts)
    r, s = decode_dss_signature(_vapid_key().sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"


def public_key() -> str:
    """The key by which push services know this installation; apps subscribe with it."""
    return base64url(public_point(_vapid_key().public_key()))


@lru_cache(maxsize=1)
def _vapid_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(config.secrets.push_key, ec.SECP256R1())
