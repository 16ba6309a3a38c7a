"""Changing the login e-mail, and taking it back (ACC-20…26)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from kanton.accounts.actions import register
from kanton.accounts.errors import LinkGone, WrongPassword
from kanton.accounts.models import ApiToken, Person
from kanton.accounts.recovery.actions.login_address import (
    change_login_address,
    confirm_login_address,
    undo_login_address,
)
from kanton.accounts.recovery.errors import AddressTaken, DiffersNot, NoSuchPlace, UnchangedAddress
from kanton.accounts.recovery.models import AddressChange
from kanton.activity.models import Activity
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import visitor
from kanton.core.errors import DomainError, TooMany
from kanton.core.outbox.testing import Outbox
from kanton.core.secrets import token_hash
from kanton.testing import PASSWORD, acting, make_person

NEW = "ana@elsewhere.example"


def path(link: str) -> str:
    """The link without the address of the console."""
    return link.removeprefix(config.web.address)


def ask(person: Person, email: str = NEW, password: str = PASSWORD) -> AddressChange:
    return change_login_address(acting(person), person, email=email, current_password=password)


def undo_link(outbox: Outbox, template: str, to: str) -> str:
    return next(mail.link for mail in outbox if mail.template == template and mail.to == [to])


@pytest.mark.spec("ACC-20", "ACC-21", "ACC-24", "ACC-26")
def test_the_change_takes_effect_by_the_link_and_both_old_addresses_are_told(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    Person.objects.filter(pk=ana.pk).update(recovery_email="back@example.ch")
    client.force_login(ana)
    wrong = client.post("/account/login-address", {"email": NEW, "current_password": "wrong"})
    assert wrong.status_code == 422
    assert "This is not your login password" in wrong.content.decode()
    assert not AddressChange.objects.exists()
    done = client.post("/account/login-address", {"email": NEW, "current_password": PASSWORD})
    assert (done.status_code, done["Location"]) == (303, "/account/security")
    assert [(mail.template, mail.to[0], mail.is_secret) for mail in outbox] == [
        ("recovery/confirm_login", NEW, True),
        ("recovery/login_change_asked", "ana@acme.example", True),
        ("recovery/login_change_asked", "back@example.ch", True),
    ]
    assert NEW in client.get("/account/security").content.decode()
    ana.refresh_from_db()
    assert ana.email == "ana@acme.example", "until the link is opened, the old one keeps working"
    link = path(outbox[0].link)
    assert Client().get(link).status_code == 200
    ana.refresh_from_db()
    assert ana.email == "ana@acme.example", "looking does not confirm"
    assert Client().post(link)["Location"] == "/login"
    ana.refresh_from_db()
    assert (ana.email, ana.email_key) == (NEW, NEW)
    assert Client().post(link).status_code == 410
    assert [(mail.template, mail.to[0]) for mail in outbox[3:]] == [
        ("recovery/login_changed", NEW),
        ("recovery/login_changed", "ana@acme.example"),
        ("recovery/login_changed", "back@example.ch"),
    ]
    assert "undo" not in outbox[3].text, "whoever has the new address cannot undo it"
    assert "undo" in outbox[4].link
    assert client.get("/account/").status_code == 200, "the session goes on"
    assert Client().post("/login", {"email": NEW, "password": PASSWORD}).status_code == 302
    assert Client().post("/login", {"email": "ana@acme.example", "password": PASSWORD}).status_code == 422
    happened = Activity.objects.filter(kind__startswith="recovery.").order_by("pk")
    assert list(happened.values_list("kind", flat=True)) == [
        "recovery.login_change_asked",
        "recovery.login_changed",
    ]


@pytest.mark.spec("ACC-22", "ACC-23", "ACC-25")
def test_refusals_name_the_reason_and_move_nothing(ana: Person, zoe: Person, outbox: Outbox) -> None:
    ana.recovery_email = "back@example.ch"
    ana.save()
    cases: list[tuple[str, type[DomainError]]] = [
        ("BACK@example.ch", DiffersNot),
        ("ＺＯＥ@Globex.example", AddressTaken),
        ("ANA@ACME.EXAMPLE", UnchangedAddress),
        ("xx123456@recovery.invalid", NoSuchPlace),
    ]
    for email, error in cases:
        with pytest.raises(error) as caught:
            ask(ana, email)
        assert caught.value.field == "email"
    assert "invite that account into your organization" in AddressTaken(email="x").sentence
    with pytest.raises(WrongPassword):
        ask(ana, password="")
    assert not AddressChange.objects.exists()
    assert not outbox


@pytest.mark.spec("ACC-25")
def test_of_two_claims_one_wins_and_the_other_is_told(ana: Person, zoe: Person, outbox: Outbox) -> None:
    ask(ana, "shared@example.ch")
    ask(zoe, "Shared@Example.ch")
    links = [mail.link.rsplit("/", 1)[1] for mail in outbox if mail.template == "recovery/confirm_login"]
    confirm_login_address(visitor(), secret=links[0])
    with pytest.raises(AddressTaken):
        confirm_login_address(visitor(), secret=links[1])
    zoe.refresh_from_db()
    assert zoe.email == "zoe@globex.example"
    assert Client().post(f"/account/address/confirm/{links[1]}").status_code == 409


@pytest.mark.spec("ACC-25")
def test_a_registration_that_was_faster_wins(ana: Person, outbox: Outbox) -> None:
    ask(ana)
    make_person(NEW, "Other", "Person")
    with pytest.raises(AddressTaken):
        confirm_login_address(visitor(), secret=outbox[0].link.rsplit("/", 1)[1])


@pytest.mark.spec("ACC-24")
def test_undo_brings_everything_back_and_shuts_the_thief_out(
    ana: Person, client: Client, outbox: Outbox
) -> None:
    client.post("/login", {"email": ana.email, "password": PASSWORD})
    assert client.get("/account/").status_code == 200
    ApiToken.objects.create(person=ana, name="thief's", digest=token_hash("t"), scopes=["all"])
    ask(ana)
    confirm_login_address(visitor(), secret=outbox[0].link.rsplit("/", 1)[1])
    ana.refresh_from_db()
    ask(ana, "second@thief.example")
    second = next(mail for mail in outbox if mail.to == ["second@thief.example"])
    confirm_login_address(visitor(), secret=second.link.rsplit("/", 1)[1])
    link = path(undo_link(outbox, "recovery/login_change_asked", "ana@acme.example"))
    page = Client().get(link)
    assert "The old address signs in again" in page.content.decode()
    assert Client().post(link).status_code == 200
    ana.refresh_from_db()
    assert ana.email == "ana@acme.example"
    assert client.get("/account/").status_code == 302, "the thief's session is over"
    assert not ana.api_tokens.filter(revoked_at=None).exists()
    assert (outbox[-1].template, outbox[-1].to) == ("accounts/reset", ["ana@acme.example"])
    assert Client().post(link).status_code == 410, "once is enough"


@pytest.mark.spec("ACC-24")
def test_before_it_took_effect_undo_only_stops_it(ana: Person, outbox: Outbox) -> None:
    ask(ana)
    undo_login_address(visitor(), secret=outbox[1].link.rsplit("/", 1)[1])
    with pytest.raises(LinkGone):
        confirm_login_address(visitor(), secret=outbox[0].link.rsplit("/", 1)[1])
    assert [mail.template for mail in outbox[2:]] == ["recovery/change_undone"]


@pytest.mark.spec("ACC-24")
def test_links_last_a_day_and_undo_seven(ana: Person, outbox: Outbox) -> None:
    ask(ana)
    confirm, undo = (mail.link.rsplit("/", 1)[1] for mail in outbox[:2])
    with clock.travel(clock.now() + timedelta(hours=24)), pytest.raises(LinkGone):
        confirm_login_address(visitor(), secret=confirm)
    confirm_login_address(visitor(), secret=confirm)
    with clock.travel(clock.now() + timedelta(days=7)), pytest.raises(LinkGone):
        undo_login_address(visitor(), secret=undo)
    for forged in ("", "x", "1", f"{undo}x", f"9{undo}", "9" * 40 + "-x"):
        with pytest.raises(LinkGone):
            undo_login_address(visitor(), secret=forged)
    with clock.travel(clock.now() + timedelta(days=6, hours=23)):
        assert undo_login_address(visitor(), secret=undo).email == "ana@acme.example"


@pytest.mark.spec("ACC-24", "ACC-25")
def test_nobody_takes_the_old_address_while_it_can_be_taken_back(
    ana: Person, zoe: Person, outbox: Outbox
) -> None:
    ask(ana)
    confirm_login_address(visitor(), secret=outbox[0].link.rsplit("/", 1)[1])
    assert register(visitor(), email="ana@acme.example", password=PASSWORD) is None
    assert (outbox[-1].template, outbox[-1].to) == ("accounts/registered_again", [NEW])
    with pytest.raises(AddressTaken):
        ask(zoe, "ana@acme.example")
    ana.refresh_from_db()
    assert ask(ana, "ana@acme.example").new == "ana@acme.example", "its owner may go back"
    with clock.travel(clock.now() + timedelta(days=8)):
        assert register(visitor(), email="ana@acme.example", password=PASSWORD) is not None


def test_asking_again_voids_the_first_link_and_has_a_limit(ana: Person, outbox: Outbox) -> None:
    for number in range(10):
        ask(ana, f"ana{number}@elsewhere.example")
    with pytest.raises(LinkGone):
        confirm_login_address(visitor(), secret=outbox[0].link.rsplit("/", 1)[1])
    with pytest.raises(TooMany):
        ask(ana)


def test_an_address_at_the_place_of_substitutes_cannot_register(db: None) -> None:
    with pytest.raises(DomainError):
        register(visitor(), email="xx123456@recovery.invalid", password=PASSWORD)
