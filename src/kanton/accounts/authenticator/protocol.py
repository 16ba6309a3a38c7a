"""What an app and this server say to each other: the signed texts, the keys, the codes. Described for authors of other
apps in docs/authenticator.md; whatever changes here changes VERSION."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets as random

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

VERSION = "kanton-authenticator/1"
# Without the signs that look like others (Crockford's), so that a code can be read from a screen and typed.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALIKE = str.maketrans("OIL", "011")
CODE_LENGTH = 12  # 60 bits, for five minutes


class BadKey(ValueError):
    """The public key is none, or of another kind."""


def text_to_sign(*lines: str) -> bytes:
    """The lines under the name of the protocol. A line never holds a line break, so no two texts are the same."""
    if any("\n" in line or "\r" in line for line in lines):
        raise ValueError("a line of a signed text holds a line break")
    return "\n".join((VERSION, *lines)).encode()


def linking_text(origin: str, code: str, public_key: str) -> bytes:
    """What a new device signs, to show that it holds the private half of the key it brings."""
    return text_to_sign("link", origin, code, public_key)


def request_text(origin: str, device: str, method: str, path: str, time: str, body: bytes) -> bytes:
    """What a device signs with each request."""
    return text_to_sign(
        "request", origin, device, method, path, time, base64url(hashlib.sha256(body).digest())
    )


def answer_text(origin: str, device: str, request: str, decision: str, number: str, expires: int) -> bytes:
    """What a device signs to approve ("yes", with the number read from the browser) or to refuse ("no", "-")."""
    return text_to_sign("answer", origin, device, request, decision, number, str(expires))


def checked_key(public_key: str) -> str:
    """The key itself when it is an uncompressed point of P-256 (65 bytes in base64url); BadKey when it is not."""
    _load(public_key)
    return public_key


def fingerprint(public_key: str) -> str:
    """A short name of the key, for people who compare."""
    return hashlib.sha256(from_base64url(public_key)).hexdigest()[:16]


def is_signed_by(public_key: str, signature: str, text: bytes) -> bool:
    """Is this the signature (ECDSA with SHA-256, r and s of 32 bytes each, base64url) of the text?"""
    try:
        raw = from_base64url(signature)
    except ValueError:
        return False
    if len(raw) != 64:
        return False
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    try:
        _load(public_key).verify(der, text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _load(public_key: str) -> ec.EllipticCurvePublicKey:
    try:
        point = from_base64url(public_key)
        if len(point) != 65 or point[:1] != b"\x04":
            raise BadKey("not an uncompressed point")
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadKey(str(error)) from error


def public_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed point of a public key."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def new_code() -> str:
    """A code that links one device: twelve signs in three groups."""
    signs = "".join(random.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(signs[at : at + 4] for at in range(0, CODE_LENGTH, 4))


def normal_code(typed: str) -> str:
    """The code as it was made, however it was typed."""
    signs = "".join(sign for sign in typed.upper().translate(ALIKE) if sign in ALPHABET)
    return "-".join(signs[at : at + 4] for at in range(0, len(signs), 4))


def base64url(raw: bytes) -> str:
    """Without padding, as WebCrypto's formats and JWTs have it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """The bytes; ValueError when the text is no base64url."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
