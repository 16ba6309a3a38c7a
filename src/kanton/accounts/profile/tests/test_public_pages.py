"""Cookies, browsers without them, the list of our mails, and the guide that protects an account."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from kanton.accounts.models import Person
from kanton.accounts.profile import cookies
from kanton.core.outbox.models import Mail
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD

PUBLIC = (
    "/login",
    "/register",
    "/password/forgotten",
    "/news",
    "/newsletter",
    "/cookies",
    "/browser-settings",
    "/shop",
)


@pytest.mark.spec("ACC-123")
def test_without_a_choice_only_necessary_cookies_are_set_and_every_page_leads_to_the_list(
    client: Client, db: None
) -> None:
    necessary = {cookie.name for cookie in cookies.known() if cookie.need is cookies.Need.NECESSARY}
    for address in PUBLIC:
        page = client.get(address, follow=True)
        assert page.status_code == 200, address
        assert 'href="/cookies"' in page.content.decode(), address
    client.post("/login", {"email": "nobody@home.example", "password": "wrong"})
    client.post("/newsletter", {"email": "nobody"})
    assert set(client.cookies) <= necessary


@pytest.mark.spec("ACC-123", "ACC-125")
def test_the_list_of_cookies_is_the_truth_and_choices_can_be_forgotten(
    client: Client, ana: Person, acme: Organization
) -> None:
    client.get("/shop?currency=EUR")
    client.post("/login", {"email": ana.email, "password": PASSWORD})
    client.get("/shop?currency=EUR")
    for choice in ({"theme": "dark"}, {"rail": "narrow"}, {"language": "fr"}):
        client.post("/ui/look", choice)
    client.post("/account/name", {"first_name": "Anna", "last_name": "Keller"})
    client.get("/account/")
    known = {cookie.name for cookie in cookies.known()}
    assert set(client.cookies) <= known, "a cookie that the page does not tell of"
    assert {settings.SESSION_COOKIE_NAME, "theme", "rail"} <= set(client.cookies)
    assert {(morsel["domain"], morsel["path"]) for morsel in client.cookies.values()} == {("", "/")}, (
        "one host only"
    )

    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get("/cookies").content.decode()
    for name in known:
        assert f"<code>{name}</code>" in page
    client.post("/cookies")
    left = {name for name, morsel in client.cookies.items() if morsel.value}
    assert not left & set(cookies.can_be_forgotten())
    assert client.get("/account/").status_code == 200, "still signed in"
    client.cookies.clear()
    assert client.get("/account/")["Location"].startswith("/login"), "deleted cookies mean signing in again"


@pytest.mark.spec("ACC-124")
def test_without_cookies_or_javascript_the_sign_in_page_says_which_is_missing(db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/login").content.decode()
    inside = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "JavaScript is off" in inside
    assert 'href="/browser-settings"' in inside
    assert "data-without-cookies hidden" in page, "the script shows it where cookies are off"
    browser.cookies.clear()
    answer = browser.post("/login", {"email": "ana@acme.example", "password": PASSWORD})
    assert answer.status_code == 403
    for found in (answer, browser.get("/browser-settings")):
        text = found.content.decode()
        assert all(name in text for name in ("Chrome", "Firefox", "Edge", "Safari"))
    assert "Cookies are off" in answer.content.decode()
    browser.get("/login")
    stale = browser.post("/login", {"csrfmiddlewaretoken": "x" * 64})
    assert "no longer valid" in stale.content.decode()


@pytest.mark.spec("ACC-129", "ACC-126")
def test_everybody_sees_whether_a_mail_was_really_from_us(
    client: Client, ana: Person, zoe: Person, outbox: Outbox
) -> None:
    client.force_login(ana)
    client.post(
        "/account/password", {"current_password": PASSWORD, "new_password": "an entirely different sentence"}
    )
    Mail.objects.create(
        to=zoe.email, subject="Of somebody else", language="en", template="x", message_id="<z@x>"
    )
    mail = Mail.objects.get(to=ana.email)
    page = client.get("/account/mails").content.decode()
    assert mail.subject in page
    assert mail.message_id.strip("<>") in page
    assert "Of somebody else" not in page
    assert mail.subject not in client.get("/account/mails?q=reminder").content.decode()
    text = outbox[0].text
    assert "We never ask for your password by mail" in text
    assert "http" not in text[: text.rfind("We never ask")], "it carries no link"


@pytest.mark.spec("ACC-111")
def test_who_finds_foreign_actions_is_led_through_the_steps(client: Client, ana: Person) -> None:
    client.force_login(ana)
    assert 'href="/account/protect"' in client.get("/account/activity").content.decode()
    guide = client.get("/account/protect").content.decode()
    assert "Your second factor kept them out." not in guide, "nobody says that anybody tried"
    for address in (
        "/account/password",
        "/account/security",
        "/account/tokens",
        "/which-password",
        "/account/mails",
    ):
        assert f'href="{address}"' in guide


def test_the_account_has_its_own_side_menu_in_order(client: Client, ana: Person) -> None:
    client.force_login(ana)
    rail = client.get("/account/").content.decode().partition("rail-nav")[2].partition("</nav>")[0]
    lines = re.findall(r'href="(/account[^"]*)"', rail)
    wanted = ["/account/", "/account/security", "/account/organizations", "/account/settings"]
    assert [line for line in lines if line in wanted] == wanted


@pytest.mark.spec("ACC-108", "ACC-109", "ACC-110")
def test_the_activity_says_who_acted_whether_it_is_whole_and_goes_into_a_file(
    client: Client, ana: Person, acme: Organization
) -> None:
    from kanton.accounts.actions import create_token
    from kanton.activity.tasks import check_all_chains
    from kanton.testing import acting

    token = create_token(acting(ana), ana, name="DNS", scopes=["all"], current_password=PASSWORD)
    headers = {"Authorization": f"Bearer {token.secret}"}
    body = {"born_on": "1984-05-17"}
    client.put("/2/profile/birth-date", body, content_type="application/json", headers=headers)
    client.force_login(ana)
    page = client.get("/account/activity").content.decode()
    assert "Ana Keller by the API token “DNS”" in page
    assert "sealed in a chain; not checked yet" in page
    check_all_chains.call()
    assert "sealed in a chain and found intact" in client.get("/account/activity").content.decode()
    answer = client.get("/account/activity?format=csv&kind=accounts.birth_date_changed")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert "changed the date of birth" in lines[1]
