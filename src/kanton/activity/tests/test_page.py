"""The activity page of an organization."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import get_language, override

from kanton.accounts.models import Person
from kanton.activity.log import chain_of
from kanton.activity.models import Activity, Chain
from kanton.core import clock
from kanton.core.actor import Actor, ActorKind
from kanton.core.jobs.testing import run_jobs
from kanton.core.rights import Role
from kanton.organizations.actions import change_role, edit_details, invite_member
from kanton.organizations.models import Membership, Organization
from kanton.testing import acting


@pytest.fixture
def browser(client: Client, ana: Person, acme: Organization) -> Client:
    """Ana's browser."""
    client.force_login(ana)
    return client


def rows_of(page: object) -> str:
    """What stands in the table."""
    text: str = page.content.decode()  # type: ignore[attr-defined]
    return text.partition("<tbody")[2].partition("</tbody")[0]


def test_it_tells_what_happened_and_who_did_it(browser: Client, owner: Actor, acme: Organization) -> None:
    invite_member(owner, acme, email="lea@example.ch")
    token = owner.narrowed(frozenset({"all"}), label=owner.label, via="DNS robot")
    edit_details(token, acme, details={"city": "Thun"})
    rows = rows_of(browser.get("/o/acme/activity"))
    assert "Ana Keller invited lea@example.ch" in rows
    assert "Ana Keller by the API token “DNS robot”" in rows
    assert rows.index("changed the details") < rows.index("invited"), "newest first"


def test_products_and_the_program_go_by_the_names_that_people_know(
    browser: Client, owner: Actor, acme: Organization
) -> None:
    edit_details(owner, acme, details={"city": "Thun"})
    Activity.objects.update(product="mail", actor_kind=ActorKind.SYSTEM.value, facts={"actor": "mail"})
    rows = rows_of(browser.get("/o/acme/activity"))
    assert "<td" in rows and ">Mail services</td>" in rows and ">Kanton itself</td>" in rows
    assert ">mail</td>" not in rows


@pytest.mark.spec("ORG-7")
def test_it_never_shows_another_organization(
    browser: Client, globex: Organization, stranger: Actor, owner: Actor, acme: Organization
) -> None:
    edit_details(stranger, globex, details={"name": "Globex Ltd"})
    edit_details(owner, acme, details={"city": "Thun"})
    for query in ("", "?q=globex", "?who=1", "?product=&kind=organizations.details_changed"):
        assert "Globex" not in browser.get(f"/o/acme/activity{query}").content.decode()


def test_it_is_narrowed_by_kind_actor_date_and_words(
    browser: Client, owner: Actor, acme: Organization, ben: Person
) -> None:
    with clock.travel(clock.now() - timedelta(days=40)):
        invite_member(owner, acme, email="lea@example.ch")
    change_role(owner, Membership.objects.get(person=ben), role=Role.ADMINISTRATOR)
    invite_member(acting(ben), acme, email="max@example.ch")

    def shown(query: str) -> tuple[bool, bool, bool]:
        rows = rows_of(browser.get(f"/o/acme/activity?{query}"))
        return ("invited lea" in rows, "changed the role" in rows, "invited max" in rows)

    assert shown("") == (True, True, True)
    assert shown("kind=organizations.role_changed") == (False, True, False)
    assert shown(f"who={ben.pk}") == (False, False, True)
    assert shown(f"from={(clock.now() - timedelta(days=1)).date()}") == (False, True, True)
    assert shown(f"until={(clock.now() - timedelta(days=30)).date()}") == (True, False, False)
    assert shown("q=LEA%40example") == (True, False, False)
    assert shown("q=lea&kind=organizations.role_changed") == (False, False, False)


def test_pages_follow_a_cursor_and_the_file_has_all(
    browser: Client, owner: Actor, acme: Organization
) -> None:
    for number in range(60):
        edit_details(owner, acme, details={"city": f"Town {number}"})
    first = browser.get("/o/acme/activity").content.decode()
    assert first.count("changed the details of Acme</td>") == 50
    following = (
        first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    )
    second = rows_of(browser.get(f"/o/acme/activity{following}"))
    assert second.count("changed the details of Acme</td>") == 10
    csv = b"".join(browser.get("/o/acme/activity?format=csv").streaming_content)  # type: ignore[attr-defined]
    assert csv.decode().count("changed the details of Acme") == 60


def test_a_formula_in_a_name_is_no_formula_in_the_file(
    browser: Client, owner: Actor, acme: Organization
) -> None:
    edit_details(owner, acme, details={"name": "=HYPERLINK(1)"})
    Activity.objects.update(facts={"target": "=HYPERLINK(1)"})
    csv = b"".join(browser.get("/o/acme/activity?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert csv and "\n=" not in csv and ",=" not in csv


def test_the_file_is_in_the_language_of_its_reader(
    browser: Client, owner: Actor, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written after the request, when nobody's language is active any more."""
    edit_details(owner, acme, details={"city": "Thun"})
    monkeypatch.setattr(Activity, "sentence", property(lambda row: f"written in {get_language()}"))
    browser.cookies["kanton_language"] = "fr"
    answer = browser.get("/o/acme/activity?format=csv")
    with override("en"):
        assert b"written in fr" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_check_is_started_and_its_result_shown(browser: Client, owner: Actor, acme: Organization) -> None:
    edit_details(owner, acme, details={"city": "Thun"})
    assert "not checked yet" in browser.get("/o/acme/activity").content.decode()
    assert browser.post("/o/acme/activity/check").status_code == 303
    run_jobs()
    assert "found intact" in browser.get("/o/acme/activity").content.decode()
    Activity.objects.filter(position=1).update(via="x")
    browser.post("/o/acme/activity/check")
    run_jobs()
    assert "This log was altered" in browser.get("/o/acme/activity").content.decode()
    assert Chain.objects.get(name=chain_of(acme.pk, None)).verified_problem


def test_it_costs_the_same_for_ten_and_a_thousand_rows(
    browser: Client, owner: Actor, acme: Organization
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get("/o/acme/activity").status_code == 200
        return len(seen)

    for number in range(60):
        edit_details(owner, acme, details={"city": f"Town {number}"})
    queries()  # the first also writes when this session was last seen
    few = queries()
    sample = Activity.objects.order_by("-pk").first()
    assert sample is not None
    Activity.objects.bulk_create(
        Activity(
            chain=sample.chain, position=100 + number, at=sample.at, kind=sample.kind, organization_id=acme.pk,
            person_id=sample.person_id, actor_kind="person", facts=sample.facts, personal=sample.personal,
        )
        for number in range(1000)
    )  # fmt: skip
    assert queries() == few <= 12
