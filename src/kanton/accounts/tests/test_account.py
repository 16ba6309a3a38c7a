"""Profile, password, API tokens and activity of one's own account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from kanton.accounts.actions import create_token, edit_profile
from kanton.accounts.errors import NotConfirmed, UnknownChoice, UnknownScope, WrongPassword
from kanton.accounts.models import ApiToken, Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.core.secrets import token_hash
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD, acting

NEW = "an entirely different sentence"
TOKEN = {"name": "DNS", "scopes": ["dns:write", "domain:read"], "days": "30", "current_password": PASSWORD}


@pytest.fixture
def browser(client: Client, ana: Person) -> Client:
    """Ana's browser."""
    client.post("/login", {"email": ana.email, "password": PASSWORD})
    return client


@pytest.mark.spec("ACC-12", "ACC-17", "ACC-18")
@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("name", {"first_name": "Anna", "last_name": "Keller-Roth"}),
        ("language", {"language": "fr"}),
        ("country", {"country": "FR"}),
        ("time-zone", {"time_zone": "Europe/Paris"}),
    ],
)
def test_each_part_of_the_profile_has_its_pencil(
    browser: Client, ana: Person, what: str, values: dict[str, str]
) -> None:
    assert f'href="/account/{what}"' in browser.get("/account/").content.decode()
    answer = browser.post(f"/account/{what}", values)
    assert (answer.status_code, answer["Location"]) == (303, "/account/")
    ana.refresh_from_db()
    assert {name: getattr(ana, name) for name in values} == values
    assert Activity.objects.filter(kind="accounts.profile_changed").count() == 1


@pytest.mark.spec("ACC-17")
def test_a_new_language_applies_at_once(browser: Client) -> None:
    browser.post("/account/language", {"language": "it"})
    assert browser.cookies[settings.LANGUAGE_COOKIE_NAME].value == "it"
    assert '<html lang="it"' in browser.get("/account/").content.decode()


def test_the_language_menu_changes_the_profile(browser: Client, ana: Person) -> None:
    browser.post("/ui/look", {"language": "es"})
    ana.refresh_from_db()
    assert ana.language == "es"


@pytest.mark.spec("ACC-11")
def test_my_account_has_a_menu_of_its_own(client: Client, ana: Person) -> None:
    client.force_login(ana)
    page = client.get("/account/").content.decode()
    rail = page[page.index('<nav class="rail-nav') : page.index("</nav>", page.index('<nav class="rail-nav'))]
    wanted = (
        "My profile",
        "Security",
        "Organizations",
        "Settings",
        "Support access",
        "API tokens",
        "Account activity",
    )
    places = [rail.index(f">{label}<") for label in wanted]
    assert places == sorted(places)


@pytest.mark.spec("ACC-16", "ACC-10")
def test_the_profile_shows_the_login(browser: Client, ana: Person) -> None:
    assert ana.email in browser.get("/account/").content.decode()


@pytest.mark.parametrize("values", [{"language": "xx"}, {"country": "ZZ"}, {"time_zone": "Mars/Olympus"}])
def test_what_does_not_exist_cannot_be_chosen(ana: Person, values: dict[str, str]) -> None:
    with pytest.raises(UnknownChoice):
        edit_profile(acting(ana), ana, **values)
    ana.refresh_from_db()
    assert (ana.language, ana.country, ana.time_zone) == ("en", "CH", "Europe/Zurich")


def test_nobody_edits_another_profile(ana: Person, stranger: Actor) -> None:
    with pytest.raises(Forbidden):
        edit_profile(stranger, ana, first_name="Eve")
    ana.refresh_from_db()
    assert ana.first_name == "Ana"


@pytest.mark.spec("ACC-27", "ACC-28", "ACC-31")
def test_a_new_password_ends_the_other_sessions_and_is_mailed(
    browser: Client, ana: Person, outbox: Outbox
) -> None:
    Person.objects.filter(pk=ana.pk).update(recovery_email="ana@elsewhere.example")
    other = Client()
    other.post("/login", {"email": ana.email, "password": PASSWORD})
    assert "ask for the new one" in browser.get("/account/password").content.decode()
    before = len(outbox)
    answer = browser.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    assert answer.status_code == 303
    assert browser.get("/account/").status_code == 200, "this session goes on"
    assert other.get("/account/").status_code == 302, "the other is out"
    assert [mail.to for mail in outbox[before:]] == [["ana@acme.example"], ["ana@elsewhere.example"]]
    assert NEW not in outbox[before].text + outbox[before].html


@pytest.mark.spec("ACC-21", "ACC-33")
def test_a_wrong_present_password_changes_nothing(browser: Client, ana: Person, outbox: Outbox) -> None:
    answer = browser.post("/account/password", {"current_password": "wrong", "new_password": NEW})
    assert answer.status_code == 422
    assert "This is not your login password" in answer.content.decode()
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)
    assert not outbox


@pytest.mark.spec("ACC-30", "ACC-128")
def test_no_password_is_in_the_log(browser: Client) -> None:
    browser.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    browser.post("/account/password", {"current_password": "guess a guess", "new_password": NEW})
    kept = "".join(f"{row.facts}{row.personal}{row.search}" for row in Activity.objects.all())
    assert kept
    assert not any(secret in kept for secret in (PASSWORD, NEW, "guess a guess"))


# --- API tokens --------------------------------------------------------------------------------------------


@pytest.mark.spec("API-9", "API-18", "API-21")
def test_a_token_is_shown_once_and_kept_as_a_hash(browser: Client, ana: Person, outbox: Outbox) -> None:
    answer = browser.post("/account/tokens/new", TOKEN)
    token = ApiToken.objects.get()
    page = answer.content.decode()
    secret = page[page.index("kn_") :].split("<")[0].split('"')[0]
    assert token.digest == token_hash(secret)
    assert (token.name, token.scopes) == ("DNS", ["dns:write", "domain:read"])
    assert token.expires_at is not None
    assert abs(token.expires_at - clock.now() - timedelta(days=30)) < timedelta(minutes=1)
    listed = browser.get("/account/tokens").content.decode()
    assert "DNS" in listed and secret not in listed
    assert [mail.template for mail in outbox] == ["accounts/token_created"]
    assert Activity.objects.filter(kind="accounts.token_created").count() == 1


def test_a_token_asks_for_the_password_again(ana: Person) -> None:
    with pytest.raises(WrongPassword):
        create_token(acting(ana), ana, name="x", scopes=["all"], current_password="wrong")
    assert not ApiToken.objects.exists()


def test_an_unconfirmed_person_gets_no_token(ana: Person) -> None:
    ana.confirmed_at = None
    with pytest.raises(NotConfirmed):
        create_token(acting(ana), ana, name="x", scopes=["all"], current_password=PASSWORD)


@pytest.mark.spec("API-19")
@pytest.mark.parametrize("asked", [["all"], ["mail"], ["profile_update", "mail"], ["nonsense"], []])
def test_a_token_makes_no_stronger_token(ana: Person, asked: list[str]) -> None:
    weak = acting(ana).narrowed(frozenset({"profile_update"}), label="Ana", via="weak")
    with pytest.raises(UnknownScope):
        create_token(weak, ana, name="x", scopes=asked, current_password=PASSWORD)
    assert not ApiToken.objects.exists()


def test_revoking_says_what_happens_and_then_does_it(browser: Client, ana: Person, outbox: Outbox) -> None:
    token = ApiToken.objects.create(person=ana, name="old", digest=token_hash("old"), scopes=["all"])
    preview = browser.post(
        f"/account/tokens/{token.pk}/revoke", {"_preview": "1"}, headers={"HX-Request": "true"}
    )
    assert "revoked the API token “old”" in preview.content.decode()
    token.refresh_from_db()
    assert token.revoked_at is None and not outbox, "the preview changed nothing"
    assert browser.post(f"/account/tokens/{token.pk}/revoke").status_code == 303
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert [mail.template for mail in outbox] == ["accounts/token_revoked"]
    assert browser.get(f"/account/tokens/{token.pk}/revoke").status_code == 404


# --- activity ----------------------------------------------------------------------------------------------


@pytest.mark.spec("ACC-108", "ACC-110", "ACC-111")
def test_the_activity_lists_what_the_account_did(
    browser: Client, acme: Organization, ana: Person, zoe: Person
) -> None:
    edit_profile(acting(ana), ana, first_name="Anna")
    edit_profile(acting(zoe), zoe, first_name="Zoé")
    page = browser.get("/account/activity").content.decode()
    assert "Ana Keller signed in" in page
    assert "Anna Keller changed the profile" in page
    assert "Zoé" not in page
    assert 'href="/account/protect"' in page


@pytest.mark.spec("ACC-109")
def test_the_activity_can_be_narrowed(browser: Client, ana: Person) -> None:
    with clock.travel(clock.now() - timedelta(days=40)):
        edit_profile(acting(ana), ana, first_name="Anna")
    kind = browser.get("/account/activity?kind=accounts.signed_in").content.decode()
    assert "Ana Keller signed in" in kind and "Anna Keller changed" not in kind
    today = clock.now().date().isoformat()
    recent = browser.get(f"/account/activity?from={today}").content.decode()
    assert "Ana Keller signed in" in recent and "Anna Keller changed" not in recent
    before = (clock.now() - timedelta(days=30)).date().isoformat()
    old = browser.get(f"/account/activity?until={before}").content.decode()
    assert "Ana Keller signed in" not in old and "Anna Keller changed" in old
    assert browser.get("/account/activity?from=nonsense&until=9999-99-99").status_code == 200
    found = browser.get("/account/activity?q=ANNA").content.decode()
    assert "Anna Keller changed" in found and "Ana Keller signed in" not in found


@pytest.mark.spec("ACC-18")
def test_times_are_shown_in_the_persons_zone(browser: Client, ana: Person) -> None:
    moment = clock.now().replace(month=1, day=15, hour=23, minute=30)
    with clock.travel(moment):
        edit_profile(acting(ana), ana, first_name="Anna")
    Person.objects.filter(pk=ana.pk).update(time_zone="Asia/Tokyo")
    assert "08:30" in browser.get("/account/activity").content.decode()


@pytest.mark.spec("ACC-19")
def test_mails_are_in_the_persons_language_and_name_the_persons_zone(
    browser: Client, ana: Person, outbox: Outbox
) -> None:
    Person.objects.filter(pk=ana.pk).update(language="de", time_zone="Asia/Tokyo")
    browser.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    assert outbox[0].language == "de"
    assert "JST" in outbox[0].text


@pytest.mark.spec("ACC-126")
@pytest.mark.parametrize("name", ["password_changed", "token_created", "token_revoked"])
def test_security_mails_lead_nowhere_that_asks_for_a_password(name: str) -> None:
    from django.template.loader import get_template

    source = get_template(f"emails/accounts/{name}.txt").template.source  # type: ignore[attr-defined]
    assert "open the console yourself" in source and "never ask for your password" in source
    assert "button" not in source and "http" not in source
