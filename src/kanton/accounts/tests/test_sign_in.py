"""Signing in and out, and a forgotten password."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher
from django.test import Client

from kanton.accounts.actions import reset_password
from kanton.accounts.errors import LinkGone
from kanton.accounts.models import ApiToken, Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import visitor
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.secrets import token_hash
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD

NEW = "an entirely different sentence"
LOCAL = "http://localhost:8000"


def sign_in(client: Client, email: str = "ana@acme.example", password: str = PASSWORD, **more: str) -> int:
    """The status of a sign-in."""
    return client.post("/login", {"email": email, "password": password, **more}).status_code


def is_signed_in(client: Client) -> bool:
    """Does the account page open?"""
    return client.get("/account/").status_code == 200


@pytest.mark.spec("ACC-9", "ACC-20")
def test_sign_in_opens_the_account_with_a_fresh_session(acme: Organization, client: Client) -> None:
    client.get("/login")
    client.session["stale"] = "set by somebody else"
    client.session.save()
    before = client.session.session_key
    answer = client.post("/login", {"email": " ANA@acme.example", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)
    assert client.session.session_key != before
    assert Activity.objects.filter(kind="accounts.signed_in").count() == 1
    assert UserSession.objects.count() == 1


def test_passwords_are_kept_as_argon2(ana: Person) -> None:
    ana.set_password(NEW)
    assert identify_hasher(ana.password).algorithm == "argon2"


@pytest.mark.spec("ACC-38")
@pytest.mark.parametrize("email", ["ana@acme.example", "nobody@acme.example", "not an address"])
def test_every_failure_says_the_same_and_gives_the_hint(
    acme: Organization, client: Client, email: str
) -> None:
    answer = client.post("/login", {"email": email, "password": "wrong"})
    assert answer.status_code == 422
    page = answer.content.decode().replace(email, "")
    assert "Use the password of your account, not that of a mailbox." in page
    assert not is_signed_in(client)


def test_a_failure_is_remembered_for_the_account(ana: Person, client: Client) -> None:
    sign_in(client, password="wrong")
    run_jobs()
    row = Activity.objects.get()
    assert (row.kind, row.chain, row.address) == ("accounts.sign_in_failed", f"person:{ana.pk}", "127.0.0.1")


@pytest.mark.spec("ORG-89")
def test_a_blocked_account_stays_out_and_only_who_knows_the_password_learns_why(
    ana: Person, client: Client
) -> None:
    Person.objects.filter(pk=ana.pk).update(is_active=False)
    for password, words in (
        (PASSWORD, "because of a security incident"),
        ("wrong", "password are not right"),
    ):
        answer = client.post("/login", {"email": ana.email, "password": password})
        assert answer.status_code == 422 and words in answer.content.decode()
    assert client.get("/account/").status_code == 302


@pytest.mark.spec("ACC-106")
def test_guessing_is_stopped_for_this_account_and_network(ana: Person, zoe: Person, client: Client) -> None:
    mine = Client()
    assert sign_in(mine) == 302, "so this network is known, and a lock alone would not stop it"
    for _ in range(10):
        assert sign_in(client, password="wrong") == 422
    answer = client.post("/login", {"email": ana.email, "password": PASSWORD})
    assert answer.status_code == 422
    assert "Too many attempts" in answer.content.decode()
    assert sign_in(client, "zoe@globex.example") == 302, "another account is not concerned"
    mine.post("/logout")
    mine.defaults["REMOTE_ADDR"] = "192.0.2.9"
    assert sign_in(mine) == 302, "the owner's own browser, elsewhere, is not shut out"
    with clock.travel(clock.now() + timedelta(minutes=16)):
        assert sign_in(Client()) == 302


def test_guessing_unknown_addresses_meets_the_same_wall(db: None, client: Client) -> None:
    for _ in range(10):
        assert sign_in(client, "nobody@example.ch", "wrong") == 422
    answer = client.post("/login", {"email": "nobody@example.ch", "password": "wrong"})
    assert "takes no password from here" in answer.content.decode()


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/account/", "/account/"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_sign_in_leads_only_to_pages_of_ours(ana: Person, client: Client, wanted: str, where: str) -> None:
    answer = client.post("/login", {"email": ana.email, "password": PASSWORD, "next": wanted})
    assert answer["Location"] == where


def test_a_page_that_needs_sign_in_is_reached_after_it(acme: Organization, client: Client) -> None:
    asked = client.get("/o/acme/people?role=owner")
    assert asked["Location"] == "/login?next=%2Fo%2Facme%2Fpeople%3Frole%3Downer"
    page = client.get(asked["Location"])
    assert 'value="/o/acme/people?role=owner"' in page.content.decode()


@pytest.mark.spec("ACC-17")
def test_sign_in_speaks_the_language_of_the_profile(ana: Person, client: Client) -> None:
    Person.objects.filter(pk=ana.pk).update(language="de")
    client.post("/login", {"email": ana.email, "password": PASSWORD})
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "de"
    assert client.get("/account/").headers["Content-Language"] == "de"


def test_sign_out_ends_the_session_and_only_by_post(ana: Person, client: Client) -> None:
    sign_in(client)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.get("/logout").status_code == 405
    assert is_signed_in(client)
    assert client.post("/logout").status_code == 303
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert not is_signed_in(client), "the old cookie opens nothing"
    assert Activity.objects.filter(kind="accounts.signed_out").count() == 1


def test_forms_need_their_csrf_token(ana: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/login", {"email": ana.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert "Allow cookies for this site" in answer.content.decode()
    assert not is_signed_in(strict)


# --- a forgotten password ----------------------------------------------------------------------------------


@pytest.mark.spec("ACC-54")
def test_a_reset_link_works_once_and_ends_everything(ana: Person, client: Client, outbox: Outbox) -> None:
    other = Client()
    sign_in(other)
    ApiToken.objects.create(person=ana, name="old", digest=token_hash("old"), scopes=["all"])
    assert client.post("/password/forgotten", {"email": "ANA@acme.example"}).status_code == 200
    run_jobs()
    assert (outbox[0].to, outbox[0].is_secret) == (["ana@acme.example"], True)
    path = outbox[0].link.removeprefix(LOCAL)
    assert client.get(path).status_code == 200
    assert client.post(path, {"password": NEW}).status_code == 303
    ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert not is_signed_in(other)
    assert not UserSession.objects.exists()
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert client.post(path, {"password": "yet another sentence"}).status_code == 410
    assert [mail.template for mail in outbox] == ["accounts/reset", "accounts/password_changed"]


@pytest.mark.spec("ACC-54")
def test_a_reset_link_lasts_an_hour_and_dies_with_the_next(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    for _ in range(2):
        client.post("/password/forgotten", {"email": ana.email})
        run_jobs()
    first, second = (mail.link.removeprefix(LOCAL) for mail in outbox)
    assert client.post(first, {"password": NEW}).status_code == 410
    with clock.travel(clock.now() + timedelta(minutes=60)):
        assert client.post(second, {"password": NEW}).status_code == 410
    with clock.travel(clock.now() + timedelta(minutes=59)):
        assert client.post(second, {"password": NEW}).status_code == 303


@pytest.mark.spec("ACC-31")
def test_a_changed_password_voids_open_reset_links(ana: Person, client: Client, outbox: Outbox) -> None:
    client.post("/password/forgotten", {"email": ana.email})
    run_jobs()
    client.force_login(ana)
    client.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    with pytest.raises(LinkGone):
        reset_password(visitor(), secret=outbox[0].link.rsplit("/", 1)[1], password="a third sentence")


@pytest.mark.spec("ACC-53")
def test_an_unknown_address_gets_the_same_page_and_no_mail(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    pages = set()
    for email in (ana.email, "no@acme.example"):
        page = client.post("/password/forgotten", {"email": email}).content.decode()
        page = re.sub(r'<form method="post" action="/password/forgotten/.*?</form>', "", page)
        pages.add(re.sub(r'(value|X-CSRFToken)": "\w+|value="\w{64}"', "", page).replace(email, "…"))
    assert len(pages) == 1
    run_jobs()
    assert [mail.to for mail in outbox] == [[ana.email]]


@pytest.mark.spec("ACC-59")
def test_recovery_is_limited_for_known_and_unknown_alike(ana: Person, client: Client) -> None:
    for email in (ana.email, "no@acme.example"):
        for _ in range(5):
            assert client.post("/password/forgotten", {"email": email}).status_code == 200
        answer = client.post("/password/forgotten", {"email": email})
        assert answer.status_code == 422
        assert "Please try again in" in answer.content.decode()


def test_a_reset_does_not_trust_what_an_unproven_registrant_left(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    """Somebody opened an account with my address; by the reset link I get it without their way back in."""
    Person.objects.filter(pk=ana.pk).update(
        confirmed_at=None, phone="+41790000000", recovery_email="thief@example.ch"
    )
    client.post("/password/forgotten", {"email": ana.email})
    run_jobs()
    client.post(outbox[0].link.removeprefix(LOCAL), {"password": NEW})
    ana.refresh_from_db()
    assert (ana.is_confirmed, ana.phone, ana.recovery_email) == (True, "", "")
    assert all(mail.to == [ana.email] for mail in outbox)


def test_a_weak_new_password_leaves_the_link_usable(ana: Person, client: Client, outbox: Outbox) -> None:
    client.post("/password/forgotten", {"email": ana.email})
    run_jobs()
    path = outbox[0].link.removeprefix(LOCAL)
    assert client.post(path, {"password": "short"}).status_code == 422
    assert client.post(path, {"password": NEW}).status_code == 303
