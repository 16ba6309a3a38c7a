"""Acme with a proven domain and a provider that runs, and browsers that go there and back."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.config import overriding
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.sso.actions import connect, switch_on
from kanton.organizations.sso.models import ClaimedDomain, Connection
from kanton.organizations.sso.tests.provider import CLIENT_ID, CLIENT_SECRET, Provider, running

LEA = {
    "sub": "subject-lea",
    "email": "lea@acme.example",
    "given_name": "Lea",
    "family_name": "Roth",
    "sid": "sid-1",
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Acme's, on loopback, which only tests allow."""
    with overriding(sso={"private_networks": True}), running() as found:
        found.users = {"lea@acme.example": dict(LEA)}
        yield found


@pytest.fixture
def connection(provider: Provider, owner: Actor, acme: Organization) -> Connection:
    """Proven, connected, tested and on."""
    ClaimedDomain.objects.create(organization=acme, name="acme.example", proven_at=clock.now())
    found = connect(
        owner, acme, discovery_url=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    found.tested_at = clock.now()
    found.save()
    return switch_on(owner, found)


def visit(url: str) -> str:
    """A browser at the provider: where it is sent on to."""
    parts = urlsplit(url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=5)
    link.request("GET", f"{parts.path}?{parts.query}")
    answer = link.getresponse()
    answer.read()
    link.close()
    location = answer.getheader("Location") or ""
    back = urlsplit(location)
    return f"{back.path}?{back.query}"


def leave(browser: Client, email: str = "lea@acme.example", **more: str) -> str:
    """Type the address on our page; the address at the provider to which one is sent."""
    response = browser.post("/login/sso", {"email": email, **more})
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def sign_in(browser: Client, email: str = "lea@acme.example", **more: str) -> Any:
    """There and back: the answer to the callback."""
    return browser.get(visit(leave(browser, email, **more)))


def who(browser: Client) -> Person | None:
    """Who is signed in in this browser."""
    response = browser.get("/account/")
    return response.wsgi_request.user if response.status_code == 200 else None  # type: ignore[return-value]
