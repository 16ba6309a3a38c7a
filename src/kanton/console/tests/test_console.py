"""Start page, search, deep links, and “something missing?”."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.accounts.recovery.models import Proven
from kanton.console import finding, navigation
from kanton.core import clock
from kanton.core.rights import Role
from kanton.core.wish import WishState
from kanton.organizations.models import Grant, Membership, Organization
from kanton.products import contract
from kanton.products.models import Service, Wanted
from kanton.rest.testing import ApiClient
from kanton.testing import PASSWORD
from kanton.ui import shell

pytestmark = pytest.mark.django_db


class Garden(contract.Product):
    """A product of these tests, so that they need no real one."""

    code = "garden"
    name = "Garden"
    plural = "Gardens"
    group = contract.Group.WEB
    icon = "plant"
    list_url = "console:missing"

    def reconcile(self, service: Service) -> contract.Outcome:
        """Always done."""
        return contract.Done()

    def service_url(self, service: Service) -> str:
        """Some page."""
        return f"/o/{service.organization.slug}/gardens/{service.pk}"


@pytest.fixture(autouse=True)
def garden(monkeypatch: pytest.MonkeyPatch) -> Iterator[Garden]:
    """Only this product is installed, with the rights of any real one."""
    real = contract.all_products()[0]
    monkeypatch.setattr(Garden, "use_right", real.use_right, raising=False)
    monkeypatch.setattr(Garden, "manage_right", real.manage_right, raising=False)
    product = Garden()
    monkeypatch.setattr(contract, "_products", {"garden": product})
    yield product


def client_of(person: Person) -> Client:
    # Nobody without a proven way back finds everything in order.
    Proven.objects.get_or_create(person=person, recovery_email=f"home-{person.email}")
    Person.objects.filter(pk=person.pk).update(recovery_email=f"home-{person.email}")
    client = Client()
    answer = client.post("/login", {"email": person.email, "password": PASSWORD})
    assert answer.status_code in (302, 303)
    return client


_lines = iter(range(10**6))


def a_service(organization: Organization, name: str, **fields: Any) -> Service:
    today = clock.today()
    values: dict[str, Any] = {
        "product": "garden", "plan": "small", "starts_on": today, "ends_on": today + timedelta(days=200),
        "order_line": f"test:{next(_lines)}", "wish_state": WishState.DONE,
    }  # fmt: skip
    return Service.objects.create(organization=organization, name=name, **(values | fields))


@pytest.mark.spec("ORG-99")
def test_the_start_page_shows_tiles_by_group_and_what_needs_attention(
    ana: Person, acme: Organization
) -> None:
    a_service(acme, "roses")
    a_service(acme, "tulips", ends_on=clock.today() + timedelta(days=12))
    a_service(acme, "ivy", wish_state=WishState.FAILED, wish_reason="The soil is dry.")
    a_service(acme, "gone", wanted=Wanted.ENDED)
    shown = client_of(ana).get("/o/acme/").content.decode()
    assert "Web &amp; domains" in shown and "Gardens" in shown and "3 products" in shown
    assert "tulips ends in 12 days. Renew it, or switch on the renewal guarantee." in shown
    assert "ivy: The soil is dry." in shown
    assert "2 things wait for you." in shown and "Add a product" in shown


def test_the_bell_lists_what_waits_when_it_is_opened(ana: Person, ben: Person, acme: Organization) -> None:
    a_service(acme, "tulips", ends_on=clock.today() + timedelta(days=12))
    for person, expected in ((ana, True), (ben, False)):
        client = client_of(person)
        part = client.get("/o/acme/notices", headers={"HX-Request": "true"}).content.decode()
        assert ("tulips ends in 12 days" in part) is expected and "<html" not in part
        assert ("tulips ends in 12 days" in client.get("/o/acme/notices").content.decode()) is expected


def test_what_renews_by_itself_needs_no_attention(ana: Person, acme: Organization) -> None:
    soon = clock.today() + timedelta(days=5)
    a_service(acme, "roses", ends_on=soon, renews_automatically=True)
    a_service(acme, "tulips", ends_on=soon, is_guaranteed=True)
    assert "Everything is in order." in client_of(ana).get("/o/acme/").content.decode()


@pytest.mark.spec("ORG-104")
def test_a_collaborator_sees_no_trace_of_what_was_not_shared(ben: Person, acme: Organization) -> None:
    shared = a_service(acme, "roses")
    a_service(acme, "secret-garden", ends_on=clock.today() + timedelta(days=3))
    client = client_of(ben)
    shown = client.get("/o/acme/").content.decode()
    assert "Gardens" not in shown and "Everything is in order." in shown
    # The button is there, dead, and leads nowhere (ORG-75).
    assert "Add a product" in shown and 'href="/o/acme/shop"' not in shown
    right = Garden.use_right
    Grant.objects.create(
        organization=acme, membership=Membership.objects.get(person=ben), right=right.code,
        product=shared.product, service_id=shared.pk,
    )  # fmt: skip
    shown = client.get("/o/acme/").content.decode()
    assert "Gardens" in shown and "1 product" in shown and "secret-garden" not in shown
    assert "Recent activity" not in shown
    found = client.get("/o/acme/search?q=garden", headers={"HX-Request": "true"}).content.decode()
    assert "secret-garden" not in found
    found = client.get("/o/acme/search?q=keller", headers={"HX-Request": "true"}).content.decode()
    assert "Ana Keller" not in found


def test_the_search_finds_services_people_and_pages_and_nothing_of_others(
    ana: Person, ben: Person, acme: Organization, globex: Organization
) -> None:
    a_service(acme, "roses")
    a_service(globex, "roses-of-globex")
    client = client_of(ana)

    def found(words: str) -> str:
        answer = client.get("/o/acme/search", {"q": words}, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return answer.content.decode()

    assert "roses" in found("rose") and "globex" not in found("rose")
    assert "Ben Moser" in found("moser") and "Ben Moser" in found("ben acme.example")
    assert "Zoe Weber" not in found("weber")
    assert 'href="/o/acme/people"' in found("people")
    assert "Nothing found for “&lt;b&gt;”" in found("<b>")


@pytest.mark.parametrize("words", ["", "a", "%", "\x00", "x" * 5000, "' OR 1=1 --", "🌹 ü"])
def test_strange_searches_are_answered(ana: Person, acme: Organization, words: str) -> None:
    client = client_of(ana)
    assert client.get("/o/acme/search", {"q": words}).status_code == 200


def test_the_start_page_takes_the_same_number_of_queries_for_one_service_and_for_a_thousand(
    ana: Person, acme: Organization
) -> None:
    client = client_of(ana)
    counts = []
    for number in (1, 1000):
        Service.objects.all().delete()
        today = clock.today()
        Service.objects.bulk_create(
            Service(
                organization=acme, product="garden", plan="small", name=f"garden {index}", starts_on=today,
                ends_on=today + timedelta(days=3), order_line=f"many:{number}:{index}",
            )
            for index in range(number)
        )  # fmt: skip
        client.get("/o/acme/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/o/acme/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.spec("ORG-100")
def test_a_deep_link_opens_the_list_in_the_organization_worked_in_last(
    ana: Person, acme: Organization
) -> None:
    other = Organization.objects.create(name="Aaa", slug="aaa")
    Membership.objects.create(organization=other, person=ana, role=Role.OWNER)
    client = client_of(ana)
    client.get("/o/acme/")
    assert client.get("/go/people").headers["Location"] == "/o/acme/people"
    client.get("/o/aaa/")
    assert client.get("/go/people").headers["Location"] == "/o/aaa/people"
    assert client.get("/").headers["Location"] == "/o/aaa/"
    assert client.get("/go/nonsense").status_code == 404


@pytest.mark.spec("SUP-60")
def test_a_signed_out_reader_of_a_deep_link_lands_there_after_sign_in(
    ana: Person, acme: Organization
) -> None:
    client = Client()
    answer = client.get("/go/people")
    assert answer.headers["Location"] == "/login?next=%2Fgo%2Fpeople"
    answer = client.post(answer.headers["Location"], {"email": ana.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/go/people"


@pytest.mark.spec("ORG-21")
def test_a_link_to_a_thing_switches_visibly_to_the_organization_that_has_it(
    ana: Person, ben: Person, zoe: Person, acme: Organization, globex: Organization
) -> None:
    other = Organization.objects.create(name="Second", slug="second")
    Membership.objects.create(organization=other, person=ana, role=Role.OWNER)
    roses, same = a_service(other, "roses.ch"), a_service(acme, "tulips.ch")
    a_service(other, "tulips.ch")
    a_service(globex, "secret.ch")
    client = client_of(ana)
    client.get("/o/acme/")
    answer = client.get("/go/garden/Roses.ch")
    assert answer.headers["Location"] == f"/o/second/gardens/{roses.pk}"
    shown = client.get("/o/second/").content.decode()
    assert "You are now in Second." in shown and client.get("/").headers["Location"] == "/o/second/"
    client.get("/o/acme/")
    assert client.get("/go/garden/tulips.ch").headers["Location"] == f"/o/acme/gardens/{same.pk}"
    assert "You are now in" not in client.get("/o/acme/").content.decode(), "it was here all the time"
    # What is not there and what belongs to others cannot be told apart, nor what was not shared.
    for person, name in ((ana, "secret.ch"), (ana, "nothing.ch"), (ben, "tulips.ch")):
        assert client_of(person).get(f"/go/garden/{name}").status_code == 404
    assert client.get("/go/nonsense/roses.ch").status_code == 404
    assert Client().get("/go/garden/roses.ch").headers["Location"] == "/login?next=%2Fgo%2Fgarden%2Froses.ch"


@pytest.mark.spec("ORG-99")
def test_the_icon_at_the_top_right_lists_apps_and_the_kinds_of_products(
    ana: Person, acme: Organization
) -> None:
    client = client_of(ana)

    def apps() -> str:
        shown = client.get("/o/acme/").content.decode()
        return shown[shown.index('app-grid"') : shown.index("</details>", shown.index('app-grid"'))]

    assert "Manager" in apps() and "Mail" in apps() and "Gardens" not in apps()
    a_service(acme, "roses")
    shell.register(*navigation.product_entries())
    assert 'href="/o/acme/missing"' in apps() and "Gardens" in apps()


@pytest.mark.spec("ORG-102", "ORG-104")
def test_something_missing_says_whether_organization_rights_or_account_are_the_reason(
    ana: Person, ben: Person, acme: Organization, globex: Organization
) -> None:
    other = Organization.objects.create(name="Second", slug="second")
    Membership.objects.create(organization=other, person=ana, role=Role.OWNER)
    a_service(other, "roses")
    a_service(acme, "tulips")
    a_service(acme, "ivy", wanted=Wanted.ENDED)
    a_service(globex, "secret-of-globex")

    def reason(person: Person, words: str) -> tuple[str, str]:
        found = ApiClient(person).get(f"/1/accounts/{acme.pk}/missing?product=garden&q={words}").data
        page = client_of(person).get("/o/acme/missing", {"product": "garden", "q": words}).content.decode()
        assert f"You are signed in as {person.email} and look at Acme." in page
        assert "Sign out and use another login" in page and "/organizations" in page
        return found["reason"], page

    assert reason(ana, "tul")[0] == "here"
    why, page = reason(ana, "roses")
    assert why == "organization" and "Gardens: 1" in page and 'href="/o/second/missing"' in page
    assert reason(ana, "ivy")[0] == "ended"
    assert reason(ana, "secret")[0] == "account"
    why, page = reason(ben, "tulips")
    assert why == "rights" and "Ask Ana Keller." in page
    # There or not: the answer to somebody without the right is the same to the letter.
    there, nowhere = (
        re.sub(r"[A-Za-z0-9]{64}|[A-Za-z0-9]{32}", "token", reason(ben, words)[1]).replace(words, "…")
        for words in ("tulips", "xxxxxx")
    )
    assert there == nowhere
    found = ApiClient(ana).get(f"/1/accounts/{acme.pk}/missing").data
    assert found["elsewhere"] == [{"slug": "second", "name": "Second", "count": 1}]
    assert ApiClient(ana).get(f"/1/accounts/{globex.pk}/missing").status == 404


@pytest.mark.spec("ORG-17")
def test_somebody_in_2000_organizations_switches_with_as_few_queries_as_anybody(
    ana: Person, acme: Organization
) -> None:
    client = client_of(ana)
    asked: dict[str, list[int]] = {}
    for number in (60, 2000):
        Organization.objects.filter(slug__startswith="customer").delete()
        made = Organization.objects.bulk_create(
            Organization(name=f"Customer {index:04d}", slug=f"customer-{index:04d}")
            for index in range(number)
        )
        Membership.objects.bulk_create(
            Membership(organization=each, person=ana, role=Role.ADMINISTRATOR) for each in made
        )
        for path, headers in (
            ("/o/acme/", {}), ("/organizations", {}), ("/", {}), ("/o/acme/missing", {}), ("/go/people", {}),
            ("/organizations/find?q=tomer 19", {"HX-Request": "true"}),
        ):  # fmt: skip
            client.get(path, headers=headers)
            with CaptureQueriesContext(connection) as counted:
                client.get(path, headers=headers)
            asked.setdefault(path, []).append(len(counted))
    assert {path: counts[0] - counts[1] for path, counts in asked.items() if counts[0] < counts[1]} == {}
    client.get("/o/customer-0007/")
    client.get("/o/acme/")
    menu = client.get("/o/acme/").content.decode()
    menu = menu[menu.index("switcher") : menu.index("rail-nav")]
    assert menu.index("/o/acme/") < menu.index("/o/customer-0007/"), "what was entered last stands first"
    assert menu.count("is-small") == 12 and "All organizations" in menu and "/organizations/find" in menu
    found = client.get("/organizations/find?q=tomer 199", headers={"HX-Request": "true"}).content.decode()
    assert found.count('href="/o/customer-199') == 10
    assert client.get("/organizations?q=1000").content.decode().count('href="/o/customer-1000/"') == 1
    nothing = client.get("/organizations/find?q=<b>", headers={"HX-Request": "true"}).content.decode()
    assert "“&lt;b&gt;”" in nothing


def test_who_belongs_nowhere_is_told_how_to_begin_and_staff_go_to_work(zoe: Person, sam: Person) -> None:
    answer = client_of(zoe).get("/")
    assert answer.status_code == 200 and "You belong to no organization" in answer.content.decode()
    assert client_of(sam).get("/").headers["Location"].startswith("/staff")


def test_a_foreign_organization_is_a_page_of_help_and_says_nothing_about_it(
    ana: Person, acme: Organization, globex: Organization
) -> None:
    client = client_of(ana)
    theirs, nobodys = client.get("/o/globex/"), client.get("/o/nobody/")
    assert theirs.status_code == nobodys.status_code == 404
    assert "Globex" not in theirs.content.decode()
    assert "Nothing here" in theirs.content.decode() and "Acme" in nobodys.content.decode()


@pytest.mark.parametrize("path", ["/no/such/page", "/o/acme/no-such-page"])
def test_an_unknown_address_answers_404_in_words_signed_in_and_out(
    ana: Person, acme: Organization, path: str
) -> None:
    for client in (Client(), client_of(ana)):
        answer = client.get(path)
        assert answer.status_code == 404 and "Nothing here" in answer.content.decode()


def test_every_line_of_the_menu_leads_somewhere(ana: Person, acme: Organization) -> None:
    from django.urls import reverse

    for entry in shell.nav_entries():
        if isinstance(entry.url, str) and not entry.url.startswith("/"):
            assert reverse(entry.url, args=["acme"] if entry.in_organization else [])


def test_results_stop_at_a_few_of_each_kind(ana: Person, acme: Organization) -> None:
    for number in range(20):
        a_service(acme, f"garden {number:02d}")
    answer = client_of(ana).get("/o/acme/search?q=garden", headers={"HX-Request": "true"})
    assert answer.content.decode().count("found-products-") == finding.PER_SOURCE


def test_a_program_reads_the_same_overview_and_finds_the_same_things(
    ana: Person, ben: Person, acme: Organization, globex: Organization
) -> None:
    client_of(ana)
    a_service(acme, "roses", ends_on=clock.today() + timedelta(days=12))
    overview = ApiClient(ana).get(f"/1/accounts/{acme.pk}/overview").data
    assert overview["products"] == [{"product": "garden", "count": 1}]
    assert [(item["kind"], item["day"]) for item in overview["attention"]] == [
        ("waiting", (clock.today() + timedelta(days=12)).isoformat())
    ]
    found = ApiClient(ana).get(f"/1/accounts/{acme.pk}/search?q=rose").data
    assert [(result["kind"], result["title"]) for result in found] == [("products", "roses")]
    assert ApiClient(ben).get(f"/1/accounts/{acme.pk}/overview").data["products"] == []
    assert ApiClient(ben).get(f"/1/accounts/{acme.pk}/search?q=keller").data == []
    assert ApiClient(ana).get(f"/1/accounts/{globex.pk}/search?q=zoe").status == 404
