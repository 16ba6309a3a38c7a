"""The protocol as applications use it: sign-in, refresh, machines, devices, sign-out, identity."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts import reauthentication, second_factor
from kanton.accounts.models import ApiToken, Person
from kanton.activity.models import Activity
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Membership, Organization
from kanton.rest.oauth.actions import rotate_secret
from kanton.rest.oauth.models import AccessToken, Consent, RefreshToken, SigningKey
from kanton.rest.oauth.tasks import forget_expired, rotate_signing_key
from kanton.rest.oauth.tests.conftest import Party, make_application, sent_back
from kanton.rest.testing import ApiClient
from kanton.testing import PASSWORD


@pytest.mark.spec("API-2", "API-20", "API-21")
def test_a_sign_in_from_the_first_page_to_the_api(server: Party, ana: Person, outbox: Outbox) -> None:
    page = server.ask()
    text = page.content.decode()
    assert page.status_code == 200
    assert "Intranet" in text and "Acme" in text and "Read your login e-mail" in text
    assert not AccessToken.objects.exists() and not Consent.objects.exists()

    back = server.answer()
    assert back["state"] == "st4te" and back["iss"] == config.web.address
    answer = server.exchange(back["code"])
    assert answer["Cache-Control"] == "no-store"
    told = answer.json()
    assert list(told) == [
        "access_token", "token_type", "expires_in", "refresh_token", "user_id", "scope", "id_token",
    ]  # fmt: skip
    assert (told["token_type"], told["expires_in"], told["user_id"]) == ("Bearer", 7200, ana.pk)
    assert told["scope"] == "openid profile email"
    assert told["access_token"] not in str(list(AccessToken.objects.values()))

    (mail,) = outbox
    assert mail.to == ["ana@acme.example"] and "Intranet" in mail.subject
    assert Activity.objects.filter(kind="oauth.consent_given", person_id=ana.pk).count() == 1

    said = server.program.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {told['access_token']}"})
    assert said.json() == {
        "sub": str(ana.pk), "name": "Ana Keller", "given_name": "Ana", "family_name": "Keller", "locale": "en",
        "zoneinfo": "Europe/Zurich", "email": "ana@acme.example", "email_verified": True,
    }  # fmt: skip


@pytest.mark.spec("API-20")
def test_the_id_token_is_what_its_reader_can_check(server: Party, ana: Person) -> None:
    told = server.sign_in(nonce="n0nce")
    (key,) = server.program.get("/oauth2/keys").json()["keys"]
    assert "d" not in key
    claims = jwt.decode(
        told["id_token"],
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience=server.application.client_id,
        issuer=config.web.address,
        options={"require": ["exp", "iat", "sub", "auth_time", "nonce", "at_hash"]},
    )
    assert (claims["sub"], claims["nonce"], claims["email"]) == (str(ana.pk), "n0nce", "ana@acme.example")
    found = server.program.get("/.well-known/openid-configuration").json()
    assert found["issuer"] == config.web.address
    assert found["authorization_endpoint"] == f"{config.web.address}/authorize"
    assert found["token_endpoint"] == f"{config.web.address}/token"
    assert found["userinfo_endpoint"] == f"{config.web.address}/oauth2/userinfo"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found == server.program.get("/.well-known/oauth-authorization-server").json()


@pytest.mark.spec("API-2", "API-18", "API-19")
def test_an_access_token_opens_the_api_as_its_scopes_narrow_it(
    app: Party, ana: Person, acme: Organization
) -> None:
    told = app.sign_in(scope="user_info")
    api = ApiClient(token=told["access_token"])
    with CaptureQueriesContext(
        connection,
    ) as first:
        assert api.get("/2/profile").data["email"] == "ana@acme.example"
    assert Consent.objects.get().last_used_at is not None
    narrow = api.get("/2/profile/emails")
    assert (narrow.status, narrow.code) == (401, "not_authorized")
    assert api.get(f"/1/accounts/{acme.pk}").status == 401

    personal = ApiClient(ana, ("user_info",))
    counts = []
    for client in (api, personal):
        client.get("/2/profile")
        with CaptureQueriesContext(connection) as seen:
            client.get("/2/profile")
        counts.append(len(seen))
    assert counts[0] == counts[1] < len(first) + 1

    Activity.objects.all().delete()
    changing = ApiClient(token=_wide(app).sign_in(scope="profile_update")["access_token"])
    changing.patch("/2/profile", {"firstname": "Anna"})
    assert Activity.objects.get(kind="accounts.profile_changed").via == "Acme app"

    ana.is_active = False
    ana.save()
    assert api.get("/2/profile").status == 401


def _wide(app: Party) -> Party:
    app.application.scopes = [*app.application.scopes, "profile_update"]
    app.application.save()
    return app


@pytest.mark.spec("API-19")
def test_an_application_loses_what_its_person_loses(app: Party, ben: Person, acme: Organization) -> None:
    app.application.scopes = ["accounts"]
    app.application.save()
    app.browser.force_login(ben)
    api = ApiClient(token=app.sign_in(scope="accounts")["access_token"])
    assert api.get(f"/1/accounts/{acme.pk}").status == 200
    Membership.objects.filter(person=ben).delete()
    assert api.get(f"/1/accounts/{acme.pk}").status == 404


@pytest.mark.spec("API-20")
def test_an_app_signs_in_as_existing_apps_do(app: Party) -> None:
    """No scope, no state, `access_type=offline`, multipart or form, no secret (api-compat section 2)."""
    back = app.answer(scope=None, state=None, access_type="offline")
    assert set(back) == {"code", "iss"}
    told = app.exchange(back["code"]).json()  # Django's test client sends multipart
    assert set(told["scope"].split()) == {"openid", "user_info", "domain"}
    again = app.program.post(
        "/token",
        f"grant_type=refresh_token&client_id={app.application.client_id}"
        f"&refresh_token={told['refresh_token']}&duration=infinite",
        content_type="application/x-www-form-urlencoded",
    )
    assert again.status_code == 200 and again.json()["refresh_token"] != told["refresh_token"]
    assert "refresh_token" not in app.sign_in(access_type="online", scope="openid")
    loopback, _secret = make_application(
        Actor_of(app), app.application.organization, is_confidential=False,
        redirect_uris=["http://127.0.0.1/callback"], name="Desktop", scopes=["user_info"],
    )  # fmt: skip
    desktop = Party(loopback, "", app.browser, redirect_uri="http://127.0.0.1:49152/callback")
    assert desktop.sign_in(scope="user_info")["scope"] == "user_info"


def Actor_of(party: Party) -> Actor:
    """The owner of the party's organization, acting."""
    from kanton.testing import acting

    return acting(Membership.objects.get(organization=party.application.organization, role="owner").person)


@pytest.mark.spec("API-20")
def test_a_refresh_rotates_and_may_ask_for_less(app: Party) -> None:
    told = app.sign_in(scope="user_info domain")
    less = app.refresh(told["refresh_token"], scope="user_info").json()
    assert less["scope"] == "user_info"
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
    assert ApiClient(token=less["access_token"]).get("/2/profile").status == 200
    assert app.refresh(less["refresh_token"]).json()["scope"] == "user_info domain"
    assert app.refresh("kr_nonsense").json() == {"error": "invalid_grant", "reason": "refresh_token_unknown"}


def test_the_password_grant_is_refused_clearly(app: Party) -> None:
    answer = app.token(grant_type="password", username="ana@acme.example", password=PASSWORD)
    assert answer.status_code == 400
    assert answer.json() == {"error": "unsupported_grant_type", "reason": "password_grant_not_offered"}


@pytest.mark.spec("API-20")
def test_a_machine_acts_for_whoever_made_it(
    owner: Actor, acme: Organization, ana: Person, ben: Person, browser: Client, outbox: Outbox
) -> None:
    machine, secret = make_application(
        owner, acme, name="Night job", is_machine=True, redirect_uris=[], scopes=["accounts"]
    )
    assert [mail.to for mail in outbox] == [["ana@acme.example"]]
    party = Party(machine, secret, browser)
    told = party.token(grant_type="client_credentials").json()
    assert (told["user_id"], told["scope"], "refresh_token" in told) == (ana.pk, "accounts", False)
    assert ApiClient(token=told["access_token"]).get(f"/1/accounts/{acme.pk}").status == 200

    # An administrator who makes a new secret gets a machine with their own rights, not the owner's.
    membership = Membership.objects.get(person=ben)
    membership.role = "administrator"
    membership.save()
    from kanton.testing import acting

    party.secret = rotate_secret(acting(ben), machine, current_password=PASSWORD).secret
    assert ApiClient(token=told["access_token"]).get(f"/1/accounts/{acme.pk}").status == 401
    told = party.token(grant_type="client_credentials").json()
    assert told["user_id"] == ben.pk
    edited = ApiClient(token=told["access_token"]).patch(f"/1/accounts/{acme.pk}", {"city": "Thun"})
    assert (edited.status, edited.code) == (403, "access_denied")


@pytest.mark.spec("API-20")
def test_a_device_without_a_browser(app: Party, ana: Person) -> None:
    asked = app.program.post(
        "/oauth2/device", {"client_id": app.application.client_id, "scope": "user_info"}
    ).json()
    assert asked["verification_uri"] == f"{config.web.address}/device" and asked["interval"] == 5

    def poll() -> Any:
        return app.token(
            grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=asked["device_code"]
        ).json()

    assert poll()["error"] == "authorization_pending"
    assert poll()["error"] == "slow_down"
    page = app.browser.get("/device", {"code": asked["user_code"].lower()})
    assert asked["user_code"] in page.content.decode() and "Read your profile" in page.content.decode()
    assert app.browser.post("/device", {"code": asked["user_code"], "answer": "allow"}).status_code == 303
    told = poll()
    assert ApiClient(token=told["access_token"]).get("/2/profile").data["id"] == ana.pk
    assert poll() == {"error": "invalid_grant", "reason": "device_code_unknown"}

    asked = app.program.post("/oauth2/device", {"client_id": app.application.client_id}).json()
    app.browser.post("/device", {"code": asked["user_code"], "answer": "refuse"})
    assert poll() == {"error": "access_denied", "reason": "device_refused"}
    asked = app.program.post("/oauth2/device", {"client_id": app.application.client_id}).json()
    with clock.travel(clock.now() + timedelta(minutes=11)):
        assert poll()["error"] == "expired_token"
        assert app.browser.post("/device", {"code": asked["user_code"], "answer": "allow"}).status_code == 422
    for _ in range(10):
        app.browser.get("/device", {"code": "BBBBBBBB"})
    assert "Too many" in app.browser.get("/device", {"code": "BBBBBBBB"}).content.decode()


@pytest.mark.spec("API-18")
def test_ending_tokens(server: Party, app: Party, ana: Person) -> None:
    told = app.sign_in(scope="user_info")
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    gone = app.program.delete("/token", headers=bearer)
    assert (gone.status_code, gone.json()) == (200, {"result": "success", "data": True})
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
    assert app.refresh(told["refresh_token"]).status_code == 400
    assert app.program.delete("/token", headers=bearer).json()["error"]["code"] == "not_authorized"

    told = app.sign_in(scope="user_info")
    mine = {"client_id": app.application.client_id}
    others = {"client_id": server.application.client_id, "client_secret": server.secret}
    for token in (told["refresh_token"], "nonsense"):
        assert app.program.post("/oauth2/revoke", others | {"token": token}).status_code == 200
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 200
    assert app.program.post("/oauth2/revoke", mine | {"token": told["refresh_token"]}).status_code == 200
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
    assert not RefreshToken.objects.exists()

    told = app.sign_in(scope="user_info")
    consent = Consent.objects.get(application=app.application)
    assert "Acme app" in app.browser.get("/account/security").content.decode()
    assert app.browser.post(f"/account/applications/{consent.pk}/withdraw").status_code == 303
    assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
    assert not Consent.objects.filter(pk=consent.pk).exists()


def test_who_is_asked_and_who_is_not(server: Party, app: Party, ana: Person) -> None:
    visitor = Party(server.application, server.secret, Client())
    away = visitor.ask()
    assert away.status_code == 302 and away["Location"].startswith("/login?next=%2Fauthorize%3Fresponse_type")
    assert sent_back(visitor.ask(prompt="none"))["error"] == "login_required"
    assert sent_back(server.ask(prompt="none"))["error"] == "consent_required"
    assert server.answer("refuse")["error"] == "access_denied"
    assert not Consent.objects.exists()
    server.answer()
    # A server that was allowed before is not asked for again, an app is: another app could play it (RFC 8252, 8.6).
    assert "code" in sent_back(server.ask()) and "code" in sent_back(server.ask(prompt="none"))
    assert server.ask(prompt="consent").status_code == 200
    assert server.ask(scope="openid phone").status_code == 200
    app.answer(scope="openid")
    assert app.ask(scope="openid").status_code == 200
    # After a change of the application everybody is asked again.
    rotate_secret(Actor_of(server), server.application, current_password=PASSWORD)
    assert server.ask().status_code == 200


@pytest.mark.spec("API-20")
def test_a_fresh_proof_of_the_person(server: Party) -> None:
    server.answer()
    assert "code" in sent_back(server.ask())
    page = server.ask(prompt="login")
    assert page.status_code == 200 and "current_password" in page.content.decode()
    for password in ("", "wrong"):
        wrong = server.browser.post(
            "/authorize", server.query(prompt="login") | {"answer": "allow", "current_password": password}
        )
        assert wrong.status_code == 422
    assert "code" in server.answer(prompt="login", current_password=PASSWORD)
    with clock.travel(clock.now() + timedelta(hours=1)):
        assert "code" in sent_back(server.ask(max_age="7200"))
        assert server.ask(max_age="60").status_code == 200
        assert sent_back(server.ask(max_age="60", prompt="none"))["error"] == "login_required"


@pytest.mark.spec("API-20")
def test_where_a_second_factor_is_demanded_the_consent_page_demands_it(
    server: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "kanton.accounts.second_factor._enforcers",
        [lambda person: ["Acme"] if person.first_name == "Ana" else []],
    )
    assert "second factor" in server.ask().content.decode()
    refused = server.browser.post("/authorize", server.query() | {"answer": "allow"})
    assert refused.status_code == 422 and not Consent.objects.exists()
    method = second_factor.Method(
        "test", "Test", "key", 1, lambda person: True, "accounts:login", "accounts:security"
    )
    monkeypatch.setitem(second_factor._methods, "test", method)
    assert "code" in server.answer()


def test_keys_rotate_without_a_gap(server: Party) -> None:
    def kids() -> list[str]:
        return [key["kid"] for key in server.program.get("/oauth2/keys").json()["keys"]]

    def signed_by() -> str:
        return str(jwt.get_unverified_header(server.sign_in()["id_token"])["kid"])

    first = signed_by()
    assert kids() == [first]
    rotate_signing_key.func()
    assert kids() == [first]
    with clock.travel(clock.now() + timedelta(days=91)):
        rotate_signing_key.func()
        second = next(kid for kid in kids() if kid != first)
        assert (len(kids()), signed_by()) == (2, first)
        with clock.travel(clock.now() + timedelta(days=2)):
            assert (len(kids()), signed_by()) == (2, second)
        with clock.travel(clock.now() + timedelta(days=30)):
            assert kids() == [second]
    assert "PRIVATE" not in _stored(SigningKey.objects.first())


def _stored(key: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT private_pem FROM oauth_signingkey WHERE id = %s", [key.pk])
        return str(cursor.fetchone()[0])


def test_what_has_expired_is_forgotten_a_day_later(app: Party) -> None:
    told = app.sign_in(scope="user_info")
    with clock.travel(clock.now() + timedelta(hours=3)):
        assert ApiClient(token=told["access_token"]).get("/2/profile").status == 401
        forget_expired.func()
        assert AccessToken.objects.count() == 1
    with clock.travel(clock.now() + timedelta(days=2)):
        forget_expired.func()
        assert not AccessToken.objects.exists() and RefreshToken.objects.count() == 1


def test_a_refresh_token_ends_two_years_after_the_sign_in_however_often_it_rotates(app: Party) -> None:
    secret, begun = app.sign_in(scope="user_info")["refresh_token"], clock.now()
    for days in (300, 600):
        with clock.travel(begun + timedelta(days=days)):
            secret = app.refresh(secret).json()["refresh_token"]
    with clock.travel(begun + timedelta(days=731)):
        assert app.refresh(secret).json()["reason"] == "refresh_token_expired"


def test_without_a_password_one_proves_oneself_again_first(
    app: Party, ana: Person, acme: Organization
) -> None:
    ana.set_unusable_password()
    ana.save()
    app.browser.force_login(ana)
    asked = app.browser.get("/o/acme/applications/new")
    assert asked.status_code == 302 and asked["Location"].startswith("/account/again?next=")
    stale = app.ask(scope="user_info", prompt="login")
    assert stale.status_code == 302 and stale["Location"].startswith("/account/again?next=%2Fauthorize")
    session = app.browser.session
    session[reauthentication.SESSION_KEY] = {"person": ana.pk, "at": clock.now().timestamp()}
    session.save()
    assert app.browser.get("/o/acme/applications/new").status_code == 200
    assert app.ask(scope="user_info", prompt="login").status_code == 200
    assert "code" in app.answer(scope="user_info", prompt="login")


def test_one_budget_for_all_tokens_of_a_consent(app: Party) -> None:
    told = app.sign_in(scope="user_info")
    remaining = ApiClient(token=told["access_token"]).get("/2/profile").headers["X-RateLimit-Remaining"]
    fresh = app.refresh(told["refresh_token"]).json()["access_token"]
    after = ApiClient(token=fresh).get("/2/profile").headers["X-RateLimit-Remaining"]
    assert int(after) == int(remaining) - 1
    assert not ApiToken.objects.exists()
