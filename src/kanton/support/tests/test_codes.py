"""Support codes (SUP-1, 5…8)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.accounts.queries import activity_of
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden, TooMany
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.support.actions.codes import look_up_support_code, renew_support_code
from kanton.support.models import SupportCode
from kanton.testing import acting


def code_of(person: Person) -> str:
    return renew_support_code(acting(person), person).digits


@pytest.mark.spec("SUP-1", "SUP-5", "ACC-16")
def test_the_code_is_on_its_page_and_in_the_help_window_and_cannot_be_mistaken(
    ana: Person, acme: Organization, client: Client
) -> None:
    client.force_login(ana)
    assert 'hx-get="/account/support-code"' in client.get("/account/").content.decode()
    page = client.get("/account/support-code").content.decode()
    code = SupportCode.objects.get()
    assert re.fullmatch(r"\d{8}", code.digits)
    assert f"<strong>{code.shown}</strong>" in page
    assert "It is not the transfer code of a domain." in page
    assert code.shown in client.get("/account/").content.decode(), "also on the profile"
    part = client.get("/account/support-code", headers={"HX-Request": "true"}).content.decode()
    assert code.shown in part, "the same code, until it is used"
    assert "<html" not in part
    assert client.post("/account/support-code").status_code == 303
    assert SupportCode.objects.get().digits != code.digits, "renewed on demand"


@pytest.mark.spec("SUP-6", "SUP-8")
def test_staff_recognize_a_caller_once_and_the_caller_sees_it(
    ana: Person, acme: Organization, sam: Person, staff: Actor, client: Client
) -> None:
    digits = code_of(ana)
    client.force_login(sam)
    page = client.post("/staff/support-code", {"digits": f"{digits[:4]} {digits[4:]}"}).content.decode()
    assert "Ana Keller" in page
    assert "Acme, Owner" in page
    used = activity_of(acting(ana)).first()
    assert used is not None
    assert (used.kind, used.person_id) == ("support.code_used", sam.pk)
    assert client.post("/staff/support-code", {"digits": digits}).status_code == 422, "used up"
    fresh = code_of(ana)
    with clock.travel(clock.now() + timedelta(hours=24)):
        assert look_up_support_code(staff, digits=fresh) is None
    assert look_up_support_code(staff, digits=fresh) == ana


@pytest.mark.spec("SUP-6")
def test_a_code_is_nobody_elses(ana: Person, acme: Organization, ben: Person, client: Client) -> None:
    digits = code_of(ana)
    client.force_login(ben)
    assert digits not in client.get("/account/support-code").content.decode().replace(" ", "")
    with pytest.raises(Forbidden):
        renew_support_code(acting(ben), ana)
    with pytest.raises(Forbidden):
        look_up_support_code(acting(ben), digits=digits)
    assert SupportCode.objects.get(person=ana).used_at is None


@pytest.mark.spec("SUP-7")
def test_a_code_opens_nothing(ana: Person, client: Client) -> None:
    digits = code_of(ana)
    assert client.post("/login", {"email": ana.email, "password": digits}).status_code == 422
    assert client.post("/login", {"email": digits, "password": digits}).status_code == 422


@pytest.mark.spec("SUP-8")
def test_the_fifth_wrong_code_in_an_hour_raises_the_alarm_once(
    ana: Person, staff: Actor, outbox: Outbox
) -> None:
    for number in range(6):
        assert look_up_support_code(staff, digits=f"0000000{number}") is None
        assert len(outbox) == (1 if number >= 4 else 0)
    assert (outbox[0].template, outbox[0].to) == ("support/wrong_codes", ["support@alpenhost.example"])
    assert Activity.objects.filter(kind="support.code_alarm").count() == 1
    assert Activity.objects.filter(kind="support.code_wrong", person_id=staff.person_id).count() == 6
    for number in range(4):
        look_up_support_code(staff, digits=f"1{number}")
    with pytest.raises(TooMany):
        look_up_support_code(staff, digits=code_of(ana))
    assert SupportCode.objects.get().used_at is None


def test_digits_are_not_readable_in_the_database(ana: Person) -> None:
    from django.db import connection

    digits = code_of(ana)
    with connection.cursor() as cursor:
        cursor.execute("SELECT digits, digest FROM support_supportcode")
        assert digits not in "".join(map(str, cursor.fetchone()))
