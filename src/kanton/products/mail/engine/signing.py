"""DKIM: keys, their records, and the signature on the way out."""

from __future__ import annotations

import base64

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kanton.products.mail.engine.port import DkimKey

KEY_BITS = 2048
SIGNED_HEADERS = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip


def new_key(selector: str) -> DkimKey:
    """An RSA key of 2048 bits, which every receiver understands, with the TXT value for `<selector>._domainkey`."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return DkimKey(
        selector, pem.decode("ascii"), "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode("ascii")
    )


def signature(message: bytes, *, domain: str, key: DkimKey) -> bytes:
    """The DKIM-Signature header for the message, CR LF included. Missing headers are signed as missing."""
    present = {
        line.partition(b":")[0].strip().lower() for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    }
    wanted = [name for name in SIGNED_HEADERS if name in present]
    signed: bytes = dkim.sign(
        message,
        key.selector.encode("ascii"),
        domain.encode("ascii"),
        key.private_pem.encode("ascii"),
        # "simple" bodies need no copy of a large message; our queue changes nothing on the way.
        canonicalize=(b"relaxed", b"simple"),
        # From twice: a second one added on the way breaks the signature.
        include_headers=[*wanted, b"from"],
    )
    return signed
