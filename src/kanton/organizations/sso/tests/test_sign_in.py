"""People sign in at their organization, against a provider that really runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from kanton.accounts import reauthentication
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Membership, Organization, Team
from kanton.organizations.sso.actions import change_policy, end_sessions, switch_off, unlink
from kanton.organizations.sso.models import Connection, Identity, SsoSession
from kanton.organizations.sso.tasks import forget_sessions
from kanton.organizations.sso.tests.conftest import leave, sign_in, visit, who
from kanton.organizations.sso.tests.provider import Provider
from kanton.testing import PASSWORD


@pytest.mark.spec("ACC-112", "ACC-113", "ACC-115")
def test_the_sign_in_page_offers_it_apart_and_says_for_whom(client: Client, acme: Organization) -> None:
    page = client.get("/login?next=/mail/").content.decode()
    assert 'href="/login/sso?next=%2Fmail%2F"' in page and "Sign in with SSO" in page
    assert "Only for people whose organization has activated it" in page
    assert 'name="password"' in page
    unknown = client.post("/login/sso", {"email": "zoe@nowhere.example"})
    assert unknown.status_code == 422
    assert "No organization has activated single sign-on" in unknown.content.decode()


@pytest.mark.spec("ACC-114", "ACC-116", "ACC-118", "ACC-34")
def test_the_first_sign_in_makes_account_and_membership(
    client: Client, connection: Connection, provider: Provider, acme: Organization
) -> None:
    response = sign_in(client, next="/account/")
    assert (response.status_code, response["Location"]) == (302, "/account/")
    person = who(client)
    assert person is not None and (person.email, str(person)) == ("lea@acme.example", "Lea Roth")
    assert not person.has_usable_password() and person.is_confirmed
    assert Membership.objects.get(person=person).role == "collaborator"
    asked = provider.asked[0]
    assert (asked["scope"], asked["code_challenge_method"]) == ("openid profile email", "S256")
    assert len(asked["state"]) == len(asked["nonce"]) == 43 and asked["login_hint"] == "lea@acme.example"
    kinds = set(Activity.objects.filter(organization_id=acme.pk).values_list("kind", flat=True))
    assert {"sso.joined", "sso.signed_in"} <= kinds
    assert client.get("/o/acme/").status_code == 200

    # The second time, and with another address there: issuer and subject are what counts.
    provider.users["lea@acme.example"]["email"] = "lea.roth@acme.example"
    other = Client()
    sign_in(other)
    assert who(other) == person and Person.objects.filter(email__startswith="lea").count() == 1
    assert Identity.objects.get().email == "lea.roth@acme.example"


@pytest.mark.spec("ACC-118")
def test_an_address_alone_opens_no_account(
    client: Client, connection: Connection, provider: Provider, ben: Person, outbox: Outbox
) -> None:
    provider.users["ben@acme.example"] = {"sub": "subject-ben", "email": "ben@acme.example"}
    response = sign_in(client, "ben@acme.example", next="/account/security")
    assert response.status_code == 303 and response["Location"].startswith("/login?email=ben%40acme.example")
    assert who(client) is None and not Identity.objects.exists()

    client.post("/login", {"email": "ben@acme.example", "password": PASSWORD, "next": "/login/sso/connect"})
    page = client.get("/login/sso/connect").content.decode()
    assert "Connect with Acme?" in page and "could then open this account" in page
    assert not Identity.objects.exists()
    assert client.post("/login/sso/connect").headers["Location"] == "/account/security"
    identity = Identity.objects.get()
    assert (identity.person, identity.subject) == (ben, "subject-ben")
    assert [mail.to for mail in outbox] == [["ben@acme.example"]] and "Acme" in outbox[0].subject
    assert Membership.objects.get(person=ben).role == "collaborator"
    assert client.post("/login/sso/connect").status_code == 403  # once

    other = Client()
    sign_in(other, "ben@acme.example")
    assert who(other) == ben


def test_somebody_else_signed_in_here_is_asked_and_not_joined(
    client: Client, connection: Connection, provider: Provider, ben: Person, zoe: Person
) -> None:
    provider.users["ben@acme.example"] = {"sub": "subject-ben", "email": "ben@acme.example"}
    client.force_login(zoe)
    assert sign_in(client, "ben@acme.example")["Location"] == "/login/sso/connect"
    page = client.get("/login/sso/connect").content.decode()
    assert "zoe@globex.example" in page and "ben@acme.example" in page
    assert (
        not Identity.objects.exists()
        and not Membership.objects.filter(person=zoe, organization__slug="acme").exists()
    )


@pytest.mark.spec("ACC-118")
def test_from_the_security_page(
    client: Client, connection: Connection, provider: Provider, ben: Person
) -> None:
    provider.users[""] = {"sub": "subject-ben", "email": "ben@acme.example"}
    client.force_login(ben)
    assert "Connect with the sign-in of Acme" in client.get("/account/security").content.decode()
    there = client.post("/account/sso/acme/connect")["Location"]
    assert client.get(visit(there))["Location"] == "/login/sso/connect"
    client.post("/login/sso/connect")
    assert "You sign in through Acme as ben@acme.example." in client.get("/account/security").content.decode()
    assert client.post("/account/sso/globex/connect").status_code == 404


@pytest.mark.spec("ACC-118")
def test_addresses_outside_the_proven_domains_stay_outside(
    client: Client, connection: Connection, provider: Provider
) -> None:
    for claims in (
        {"email": "lea@evil.example"},
        {"email": "lea@acme.example.evil.example"},
        {"email": "lea@sub.acme.example"},
        {"email": ""},
        {"email": "lea@acme.example", "email_verified": False},
    ):
        provider.users["lea@acme.example"] = {"sub": "subject-new"} | claims
        assert sign_in(client).status_code == 403, claims
    assert who(client) is None and not Person.objects.filter(email__startswith="lea").exists()


def test_userinfo_and_the_fallback_of_entra(
    client: Client, connection: Connection, provider: Provider
) -> None:
    lea = provider.users["lea@acme.example"]

    def without_email(claims: dict[str, Any]) -> str:
        del claims["email"]
        return provider.sign(claims)

    provider.twist = without_email
    sign_in(client)
    found = who(client)
    assert found is not None and found.email == "lea@acme.example"
    provider.users["eva@acme.example"] = {
        "sub": "eva",
        "preferred_username": "eva@acme.example",
        "name": "Eva Maria Roth",
    }
    provider.twist = None
    other = Client()
    sign_in(other, "eva@acme.example")
    eva = who(other)
    assert eva is not None and (eva.email, eva.first_name, eva.last_name) == (
        "eva@acme.example",
        "Eva",
        "Maria Roth",
    )
    assert lea["sub"] == "subject-lea"


@pytest.mark.spec("ACC-119")
def test_whoever_is_disabled_at_the_provider_begins_no_session(
    client: Client, connection: Connection, provider: Provider
) -> None:
    sign_in(client)
    provider.users["lea@acme.example"]["disabled"] = True
    other = Client()
    refused = sign_in(other)
    assert refused.status_code == 403 and "access_denied" in refused.content.decode()
    assert who(other) is None
    Person.objects.filter(email="lea@acme.example").update(is_active=False)
    provider.users["lea@acme.example"]["disabled"] = False
    assert sign_in(other).status_code == 403


@pytest.mark.spec("ACC-119")
def test_sessions_last_twelve_hours_and_the_organization_ends_them(
    client: Client, connection: Connection, provider: Provider, owner: Actor, ben: Person
) -> None:
    sign_in(client)
    session = Session.objects.get(session_key=client.session.session_key)
    life = session.expire_date - clock.now()
    assert timedelta(hours=11, minutes=59) < life <= timedelta(hours=12)
    client.get("/account/")
    client.session.save()
    assert Session.objects.get(session_key=client.session.session_key).expire_date == session.expire_date
    assert SsoSession.objects.get().id_token.startswith("ey")

    password = Client()
    password.post("/login", {"email": "ben@acme.example", "password": PASSWORD})
    assert end_sessions(owner, connection) == 1
    assert who(client) is None and who(password) == ben
    sign_in(client)
    switch_off(owner, connection)
    assert who(client) is None
    assert client.post("/login/sso", {"email": "lea@acme.example"}).status_code == 422
    connection.is_on = True
    connection.save()
    sign_in(client)
    unlink(owner, Identity.objects.get())
    assert who(client) is None and not Identity.objects.exists()

    with clock.travel(clock.now() + timedelta(hours=13)):
        forget_sessions.func()
    assert not SsoSession.objects.exists()


@pytest.mark.spec("ACC-119")
def test_back_channel_logout(client: Client, connection: Connection, provider: Provider) -> None:
    sign_in(client)
    second = Client()
    provider.users["lea@acme.example"]["sid"] = "sid-2"
    sign_in(second)
    program = Client(enforce_csrf_checks=True)

    def tell(token: str) -> int:
        return program.post("/login/sso/acme/signed-out", {"logout_token": token}).status_code

    honest = {"sub": "subject-lea", "sid": "sid-1"}
    for bad in (
        provider.logout_token(**honest, nonce="n"),
        provider.logout_token(**honest, events={}),
        provider.logout_token(**honest, aud="other"),
        provider.logout_token(**honest, iss="https://evil.example"),
        provider.logout_token(),
        provider.sign(provider.claims({"sub": "subject-lea"}, {})),
        "nonsense",
    ):
        assert tell(bad) == 400
    assert who(client) is not None
    token = provider.logout_token(**honest)
    assert tell(token) == 200
    assert who(client) is None and who(second) is not None
    sign_in(client)
    assert tell(token) == 400  # replayed
    assert tell(provider.logout_token(sub="subject-lea")) == 200
    assert who(client) is None and who(second) is None
    assert Activity.objects.filter(kind="sso.provider_signed_out").count() == 2
    assert program.post("/login/sso/globex/signed-out", {}).status_code == 404


@pytest.mark.spec("ACC-119")
def test_signing_out_goes_on_to_the_provider(
    client: Client, connection: Connection, provider: Provider
) -> None:
    sign_in(client)
    away = client.post("/logout")["Location"]
    assert (
        away.startswith(f"{provider.issuer}/logout?post_logout_redirect_uri=") and "id_token_hint=ey" in away
    )
    assert who(client) is None and not SsoSession.objects.exists()
    assert client.post("/logout")["Location"] == "/login"


@pytest.mark.spec("ACC-120")
def test_a_second_factor_at_the_provider_is_enough_and_otherwise_ours_is_asked(
    client: Client, connection: Connection, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kanton.accounts import second_factor

    sign_in(client)
    method = second_factor.Method(
        "test", "Test", "key", 1, lambda person: True, "accounts:login", "accounts:security"
    )
    monkeypatch.setitem(second_factor._methods, "test", method)
    for claims, is_enough in (
        ({"amr": ["pwd", "mfa"]}, True),
        ({"amr": ["pwd", "otp"]}, True),
        ({"acr": "https://refeds.org/profile/mfa"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": "mfa"}, False),
        ({"acr": "1"}, False),
        ({}, False),
    ):
        provider.users["lea@acme.example"] = {"sub": "subject-lea", "email": "lea@acme.example"} | claims
        browser = Client()
        sign_in(browser)
        assert (who(browser) is not None) == is_enough, claims
        if not is_enough:
            assert second_factor.KEY in str(browser.session.items())
    # The proof of one sign-in does not help a later one with the password.
    assert not SsoSession.objects.filter(started_at__gt=clock.now()).exists()


@pytest.mark.spec("ACC-34")
def test_a_fresh_proof_comes_from_the_provider(
    client: Client, connection: Connection, provider: Provider
) -> None:
    sign_in(client)
    person = who(client)
    assert person is not None
    assert "Prove it at your organization" in client.get("/account/again?next=/account/").content.decode()
    there = client.get("/account/again/sso?next=/account/tokens")["Location"]
    assert "prompt=login" in there and "max_age=0" in there
    assert reauthentication.SESSION_KEY not in client.session
    back = client.get(visit(there))
    assert back["Location"] == "/account/tokens"
    assert client.session[reauthentication.SESSION_KEY]["person"] == person.pk

    def stale(claims: dict[str, Any]) -> str:
        return provider.sign(claims | {"auth_time": claims["auth_time"] - 3600})

    def without(claims: dict[str, Any]) -> str:
        del claims["auth_time"]
        return provider.sign(claims)

    def other(claims: dict[str, Any]) -> str:
        return provider.sign(claims | {"sub": "somebody-else"})

    for twist in (stale, without, other):
        browser = Client()
        provider.twist = None
        sign_in(browser)
        provider.twist = twist
        refused = browser.get(visit(browser.get("/account/again/sso")["Location"]))
        assert refused.status_code == 403 and reauthentication.SESSION_KEY not in browser.session


def test_once_it_is_forced_sessions_of_passwords_end(
    connection: Connection, provider: Provider, owner: Actor, ben: Person, ana: Person, zoe: Person
) -> None:
    browsers = {}
    for person in (ana, ben, zoe):
        browsers[person] = Client()
        browsers[person].post("/login", {"email": person.email, "password": PASSWORD})
    lea = Client()
    sign_in(lea)
    for _again in range(2):
        change_policy(
            owner, connection, default_role="collaborator", role_claim="groups", rules=[], is_forced=True
        )
        assert {person: who(browser) for person, browser in browsers.items()} == {
            ana: ana,  # owners keep their password
            ben: None,
            zoe: zoe,
        }
        assert who(lea) == Person.objects.get(email="lea@acme.example")


def test_where_it_is_forced_the_password_opens_nothing(
    client: Client, connection: Connection, provider: Provider, owner: Actor, ben: Person, ana: Person
) -> None:
    change_policy(
        owner, connection, default_role="collaborator", role_claim="groups", rules=[], is_forced=True
    )
    refused = client.post("/login", {"email": "ben@acme.example", "password": PASSWORD})
    assert refused.status_code == 422 and "wants you to sign in with SSO" in refused.content.decode()
    assert who(client) is None
    # Owners keep their password, for the day the provider is down.
    owners = Client()
    owners.post("/login", {"email": "ana@acme.example", "password": PASSWORD})
    assert who(owners) == ana
    # Who has an account connects it once, with the password.
    provider.users["ben@acme.example"] = {"sub": "subject-ben", "email": "ben@acme.example"}
    sign_in(client, "ben@acme.example")
    client.post("/login", {"email": "ben@acme.example", "password": PASSWORD})
    client.post("/login/sso/connect")
    assert Identity.objects.get().person == ben
    other = Client()
    other.post("/login", {"email": "ben@acme.example", "password": PASSWORD})
    assert who(other) is None
    sign_in(other, "ben@acme.example")
    assert who(other) == ben


def test_roles_and_teams_follow_the_provider(
    client: Client, connection: Connection, provider: Provider, owner: Actor
) -> None:
    organization = connection.organization
    by_name = {
        name: Team.objects.create(organization=organization, name=name) for name in ("Web", "MAIL", "Hand")
    }
    rules = ["kanton-admins = administrator: Web", "staff = collaborator: Mail, Web", "guests = external"]
    change_policy(
        owner,
        connection,
        default_role="external",
        role_claim="realm_access.roles",
        rules=rules,
        is_forced=False,
    )

    def role_with(*groups: str) -> str:
        provider.users["lea@acme.example"]["realm_access"] = {"roles": list(groups)}
        sign_in(Client())
        return Membership.objects.get(person__email="lea@acme.example").role

    def teams() -> set[str]:
        mine = Team.objects.filter(members__person__email="lea@acme.example")
        return set(mine.values_list("name", flat=True))

    assert (role_with(), teams()) == ("external", set())
    assert (role_with("staff", "kanton-admins"), teams()) == ("administrator", {"Web", "MAIL"})
    assert (role_with("staff"), teams()) == ("collaborator", {"Web", "MAIL"})
    membership = Membership.objects.get(person__email="lea@acme.example")
    by_name["Hand"].members.add(membership)
    assert (role_with("owner", "unknown"), teams()) == ("collaborator", {"Hand"}), "what no rule names stays"
    log = Activity.objects.filter(kind__in=["teams.joined", "teams.left"], organization_id=organization.pk)
    assert {row.data["team"] for row in log} == {"Web", "MAIL"}
    membership.role = "owner"
    membership.save()
    assert role_with("guests") == "owner"
    # Whoever was removed here does not come back by signing in.
    membership.delete()
    sign_in(client)
    assert who(client) is not None
    assert not Membership.objects.filter(person__email="lea@acme.example").exists()


def test_the_central_page_leads_on_to_webmail_and_nowhere_else(
    client: Client, connection: Connection, provider: Provider
) -> None:
    assert sign_in(client, next="/mail/")["Location"] == "/mail/"
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert sign_in(Client(), next=evil)["Location"] == "/"
    assert leave(Client(), next="https://evil.example/").startswith(provider.issuer)
