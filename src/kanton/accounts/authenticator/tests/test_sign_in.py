"""Signing in with the phone: the question, the number, yes and no, and the codes when there is no network."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from kanton.accounts.authenticator.actions import answer_request
from kanton.accounts.authenticator.errors import RequestGone
from kanton.accounts.authenticator.models import Device, SignInRequest, State
from kanton.accounts.authenticator.tests.conftest import Mailbox, linked_phone
from kanton.accounts.authenticator.tests.phone import Phone
from kanton.accounts.authenticator.tests.test_linking import SUBSCRIPTION, error
from kanton.accounts.authenticator.views import sign_in
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.testing import PASSWORD, acting

STEP = "/login/authenticator"
WAITING = f"{STEP}/waiting"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
HX = {"HX-Request": "true"}


@pytest.fixture
def browser() -> Client:
    """The browser in which somebody signs in."""
    return Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="198.51.100.7")


def begin(browser: Client, to: str = "/account/") -> str:
    """The right password; returns the number on the waiting page."""
    answer = browser.post("/login", {"email": "ana@acme.example", "password": PASSWORD, "next": to})
    assert answer["Location"] == "/login/second-step"
    assert browser.get("/login/second-step")["Location"] == STEP
    return number_on(browser)


def number_on(browser: Client) -> str:
    """The two digits on the page, or nothing."""
    found = re.search(r'match-number">(\d\d)<', browser.get(STEP).content.decode())
    return found[1] if found else ""


def is_in(browser: Client) -> bool:
    """Does the account page open?"""
    return browser.get("/account/").status_code == 200


@pytest.mark.spec("ACC-72", "ACC-88", "ACC-89")
def test_yes_with_the_number_lets_the_waiting_browser_go_on(
    phone: Phone, browser: Client, push_service: Mailbox
) -> None:
    phone.signed_post("push", SUBSCRIPTION)
    number = begin(browser)
    run_jobs()
    assert len(push_service.got) == 1, "one push"
    assert number_on(browser) == number, "looking again asks nothing anew"
    [asked] = phone.state().json()["requests"]
    assert (asked["browser"], asked["address"]) == ("Firefox 140 · Windows", "198.51.100.7")
    assert asked["expires"] - asked["created"] == 120
    assert set(asked) == {"request", "browser", "address", "place", "created", "expires"}, (
        "and not the number"
    )
    assert "every 2s" in browser.get(WAITING, headers=HX).content.decode()
    assert not is_in(browser)
    assert phone.answer("yes", number).json() == {"state": "approved"}
    part = browser.get(WAITING, headers=HX).content.decode()
    assert f'hx-post="{STEP}" hx-trigger="load"' in part, "and it sends itself"
    assert not is_in(browser), "looking does nothing"
    assert browser.post(STEP, headers=HX)["HX-Redirect"] == "/account/"
    assert is_in(browser)
    assert SignInRequest.objects.get().state == State.USED
    kinds = list(Activity.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-4:] == [
        "authenticator.asked", "authenticator.approved", "authenticator.used", "accounts.signed_in"
    ]  # fmt: skip


@pytest.mark.spec("ACC-89")
def test_the_phone_shows_the_place_where_one_is_known(
    phone: Phone, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "place_of", lambda address: f"Bern, Switzerland ({address})")
    begin(browser)
    assert phone.state().json()["requests"][0]["place"] == "Bern, Switzerland (198.51.100.7)"


def test_a_browser_can_be_trusted_with_the_approval(phone: Phone, browser: Client) -> None:
    phone.answer("yes", begin(browser))
    assert browser.post(STEP, {"trust": "1"}, headers=HX)["HX-Redirect"] == "/account/"
    browser.post("/logout")
    answer = browser.post("/login", {"email": "ana@acme.example", "password": PASSWORD})
    assert answer["Location"] == "/", "not asked again in this browser"


def test_the_same_without_javascript(phone: Phone, browser: Client) -> None:
    number = begin(browser)
    assert browser.get(WAITING)["Location"] == STEP
    assert browser.post(STEP)["Location"] == STEP, "not yet"
    phone.answer("yes", number)
    assert browser.post(STEP)["Location"] == "/account/"


@pytest.mark.spec("ACC-88")
def test_only_the_browser_that_asked_goes_on(phone: Phone, browser: Client) -> None:
    other = Client()
    number = begin(browser)
    phone.answer("yes", number)
    begin(other)
    assert other.post(STEP)["Location"] == STEP, "another sign-in of the same account has its own question"
    assert not is_in(other)
    assert browser.post(STEP)["Location"] == "/account/"
    assert other.post(STEP)["Location"] == STEP and not is_in(other)


@pytest.mark.spec("ACC-89")
def test_no_refuses_and_the_owner_says_it_was_somebody_else(
    ana: Person, phone: Phone, browser: Client, outbox: Outbox
) -> None:
    begin(browser)
    [asked] = phone.state().json()["requests"]
    assert phone.post("answer", phone.signed_answer(asked, "no")).json() == {"state": "refused"}
    page = browser.get(WAITING, headers=HX).content.decode()
    assert "Refused" in page and "every 2s" not in page
    assert not is_in(browser)
    before = len(outbox)
    told = phone.signed_post("not-me", {"request": asked["request"]})
    assert told.json() == {"guide": "http://localhost:8000/account/protect?after=sign-in"}
    phone.signed_post("not-me", {"request": asked["request"]})
    assert [mail.template for mail in outbox[before:]] == ["authenticator/disowned"], "once"
    assert "198.51.100.7" in outbox[before].text
    client = Client()
    client.force_login(ana)
    guide = client.get("/account/protect?after=sign-in").content.decode()
    assert "Your second factor kept them out." in guide
    assert 'href="/account/password"' in guide and 'href="/account/activity"' in guide
    # The browser may ask again, for a mistake is possible.
    assert browser.post(f"{STEP}/again").status_code == 303
    number = number_on(browser)
    assert phone.answer("yes", number).json() == {"state": "approved"}
    assert browser.post(STEP)["Location"] == "/account/"


@pytest.mark.spec("ACC-89")
def test_another_number_refuses(phone: Phone, browser: Client) -> None:
    number = begin(browser)
    wrong = "10" if number != "10" else "11"
    assert error(phone.answer("yes", wrong)) == (409, "authenticator.number_mismatch")
    assert "Another number was typed" in browser.get(STEP).content.decode()
    assert phone.state().json()["requests"] == []
    assert not is_in(browser)
    assert Activity.objects.filter(kind="authenticator.mismatch").count() == 1


@pytest.mark.spec("ACC-89")
def test_a_question_expires_after_two_minutes(phone: Phone, browser: Client) -> None:
    number = begin(browser)
    [asked] = phone.state().json()["requests"]
    with clock.travel(clock.now() + timedelta(seconds=121)):
        assert phone.state().json()["requests"] == []
        assert error(phone.post("answer", phone.signed_answer(asked, "yes", number))) == (
            410,
            "authenticator.request_gone",
        )
        assert "within two minutes" in browser.get(STEP).content.decode()
    assert not is_in(browser)


def test_an_approval_that_nobody_uses_expires_too(phone: Phone, browser: Client) -> None:
    phone.answer("yes", begin(browser))
    with clock.travel(clock.now() + timedelta(seconds=121)):
        assert browser.post(STEP)["Location"] == STEP
        assert not is_in(browser)


@pytest.mark.spec("ACC-89")
def test_a_newer_question_replaces_the_older(phone: Phone, browser: Client) -> None:
    first = begin(browser)
    [old] = phone.state().json()["requests"]
    other = Client()
    begin(other)
    [new] = phone.state().json()["requests"]
    assert new["request"] != old["request"]
    assert error(phone.post("answer", phone.signed_answer(old, "yes", first))) == (
        410,
        "authenticator.request_gone",
    )
    assert "A newer sign-in" in browser.get(STEP).content.decode()


def test_an_answer_counts_once_and_only_as_it_was_signed(
    ana: Person, zoe: Person, phone: Phone, browser: Client
) -> None:
    number = begin(browser)
    [asked] = phone.state().json()["requests"]
    good = phone.signed_answer(asked, "yes", number)
    bad = (401, "authenticator.bad_signature")
    # A refusal turned into an approval, another number, another sign-in, another time.
    no = phone.signed_answer(asked, "no")
    assert error(phone.post("answer", {**no, "decision": "yes", "number": number})) == bad
    assert error(phone.post("answer", {**good, "number": "xx"})) == bad
    assert error(phone.post("answer", {**good, "decision": "no"})) == bad
    later = phone.signed_answer({**asked, "expires": asked["expires"] + 1}, "yes", number)
    assert error(phone.post("answer", later)) == bad
    assert error(phone.post("answer", {**good, "decision": "maybe"})) == (422, "authenticator.wrong_shape")
    assert error(phone.post("answer", {**good, "number": "1\n2"})) == bad
    # Another phone, of the same account and of another one.
    second, foreign = linked_phone(ana), linked_phone(zoe)
    assert error(phone.post("answer", {**good, "device": second.device})) == bad
    assert (
        error(second.post("answer", {**second.signed_answer(asked, "yes", number), "device": phone.device}))
        == bad
    )
    assert error(foreign.post("answer", foreign.signed_answer(asked, "yes", number))) == (
        410,
        "authenticator.request_gone",
    )
    with pytest.raises(RequestGone):
        answer_request(
            acting(zoe), Device.objects.get(public_id=foreign.device), SignInRequest.objects.get(),
            decision="yes", number=number, signature=foreign.signed_answer(asked, "yes", number)["signature"],
        )  # fmt: skip
    assert SignInRequest.objects.get().state == State.WAITING, "nothing of that moved anything"
    assert phone.post("answer", good).status_code == 200
    assert error(phone.post("answer", good)) == (410, "authenticator.request_gone")
    assert browser.post(STEP)["Location"] == "/account/"
    assert error(phone.post("answer", good)) == (410, "authenticator.request_gone")


def test_a_removed_phone_answers_nothing(ana: Person, phone: Phone, browser: Client) -> None:
    number = begin(browser)
    [asked] = phone.state().json()["requests"]
    linked_phone(ana)
    Device.objects.filter(public_id=phone.device).update(removed_at=clock.now())
    answer = phone.post("answer", phone.signed_answer(asked, "yes", number))
    assert error(answer) == (410, "authenticator.removed")
    assert not is_in(browser)


@pytest.mark.spec("ACC-89")
def test_push_bombing_ends_in_codes_only(
    ana: Person, phone: Phone, outbox: Outbox, push_service: Mailbox
) -> None:
    phone.signed_post("push", SUBSCRIPTION)
    before = len(outbox)
    for _ in range(4):
        assert begin(Client())
    run_jobs()
    assert len(push_service.got) == 4
    attacker = Client()
    assert begin(attacker) == "", "no question any more"
    page = attacker.get(STEP).content.decode()
    assert "Codes only, for a while" in page
    attacker.post(f"{STEP}/again")
    begin(Client())
    run_jobs()
    assert len(push_service.got) == 4
    assert SignInRequest.objects.count() == 4
    told = [mail.template for mail in outbox[before:]]
    assert told == ["authenticator/paused"], "the owner is told once"
    assert phone.state().json()["paused_minutes"] == 60
    # Others are not concerned, and the owner gets in by the code, which ends the pause.
    owner = Client()
    begin(owner)
    assert owner.post(STEP, {"code": phone.code()})["Location"] == "/account/"
    assert phone.state().json()["paused_minutes"] == 0


def test_answered_questions_pause_nothing(phone: Phone) -> None:
    for _ in range(6):
        browser = Client()
        begin(browser)
        phone.answer("no")
    assert phone.state().json()["paused_minutes"] == 0


@pytest.mark.spec("ACC-90", "ACC-80")
def test_the_code_of_the_app_works_without_any_question_answered(phone: Phone) -> None:
    now = clock.now()
    first = Client()
    begin(first)
    assert first.post(STEP, {"code": "000 000"}).status_code == 422
    code = phone.code()
    assert first.post(STEP, {"code": f"{code[:3]} {code[3:]}"})["Location"] == "/account/"
    assert is_in(first)
    again = Client()
    begin(again)
    answer = again.post(STEP, {"code": code})
    assert answer.status_code == 422 and "used before" in answer.content.decode()
    for off, expected in ((-1, 422), (0, 422), (1, 302), (2, 422)):
        browser = Client()
        begin(browser)
        shown = phone.code(at=now.timestamp() + 30 * off)
        assert browser.post(STEP, {"code": shown}).status_code == expected, off
    assert Activity.objects.filter(kind="authenticator.code_used").count() == 2


@pytest.mark.spec("ACC-82")
def test_five_wrong_codes_end_the_sign_in(phone: Phone, browser: Client) -> None:
    begin(browser)
    for _ in range(4):
        assert browser.post(STEP, {"code": "000000"}).status_code == 422
    assert browser.post(STEP, {"code": "000000"})["Location"] == "/login"
    assert browser.post(STEP, {"code": phone.code()})["Location"] == "/login"
    assert not is_in(browser)


def test_somebody_elses_code_is_wrong(zoe: Person, phone: Phone, browser: Client) -> None:
    foreign = linked_phone(zoe)
    begin(browser)
    assert browser.post(STEP, {"code": foreign.code()}).status_code == 422
    assert not is_in(browser)


@pytest.mark.parametrize("path", [STEP, WAITING])
def test_whoever_gave_no_password_waits_for_nothing(phone: Phone, client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, SignInRequest.objects.count()) == (302 if path == STEP else 303, 0)
    assert client.post(f"{STEP}/again")["Location"] == "/login"
    assert client.post(STEP, {"code": phone.code()})["Location"] == "/login"
