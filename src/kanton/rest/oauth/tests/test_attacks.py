"""What attackers of OAuth try (RFC 6819, RFC 9700), and that nothing moves."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.rest.oauth.models import AccessToken, AuthorizationCode, Consent, RefreshToken
from kanton.rest.oauth.pkce import challenge_of
from kanton.rest.oauth.redirects import is_allowed, is_registered
from kanton.rest.oauth.tests.conftest import APP, CALLBACK, VERIFIER, Party, sent_back
from kanton.rest.testing import ApiClient

OTHER = "a" * 43


@pytest.mark.spec("API-20")
def test_a_code_works_once_and_a_second_use_ends_what_the_first_brought(app: Party, outbox: Outbox) -> None:
    code = app.answer(scope="user_info")["code"]
    told = app.exchange(code).json()
    before = len(outbox)
    for _ in range(2):
        assert app.exchange(code).json() == {"error": "invalid_grant", "reason": "authorization_code_used"}
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
    assert app.refresh(told["refresh_token"]).status_code == 400
    assert Activity.objects.filter(kind="oauth.token_reused").count() == 1
    assert len(outbox) == before + 1


@pytest.mark.spec("API-20")
def test_a_stolen_refresh_token_ends_the_whole_family(app: Party, outbox: Outbox) -> None:
    stolen = app.sign_in(scope="user_info")["refresh_token"]
    honest = app.refresh(stolen).json()
    thief = app.refresh(stolen)
    assert (thief.status_code, thief.json()) == (
        400, {"error": "invalid_grant", "reason": "refresh_token_reused"},
    )  # fmt: skip
    assert ApiClient(token=honest["access_token"]).get("/2/profile").status == 401
    assert app.refresh(honest["refresh_token"]).json()["reason"] == "refresh_token_unknown"
    assert not RefreshToken.objects.exists() and not AccessToken.objects.exists()
    assert any("Acme app" in mail.subject and "ended" in mail.subject for mail in outbox)


@pytest.mark.spec("API-20")
def test_a_stolen_code_is_of_no_use(app: Party, server: Party) -> None:
    def code() -> str:
        return app.answer(scope="user_info")["code"]

    reasons: dict[str, list[dict[str, Any]]] = {
        "code_verifier_mismatch": [{"code_verifier": OTHER}, {"code_verifier": ""}, {"code_verifier": None},
                                   {"code_verifier": challenge_of(VERIFIER)}],
        "redirect_uri_mismatch": [{"redirect_uri": CALLBACK}, {"redirect_uri": None}],
        "authorization_code_unknown": [{"code": "kc_guess"}, {"code": None}],
    }  # fmt: skip
    for reason, attempts in reasons.items():
        for fields in attempts:
            found = app.exchange(**{"code": code()} | fields)
            assert (found.status_code, found.json()["reason"]) == (400, reason), fields
    # Injected into another application's sign-in, it stays the first one's.
    assert server.exchange(code(), redirect_uri=APP).json()["reason"] == "authorization_code_unknown"
    late = code()
    with clock.travel(clock.now() + timedelta(seconds=61)):
        assert app.exchange(late).json()["reason"] == "authorization_code_expired"
    assert not AccessToken.objects.exists()


@pytest.mark.spec("API-20")
def test_pkce_cannot_be_left_out_or_weakened(app: Party, server: Party) -> None:
    for weak in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ):
        back = sent_back(app.ask(scope="user_info", **weak))
        assert back["error"] == "invalid_request" and "code" not in back, weak
    # With a secret it may be left out, but then no verifier may come: somebody took the challenge out on the way.
    code = server.answer(code_challenge=None, code_challenge_method=None)["code"]
    assert server.exchange(code).json()["reason"] == "code_verifier_mismatch"
    code = server.answer(code_challenge=None, code_challenge_method=None)["code"]
    assert server.exchange(code, code_verifier=None).status_code == 200


@pytest.mark.spec("API-20")
def test_the_answer_goes_to_registered_addresses_only(server: Party) -> None:
    host = "https://intranet.acme.example"
    for uri in (
        f"{CALLBACK}/",
        f"{CALLBACK}?x=1",
        f"{CALLBACK}#x",
        f"{CALLBACK}/../other",
        f"{host}/callbackx",
        f"{host}:444/callback",
        "http://intranet.acme.example/callback",
        "https://intranet.acme.example.evil.example/callback",
        "https://evil.example/?u=https://intranet.acme.example/callback",
        "https://intranet.acme.example@evil.example/callback",
        "//evil.example/callback",
        "/callback",
        "javascript:alert(1)",
        f"{CALLBACK}\n",
        f" {CALLBACK}",
        CALLBACK.upper(),
        "",
    ):
        found = server.ask(redirect_uri=uri)
        assert found.status_code == 400 and "Location" not in found, uri
    twice = server.browser.get(
        "/authorize?" + "&".join(f"redirect_uri={uri}" for uri in (CALLBACK, "https://evil.example")),
        {},
    )
    assert twice.status_code == 400
    assert server.ask(client_id="nobody").status_code == 400
    assert not AuthorizationCode.objects.exists()


def test_what_may_be_registered() -> None:
    good = [
        CALLBACK,
        APP,
        "com.acme.app:/login",
        "http://127.0.0.1/cb",
        "http://[::1]:8080/cb",
        "http://localhost:3000/cb",
    ]
    bad = [
        "http://acme.example/cb",
        "https:///cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "myapp://login",
        "https://*.acme.example/cb",
        "https://acme.example/cb#x",
        "https://a@acme.example/",
        "ftp://a.example/",
        "https://acme.example/c b",
        "https://acme.example\\@evil.example/",
        "com.acme.app:",
        "https://acme.example:0/",
        "",
        "https://acme.example:99999/",
    ]
    assert [uri for uri in good if not is_allowed(uri)] == []
    assert [uri for uri in bad if is_allowed(uri)] == []


def test_only_the_loopback_address_has_any_port() -> None:
    known = ["http://127.0.0.1/cb", "http://localhost:3000/cb", CALLBACK]
    assert is_registered("http://127.0.0.1:51004/cb", known) and is_registered("http://127.0.0.1/cb", known)
    for uri in (
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1.evil.example:1/cb",
        "https://127.0.0.1:1/cb",
        "http://localhost:3001/cb",
        "http://[::1]:51004/cb",
        "http://127.0.0.2:1/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://127.0.0.1:51004/cb#x",
    ):
        assert not is_registered(uri, known), uri


@pytest.mark.spec("API-20")
def test_clients_prove_who_they_are(server: Party, app: Party, owner: Actor, acme: Organization) -> None:
    code = server.answer()["code"]
    for fields in ({"client_secret": None}, {"client_secret": "ks_wrong"}, {"client_secret": ""}):
        found = server.exchange(code, **fields)
        assert (found.status_code, found.json()) == (
            401, {"error": "invalid_client", "reason": "client_secret_wrong"},
        )  # fmt: skip
    assert app.exchange("kc_x", client_id="nobody").json()["reason"] == "client_unknown"
    assert app.exchange("kc_x", client_secret="x").json()["reason"] == "client_secret_wrong"
    basic = base64.b64encode(f"{server.application.client_id}:{server.secret}".encode()).decode()
    both = server.program.post(
        "/token",
        {"grant_type": "client_credentials", "client_secret": server.secret},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert both.json() == {"error": "invalid_request", "reason": "client_authenticated_twice"}
    alone = server.program.post(
        "/token",
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        },
        headers={"Authorization": f"Basic {basic}"},
    )
    assert alone.status_code == 200
    for party in (server, app):
        refused = party.token(grant_type="client_credentials")
        assert refused.json() == {"error": "unauthorized_client", "reason": "machine_not_allowed"}
    refused = server.program.post(
        "/oauth2/device", {"client_id": server.application.client_id, "client_secret": server.secret}
    )
    assert refused.json()["error"] == "unauthorized_client"
    for _ in range(20):
        server.exchange("kc_x", client_secret="ks_guess")
    assert server.exchange("kc_x", client_secret="ks_guess").status_code == 429
    # The real owner of the secret is not shut out by those who guess.
    assert server.exchange(server.answer()["code"]).status_code == 200


@pytest.mark.spec("API-20")
def test_nobody_gets_more_than_was_registered_and_allowed(app: Party) -> None:
    for scope in ("mail", "all", "staff", "openid email", "nonsense"):
        assert sent_back(app.ask(scope=scope))["error"] == "invalid_scope", scope
    told = app.sign_in(scope="user_info")
    for scope in ("domain", "all"):
        found = app.refresh(told["refresh_token"], scope=scope)
        assert found.json() == {"error": "invalid_scope", "reason": "scope_not_granted"}
    assert app.refresh(told["refresh_token"]).status_code == 200


def test_the_consent_page_is_neither_framed_nor_forged(server: Party, app: Party) -> None:
    page = server.ask()
    assert page["X-Frame-Options"] == "DENY"
    policy = page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert policy.count("form-action 'self' https://intranet.acme.example;") == 1
    assert "form-action 'self' com.acme.app:;" in app.ask(scope="openid")["Content-Security-Policy"]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = server.browser.cookies
    for path, fields in (("/authorize", server.query()), ("/device", {"code": "BBBBBBBB"})):
        assert strict.post(path, fields | {"answer": "allow"}).status_code == 403
    assert server.browser.get("/authorize", server.query() | {"answer": "allow"}).status_code == 200
    assert not Consent.objects.exists()


def test_parameters_that_come_twice_or_make_no_sense(server: Party) -> None:
    from urllib.parse import urlencode

    query = urlencode(server.query())
    for more in ("scope=openid", "state=b", "code_challenge=x", "nonce=a&nonce=b"):
        found = server.browser.get(f"/authorize?{query}&{more}")
        if more != "nonce=a&nonce=b":
            assert sent_back(found)["error"] == "invalid_request", more
    cases: dict[str, dict[str, Any]] = {
        "unsupported_response_type": {"response_type": "token"},
        "request_not_supported": {"request": "eyJ"},
        "request_uri_not_supported": {"request_uri": "https://evil.example"},
        "invalid_request": {"prompt": "none login"},
        "invalid_request ": {"max_age": "-1"},
    }
    for error, fields in cases.items():
        assert sent_back(server.ask(**fields))["error"] == error.strip()
    token: dict[str, dict[str, Any]] = {
        "grant_type_missing": {},
        "grant_type_unknown": {"grant_type": "implicit"},
        "code_repeated": {"grant_type": "authorization_code", "code": ["a", "b"]},
    }
    for reason, fields in token.items():
        assert server.token(**fields).json()["reason"] == reason
    assert server.program.get("/token").status_code == 405


def test_a_person_who_is_locked_out_takes_applications_along(app: Party, ana: Person) -> None:
    told, code = app.sign_in(scope="user_info"), app.answer(scope="user_info")["code"]
    ana.is_active = False
    ana.save()
    assert app.refresh(told["refresh_token"]).json()["error"] == "invalid_grant"
    assert app.exchange(code).json()["error"] == "invalid_grant"
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    assert app.program.get("/oauth2/userinfo", headers=bearer).status_code == 401
