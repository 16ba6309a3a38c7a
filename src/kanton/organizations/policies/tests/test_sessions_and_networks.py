"""How long a sign-in lasts in an organization, and from which networks its owners and administrators act."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import DomainError
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations import networks
from kanton.organizations.models import Membership, Organization
from kanton.organizations.policies.actions import limit_networks, limit_sessions, rescue_networks
from kanton.organizations.policies.errors import (
    DayIsPast,
    LengthOutOfRange,
    NotANetwork,
    NotFromHere,
    NothingLimited,
)
from kanton.organizations.policies.tasks import remind
from kanton.rest.testing import ApiClient
from kanton.testing import PASSWORD, acting, make_person

# Sessions end by the database's clock as well: noon of this day, whichever it is.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
DAY = NOON.date()


def signed_in(person: Person) -> Client:
    """A browser of this person."""
    client = Client()
    assert client.post("/login", {"email": person.email, "password": PASSWORD}).status_code == 302
    return client


def asks_again(browser: Client, path: str = "/o/acme/people") -> bool:
    """Whether the page leads to where one proves oneself."""
    answer = browser.get(path)
    asked = answer.status_code == 302 and answer["Location"].startswith("/account/again?next=")
    assert asked or answer.status_code == 200
    return asked


def test_a_sign_in_ends_after_hours_and_after_disuse_inside_this_organization_only(
    owner: Actor, ana: Person, ben: Person, acme: Organization, globex: Organization, outbox: Outbox
) -> None:
    Membership.objects.create(organization=globex, person=ana, role=Role.OWNER)
    with clock.travel(NOON):
        wrong: list[tuple[dict[str, Any], type[DomainError]]] = [
            ({"hours": 8, "begins": DAY - timedelta(days=1)}, DayIsPast),
            ({"begins": DAY}, NothingLimited),
            ({"hours": 1000, "begins": DAY}, LengthOutOfRange),
            ({"idle_minutes": 1, "begins": DAY}, LengthOutOfRange),
        ]
        for more, error in wrong:
            with pytest.raises(error):
                limit_sessions(owner, acme, **more)
        acme.refresh_from_db()
        assert acme.session_rule_from is None
        browser = signed_in(ana)
        rule = {"hours": "8", "idle_minutes": "30", "begins": (DAY + timedelta(days=2)).isoformat()}
        assert browser.post("/o/acme/rules/sessions", rule).status_code == 303
        run_jobs()
        assert [(mail.to, mail.template) for mail in outbox] == [
            (["ben@acme.example"], "policies/sessions_limited")
        ]
        assert "8 hours after the sign-in" in browser.get("/o/acme/rules").content.decode()
    with clock.travel(NOON + timedelta(days=1)):
        assert not asks_again(browser), "the day has not come"
        remind.func()
        run_jobs()
        assert sorted(mail.to for mail in outbox[1:]) == [["ana@acme.example"], ["ben@acme.example"]]
    start = NOON + timedelta(days=2)
    with clock.travel(start):
        browser = signed_in(ana)
        assert not asks_again(browser)
    for minutes in (20, 40, 60):  # used again and again
        with clock.travel(start + timedelta(minutes=minutes)):
            assert not asks_again(browser)
    with clock.travel(start + timedelta(minutes=91)):
        assert asks_again(browser)
        inside = browser.get("/o/acme/people", headers={"HX-Request": "true"})
        assert inside.status_code == 204 and inside["HX-Redirect"] == "/account/again?next=%2Fo%2Facme%2F"
        for path in ("/o/globex/people", "/account/", "/account/security"):
            assert browser.get(path).status_code == 200
        again = browser.post("/account/again?next=/o/acme/people", {"current_password": PASSWORD})
        assert (again.status_code, again["Location"]) == (303, "/o/acme/people") or again.status_code == 302
        assert not asks_again(browser)
    proven = start + timedelta(minutes=91)
    for minutes in range(25, 480, 25):
        with clock.travel(proven + timedelta(minutes=minutes)):
            assert not asks_again(browser)
    with clock.travel(proven + timedelta(hours=8, minutes=1)):
        assert asks_again(browser), "however often it was used"
        assert ApiClient(ana).get(f"/2/accounts/{acme.pk}/users").status == 200, "programs have no session"
        fresh = signed_in(ana)
        assert fresh.post("/o/acme/rules/sessions/off").status_code == 303
        assert not asks_again(browser)


def test_a_page_costs_no_query_more_while_the_rules_hold(
    owner: Actor, ana: Person, acme: Organization, django_assert_num_queries: object
) -> None:
    browser = signed_in(ana)

    def queries() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        browser.get("/o/acme/settings")
        with CaptureQueriesContext(connection) as caught:
            assert browser.get("/o/acme/settings").status_code == 200
        return len(caught)

    before = queries()
    limit_sessions(owner, acme, begins=clock.today(), hours=8, idle_minutes=30)
    limit_networks(acting(ana, ip="127.0.0.1"), acme, networks="127.0.0.0/8", begins=clock.today())
    assert queries() == before


def test_owners_and_administrators_act_from_allowed_networks_only(
    ana: Person, ben: Person, acme: Organization, globex: Organization, outbox: Outbox
) -> None:
    Membership.objects.create(organization=globex, person=ana, role=Role.OWNER)
    here = acting(ana, ip="127.0.0.1")
    with clock.travel(NOON):
        for text, error in (("192.0.2.0/24", NotFromHere), ("300.1.1.1", NotANetwork), ("", NotANetwork)):
            with pytest.raises(error):
                limit_networks(here, acme, networks=text, begins=DAY)
        acme.refresh_from_db()
        assert acme.admin_networks == "" and not outbox
        browser = signed_in(ana)
        rule = {"networks": "127.0.0.1\n2001:db8::/32", "begins": (DAY + timedelta(days=1)).isoformat()}
        assert browser.post("/o/acme/rules/networks", rule).status_code == 303
        acme.refresh_from_db()
        assert acme.admin_networks == f"{DAY + timedelta(days=1)} 127.0.0.1/32 2001:db8::/32"
        elsewhere: Any = {"REMOTE_ADDR": "203.0.113.9"}
        assert browser.get("/o/acme/people", **elsewhere).status_code == 200, "it begins tomorrow"
        remind.func()
        assert [mail.to for mail in outbox] == [[ana.email]] * 2
    with clock.travel(NOON + timedelta(days=1)):
        for path in ("/o/acme/people", "/o/acme/", "/o/acme/rules"):
            shut = browser.get(path, **elsewhere)
            assert shut.status_code == 403 and "203.0.113.9 is not one of them" in shut.content.decode()
            assert browser.get(path).status_code == 200
        assert browser.get("/o/acme/", REMOTE_ADDR="2001:db8::17").status_code == 200
        for path in ("/o/globex/people", "/account/"):
            assert browser.get(path, **elsewhere).status_code == 200
        assert signed_in(ben).get("/o/acme/", **elsewhere).status_code == 200, "collaborators are not meant"
        assert ApiClient(ana, address="127.0.0.1").get(f"/2/accounts/{acme.pk}/users").status == 200
        refused = ApiClient(ana, address="203.0.113.9").get(f"/2/accounts/{acme.pk}/users")
        assert (refused.status, refused.code) == (403, "organizations.network_not_allowed")
        sam = make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True)
        assert signed_in(sam).post("/staff/organizations/acme/networks/rescue").status_code == 303
        assert browser.get("/o/acme/people", **elsewhere).status_code == 200
        assert outbox[-1].template == "policies/networks_open"
        acme.refresh_from_db()
        told = len(outbox)
        rescue_networks(acting(sam), acme)  # a second time changes nothing
        assert len(outbox) == told


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(st.lists(addresses, min_size=1, max_size=8), addresses, st.text(max_size=30))
def test_networks_are_read_as_they_are_written_and_rubbish_is_refused(
    listed: list[object], other: object, rubbish: str
) -> None:
    found = networks.read("\n".join(map(str, listed)))
    rule = networks.written(found, DAY)
    assert networks.kept(rule) == (DAY, tuple(found))
    plain = {getattr(one, "ipv4_mapped", None) or one for one in listed}
    for address in listed:
        assert not networks.refuses(rule, str(address), DAY)
    assert networks.refuses(rule, str(other), DAY) == (
        (getattr(other, "ipv4_mapped", None) or other) not in plain
    )
    assert not networks.refuses(rule, str(other), DAY - timedelta(days=1))
    assert not networks.contains(found, rubbish) or rubbish.strip()
    with contextlib.suppress(ValueError):
        networks.read(rubbish)


def test_an_address_dressed_as_ipv6_is_the_same() -> None:
    assert networks.contains(networks.read("192.0.2.0/24"), "::ffff:192.0.2.7")
    assert not networks.contains(networks.read("192.0.2.0/24"), "::ffff:192.0.3.7")
