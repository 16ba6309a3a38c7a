"""An organization demands a second factor: announced, reminded, enforced in its own pages only, and explained."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from kanton.accounts.models import Person
from kanton.accounts.second_factor import PROVEN_ELSEWHERE
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.models import Membership, Organization
from kanton.organizations.policies.actions import (
    demand_second_factor,
    remind_of_second_factor,
)
from kanton.organizations.policies.errors import DayIsPast, ProtectYourselfFirst
from kanton.organizations.policies.queries import meets, names_demanding
from kanton.organizations.policies.tasks import remind
from kanton.rest.testing import ApiClient
from kanton.testing import acting

NOON = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)
DAY = NOON.date()


def protect(person: Person) -> None:
    """Give somebody a second factor."""
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})


def signed_in(person: Person) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.spec("ORG-60", "ORG-66", "ORG-67")
def test_the_rule_is_switched_on_for_a_day_and_those_without_are_told(
    owner: Actor, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    browser = signed_in(ana)
    with clock.travel(NOON):
        with pytest.raises(ProtectYourselfFirst):
            demand_second_factor(owner, acme, demanded_from=DAY)
        protect(ana)
        with pytest.raises(DayIsPast):
            demand_second_factor(owner, acme, demanded_from=DAY - timedelta(days=1))
        acme.refresh_from_db()
        assert acme.second_factor_from is None and not outbox
        page = browser.get("/o/acme/rules/second-factor").content.decode()
        assert "This concerns 1 person" in page and "Ben Moser" in page
        assert browser.post("/o/acme/rules/second-factor", {"demanded_from": "2027-01-11"}).status_code == 303
        acme.refresh_from_db()
        assert str(acme.second_factor_from) == "2027-01-11" and not acme.demands_second_factor
        assert [mail.to for mail in outbox] == [["ben@acme.example"]]
        # Nobody is stopped before the day.
        assert signed_in(ben).get("/o/acme/").status_code == 200
        assert remind.func() == 0
    with clock.travel(NOON + timedelta(days=6)):
        assert remind.func() == 1
        assert [mail.to for mail in outbox] == [["ben@acme.example"]] * 2
    assert browser.post("/o/acme/rules/second-factor/off").status_code == 303
    acme.refresh_from_db()
    assert acme.second_factor_from is None


@pytest.mark.spec("ORG-61", "ORG-62", "ORG-65")
def test_whoever_has_none_meets_one_page_here_and_nothing_is_closed_elsewhere(
    owner: Actor, ana: Person, ben: Person, acme: Organization, globex: Organization
) -> None:
    protect(ana)
    Membership.objects.create(organization=globex, person=ben, role=Role.ADMINISTRATOR)
    browser = signed_in(ben)
    with clock.travel(NOON):
        demand_second_factor(owner, acme, demanded_from=DAY)
        for path in ("/o/acme/", "/o/acme/settings", "/o/acme/search?q=x"):
            answer = browser.get(path)
            assert (answer.status_code, answer["Location"]) == (302, "/o/acme/second-factor")
        inside = browser.get("/o/acme/settings", headers={"HX-Request": "true"})
        assert (inside.status_code, inside["HX-Redirect"]) == (204, "/o/acme/second-factor")
        wall = browser.get("/o/acme/second-factor").content.decode()
        assert (
            "Acme demands a second factor" in wall and "/account/two-factor" in wall and "/leave" not in wall
        )
        for path in ("/o/globex/", "/account/", "/account/security"):
            assert browser.get(path).status_code == 200
        assert signed_in(ana).get("/o/acme/settings").status_code == 200
        # Programs on people's devices go on, and so do tokens.
        assert ApiClient(ben).get("/1/accounts").status == 200
        protect(ben)
        assert browser.get("/o/acme/settings").status_code == 200
        assert browser.get("/o/acme/second-factor").status_code == 302


@pytest.mark.spec("ACC-120", "ORG-61")
def test_a_second_factor_at_the_identity_provider_will_do_also_in_the_webmail(
    owner: Actor, ana: Person, ben: Person, acme: Organization
) -> None:
    protect(ana)
    browser = signed_in(ben)
    with clock.travel(NOON):
        demand_second_factor(owner, acme, demanded_from=DAY)
        assert not meets(acting(ben), acme)
        assert browser.get("/o/acme/settings").status_code == 302
        session = browser.session
        session[PROVEN_ELSEWHERE] = ana.pk
        session.save()
        assert browser.get("/o/acme/settings").status_code == 302, "somebody else's proof"
        session[PROVEN_ELSEWHERE] = ben.pk
        session.save()
        assert browser.get("/o/acme/settings").status_code == 200
        assert meets(acting(ben, has_proof_elsewhere=True), acme)


@pytest.mark.spec("ORG-63")
def test_an_external_user_may_leave_instead(
    owner: Actor, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    protect(ana)
    browser = signed_in(ben)
    with clock.travel(NOON):
        demand_second_factor(owner, acme, demanded_from=DAY)
        assert "Leave Acme instead" not in browser.get("/o/acme/second-factor").content.decode()
        Membership.objects.filter(person=ben).update(role=Role.EXTERNAL)
        sent = len(outbox)
        assert "Leave Acme instead" in browser.get("/o/acme/second-factor").content.decode()
        assert browser.post("/o/acme/second-factor/leave").status_code == 303
        assert not Membership.objects.filter(person=ben).exists()
        assert browser.get("/o/acme/").status_code == 404
        assert [(mail.template, mail.to) for mail in outbox[sent:]] == [("departure/left", [ana.email])]


@pytest.mark.spec("ACC-94", "ACC-95")
def test_the_account_knows_who_demands_it(owner: Actor, ana: Person, acme: Organization) -> None:
    protect(ana)
    with clock.travel(NOON):
        assert names_demanding(ana) == []
        demand_second_factor(owner, acme, demanded_from=DAY)
        assert names_demanding(ana) == ["Acme"]
        Membership.objects.filter(person=ana).update(suspended_at=NOON)
        assert names_demanding(ana) == []


def test_the_rule_by_program(ana: Person, acme: Organization) -> None:
    client = ApiClient(ana)
    path = f"/2/accounts/{acme.pk}/security_rules"
    refused = client.put(path, {"second_factor_from": "2999-01-01"})
    assert (refused.status, refused.code) == (409, "policies.protect_yourself_first")
    protect(ana)
    assert client.put(path, {"second_factor_from": "2999-01-01"}).data == {
        "second_factor_from": "2999-01-01",
        "is_second_factor_demanded": False,
        "second_factor_for_apps": False,
        "users_without_second_factor": 0,
        "session_hours": None,
        "session_idle_minutes": None,
        "sessions_from": None,
        "admin_networks": [],
        "admin_networks_from": None,
    }
    stricter = {"second_factor_from": "2999-01-01", "second_factor_for_apps": True}
    assert client.put(path, stricter).data["second_factor_for_apps"] is True
    moved = client.put(path, {"second_factor_from": "2999-02-01"}).data
    assert moved["second_factor_for_apps"] is True, "what is not said stays as it is"
    ended = client.put(path, {"second_factor_from": None}).data
    assert (ended["second_factor_from"], ended["second_factor_for_apps"]) == (None, False)
    assert client.put(path, {"second_factor_from": "soon"}).status == 422


def test_nothing_is_sent_when_nobody_lacks_one(acme: Organization, outbox: Outbox) -> None:
    assert remind_of_second_factor(System("policies"), acme) == 0
    assert not outbox


@pytest.mark.spec("ORG-62")
def test_the_stricter_rule_is_offered_told_to_everybody_and_recorded(
    ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    protect(ana)
    protect(ben)
    browser = signed_in(ana)
    path, kinds = (
        "/o/acme/rules/second-factor",
        Activity.objects.filter(organization_id=acme.pk).order_by("pk"),
    )
    with clock.travel(NOON):
        assert 'name="also_for_apps" checked' in _fields(browser.get(path)), "who begins is offered it"
        assert browser.post(path, {"demanded_from": "2027-01-11"}).status_code == 303
        acme.refresh_from_db()
        assert not acme.second_factor_for_apps and not outbox, "everybody has a second factor"
        assert 'name="also_for_apps" checked' not in _fields(browser.get(path))
        sent = {"demanded_from": "2027-01-11", "also_for_apps": "on"}
        assert browser.post(path, sent).status_code == 303
        run_jobs()
        acme.refresh_from_db()
        assert acme.second_factor_for_apps and not acme.demands_second_factor_of_apps
        [mail] = outbox
        assert (mail.template, mail.to) == ("policies/apps_included", ["ben@acme.example"])
        assert "from 11 Jan 2027 on" in mail.text
        assert browser.post(path, sent).status_code == 303, "the same again"
        assert browser.post(path, {"demanded_from": "2027-01-11"}).status_code == 303
        run_jobs()
        assert len(outbox) == 1
    recorded = [one.kind for one in kinds if one.kind.startswith("policies.")]
    assert recorded == ["policies.second_factor_demanded", "policies.apps_included", "policies.apps_left_out"]


def _fields(answer: Any) -> str:
    """The page's fields, with what is between name and state taken out."""
    return re.sub(r'(name="also_for_apps")[^>]*?( checked)?>', r"\1\2>", answer.content.decode())
