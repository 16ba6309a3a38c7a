"""A small OpenID provider with real HTTP and real keys, for tests: in this process, or as one of its own.

    with running() as provider: ...                     # in a thread
    python -m kanton.organizations.sso.tests.provider   # a process; prints its address, is told what to do by /control

It conforms, until a test sets `twist` to make it hostile.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "kanton", "a secret: with signs & more"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_keys: list[rsa.RSAPrivateKey] = []


def private_key(number: int) -> rsa.RSAPrivateKey:
    """The same few keys for all tests: making one takes long."""
    while len(_keys) <= number:
        _keys.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return _keys[number]


def jwk(number: int) -> dict[str, Any]:
    """The public half of a key."""
    found = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(number).public_key()))
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": f"key-{number}",
        "n": found["n"],
        "e": found["e"],
    }


@dataclass
class Provider:
    """What the provider knows, and how it behaves."""

    issuer: str = ""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    key: int = 0
    twist: Callable[[dict[str, Any]], str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    is_automatic: bool = True

    def configuration(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/logout",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }

    def sign(self, claims: dict[str, Any], *, typ: str = "JWT") -> str:
        """A token under the present key."""
        headers = {"kid": f"key-{self.key}", "typ": typ}
        return jwt.encode(claims, private_key(self.key), algorithm="RS256", headers=headers)

    def claims(self, user: dict[str, Any], asked: dict[str, str]) -> dict[str, Any]:
        """The honest claims of an ID token."""
        now = int(time.time())
        return {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "auth_time": now,
            "nonce": asked.get("nonce", ""), "email_verified": True,
            **{name: value for name, value in user.items() if name != "disabled"},
        }  # fmt: skip

    def logout_token(self, **claims: Any) -> str:
        """What back-channel logout sends."""
        now = int(time.time())
        values = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8),
            "events": {LOGOUT_EVENT: {}},
        }  # fmt: skip
        return self.sign(values | claims, typ="logout+jwt")

    def authorize(self, asked: dict[str, str], login: str) -> str:
        """Where the browser goes back to."""
        self.asked.append(asked)
        user = self.users.get(login)
        back: dict[str, str] = {"state": asked.get("state", ""), "iss": self.issuer}
        if user is None or user.get("disabled"):
            back["error"] = "access_denied"
        else:
            code = back["code"] = secrets.token_urlsafe(16)
            self.codes[code] = asked | {"login": login}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def token(self, posted: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint, as strict as it should be."""
        asked = self.codes.pop(posted.get("code", ""), None)
        digest = hashlib.sha256(posted.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        pair = f"{CLIENT_ID}:{'a%20secret%3A%20with%20signs%20%26%20more'}"
        if authorization != "Basic " + base64.b64encode(pair.encode()).decode():
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or asked["redirect_uri"] != posted.get("redirect_uri")
            or asked["code_challenge"] != challenge
        ):
            return 400, {"error": "invalid_grant"}
        claims = self.claims(self.users[asked["login"]], asked)
        token = self.twist(claims) if self.twist else self.sign(claims)
        return 200, {"access_token": f"at-{asked['login']}", "token_type": "Bearer", "id_token": token}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def log_message(self, *args: Any) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        """Every page."""
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        provider = self.provider
        provider.calls.append(parts.path)
        if parts.path in provider.answers:
            status, body = provider.answers[parts.path]
            self._answer(status, body, {"Location": "/keys"} if 300 <= status < 400 else {})
        elif parts.path == "/.well-known/openid-configuration":
            self._json(200, provider.configuration())
        elif parts.path == "/keys":
            self._json(200, {"keys": [jwk(provider.key)]})
        elif parts.path == "/authorize":
            if provider.is_automatic:
                self._redirect(provider.authorize(asked, asked.get("login_hint", "")))
            else:
                self._page(asked)
        elif parts.path == "/userinfo":
            login = self.headers.get("Authorization", "").removeprefix("Bearer at-")
            self._json(200, provider.users.get(login, {}))
        elif parts.path == "/logout":
            self._answer(200, b"Signed out at Acme ID", {"Content-Type": "text/html"})
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        """Tokens, the form of the sign-in page, and what a test says."""
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.provider.calls.append(self.path)
        if self.path == "/control":
            for name, value in json.loads(raw).items():
                setattr(self.provider, name, value)
            self._json(200, {})
            return
        posted = dict(parse_qsl(raw.decode()))
        if self.path == "/token":
            self._json(*self.provider.token(posted, self.headers.get("Authorization", "")))
        elif self.path == "/authorize":
            login = posted.pop("login")
            self._redirect(self.provider.authorize(posted, login))
        else:
            self._json(404, {})

    def _page(self, asked: dict[str, str]) -> None:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in asked.items()
        )
        page = (
            f'<!doctype html><html lang="en"><title>Acme ID</title><h1>Acme ID</h1>'
            f'<form method="post" action="/authorize">'
            f'{hidden}<label>User <input name="login" value="{escape(asked.get("login_hint", ""))}"></label>'
            "<button>Sign in at Acme</button></form></html>"
        )
        self._answer(200, page.encode(), {"Content-Type": "text/html"})

    def _redirect(self, to: str) -> None:
        self._answer(302, b"", {"Location": to})

    def _json(self, status: int, value: Any) -> None:
        self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _server(provider: Provider) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    return server


@contextmanager
def running() -> Iterator[Provider]:
    """A provider in a thread of this process."""
    provider = Provider()
    server = _server(provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """A process of its own, with a sign-in page for people."""
    provider = Provider(is_automatic=False)
    server = _server(provider)
    sys.stdout.write(provider.issuer + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
