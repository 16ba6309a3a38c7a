"""Linking a phone, by code from a computer or by signing in on it, and removing it again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from kanton.accounts import ending, second_factor
from kanton.accounts.authenticator.actions import authorize_this_phone
from kanton.accounts.authenticator.models import Device, LinkCode, SignInRequest
from kanton.accounts.authenticator.tasks import forget_what_is_over
from kanton.accounts.authenticator.tests.conftest import Mailbox, linked_phone
from kanton.accounts.authenticator.tests.phone import Phone, b64
from kanton.accounts.factors.actions import turn_off_second_factor
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.testing import PASSWORD, acting

PAGE = "/account/authenticator"


def prove_again(client: Client) -> None:
    """The password once more, as pages that change how one signs in ask for it."""
    assert client.post("/account/again", {"current_password": PASSWORD}).status_code in (302, 303)


def shown_code(client: Client) -> str:
    """The code on the page of the computer."""
    page = client.post(PAGE)
    assert page.status_code == 200
    text = page.content.decode()
    assert "<svg" in text and "qr" in text
    return text.split('id="link-code">')[1].split("<")[0]


def error(answer: object) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


@pytest.mark.spec("ACC-86", "ACC-87", "ACC-77")
def test_a_phone_is_linked_by_the_code_on_the_computer_once(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    ana.recovery_email = "ana@elsewhere.example"
    ana.save()
    client.force_login(ana)
    assert client.post(PAGE)["Location"] == "/account/again?next=%2Faccount%2Fauthenticator"
    assert LinkCode.objects.count() == 0, "not without proving oneself again"
    prove_again(client)
    assert client.get(PAGE).status_code == 200
    code = shown_code(client)
    link = LinkCode.objects.get()
    assert code not in link.digest, "only a hash is kept"
    watched = f"{PAGE}/linking/{link.pk}"
    waiting = client.get(watched, headers={"HX-Request": "true"})
    assert "every 2s" in waiting.content.decode()

    phone = Phone()
    told = phone.post("code", {"code": code.lower().replace("-", " ").replace("0", "o")}).json()
    assert told["account"] == {"login": "ana@acme.example", "name": "Ana Keller"}
    assert not Device.objects.exists(), "looking links nothing"
    answer = phone.link(code, "Ana's\u202e phone\n")
    assert answer.status_code == 200
    assert answer.json()["account"]["login"] == "ana@acme.example"
    assert answer.json()["codes"] | {"secret": ""} == {
        "secret": "", "algorithm": "SHA1", "digits": 6, "period": 30
    }  # fmt: skip
    device = Device.objects.get()
    assert (device.name, device.person) == ("Ana's phone", ana)
    assert [(mail.to, mail.template) for mail in outbox] == [
        (["ana@acme.example"], "factors/method_added"),
        (["ana@elsewhere.example"], "factors/method_added"),
    ]
    assert "Authenticator (Ana's phone)" in outbox[0].text
    # The computer shows the ten backup codes that come with a first method; the phone does not get them.
    assert answer.json()["backup_codes"] == []
    assert client.get(watched, headers={"HX-Request": "true"})["HX-Redirect"] == watched
    assert client.get(watched).content.decode().count('name="code"') == 10
    assert "Ana&#x27;s phone" in client.get(PAGE).content.decode()
    assert "Ana&#x27;s phone" in client.get("/account/two-factor").content.decode()

    # A screenshot of the QR code, used later, fails.
    other = Phone()
    assert error(other.link(code)) == (410, "authenticator.code_gone")
    assert error(other.post("code", {"code": code})) == (410, "authenticator.code_gone")
    assert Device.objects.count() == 1


@pytest.mark.spec("ACC-87")
def test_a_code_lasts_five_minutes_and_dies_with_the_next(ana: Person, client: Client) -> None:
    client.force_login(ana)
    prove_again(client)
    first, second = shown_code(client), shown_code(client)
    assert error(Phone().link(first)) == (410, "authenticator.code_gone")
    with clock.travel(clock.now() + timedelta(minutes=5, seconds=1)):
        assert error(Phone().link(second)) == (410, "authenticator.code_gone")
        page = client.get(f"{PAGE}/linking/{LinkCode.objects.get().pk}", headers={"HX-Request": "true"})
        assert "This code has expired" in page.content.decode()
    with clock.travel(clock.now() + timedelta(minutes=4, seconds=50)):
        assert Phone().link(second).status_code == 200


@pytest.mark.spec("ACC-85")
def test_a_phone_is_linked_by_signing_in_on_it(ana: Person, client: Client) -> None:
    asked = client.get("/authenticator/authorize")
    assert asked["Location"] == "/login?next=%2Fauthenticator%2Fauthorize"
    client.post("/login", {"email": ana.email, "password": PASSWORD, "next": "/authenticator/authorize"})
    assert "ana@acme.example" in client.get("/authenticator/authorize").content.decode()
    answer = client.post("/authenticator/authorize")
    assert answer.status_code == 303
    address, _hash, code = answer["Location"].partition("#link=")
    assert address == "/authenticator/"
    linked = Phone().link(code)
    assert len(linked.json()["backup_codes"]) == 10, "nobody else can show them"
    # A session from long ago is no proof: the password is asked again.
    session = client.session
    session["account_authentication_methods"] = [
        {**proof, "at": proof["at"] - 301} for proof in session["account_authentication_methods"]
    ]
    session.save()
    for answer in (client.get("/authenticator/authorize"), client.post("/authenticator/authorize")):
        assert answer["Location"] == "/account/again?next=%2Fauthenticator%2Fauthorize"
    prove_again(client)
    assert client.post("/authenticator/authorize").status_code == 303


@pytest.mark.spec("ACC-85", "ACC-72")
def test_a_second_phone_needs_the_first_ones_approval(ana: Person, client: Client, phone: Phone) -> None:
    client.post("/login", {"email": ana.email, "password": PASSWORD, "next": "/authenticator/authorize"})
    assert client.get("/authenticator/authorize").status_code == 302, "the second factor is still owed"
    client.post("/login/authenticator", {"code": phone.code()})
    assert client.get("/authenticator/authorize").status_code == 200


def test_a_device_must_hold_the_key_it_brings(ana: Person) -> None:
    code = authorize_this_phone(acting(ana), ana).code
    phone, thief = Phone(), Phone()
    sent = {"code": code, "name": "x", "public_key": phone.public_key}
    refused = [
        {**sent, "signature": thief.sign("link", "http://localhost:8000", code, phone.public_key)},
        {**sent, "signature": phone.sign("link", "https://evil.example", code, phone.public_key)},
        {**sent, "signature": "AAAA"},
        {**sent, "signature": "not base64url!"},
        {**sent, "signature": b64(bytes(64))},
    ]
    for one in refused:
        assert error(phone.post("link", one)) == (401, "authenticator.bad_signature")
    other_curve = Phone(key=ec.generate_private_key(ec.SECP384R1()))
    off_the_curve = b64(b"\x04" + bytes(63) + b"\x01")
    for key in (other_curve.public_key, off_the_curve, "", "!"):
        answer = phone.post("link", {**sent, "public_key": key, "signature": "AAAA"})
        assert error(answer) == (422, "authenticator.wrong_shape")
    for body in ({}, {"code": 5}, {"code": code}, ["code"]):
        assert error(phone.post("link", body)) == (422, "authenticator.wrong_shape")  # type: ignore[arg-type]
    assert not Device.objects.exists() and LinkCode.objects.get().is_usable
    assert phone.link(code).status_code == 200
    again = authorize_this_phone(acting(ana), ana).code
    assert error(phone.link(again)) == (409, "authenticator.key_taken")


def test_guessing_codes_is_slowed(ana: Person) -> None:
    phone = Phone()
    for _ in range(20):
        assert phone.post("code", {"code": "ABCD-EFGH-JKMN"}).status_code == 410
    assert error(phone.post("code", {"code": "ABCD-EFGH-JKMN"})) == (429, "too_many_requests")


@pytest.mark.spec("ACC-84")
def test_one_phone_holds_several_accounts(ana: Person, zoe: Person, phone: Phone) -> None:
    second = linked_phone(zoe)
    assert phone.state().json()["account"]["login"] == "ana@acme.example"
    assert second.state().json()["account"]["login"] == "zoe@globex.example"
    assert phone.secret != second.secret


@pytest.mark.spec("ACC-91", "ACC-92")
def test_removal_asks_the_password_and_tells_phone_and_owner(
    ana: Person, client: Client, phone: Phone, outbox: Outbox, push_service: Mailbox
) -> None:
    phone.signed_post("push", SUBSCRIPTION)
    client.force_login(ana)
    path = f"{PAGE}/{phone.device}/remove"
    assert client.post(path)["Location"].startswith("/account/again"), "the password first"
    prove_again(client)
    page = client.get(path).content.decode()
    assert "Two-factor authentication is turned off" in page, "said beforehand"
    answer = client.post(path)
    assert answer.status_code == 422, "the last method goes only after a sign-in with it (ACC-93)"
    assert phone.state().status_code == 200, "nothing moved"
    client.post("/logout")
    client.post("/login", {"email": ana.email, "password": PASSWORD})
    client.post("/login/authenticator", {"code": phone.code()})
    prove_again(client)
    assert client.post(path).status_code == 303
    run_jobs()
    assert len(push_service.got) == 1, "the phone is told"
    assert error(phone.state()) == (410, "authenticator.removed")
    device = Device.objects.get()
    assert (device.secret, device.push) == ("", ""), "what it could do is gone"
    assert outbox[-1].template == "factors/turned_off"
    # Two-factor authentication is off with it: the password is enough.
    fresh = Client()
    fresh.post("/login", {"email": ana.email, "password": PASSWORD})
    assert fresh.get("/account/").status_code == 200
    assert client.post(path).status_code == 404


@pytest.mark.spec("ACC-91", "ACC-95")
def test_one_of_two_phones_goes_alone_and_the_last_stays_where_a_factor_is_demanded(
    ana: Person, client: Client, phone: Phone, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_factor, "_enforcers", [lambda person: ["Acme"]])
    second = linked_phone(ana)
    client.force_login(ana)
    prove_again(client)
    assert client.post(f"{PAGE}/{second.device}/remove").status_code == 303
    assert error(second.state()) == (410, "authenticator.removed")
    assert outbox[-1].template == "factors/method_removed"
    assert "Acme demands a second factor" in client.get(f"{PAGE}/{phone.device}/remove").content.decode()
    assert client.post(f"{PAGE}/{phone.device}/remove").status_code == 422
    assert phone.state().status_code == 200


@pytest.mark.spec("ACC-93", "ACC-96")
def test_turning_everything_off_removes_the_phones(ana: Person, phone: Phone, push_service: Mailbox) -> None:
    phone.signed_post("push", SUBSCRIPTION)
    turn_off_second_factor(acting(ana), ana, current_password=PASSWORD, is_proven=True)
    run_jobs()
    assert error(phone.state()) == (410, "authenticator.removed")
    assert len(push_service.got) == 1


def test_a_strangers_phone_is_not_there(zoe: Person, client: Client, phone: Phone) -> None:
    client.force_login(zoe)
    prove_again(client)
    assert client.post(f"{PAGE}/{phone.device}/remove").status_code == 404
    assert phone.state().status_code == 200


def test_a_request_counts_only_signed_by_its_device_for_this_path_and_now(ana: Person, phone: Phone) -> None:
    browser, path = phone.browser, "/authenticator/api/1/state"

    def asked(header: str, where: str = path) -> tuple[int, str]:
        return error(browser.get(where, HTTP_AUTHORIZATION=header))

    assert asked("") == (401, "authenticator.bad_signature")
    assert asked("Bearer x") == (401, "authenticator.bad_signature")
    assert asked("Kanton-Device a.b.c") == (401, "authenticator.bad_signature")
    other = phone.authorization("POST", path)
    assert asked(other) == (401, "authenticator.bad_signature")
    other = phone.authorization("GET", "/authenticator/api/1/push")
    assert asked(other) == (401, "authenticator.bad_signature")
    stranger = Phone()
    stranger.device = phone.device
    assert asked(stranger.authorization("GET", path)) == (401, "authenticator.bad_signature")
    stranger.device = "nobody"
    assert asked(stranger.authorization("GET", path)) == (404, "authenticator.unknown_device")
    for off in (-91, 91):
        late = phone.authorization("GET", path, time=int(clock.now().timestamp()) + off)
        assert asked(late) == (401, "authenticator.clock_wrong")
    # The signature covers the body.
    body = b'{"endpoint": ""}'
    header = phone.authorization("POST", "/authenticator/api/1/push", body)
    changed = browser.post(
        "/authenticator/api/1/push",
        b'{"endpoint": " "}',
        content_type="application/json",
        HTTP_AUTHORIZATION=header,
    )
    assert error(changed) == (401, "authenticator.bad_signature")
    Person.objects.filter(pk=ana.pk).update(is_active=False)
    assert error(phone.state()) == (403, "authenticator.blocked"), "and the phone keeps its key"


def test_what_is_over_is_forgotten_in_time(ana: Person, phone: Phone) -> None:
    gone = linked_phone(ana)
    Device.objects.filter(public_id=gone.device).update(removed_at=clock.now())
    SignInRequest.objects.create(person=ana, number="42")
    assert forget_what_is_over.call() == 0
    with clock.travel(clock.now() + timedelta(days=366)):
        assert forget_what_is_over.call() == 3, "a code, a sign-in, and the removed phone"
    assert [device.public_id for device in Device.objects.all()] == [phone.device]


@pytest.mark.spec("ACC-71")
def test_the_end_of_the_account_names_its_phones_and_ends_them(ana: Person, phone: Phone) -> None:
    linked_phone(ana)
    told = [str(effect.text) for effect in ending.effects_of(ana)]
    assert "The account disappears from the Authenticator on 2 phones." in told
    Person.objects.filter(pk=ana.pk).delete()
    assert error(phone.state()) == (404, "authenticator.unknown_device")


def test_the_log_tells_what_happened_without_secrets(ana: Person, phone: Phone) -> None:
    kinds = list(Activity.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["authenticator.code_shown", "authenticator.linked", "factors.method_added"]
    told = str(list(Activity.objects.values("facts", "personal", "search")))
    assert phone.secret not in told


SUBSCRIPTION = {
    "endpoint": "https://push.example.net/send/abc",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
