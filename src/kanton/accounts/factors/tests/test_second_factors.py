"""Setting second factors up, signing in with them, and turning them off."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from kanton.accounts import second_factor
from kanton.accounts.factors import totp
from kanton.accounts.factors.actions import (
    add_totp,
    pass_by_backup_code,
    pass_by_totp,
    turn_off_second_factor,
)
from kanton.accounts.factors.errors import WrongCode
from kanton.accounts.factors.models import BackupCode, TextNumber
from kanton.accounts.factors.testing import SECRET, code_now, give_totp
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.config import overriding
from kanton.core import clock
from kanton.core.actor import visitor
from kanton.core.errors import Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.testing import PASSWORD, acting

FOREIGN = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ"


def password(client: Client, person: Person) -> str:
    """Give the right password; returns where it leads."""
    return client.post("/login", {"email": person.email, "password": PASSWORD})["Location"]


def sign_in(client: Client, person: Person) -> None:
    """Password and one-time password."""
    assert password(client, person) == "/login/second-step"
    assert client.get("/login/second-step")["Location"] == "/login/code"
    assert client.post("/login/code", {"code": code_now()})["Location"] == "/"


def prove_again(client: Client) -> None:
    """The password once more."""
    assert client.post("/account/again", {"current_password": PASSWORD}).status_code == 303


def is_signed_in(client: Client) -> bool:
    """Does the account page open?"""
    return client.get("/account/").status_code == 200


@pytest.mark.spec("ACC-72", "ACC-75", "ACC-78", "ACC-33", "ACC-128")
def test_an_app_is_set_up_with_ten_codes_and_then_asked_for(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    Person.objects.filter(pk=ana.pk).update(recovery_email="ana@elsewhere.example")
    password(client, ana)
    assert client.get("/2fa")["Location"] == "/account/two-factor"
    assert "app password" in client.get("/account/two-factor").content.decode()
    asked = client.get("/account/two-factor/app")
    assert asked["Location"] == "/account/again?next=%2Faccount%2Ftwo-factor%2Fapp"
    wrong = client.post("/account/again", {"current_password": "wrong", "next": "/account/two-factor/app"})
    assert wrong.status_code == 422
    right = client.post("/account/again", {"current_password": PASSWORD, "next": "/account/two-factor/app"})
    page = client.get(right["Location"]).content.decode()
    setup = re.search(r'name="setup" value="([^"]+)"', page)
    shown = re.search(r"secret=([A-Z2-7]+)", page)
    assert setup and shown
    form = {"setup": setup[1], "code": "000000"}
    assert client.post("/account/two-factor/app", form).status_code == 422
    assert not Authenticator.objects.exists()
    form["code"] = totp.code_at(shown[1], totp.step_at(clock.now()))
    done = client.post("/account/two-factor/app", form)
    codes = re.findall(r"<code>([a-z2-9-]{14})</code>", done.content.decode())
    assert len(set(codes)) == 10
    kept = str(list(BackupCode.objects.values_list("digest", flat=True)))
    assert not any(code in kept for code in codes)
    assert shown[1] not in str(Authenticator.objects.get().data)
    file = client.post("/account/two-factor/backup-codes/download", {"code": [*codes, "not-mine-code"]})
    assert all(code in file.content.decode() for code in codes) and "not-mine" not in file.content.decode()
    assert [(mail.to, mail.template) for mail in outbox] == [
        (["ana@acme.example"], "factors/method_added"),
        (["ana@elsewhere.example"], "factors/method_added"),
    ]
    fresh = Client()
    assert password(fresh, ana) == "/login/second-step"
    assert not is_signed_in(fresh)
    assert client.get("/account/security").content.decode().count("10 backup codes are left") == 1


@pytest.mark.spec("ACC-80")
def test_a_code_is_accepted_once_also_in_another_session(ana: Person) -> None:
    give_totp(ana)
    code, nobody = code_now(), visitor()
    pass_by_totp(nobody, ana, code=code)
    with pytest.raises(WrongCode):
        pass_by_totp(nobody, ana, code=code)
    with pytest.raises(WrongCode):  # an older one than the last accepted
        pass_by_totp(nobody, ana, code=code_now(-1))
    pass_by_totp(nobody, ana, code=code_now(1))
    later = clock.now() + timedelta(minutes=5)
    with clock.travel(later):
        pass_by_totp(nobody, ana, code=code_now())


@pytest.mark.spec("ACC-82")
def test_five_wrong_codes_end_the_sign_in_and_tell_the_owner(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    give_totp(ana)
    password(client, ana)
    for _ in range(4):
        assert client.post("/login/code", {"code": "000000"}).status_code == 422
    assert not outbox
    assert client.post("/login/code", {"code": "000000"})["Location"] == "/login"
    assert [mail.template for mail in outbox] == ["accounts/second_factor_failed"]
    assert client.post("/login/code", {"code": code_now()})["Location"] == "/login", "the attempt is over"
    assert not is_signed_in(client)
    assert Activity.objects.filter(kind="accounts.second_factor_failed").count() == 1


def test_a_new_sign_in_does_not_give_endless_tries(ana: Person) -> None:
    give_totp(ana)
    for _ in range(4):
        client = Client()
        password(client, ana)
        for _ in range(5):
            client.post("/login/code", {"code": "000000"})
    client = Client()
    password(client, ana)
    answer = client.post("/login/code", {"code": code_now()})
    assert answer.status_code == 422 and "Too many attempts" in answer.content.decode()
    with clock.travel(clock.now() + timedelta(hours=1, seconds=1)):
        client = Client()
        sign_in(client, ana)


@pytest.mark.spec("ACC-79", "ACC-81", "ACC-97")
def test_a_backup_code_gets_in_once_and_says_how_many_are_left(
    ana: Person, zoe: Person, client: Client, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, foreign = give_totp(ana), give_totp(zoe)
    password(client, ana)
    others = client.get("/login/second-step/other").content.decode()
    assert others.index("One-time password app") < others.index("Backup code")
    monkeypatch.setattr(second_factor, "_help", [])
    others = client.get("/login/second-step/other").content.decode()
    assert "Request help" not in others, "nobody offers it"
    monkeypatch.setattr(second_factor, "_help", ["accounts:forgotten"])
    others = client.get("/login/second-step/other").content.decode()
    assert others.index("Backup code") < others.index("Request help")
    refused = {}
    for code in (foreign[0], "aaaa-bbbb-cccc"):
        answer = client.post("/login/backup-code", {"code": code})
        refused[re.sub(r'value="[^"]*"|Token": "\w+', "", answer.content.decode())] = answer.status_code
    assert list(refused.values()) == [422], "a foreign code and a wrong one give the same page"
    assert client.post("/login/backup-code", {"code": f" {codes[0].upper()} "})["Location"] == "/"
    assert is_signed_in(client)
    assert [(mail.template, "9 are left" in mail.text) for mail in outbox] == [
        ("factors/backup_code_used", True)
    ]
    with pytest.raises(WrongCode):
        pass_by_backup_code(visitor(), ana, code=codes[0])


@pytest.mark.spec("ACC-79")
def test_a_new_set_voids_the_old_and_two_left_urge_to_make_one(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    codes = give_totp(ana)
    sign_in(client, ana)
    for code in codes[:8]:
        pass_by_backup_code(visitor(), ana, code=code)
    from django.test import RequestFactory

    from kanton.accounts.factors.queries import few_backup_codes

    request = RequestFactory().get("/")
    request.user = Person.objects.get(pk=ana.pk)
    assert [str(found.text) for found in few_backup_codes(request)] == [
        "Only 2 backup codes are left for your account. Make a new set."
    ]
    prove_again(client)
    page = client.post("/account/two-factor/backup-codes").content.decode()
    new = re.findall(r"<code>([a-z2-9-]{14})</code>", page)
    assert len(new) == 10
    with pytest.raises(WrongCode):
        pass_by_backup_code(visitor(), ana, code=codes[9])
    assert pass_by_backup_code(visitor(), ana, code=new[0]) == 9
    assert "factors/backup_codes_made" in [mail.template for mail in outbox]


@pytest.mark.spec("ACC-93", "ACC-96", "ACC-33")
def test_turning_it_off_wants_the_password_and_a_session_that_passed_the_step(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    password(client, ana)  # before it was turned on: this session never passed the step
    give_totp(ana)
    assert client.post("/account/two-factor/off")["Location"].startswith("/account/again")
    prove_again(client)
    assert client.post("/account/two-factor/off").status_code == 422
    assert Authenticator.objects.exists() and not outbox
    client = Client()
    sign_in(client, ana)
    prove_again(client)
    assert client.post("/account/two-factor/off").status_code == 303
    assert not Authenticator.objects.exists() and not BackupCode.objects.exists()
    assert [mail.template for mail in outbox][1:] == ["factors/turned_off"], "after the one about a new place"
    assert password(Client(), ana) == "/"


@pytest.mark.spec("ACC-94", "ACC-95")
def test_an_organization_that_demands_it_keeps_it_on(
    ana: Person, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_factor, "_enforcers", [lambda person: ["Acme"]])
    give_totp(ana)
    sign_in(client, ana)
    page = client.get("/account/two-factor").content.decode()
    assert "Acme demands two-factor authentication of you" in page
    assert re.search(r"<button[^>]*disabled[^>]*>Turn two-factor authentication off", page)
    prove_again(client)
    assert client.post("/account/two-factor/off").status_code == 422
    assert client.post("/account/two-factor/totp/remove").status_code == 422
    assert Authenticator.objects.count() == 1
    TextNumber.objects.create(person=ana, phone="+41791234567")
    with overriding(outbox={"sms_gateway": "log"}):
        assert client.post("/account/two-factor/totp/remove").status_code == 303, "another one is left"
    assert not Authenticator.objects.exists()


@pytest.mark.spec("ACC-77", "ACC-92")
def test_removing_the_last_method_turns_everything_off(ana: Person, client: Client, outbox: Outbox) -> None:
    give_totp(ana)
    TextNumber.objects.create(person=ana, phone="+41791234567")
    with overriding(outbox={"sms_gateway": "log"}):
        sign_in(client, ana)
        prove_again(client)
        assert client.post("/account/two-factor/sms/remove").status_code == 303
        assert BackupCode.objects.count() == 10
        page = client.get("/account/two-factor/totp/remove").content.decode()
        assert "This is your last second factor" in page
        assert client.post("/account/two-factor/totp/remove").status_code == 303
    assert not BackupCode.objects.exists()
    assert [mail.template for mail in outbox] == ["factors/method_removed", "factors/turned_off"]


@pytest.mark.spec("ACC-73", "ACC-74")
def test_text_messages_only_with_a_gateway_and_in_these_countries(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    password(client, ana)
    assert "Code by text message" not in client.get("/account/two-factor").content.decode()
    with overriding(outbox={"sms_gateway": "log"}):
        assert "Code by text message" in client.get("/account/two-factor").content.decode()
        prove_again(client)
        sent = client.post("/account/two-factor/sms", {"phone": "079 123 45 67"})
        assert "+41791234567" in sent.content.decode()
        (number, text) = outbox.messages[0]
        code = re.search(r"\d{6}", text)
        assert number == "+41791234567" and code
        wrong = f"{(int(code[0]) + 1) % 1_000_000:06d}"
        values = {"sent": number, "code": wrong}
        assert client.post("/account/two-factor/sms", values).status_code == 422
        done = client.post("/account/two-factor/sms", {**values, "code": code[0]})
        assert "Your backup codes" in done.content.decode()
        other = Client()
        assert password(other, ana) == "/login/second-step"
        other.post("/login/sms", {"send": "1"})
        code = re.search(r"\d{6}", outbox.messages[1][1])
        assert code and other.post("/login/sms", {"code": code[0]})["Location"] == "/"
        third = Client()
        password(third, ana)
        assert third.post("/login/sms", {"code": code[0]}).status_code == 422, "a code works once"
        Person.objects.filter(pk=ana.pk).update(country="ES")
        page = client.get("/account/two-factor/sms/remove").content.decode()
        assert "you cannot set them up again" in page
        assert client.get("/account/two-factor/sms").status_code == 409


def test_a_weak_key_is_refused(ana: Person) -> None:
    from kanton.accounts.factors.errors import BadSecret

    for secret in ("AAAA", "not base 32"):
        with pytest.raises(BadSecret):
            add_totp(acting(ana), ana, secret=secret, code="000000", current_password=PASSWORD)
    assert not Authenticator.objects.exists()


@pytest.mark.spec("ACC-55")
def test_a_reset_does_not_remove_the_second_factor(ana: Person, client: Client) -> None:
    from kanton.accounts.actions import reset_password
    from kanton.accounts.models import OneTimeLink, Purpose

    give_totp(ana)
    secret = OneTimeLink.issue(ana, Purpose.RESET)
    reset_password(visitor(), secret=secret, password="an entirely different sentence")
    answer = client.post("/login", {"email": ana.email, "password": "an entirely different sentence"})
    assert answer["Location"] == "/login/second-step"
    assert SECRET not in str(Authenticator.objects.get().data)


@pytest.mark.spec("ACC-83")
def test_neither_staff_nor_another_person_turns_it_off(ana: Person, ben: Person, sam: Person) -> None:
    codes = give_totp(ana)
    for somebody in (ben, sam):
        with pytest.raises(Forbidden):
            turn_off_second_factor(acting(somebody), ana, current_password=PASSWORD, is_proven=True)
    assert Authenticator.objects.count() == 1
    assert BackupCode.objects.filter(used_at=None).count() == len(codes)


@pytest.mark.spec("ACC-68")
def test_the_end_of_the_account_and_the_file_of_data_name_the_factors_and_tell_no_secret(ana: Person) -> None:
    from kanton.accounts.factors.parts import ENDING, EXPORT

    assert list(ENDING.effects(ana)) == []
    codes = give_totp(ana)
    (effect,) = ENDING.effects(ana)
    assert "backup codes are removed" in str(effect.text)
    told = list(EXPORT.rows(ana))
    assert [row["kind"] for row in told] == ["totp", *["backup"] * 10]
    assert not any(secret in str(told) for secret in (SECRET, *codes))
