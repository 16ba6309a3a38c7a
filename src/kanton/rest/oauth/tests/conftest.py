"""An application of Acme, a browser in which Ana is signed in, and the application's own side of the protocol."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.rest.oauth.actions import register_application
from kanton.rest.oauth.models import Application
from kanton.rest.oauth.pkce import challenge_of
from kanton.testing import PASSWORD

CALLBACK = "https://intranet.acme.example/callback"
APP = "com.acme.app://oauth2redirect"
VERIFIER = base64.urlsafe_b64encode(bytes(range(33))).decode().rstrip("=")


@pytest.fixture(autouse=True)
def _one_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Making keys takes long; the tests share two."""
    made: Iterator[Any] = iter(())
    real = rsa.generate_private_key

    def key(**how: Any) -> Any:
        nonlocal made
        if not KEYS:
            KEYS.extend([real(**how), real(**how)])
        found = next(made, None)
        if found is None:
            made = iter(KEYS)
            found = next(made)
        return found

    monkeypatch.setattr("kanton.rest.oauth.keys.rsa.generate_private_key", key)
    yield


KEYS: list[Any] = []


def make_application(owner: Actor, acme: Organization, **fields: Any) -> tuple[Application, str]:
    """An application and its secret."""
    made = register_application(
        owner,
        acme,
        **{
            "name": "Intranet",
            "scopes": ["openid", "profile", "email", "phone", "user_info", "domain"],
            "redirect_uris": [CALLBACK],
            "is_confidential": True,
            "current_password": PASSWORD,
            **fields,
        },
    )
    return made.application, made.secret


@dataclass
class Party:
    """An application as it behaves: it sends browsers, and talks to the token endpoint."""

    application: Application
    secret: str
    browser: Client
    redirect_uri: str = CALLBACK
    program: Client = field(default_factory=Client)

    def query(self, **more: Any) -> dict[str, Any]:
        """The parameters of a sign-in."""
        values = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile email",
            "state": "st4te",
            "code_challenge_method": "S256",
            "code_challenge": challenge_of(VERIFIER),
            **more,
        }
        return {name: value for name, value in values.items() if value is not None}

    def ask(self, **more: Any) -> Any:
        """The browser arrives."""
        return self.browser.get("/authorize", self.query(**more))

    def answer(self, answer: str = "allow", **more: Any) -> dict[str, str]:
        """The person answers; what the application gets back."""
        response = self.browser.post("/authorize", self.query(**more) | {"answer": answer})
        assert response.status_code == 302, response.content.decode()
        assert response["Location"].startswith(self.redirect_uri)
        return sent_back(response)

    def token(self, **fields: Any) -> Any:
        """Ask the token endpoint, as this application."""
        values = {
            "client_id": self.application.client_id,
            "client_secret": self.secret or None,
            **fields,
        }
        return self.program.post(
            "/token", {name: value for name, value in values.items() if value is not None}
        )

    def exchange(self, code: str, **fields: Any) -> Any:
        """Tokens for a code."""
        return self.token(
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": VERIFIER,
                **fields,
            }
        )

    def refresh(self, secret: str, **fields: Any) -> Any:
        """Tokens for a refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=secret, **fields)

    def sign_in(self, **more: Any) -> dict[str, Any]:
        """All of it, to the tokens."""
        response = self.exchange(self.answer(**more)["code"])
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found


def sent_back(response: Any) -> dict[str, str]:
    """What the redirect carries to the application."""
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def unverified(token: str) -> dict[str, Any]:
    """The claims of a token."""
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


@pytest.fixture
def browser(ana: Person) -> Client:
    """Ana's, signed in."""
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def server(owner: Actor, acme: Organization, browser: Client) -> Party:
    """An application on a server, with a secret."""
    application, secret = make_application(owner, acme)
    return Party(application, secret, browser)


@pytest.fixture
def app(owner: Actor, acme: Organization, browser: Client) -> Party:
    """An app on a phone, without a secret."""
    application, secret = make_application(
        owner, acme, name="Acme app", redirect_uris=[APP], is_confidential=False, is_device=True,
        scopes=["openid", "user_info", "domain"],
    )  # fmt: skip
    return Party(application, secret, browser, redirect_uri=APP)
