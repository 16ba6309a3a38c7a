"""Sessions, known places, security mails, locks and unlocking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts import geo
from kanton.accounts.access.last_seen import LastSeen
from kanton.accounts.access.models import Device
from kanton.accounts.factors.testing import code_now, give_totp
from kanton.accounts.models import Person
from kanton.accounts.recovery.models import Proven
from kanton.activity.models import Activity
from kanton.config import overriding
from kanton.core import clock
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Membership, Organization
from kanton.testing import PASSWORD, make_person

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def sign_in(client: Client, person: Person, password: str = PASSWORD) -> str:
    """Where the sign-in leads; "" when it was refused."""
    answer = client.post("/login", {"email": person.email, "password": password})
    return answer["Location"] if answer.status_code == 302 else ""


def guess(client: Client, email: str, times: int) -> None:
    """Wrong passwords from addresses of the world, so that only the account is counted."""
    for number in range(times):
        answer = client.post(
            "/login", {"email": email, "password": "wrong"}, REMOTE_ADDR=f"198.51.100.{number + 1}"
        )
        assert answer.status_code == 422


def is_signed_in(client: Client) -> bool:
    """Does the account page open?"""
    return client.get("/account/").status_code == 200


@pytest.mark.spec("ACC-98", "ACC-99")
def test_the_list_of_devices_ends_one_and_all_others(ana: Person) -> None:
    here = Client(headers={"user-agent": FIREFOX})
    phone = Client(headers={"user-agent": IPHONE}, REMOTE_ADDR="192.0.2.7")
    third = Client(headers={"user-agent": "curl/8.9"})
    for client in (here, phone, third):
        sign_in(client, ana)
    page = here.get("/account/access").content.decode()
    for shown in ("Firefox 128 · Linux", "Safari 17 · iPhone", "curl 8", "192.0.2.7"):
        assert shown in page
    assert page.count("this browser") == 1
    number = UserSession.objects.get(ip="192.0.2.7").pk
    assert here.post(f"/account/access/{number}/end").status_code == 303
    assert not is_signed_in(phone), "it ends with the next request"
    assert is_signed_in(third)
    sign_in(phone, ana)
    assert here.post("/account/access/end-others").status_code == 303
    assert [is_signed_in(client) for client in (here, phone, third)] == [True, False, False]
    assert UserSession.objects.count() == 1


@pytest.mark.spec("ACC-99")
def test_the_place_comes_from_the_operators_database_alone(
    ana: Person, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Atlas:
        def get(self, address: str) -> dict[str, object]:
            return {"city": {"names": {"en": "Geneva"}}, "country": {"names": {"en": "Switzerland"}}}

    sign_in(client, ana)
    assert "Geneva" not in client.get("/account/access").content.decode()
    monkeypatch.setattr(geo, "_database", lambda path: Atlas())
    with overriding(sign_in={"geo_database": "/somewhere/places.mmdb"}):
        assert "Geneva, Switzerland" in client.get("/account/access").content.decode()


@pytest.fixture
def _unremembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The activity of sessions is noted once a minute; here a minute passes whenever the test wants."""
    from kanton.accounts.access import last_seen

    monkeypatch.setattr(last_seen, "EVERY", 0.0)
    yield


@pytest.mark.usefixtures("_unremembered")
def test_the_last_activity_is_noted(ana: Person, client: Client) -> None:
    sign_in(client, ana)
    later = clock.now() + timedelta(hours=2)
    with clock.travel(later):
        client.get("/account/")
        assert UserSession.objects.get().last_seen_at >= later


@pytest.mark.usefixtures("_unremembered")
def test_a_session_ends_unused_after_a_week_and_in_any_case_after_two(ana: Person) -> None:
    unused, used, begin = Client(), Client(), clock.now()
    for client in (unused, used):
        sign_in(client, ana)
    for day in range(1, 14):
        with clock.travel(begin + timedelta(days=day)):
            assert is_signed_in(used), day
    with clock.travel(begin + timedelta(days=6, hours=23)):
        other = Client()
        other.cookies["kanton_session"] = unused.cookies["kanton_session"].value
        assert is_signed_in(other)
    lonely = Client()
    sign_in(lonely, ana)
    with clock.travel(begin + timedelta(days=7, minutes=1)):
        assert not is_signed_in(lonely)
    with clock.travel(begin + timedelta(days=14, minutes=1)):
        assert not is_signed_in(used)


def test_activity_may_be_written_later_for_many_sessions_in_one_go(ana: Person, zoe: Person) -> None:
    sessions = []
    for person in (ana, zoe):
        client = Client()
        sign_in(client, person)
        sessions.append(client.session)
    notes = LastSeen(at_once=False)
    later = clock.now() + timedelta(hours=2)
    with clock.travel(later), patch("threading.Timer") as timer:
        for session in (*sessions, *sessions):
            notes.note(session, "192.0.2.7")
    assert timer.call_count == 1, "one writing for all of them"
    with CaptureQueriesContext(connection) as queries:
        notes.write()
    assert len([each for each in queries if "usersessions" in each["sql"]]) == 1
    assert {(each.last_seen_at >= later, each.ip) for each in UserSession.objects.all()} == {
        (True, "192.0.2.7")
    }


def test_a_page_checks_its_session_with_few_queries_and_writes_nothing(ana: Person, client: Client) -> None:
    sign_in(client, ana)
    client.get("/check-your-inbox")
    with CaptureQueriesContext(connection) as queries:
        client.get("/account/tokens/new")
    written = [query["sql"] for query in queries if not query["sql"].startswith("SELECT")]
    assert written == []
    sessions = [query["sql"] for query in queries if "session" in query["sql"].lower()]
    people = [query["sql"] for query in queries if 'FROM "accounts_person"' in query["sql"]]
    assert (len(sessions), len(people)) == (1, 1)


def test_signing_in_costs_one_hash_and_few_queries(
    ana: Person, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashes: list[str] = []
    for name in ("verify", "encode"):
        original = getattr(Argon2PasswordHasher, name)

        def count(self: Any, *args: Any, name: str = name, original: Any = original) -> Any:
            hashes.append(name)
            return original(self, *args)

        monkeypatch.setattr(Argon2PasswordHasher, name, count)
    sign_in(client, ana)
    client.post("/logout")
    hashes.clear()
    with CaptureQueriesContext(connection) as queries:
        assert sign_in(client, ana) == "/"
    assert hashes == ["verify"]
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) <= 40
    hashes.clear()
    with CaptureQueriesContext(connection) as known:
        sign_in(Client(), ana, "wrong")
    wrong = list(hashes)
    hashes.clear()
    with CaptureQueriesContext(connection) as unknown:
        Client().post("/login", {"email": "nobody@acme.example", "password": "wrong"})
    assert (wrong, hashes) == (["verify"], ["encode"]), "an unknown address costs a hash as well"
    assert len(known) == len(unknown)


@pytest.mark.spec("ACC-100", "ACC-102", "ACC-126")
def test_a_new_place_raises_a_mail_unless_switched_off(ana: Person, client: Client, outbox: Outbox) -> None:
    sign_in(client, ana)
    sign_in(client, ana)
    assert not outbox, "neither the first sign-in of all nor the same browser again"
    private = Client(headers={"user-agent": IPHONE})
    sign_in(private, ana)
    (mail,) = outbox
    assert (mail.template, mail.to, mail.kind) == ("access/signed_in", ["ana@acme.example"], "security")
    assert mail.subject == "Sign-in from a new place"
    assert "Safari 17 · iPhone" in mail.text and "you can ignore this mail" in mail.text
    assert "http" not in mail.text.replace("http://localhost:8000", "", 1), (
        "no link that asks for the password"
    )
    client.post("/logout")
    client.post("/login", {"email": ana.email, "password": PASSWORD}, REMOTE_ADDR="203.0.113.5")
    assert len(outbox) == 2, "the same browser in another network is a new place too"
    client.post("/account/access/wishes", {"mail_failed": "on", "threshold": "10"})
    sign_in(Client(), ana)
    assert len(outbox) == 2
    client.post("/account/access/wishes", {"mail_every": "on", "threshold": "10"})
    client.post("/logout")
    sign_in(client, ana)
    assert [mail.subject for mail in outbox][2:] == ["You signed in"]


@pytest.mark.spec("ACC-101", "ACC-102")
def test_a_wrong_password_raises_one_mail_an_hour(ana: Person, client: Client, outbox: Outbox) -> None:
    sign_in(client, ana, "wrong")
    sign_in(client, ana, "wrong")
    client.post("/login", {"email": "nobody@acme.example", "password": "wrong"})
    run_jobs()
    assert [(mail.template, mail.to) for mail in outbox] == [("access/wrong_password", [ana.email])]
    assert Activity.objects.filter(kind="accounts.sign_in_failed").count() == 2
    with clock.travel(clock.now() + timedelta(hours=1, minutes=1)):
        sign_in(client, ana, "wrong")
        run_jobs()
        assert len(outbox) == 2
        sign_in(client, ana)
        client.post("/account/access/wishes", {"threshold": "10"})
    with clock.travel(clock.now() + timedelta(hours=3)):
        sign_in(client, ana, "wrong")
        run_jobs()
        assert len(outbox) == 2


@pytest.mark.spec("ACC-103", "ACC-106")
def test_a_lock_stops_strangers_and_lets_the_owner_in(ana: Person, outbox: Outbox) -> None:
    mine = Client()
    sign_in(mine, ana)
    stranger = Client()
    guess(stranger, ana.email, 10)
    run_jobs()
    assert [mail.template for mail in outbox] == ["access/wrong_password", "access/locked"]
    answer = stranger.post("/login", {"email": ana.email, "password": PASSWORD}, REMOTE_ADDR="198.51.100.99")
    assert answer.status_code == 422
    assert "takes no password from here" in answer.content.decode()
    assert is_signed_in(mine), "what is signed in stays signed in"
    mine.post("/logout")
    answer = mine.post("/login", {"email": ana.email, "password": PASSWORD}, REMOTE_ADDR="203.0.113.77")
    assert answer.status_code == 302, "a known browser, even elsewhere"
    other = stranger.post("/login", {"email": ana.email, "password": PASSWORD}, REMOTE_ADDR="198.51.100.99")
    assert other.status_code == 302, "and a complete sign-in counts from nothing"


@pytest.mark.spec("ACC-106")
def test_addresses_without_account_lock_with_the_same_words_after_the_same_number(ana: Person) -> None:
    pages = []
    for email in (ana.email, "nobody@acme.example"):
        stranger = Client()
        guess(stranger, email, 10)
        answer = stranger.post("/login", {"email": email, "password": "wrong"}, REMOTE_ADDR="198.51.100.99")
        page = re.sub(r'(value|data-options)="[^"]*"|X-CSRFToken": "\w+', "", answer.content.decode())
        pages.append((answer.status_code, page))
    assert pages[0] == pages[1]


@pytest.mark.spec("ACC-103")
def test_the_threshold_lies_between_three_and_twenty(ana: Person, client: Client) -> None:
    sign_in(client, ana)
    for number in (2, 21):
        assert client.post("/account/access/wishes", {"threshold": number}).status_code == 422
    assert client.post("/account/access/wishes", {"threshold": 3}).status_code == 303
    stranger = Client()
    guess(stranger, ana.email, 3)
    answer = stranger.post("/login", {"email": ana.email, "password": PASSWORD}, REMOTE_ADDR="198.51.100.99")
    assert answer.status_code == 422


@pytest.mark.spec("ACC-104", "ACC-105")
def test_an_administrator_unlocks_internal_members_only(
    acme: Organization, ana: Person, ben: Person, zoe: Person, outbox: Outbox
) -> None:
    Membership.objects.create(organization=acme, person=zoe, role="external")
    guess(Client(), ben.email, 10)
    guess(Client(), zoe.email, 10)
    run_jobs()
    boss = Client()
    sign_in(boss, ana)
    page = boss.get("/o/acme/people").content.decode()
    assert page.count("Unlock the account") == 1
    external = Membership.objects.get(person=zoe, organization=acme)
    assert boss.post(f"/o/acme/people/{external.pk}/unlock").status_code == 409
    before = len(outbox)
    internal = Membership.objects.get(person=ben)
    assert boss.post(f"/o/acme/people/{internal.pk}/unlock").status_code == 303
    mail = outbox[before]
    assert (mail.template, mail.to) == ("access/unlocked", ["ben@acme.example"])
    assert "Ana Keller" in mail.text
    assert sign_in(Client(REMOTE_ADDR="198.51.100.99"), ben) == "/"
    assert boss.post(f"/o/acme/people/{internal.pk}/unlock").status_code == 409


def prove(person: Person, **ways: str) -> None:
    """These ways back belong to the person and were proven."""
    Person.objects.filter(pk=person.pk).update(**ways)
    Proven.objects.create(person=person, **ways)


@pytest.mark.spec("ACC-107")
def test_a_recovery_address_that_was_never_proven_unlocks_nothing(ana: Person, outbox: Outbox) -> None:
    Person.objects.filter(pk=ana.pk).update(recovery_email="ana@elsewhere.example", phone="+41791234567")
    guess(Client(), ana.email, 10)
    run_jobs()
    before = len(outbox)
    Client(REMOTE_ADDR="198.51.100.99").post("/unlock", {"email": ana.email})
    run_jobs()
    assert not outbox[before:]


@pytest.mark.spec("ACC-104", "ACC-107")
def test_the_owner_unlocks_by_a_link_to_the_recovery_address(ana: Person, outbox: Outbox) -> None:
    prove(ana, recovery_email="ana@elsewhere.example")
    guess(Client(), ana.email, 10)
    run_jobs()
    before = len(outbox)
    client = Client(REMOTE_ADDR="198.51.100.99")
    pages = set()
    for email in (ana.email, "nobody@acme.example"):
        page = client.post("/unlock", {"email": email}).content.decode()
        pages.add(re.sub(r'value="[^"]*"|X-CSRFToken": "\w+', "", page).replace(email, "…"))
    assert len(pages) == 1
    run_jobs()
    (mail,) = outbox[before:]
    assert (mail.to, mail.is_secret) == (["ana@elsewhere.example"], True)
    path = mail.link.removeprefix("http://localhost:8000")
    assert client.get(path).status_code == 200
    assert sign_in(client, ana) == "", "looking unlocks nothing"
    assert client.post(path).status_code == 303
    assert client.post(path).status_code == 410
    assert sign_in(client, ana) == "/"


@pytest.mark.spec("ACC-107")
def test_the_owner_unlocks_by_a_code_to_the_phone(ana: Person, outbox: Outbox) -> None:
    prove(ana, phone="+41791234567")
    guess(Client(), ana.email, 10)
    client = Client(REMOTE_ADDR="198.51.100.99")
    with overriding(outbox={"sms_gateway": "log"}):
        client.post("/unlock", {"email": ana.email, "by_text": "1"})
        run_jobs()
    ((number, text),) = outbox.messages
    code = re.search(r"\d{8}", text)
    assert number == "+41791234567" and code
    wrong = {"email": ana.email, "code": "00000000"}
    assert client.post("/unlock/code", wrong).status_code == 422
    assert client.post("/unlock/code", {**wrong, "code": code[0]}).status_code == 303
    assert sign_in(client, ana) == "/"


def test_a_trusted_browser_skips_the_second_factor_until_revoked(ana: Person, client: Client) -> None:
    give_totp(ana)
    assert sign_in(client, ana) == "/login/second-step"
    client.post("/login/code", {"code": code_now(), "trust": "1"})
    client.post("/logout")
    assert sign_in(client, ana) == "/", "trusted"
    stolen = Client()
    stolen.cookies["kanton_device"] = "guessed"
    assert sign_in(stolen, ana) == "/login/second-step"
    assert "Browsers without second factor" in client.get("/account/access").content.decode()
    number = Device.objects.get(trusted_until__isnull=False).pk
    assert client.post(f"/account/access/trusted/{number}/end").status_code == 303
    client.post("/logout")
    assert sign_in(client, ana) == "/login/second-step"
    with clock.travel(clock.now() + timedelta(minutes=1)):
        client.post("/login/code", {"code": code_now(), "trust": "1"})
    client.post("/logout")
    with clock.travel(clock.now() + timedelta(days=31)):
        assert sign_in(client, ana) == "/login/second-step", "trust ends by itself"


def test_a_stolen_cookie_and_a_trusted_browser_end_with_a_new_password(ana: Person, client: Client) -> None:
    give_totp(ana)
    sign_in(client, ana)
    client.post("/login/code", {"code": code_now(), "trust": "1"})
    thief = Client()
    thief.cookies["kanton_session"] = client.cookies["kanton_session"].value
    assert is_signed_in(thief)
    new = {"current_password": PASSWORD, "new_password": "an entirely different sentence"}
    assert client.post("/account/password", new).status_code == 303
    assert is_signed_in(client) and not is_signed_in(thief)
    client.post("/logout")
    assert sign_in(client, ana, new["new_password"]) == "/login/second-step"


def test_the_browsers_of_other_people_do_not_count(ana: Person, client: Client) -> None:
    other = make_person("lea@acme.example", "Lea", "Roth")
    give_totp(ana)
    sign_in(client, other)
    Device.objects.filter(person=other).update(trusted_until=clock.now() + timedelta(days=9))
    client.post("/logout")
    assert sign_in(client, ana) == "/login/second-step"
