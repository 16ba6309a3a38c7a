"""Rights that explain themselves: what can they, who can, why, what would change, and whom to ask."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.core.rights import Role
from kanton.organizations.models import Grant, Membership, Organization, Team, TeamMember
from kanton.products.models import Service
from kanton.rest.testing import ApiClient
from kanton.testing import acting, make_person


@pytest.fixture
def browser(ana: Person) -> Client:
    """Ana's browser."""
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def mine(acme: Organization, ben: Person) -> Membership:
    """Ben's membership: a collaborator."""
    return Membership.objects.get(person=ben, organization=acme)


@pytest.fixture
def web(acme: Organization, mine: Membership) -> Team:
    """A team in which Ben is."""
    team = Team.objects.create(organization=acme, name="Web")
    TeamMember.objects.create(team=team, membership=mine)
    return team


def services(acme: Organization, number: int, product: str = "mail") -> list[Service]:
    """So many services, named s000.example and on."""
    start = Service.objects.count()
    made = [
        Service(
            organization=acme, product=product, plan="p", name=f"s{index:03}.example", starts_on=date(2026, 1, 1),
            order_line=f"{product}:{index}",
        )
        for index in range(start, start + number)
    ]  # fmt: skip
    return Service.objects.bulk_create(made)


def given(acme: Organization, right: str, **more: Any) -> Grant:
    """A grant, of mail where nothing else is said."""
    return Grant.objects.create(organization=acme, right=right, **({"product": "mail"} | more))


def page(client: Client, path: str, **sent: Any) -> str:
    """What is on a page; with `sent`, after sending a form."""
    answer = client.post(path, sent) if sent else client.get(path)
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", answer.content.decode())


def counted(client: Client, path: str) -> int:
    """The queries of a page."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.spec("ORG-68", "ORG-69")
def test_thousands_of_products_are_shown_by_and_by_and_what_is_not_seen_stays(
    browser: Client, acme: Organization, mine: Membership
) -> None:
    path = f"/o/acme/people/{mine.pk}/access"
    made = services(acme, 30)
    page(browser, path)
    few = counted(browser, path)
    made += services(acme, 170)
    assert counted(browser, path) == few
    hidden = given(acme, "mail.use", membership=mine, service_id=made[150].pk)
    first = page(browser, path)
    assert first.count('name="choose"') == 25 and "s150.example" in first, "what somebody has comes first"
    assert "s100.example" not in first
    found = page(browser, path, look="find:mail", q_mail="s100", shown="x", grant=f"mail.use|{made[100].pk}|")
    assert "s100.example" in found and "s001.example" not in found
    more = page(browser, path, look="more:mail", n_mail="25", shown="x")
    assert more.count('name="choose"') == 50
    sent = {"shown": [f"mail|{made[1].pk}|", f"mail|{made[2].pk}|"], "grant": [f"mail.use|{made[1].pk}|"]}
    assert browser.post(path, sent).status_code == 303
    assert set(mine.grants.values_list("service_id", flat=True)) == {made[1].pk, made[150].pk}
    assert Grant.objects.filter(pk=hidden.pk).exists(), "nobody saw it, nobody touched it"


@pytest.mark.spec("ORG-69", "ORG-70")
def test_many_are_ticked_together_and_nothing_is_saved_before_one_saves(
    browser: Client, acme: Organization, mine: Membership
) -> None:
    path = f"/o/acme/people/{mine.pk}/access"
    made = services(acme, 3)
    keys = [f"mail|{each.pk}|" for each in made]
    sent = {
        "shown": keys,
        "choose": keys[:2],
        "for_mail": ["mail.send", "mail.statistics"],
        "look": "tick:mail",
    }
    html = page(browser, path, **sent)
    ticked = re.findall(r'name="grant" value="([^"]+)" checked', html)
    assert sorted(ticked) == sorted(
        f"{right}|{each.pk}|" for right in ("mail.send", "mail.statistics") for each in made[:2]
    )
    assert not Grant.objects.exists()
    html = page(browser, path, shown=keys, look="everything")
    assert 'value="mail.manage||" checked' in html and 'value="domains.manage||" checked' in html
    assert 'value="billing.accounting||" checked' not in html and not Grant.objects.exists()


@pytest.mark.spec("ORG-74", "ORG-79")
def test_the_preview_tells_what_comes_goes_and_stays_through_a_team(
    browser: Client, ana: Person, acme: Organization, mine: Membership, web: Team
) -> None:
    path = f"/o/acme/people/{mine.pk}/access"
    one, two = services(acme, 2)
    given(acme, "mail.use", membership=mine, service_id=one.pk)
    given(acme, "mail.use", team=web, service_id=one.pk)
    given(acme, "mail.send", membership=mine, service_id=two.pk)
    keys = [f"mail|{one.pk}|", f"mail|{two.pk}|"]
    sent = {"shown": keys, "grant": [f"mail.use|{two.pk}|", "billing.accounting||"], "_preview": "1"}
    answer = browser.post(path, sent, headers={"HX-Request": "true"}).content.decode()
    notes = re.findall(r"<li>((?:New|No longer|Stays)[^<]*)</li>", answer)
    assert sorted(notes) == sorted(
        [
            "New: Acme: manage accounting.",
            f"No longer: {two}: send from an address.",
            f"Stays: {one}: read the mail of an address. The team Web has “read the mail of an address”.",
            f"Stays: {two}: read the mail of an address. “read the mail of an address” was granted directly.",
        ]
    )
    assert mine.grants.count() == 2, "a preview changes nothing"
    wanted = {
        "permissions": [
            {"right": "mail.use", "service_id": two.pk},
            {"right": "billing.accounting"},
        ]
    }
    api = (
        ApiClient(ana).post(f"/2/accounts/{acme.pk}/users/{mine.person_id}/permissions/preview", wanted).data
    )
    assert sorted((each["change"], each["right"], each["on"]) for each in api) == [
        ("gained", "billing.accounting", "Acme"),
        ("lost", "mail.send", str(two)),
        ("stays", "mail.use", str(one)),
        ("stays", "mail.use", str(two)),
    ]
    assert mine.grants.count() == 2


@pytest.mark.spec("ORG-74")
def test_what_somebody_can_is_grouped_by_product_and_names_every_source(
    browser: Client, ana: Person, acme: Organization, mine: Membership, web: Team
) -> None:
    one, _two = services(acme, 2)
    given(acme, "mail.manage", team=web, service_id=one.pk)
    given(acme, "mail.use", membership=mine, service_id=one.pk)
    path = f"/o/acme/people/{mine.pk}/why"
    html = page(browser, path)
    assert "s000.example" in html and "s001.example" not in html
    assert "The team Web has “manage mail services and their addresses”." in html
    assert "“read the mail of an address” was granted directly." in html
    assert "s000.example" not in page(browser, f"{path}?q=elsewhere")
    told = ApiClient(ana).get(f"/2/accounts/{acme.pk}/users/{mine.person_id}/permissions").data
    held = {(each["right"], each["service_id"]): each["because"] for each in told if each["allowed"]}
    assert held["mail.use", one.pk] == [
        "“read the mail of an address” was granted directly.",
        "The team Web has “manage mail services and their addresses”.",
    ]
    assert ("mail.use", None) not in held and ("organizations.belong", None) in held
    services(acme, 100)
    Grant.objects.bulk_create(
        Grant(organization=acme, membership=mine, right="mail.send", product="mail", service_id=pk)
        for pk in Service.objects.values_list("pk", flat=True)
    )
    crowded = page(browser, path)
    assert "52 more. Search for them by name." in crowded and crowded.count("s0") < 300


@pytest.mark.spec("ORG-38", "ORG-74")
def test_who_can_do_this_here_is_a_list_of_people_with_reasons(
    browser: Client, ana: Person, acme: Organization, mine: Membership, web: Team, globex: Organization
) -> None:
    one, two = services(acme, 2)
    lea = make_person("lea@elsewhere.example", "Lea", "Roth")
    outside = Membership.objects.create(organization=acme, person=lea, role=Role.EXTERNAL)
    given(acme, "mail.manage", team=web)
    given(acme, "mail.use", membership=outside, service_id=one.pk, resource="mailbox:1")
    question = f"/o/acme/rights?right=mail.use&service={one.pk}"
    html = page(browser, question)
    assert "Ana Keller" in html and "The role “Owner” includes it." in html
    assert "The team Web has “manage mail services and their addresses”." in html
    assert "Lea Roth" not in html, "one address is not the service"
    assert "s001.example" in page(browser, "/o/acme/rights?right=mail.use&thing=s001")
    foreign = Service.objects.create(
        organization=globex,
        product="mail",
        plan="p",
        name="globex.example",
        starts_on=date(2026, 1, 1),
        order_line="g",
    )
    assert "globex.example" not in page(browser, f"/o/acme/rights?right=mail.use&service={foreign.pk}")
    assert page(browser, "/o/acme/rights?right=no.such&service=x") and page(browser, "/o/acme/rights")

    api, path = ApiClient(ana), f"/2/accounts/{acme.pk}/rights/mail.use/users"
    found = api.get(f"{path}?service_id={two.pk}").data
    assert [(each["display_name"], each["allowed"]) for each in found] == [
        ("Ana Keller", True),
        ("Ben Moser", True),
    ]
    assert api.get(f"{path}?service_id={foreign.pk}").status == 404
    assert api.get(f"/2/accounts/{acme.pk}/rights/no.such/users").status == 404
    assert ApiClient(mine.person).get(path).status == 403

    domain = services(acme, 1, "domains")[0]
    given(acme, "domains.manage", team=web, product="domains")
    closed = f"/o/acme/rights?right=domains.manage&service={domain.pk}"
    few, few_closed = counted(browser, question), counted(browser, closed)
    for number in range(30):
        person = make_person(f"p{number}@acme.example", "P", str(number))
        member = Membership.objects.create(organization=acme, person=person, role=Role.COLLABORATOR)
        TeamMember.objects.create(team=web, membership=member)
    assert counted(browser, question) == few and counted(browser, closed) == few_closed


@pytest.mark.spec("BIL-9", "ORG-39", "ORG-76")
def test_accounting_and_products_are_given_apart_from_each_other(
    browser: Client, acme: Organization, mine: Membership
) -> None:
    """Through the page that gives them and the pages that they open."""
    path = f"/o/acme/people/{mine.pk}/access"
    services(acme, 1)
    his = Client()
    his.force_login(mine.person)
    assert his.get("/o/acme/invoices").status_code == 403
    assert browser.post(path, {"shown": ["||"], "grant": ["billing.accounting||"]}).status_code == 303
    assert his.get("/o/acme/invoices").status_code == 200
    assert not acting(mine.person).has_right(_right("mail.use"), Service.objects.get())
    browser.post(path, {"shown": ["||"]})
    assert his.get("/o/acme/invoices").status_code == 403
    browser.post(path, {"everything": "on", "shown": ["||"]})
    assert acting(mine.person).has_right(_right("mail.manage"), Service.objects.get())
    refused = his.get("/o/acme/invoices")
    assert refused.status_code == 403, "everything of products is nothing of the books"
    assert "Ask Ana Keller." in refused.content.decode()


@pytest.mark.spec("ORG-75")
def test_a_refusal_says_whom_to_ask_to_people_and_to_programs(acme: Organization, mine: Membership) -> None:
    client = ApiClient(mine.person)
    refused = client.get(f"/2/accounts/{acme.pk}/rights/mail.use/users")
    assert refused.status == 403
    assert refused.error["context"] == {"right": "organizations.members_view", "ask": "Ana Keller"}
    assert refused.error["description"].endswith("Ask Ana Keller.")


def _right(code: str) -> Any:
    from kanton.core.rights import RIGHTS

    return RIGHTS[code]
