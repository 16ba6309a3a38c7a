"""A deleted hosted login address (ACC-60…66)."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kanton.accounts.actions import register
from kanton.accounts.models import Person
from kanton.accounts.recovery.actions.released import initials_of, release_login_address
from kanton.accounts.recovery.models import Released
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import System, visitor
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.models import Mail, MailState
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD, make_person

BACK = "back@elsewhere.example"
NEW = "ana@elsewhere.example"


def release(person: Person) -> str:
    """The identifier after the mailbox was deleted."""
    made = release_login_address(System("mail"), person, by="Ben Moser")
    assert made is not None
    return made.identifier


@pytest.mark.spec("ACC-60", "ACC-61", "ACC-62", "ACC-65")
def test_the_owner_comes_back_with_the_identifier_and_names_a_new_address(
    ana: Person, acme: Organization, client: Client, outbox: Outbox, gateway: None
) -> None:
    Person.objects.filter(pk=ana.pk).update(recovery_email=BACK, phone="+41791234567")
    running = Client()
    running.post("/login", {"email": ana.email, "password": PASSWORD})
    assert running.get("/account/").status_code == 200
    identifier = release(ana)
    assert re.fullmatch(r"AK\d{6}", identifier)
    assert [(mail.template, mail.to) for mail in outbox] == [("recovery/released", [BACK])]
    assert identifier in outbox[0].text
    ((number, text),) = outbox.messages
    assert number == "+41791234567"
    assert identifier in text
    assert running.get("/account/")["Location"] == "/login?next=%2Faccount%2F", (
        "no session goes on under the old address"
    )
    assert client.post("/login", {"email": "ana@acme.example", "password": PASSWORD}).status_code == 422
    assert client.post("/login", {"email": identifier, "password": "wrong"}).status_code == 422
    typed = f" {identifier[:2].lower()} {identifier[2:5]} {identifier[5:]}"
    assert client.post("/login", {"email": typed, "password": PASSWORD}).status_code == 302
    for path in ("/", "/account/", "/account/password", "/o/acme/people", "/account/tokens"):
        assert client.get(path)["Location"] == "/account/new-address", path
    assert client.get("/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account/new-address"
    assert "ana@acme.example" in client.get("/account/new-address").content.decode()
    assert client.post("/account/new-address", {"email": NEW}).status_code == 303
    assert NEW in client.get("/account/new-address").content.decode()
    assert client.get("/account/")["Location"] == "/account/new-address", "asked is not confirmed"
    link = next(mail.link for mail in outbox if mail.to == [NEW]).removeprefix(config.web.address)
    assert client.post(link).status_code == 303
    assert client.get("/account/").status_code == 200
    assert client.get("/o/acme/people").status_code == 200, "the same account, with everything kept"
    ana.refresh_from_db()
    assert (ana.email, ana.check_password(PASSWORD)) == (NEW, True)
    assert Released.objects.get().completed_at is not None
    assert Client().post("/login", {"email": identifier, "password": PASSWORD}).status_code == 422, "void"
    assert "undo" not in "".join(mail.text for mail in outbox if mail.template == "recovery/login_changed")


@pytest.mark.spec("ACC-65")
def test_the_identifier_never_stands_for_the_second_factor_and_meets_the_same_wall(
    ana: Person, client: Client
) -> None:
    from kanton.accounts.second_factor import Method, _methods

    identifier = release(ana)
    method = Method(
        "test", "Test", "key", 1, lambda person: True, "accounts:other_methods", "accounts:security"
    )
    _methods["test"] = method
    try:
        assert (
            client.post("/login", {"email": identifier, "password": PASSWORD})["Location"]
            == "/login/second-step"
        )
        assert client.get("/account/new-address").status_code == 302
    finally:
        del _methods["test"]
    for number in range(10):
        typed = identifier if number % 2 else f"{identifier[:4]} {identifier[4:]}"
        client.post("/login", {"email": typed, "password": "wrong"})
    answer = client.post("/login", {"email": identifier, "password": PASSWORD})
    assert "takes no password from here" in answer.content.decode()


@pytest.mark.spec("ACC-65")
@pytest.mark.parametrize(
    ("first", "last", "initials"),
    [("Ana", "Keller", "AK"), ("Éva", "Öst", "EO"), ("", "", "XX"), ("Lea", "", "LX"), ("李", "王", "XX")],
)
def test_initials_are_two_plain_letters(first: str, last: str, initials: str) -> None:
    assert initials_of(Person(first_name=first, last_name=last)) == initials


@pytest.mark.spec("ACC-65")
def test_identifiers_are_unique(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([123456, 123456, 654321])
    monkeypatch.setattr(
        "kanton.accounts.recovery.actions.released.random.randbelow", lambda limit: next(drawn)
    )
    first, second = (make_person(f"p{number}@example.ch", "Ana", "Keller") for number in range(2))
    assert [release(first), release(second)] == ["AK123456", "AK654321"]


@pytest.mark.spec("ACC-66")
def test_whoever_gets_the_address_next_gets_nothing_of_the_account(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    identifier = release(ana)
    assert not outbox, "neither phone nor recovery e-mail: the way back is identity verification"
    client.post("/password/forgotten", {"email": "ana@acme.example"})
    client.post("/password/forgotten/recovery-email", {"email": "ana@acme.example"})
    client.post("/password/forgotten", {"email": f"{identifier}@recovery.invalid"})
    run_jobs()
    assert all(mail.state == MailState.FAILED for mail in Mail.objects.all()), "nothing goes to nowhere"
    assert not Mail.objects.exclude(to=f"{identifier.lower()}@recovery.invalid").exists()
    other = register(visitor(), email="ana@acme.example", password="another horse battery")
    assert other is not None
    assert other.pk != ana.pk


@pytest.mark.spec("ACC-61")
def test_mail_for_a_lost_address_goes_to_the_recovery_address(ana: Person, outbox: Outbox) -> None:
    from kanton.core.outbox import send_mail

    Person.objects.filter(pk=ana.pk).update(recovery_email=BACK)
    release(ana)
    ana.refresh_from_db()
    assert send_mail(ana.email, "accounts/password_changed", {"person": ana, "at": clock.now()}).to == BACK
    assert release_login_address(System("mail"), ana, by="Ben") is None, "a second time changes nothing"
