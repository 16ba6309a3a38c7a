"""A phone as others could write one: it keeps a key and signs what docs/authenticator.md says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.test import Client

from kanton.core import clock

ORIGIN = "http://localhost:8000"
API = "/authenticator/api/1/"


def b64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Phone:
    """One linked account on one phone."""

    def __init__(self, *, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.device = ""
        self.secret = ""
        self.browser = Client(
            HTTP_USER_AGENT="Mozilla/5.0 (Linux; Android 15) Chrome/140.0", REMOTE_ADDR="192.0.2.50"
        )

    @property
    def public_key(self) -> str:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return b64(point)

    def sign(self, *lines: str) -> str:
        """ECDSA with SHA-256 over the lines under the protocol's name; r and s side by side."""
        text = "\n".join(("kanton-authenticator/1", *lines)).encode()
        r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def link(self, code: str, name: str = "Ana's phone") -> Any:
        """Bring a key to the account of this code."""
        sent = {
            "code": code,
            "name": name,
            "public_key": self.public_key,
            "signature": self.sign("link", ORIGIN, code, self.public_key),
        }
        answer = self.post("link", sent)
        if answer.status_code == 200:
            self.device, self.secret = answer.json()["device"], answer.json()["codes"]["secret"]
        return answer

    def authorization(self, method: str, path: str, body: bytes = b"", *, time: int | None = None) -> str:
        """The header of a signed request."""
        at = str(int(clock.now().timestamp()) if time is None else time)
        signature = self.sign(
            "request", ORIGIN, self.device, method, path, at, b64(hashlib.sha256(body).digest())
        )
        return f"Kanton-Device {self.device}.{at}.{signature}"

    def state(self, **options: Any) -> Any:
        """What waits."""
        header = self.authorization("GET", f"{API}state", **options)
        return self.browser.get(f"{API}state", HTTP_AUTHORIZATION=header)

    def signed_post(self, path: str, sent: dict[str, Any]) -> Any:
        """A signed request with a body."""
        body = json.dumps(sent).encode()
        header = self.authorization("POST", API + path, body)
        return self.browser.post(API + path, body, content_type="application/json", HTTP_AUTHORIZATION=header)

    def post(self, path: str, sent: dict[str, Any]) -> Any:
        """A request that is not signed as a whole."""
        return self.browser.post(API + path, json.dumps(sent), content_type="application/json")

    def signed_answer(self, asked: dict[str, Any], decision: str, number: str = "-") -> dict[str, Any]:
        """An answer, ready to be sent."""
        signature = self.sign(
            "answer", ORIGIN, self.device, asked["request"], decision, number, str(asked["expires"])
        )
        return {
            "device": self.device,
            "request": asked["request"],
            "decision": decision,
            "number": number,
            "signature": signature,
        }

    def answer(self, decision: str, number: str = "-") -> Any:
        """Answer the sign-in that waits now."""
        return self.post("answer", self.signed_answer(self.state().json()["requests"][0], decision, number))

    def code(self, *, at: float | None = None) -> str:
        """The one-time code shown now, by RFC 6238."""
        counter = int((clock.now().timestamp() if at is None else at) // 30)
        digest = hmac.new(base64.b32decode(self.secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
        start = digest[-1] & 15
        return str((int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF) % 10**6).zfill(6)
