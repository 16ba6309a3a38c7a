"""Signing ID tokens, and the keys that do it."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kanton.core import clock
from kanton.core.secrets import new_token, token_hash
from kanton.rest.oauth.models import KEY_NOTICE, KEY_REST, SigningKey

ALGORITHM = "RS256"


def make(*, first: bool) -> SigningKey:
    """A new key. The first signs at once; later ones are published before they do."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = token_hash(new_token())[:16]
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    jwk = {"kty": jwk["kty"], "use": "sig", "alg": ALGORITHM, "kid": kid, "n": jwk["n"], "e": jwk["e"]}
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    starts = clock.now() if first else clock.now() + KEY_NOTICE
    return SigningKey.objects.create(kid=kid, private_pem=pem, public_jwk=jwk, signs_from=starts)


def published() -> list[dict[str, Any]]:
    """The public keys: the one that signs, the next one, and those whose tokens may still be around."""
    return [key.public_jwk for key in _alive()] or [make(first=True).public_jwk]


def sign(claims: dict[str, Any]) -> str:
    """The claims as a token, under the present key."""
    now = clock.now()
    key = next((key for key in _alive() if key.signs_from <= now), None) or make(first=True)
    return jwt.encode(claims, key.private_pem, algorithm=ALGORITHM, headers={"kid": key.kid})


def forget_old() -> None:
    """Remove keys whose successor has signed for longer than any of their tokens lives."""
    SigningKey.objects.exclude(pk__in=[key.pk for key in _alive()]).delete()


def half_hash(text: str) -> str:
    """The at_hash of an ID token: the left half of the hash of the access token."""
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


def _alive() -> list[SigningKey]:
    """Newest first."""
    found: list[SigningKey] = []
    rest_since = clock.now() - KEY_REST
    for key in SigningKey.objects.order_by("-signs_from", "-pk"):
        found.append(key)
        if key.signs_from <= rest_since:
            break
    return found
