"""Staff see where somebody is signed in, and sign them out with a reason that the person reads."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.backoffice.actions import end_sessions_of
from kanton.backoffice.errors import NotSignedIn, ReasonMissing
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.rest.testing import ApiClient
from kanton.testing import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def signed_in(person: Person) -> Client:
    """A browser in which somebody is signed in."""
    browser = Client(headers={"User-Agent": FIREFOX})
    browser.post("/login", {"email": person.email, "password": PASSWORD})
    assert is_in(browser)
    return browser


def is_in(browser: Client) -> bool:
    """Whether the account opens."""
    return browser.get("/account/").status_code == 200


def test_staff_end_one_session_and_the_person_is_told_why(
    sam: Person, ana: Person, zoe: Person, outbox: Outbox
) -> None:
    staff, laptop, phone, other = (signed_in(each) for each in (sam, ana, ana, zoe))
    page = f"/staff/people/{ana.pk}"
    shown = staff.get(page).content.decode()
    first, second = UserSession.objects.filter(user=ana).order_by("pk")
    assert all(f"{page}/sessions/{one.pk}/end" in shown for one in (first, second)) and "Firefox" in shown
    sent = len(outbox)
    refused = staff.post(f"{page}/sessions/{first.pk}/end", {"reason": "  "})
    assert refused.status_code == 422 and len(outbox) == sent and is_in(laptop)
    foreign = UserSession.objects.get(user=zoe)
    assert staff.post(f"{page}/sessions/{foreign.pk}/end", {"reason": "x"}).status_code == 404
    answer = staff.post(f"{page}/sessions/{first.pk}/end", {"reason": "Your laptop was reported stolen."})
    assert (answer.status_code, answer["Location"]) == (303, page)
    assert (is_in(laptop), is_in(phone), is_in(other)) == (False, True, True)
    row = Activity.objects.latest("pk")
    assert (row.kind, row.chain, row.data["reason"]) == (
        "backoffice.session_ended", f"person:{ana.pk}", "Your laptop was reported stolen.",
    )  # fmt: skip
    assert "Your laptop was reported stolen." in phone.get("/account/activity").content.decode()
    (mail,) = outbox[sent:]
    assert (mail.to, mail.template) == ([ana.email], "backoffice/sessions_ended")
    assert "Firefox" in mail.text and "Your laptop was reported stolen." in mail.text
    assert staff.get(f"{page}/sessions/{first.pk}/end").status_code == 404


def test_staff_end_all_sessions_and_nothing_else(
    sam: Person, ana: Person, zoe: Person, staff: Actor, owner: Actor, outbox: Outbox
) -> None:
    desk, laptop, phone, other = (signed_in(each) for each in (sam, ana, ana, zoe))
    with pytest.raises(Forbidden):
        end_sessions_of(owner, ana, reason="x")
    with pytest.raises(ReasonMissing):
        end_sessions_of(staff, ana, reason=" ")
    assert is_in(laptop) and is_in(phone)
    sent = len(outbox)
    assert desk.post(f"/staff/people/{ana.pk}/sessions/end", {"reason": "Stolen"}).status_code == 303
    assert (is_in(laptop), is_in(phone), is_in(other), is_in(desk)) == (False, False, True, True)
    assert [(mail.to, mail.text.count("- Firefox")) for mail in outbox[sent:]] == [([ana.email], 2)]
    with pytest.raises(NotSignedIn):
        end_sessions_of(staff, ana, reason="Again")
    assert "Not signed in anywhere" in desk.get(f"/staff/people/{ana.pk}").content.decode()
    assert ApiClient(ana).get("/2/profile").status == 200, "tokens stay"
    signed_in(ana)  # this is no block


def test_programs_of_staff_do_the_same(sam: Person, ana: Person, zoe: Person) -> None:
    laptop, phone = signed_in(ana), signed_in(ana)
    client, path = ApiClient(sam), f"/2/staff/people/{ana.pk}/sessions"
    listed = client.get(path).data
    assert [(one["browser"], one["device"]) for one in listed] == [("Firefox 128", "Linux")] * 2
    first = min(one["id"] for one in listed)
    assert client.delete(path, {"reason": ""}).status == client.delete(path, {"reason": " "}).status == 422
    assert client.delete(f"{path}/{first}", {"reason": "Lost"}).data is True
    assert (is_in(laptop), is_in(phone)) == (False, True)
    assert client.delete(f"{path}/{first}", {"reason": "Lost"}).status == 404
    assert client.delete(path, {"reason": "Lost"}).data == 1
    assert client.get(path).data == [] and not is_in(phone)
    assert client.delete(path, {"reason": "Lost"}).status == 409
    assert ApiClient(zoe).get(path).status == 404
