"""A hostile provider, a hostile network, a hostile other organization: nothing opens."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.test import Client

from kanton.accounts.models import Person
from kanton.config import overriding
from kanton.core.actor import Actor
from kanton.organizations.models import Organization
from kanton.organizations.sso import fetch, oidc
from kanton.organizations.sso.actions import connect
from kanton.organizations.sso.errors import ProviderUnreachable
from kanton.organizations.sso.models import Connection, Identity
from kanton.organizations.sso.tests.conftest import leave, sign_in, visit, who
from kanton.organizations.sso.tests.provider import CLIENT_ID, CLIENT_SECRET, Provider, private_key

Twist = Callable[[Provider, dict[str, Any]], str]


def _unsigned(provider: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", algorithm="none")


def _shared_secret(provider: Provider, claims: dict[str, Any]) -> str:
    """HS256 with the public key as the secret: the old confusion of algorithms."""
    public = private_key(0).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    import hashlib
    import hmac

    head = part({"alg": "HS256", "kid": "key-0", "typ": "JWT"}) + "." + part(claims)
    seal = hmac.new(public, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"


def _other_key(provider: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, private_key(1), algorithm="RS256", headers={"kid": "key-0"})


def _own_key_inside(provider: Provider, claims: dict[str, Any]) -> str:
    """A key sent along in the header, or named by an address there, is not looked at."""
    from kanton.organizations.sso.tests.provider import jwk

    headers = {"kid": "key-1", "jwk": jwk(1), "jku": f"{provider.issuer}/evil"}
    return jwt.encode(claims, private_key(1), algorithm="RS256", headers=headers)


def _with(**changes: Any) -> Twist:
    return lambda provider, claims: provider.sign(
        {name: value for name, value in (claims | changes).items() if value is not None}
    )


NOW = int(time.time())
HOSTILE: dict[str, Twist] = {
    "unsigned": _unsigned,
    "public key as secret": _shared_secret,
    "signed by another key": _other_key,
    "its own key in the header": _own_key_inside,
    "wrong issuer": _with(iss="https://evil.example"),
    "another audience": _with(aud="somebody-else"),
    "several audiences": _with(aud=[CLIENT_ID, "somebody-else"]),
    "another authorized party": _with(azp="somebody-else"),
    "expired": _with(exp=NOW - 3600),
    "issued long ago": _with(iat=NOW - 3600),
    "issued in the future": _with(iat=NOW + 7200, exp=NOW + 9000),
    "never expires": _with(exp=None),
    "without subject": _with(sub=None),
    "subject is no text": _with(sub=17),
    "without issue date": _with(iat=None),
    "nonce of another sign-in": _with(nonce="replayed"),
    "without nonce": _with(nonce=None),
    "access token of another sign-in": _with(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "a logout token": lambda provider, claims: provider.sign(claims, typ="logout+jwt"),
    "nonsense": lambda provider, claims: "a.b.c",
}


@pytest.mark.spec("ACC-114", "ACC-118")
def test_no_false_token_opens_a_session(connection: Connection, provider: Provider) -> None:
    for name, twist in HOSTILE.items():
        provider.twist = lambda claims, twist=twist: twist(provider, claims)
        browser = Client()
        refused = sign_in(browser)
        assert refused.status_code == 403, name
        assert "_auth_user_id" not in browser.session, name
    assert not Identity.objects.exists() and not Person.objects.filter(email__startswith="lea").exists()
    provider.twist = None
    browser = Client()
    assert sign_in(browser).status_code == 302 and who(browser) is not None


@pytest.mark.spec("ACC-118")
def test_an_answer_counts_once_in_the_browser_that_began(connection: Connection, provider: Provider) -> None:
    browser, thief = Client(), Client()
    back = visit(leave(browser))
    # Somebody else's browser is made to end it (login CSRF), or ends it first.
    assert thief.get(back).status_code == 403
    leave(thief)
    assert thief.get(back).status_code == 403 and who(thief) is None
    assert browser.get(back).status_code == 302 and who(browser) is not None
    browser.post("/logout")
    assert browser.get(back).status_code == 403 and who(browser) is None

    # A code from the thief's own sign-in, injected into the victim's.
    victim, state = Client(), dict(parse_qsl(urlsplit(leave(victim := Client())).query))["state"]
    stolen = dict(parse_qsl(urlsplit(visit(leave(thief))).query))
    for changed in ({"state": state}, {"state": ""}, {"state": state, "code": ""}):
        query = urlencode(stolen | changed)
        assert victim.get(f"/login/sso/acme/callback?{query}").status_code == 403
    assert who(victim) is None
    twice = visit(leave(victim)) + "&state=x"
    assert victim.get(twice).status_code == 403


@pytest.mark.spec("ACC-118")
def test_providers_are_not_mixed_up(
    connection: Connection, provider: Provider, globex: Organization, client: Client
) -> None:
    Connection.objects.create(
        organization=globex, discovery_url=provider.issuer, issuer="https://id.globex.example", client_id="g",
        client_secret="s", metadata=connection.metadata, is_on=True,
    )  # fmt: skip
    back = visit(leave(client))
    assert client.get(back.replace("/acme/", "/globex/")).status_code == 403
    other = visit(leave(client)).replace(
        urlencode({"iss": provider.issuer}), "iss=https%3A%2F%2Fevil.example"
    )
    assert client.get(other).status_code == 403
    without = visit(leave(client)).partition("&iss=")[0]
    assert client.get(without).status_code == 403
    assert who(client) is None


def test_keys_that_rotate_are_read_again_but_not_at_will(
    connection: Connection, provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client)
    assert provider.calls.count("/keys") == 1
    provider.key = 1
    assert sign_in(Client()).status_code == 403  # thirty seconds have not passed
    assert provider.calls.count("/keys") == 1
    monkeypatch.setattr(oidc, "KEYS_AGAIN", -oidc.KEYS_AGAIN)
    assert sign_in(Client()).status_code == 302
    assert provider.calls.count("/keys") == 2
    # What was signed by the old key is no longer taken.
    provider.twist = lambda claims: jwt.encode(
        claims, private_key(0), algorithm="RS256", headers={"kid": "key-0"}
    )
    assert sign_in(Client()).status_code == 403


def test_a_provider_that_misbehaves_while_signing_in(
    connection: Connection, provider: Provider, client: Client
) -> None:
    for path, status, body in (
        ("/token", 500, b"{}"),
        ("/keys", 200, b"[]"),
        (
            "/keys",
            200,
            b'{"keys": [{"kty": "oct", "k": "AA", "kid": "key-0"}, 7, {"kty": "RSA", "kid": "key-0"}]}',
        ),
        ("/keys", 302, b""),
    ):
        provider.answers = {path: (status, body)} if path != "/token" else {}
        provider.twist = (lambda claims: None) if path == "/token" else None  # type: ignore[assignment, return-value]
        Connection.objects.update(jwks={}, jwks_at=None)
        assert sign_in(Client()).status_code == 403, (path, body)


def test_discovery_is_checked(provider: Provider, owner: Actor, acme: Organization) -> None:
    def attempt(address: str = "") -> str:
        with pytest.raises(ProviderUnreachable) as refused:
            connect(
                owner, acme, discovery_url=address or provider.issuer, client_id=CLIENT_ID, client_secret="s"
            )
        return str(refused.value.params["reason"])

    config = "/.well-known/openid-configuration"
    assert "https://" in attempt("ftp://acme.example")
    assert "https://" in attempt("http://acme.example")
    assert "no address" in attempt("https://user@acme.example")
    assert "cannot be read" in attempt("https://acme.example:99999")
    provider.metadata = {"issuer": "https://other.example"}
    assert "issuer is not the address" in attempt()
    provider.metadata = {"jwks_uri": None}
    assert "jwks_uri is missing" in attempt()
    provider.metadata = {"token_endpoint": "http://internal.example/token"}
    assert "token_endpoint must begin with https" in attempt()
    provider.answers = {config: (200, b"x" * (fetch.MOST_BYTES + 1))}
    assert "too long" in attempt()
    provider.answers = {config: (200, b"<html>")}
    assert "not a JSON object" in attempt()
    provider.answers = {config: (302, b"")}
    assert "answers 302" in attempt()
    assert not Connection.objects.exists()
    provider.answers, provider.metadata = {}, {}
    assert connect(
        owner, acme, discovery_url=provider.issuer + config, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )


def test_only_public_addresses_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("socket.create_connection", lambda *args: opened.append(args))
    with overriding(sso={"private_networks": False}):
        for host, answers in {
            "rebind.example": ["8.8.8.8", "10.0.0.1"], "localhost": ["127.0.0.1"],
            "metadata.example": ["169.254.169.254"],
        }.items():  # fmt: skip
            monkeypatch.setattr(
                "socket.getaddrinfo",
                lambda *args, found=answers, **more: [(2, 1, 6, "", (ip, 443)) for ip in found],
            )
            with pytest.raises(ProviderUnreachable) as refused:
                fetch.get_json(f"https://{host}/")
            assert "not on the public Internet" in refused.value.params["reason"]
        with pytest.raises(ProviderUnreachable):
            fetch.get_json("http://127.0.0.1/")
    assert not opened


def test_a_secret_is_not_sent_to_another_provider(
    connection: Connection, provider: Provider, owner: Actor, acme: Organization
) -> None:
    from kanton.organizations.sso.tests.provider import running

    with running() as evil, pytest.raises(ProviderUnreachable) as refused:
        connect(owner, acme, discovery_url=evil.issuer, client_id=CLIENT_ID, client_secret="")
    assert refused.value.field == "client_secret"
    connection.refresh_from_db()
    assert connection.issuer == provider.issuer and connection.is_on
    kept = connect(owner, acme, discovery_url=provider.issuer, client_id=CLIENT_ID, client_secret="")
    assert kept.client_secret == CLIENT_SECRET and not kept.is_on and kept.tested_at is None
