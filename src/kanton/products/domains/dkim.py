"""Keys that sign mail: made here, shown in the zone, used by whoever sends the domain's mail."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BITS = 2048
FIRST_SELECTOR = "k1"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key: its selector, the private half, and the text of its TXT record."""

    selector: str
    private_pem: str = field(repr=False)
    record: str


def make_key(selector: str = FIRST_SELECTOR) -> NewKey:
    """Make a key. Takes a tenth of a second, so never inside a transaction."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=BITS)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return NewKey(selector, pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}")
