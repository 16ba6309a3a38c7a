"""A right missing: the action is there, dead, with the reason and whom to ask, on the pages of every room (ORG-75)."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.core.rights import Role
from kanton.organizations.actions import change_access, change_role
from kanton.organizations.models import Membership, Organization
from kanton.products.domains.registrars.sandbox import SandboxRegistrar
from kanton.products.domains.tests.conftest import registry as registry
from kanton.products.domains.tests.factories import make_zone
from kanton.products.locking.actions import lock_service
from kanton.products.mail.models import Mailbox
from kanton.products.mail.tests.factories import make_mail, make_mailbox
from kanton.testing import make_organization, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.spec("ORG-75")]

DEAD = re.compile(
    r'<span class="refused"><button class="[^"]*" type="button" aria-disabled="true" aria-describedby="([^"]+)" '
    r'popovertarget="([^"]+)">(.*?)</button><span class="why" id="([^"]+)" popover>(.*?)</span></span>'
)


@pytest.fixture
def box(owner: Actor, ben: Person, acme: Organization, registry: SandboxRegistrar) -> Mailbox:
    """Ben sees acme.example, and reads info@acme.example."""
    zone, mail = make_zone(acme), make_mail(acme)
    made = make_mailbox(owner, mail)
    change_access(
        owner,
        Membership.objects.get(person=ben),
        grants=[
            {"right": "domains.view", "service_id": zone.service_id},
            {"right": "mail.use", "service_id": mail.service_id, "resource": made.resource},
        ],
    )
    return made


def browsing(person: Person) -> Client:
    """The browser of somebody signed in."""
    client = Client()
    client.force_login(person)
    return client


def dead_on(page: str) -> dict[str, str]:
    """What is dead on a page, with its reason; each reason belongs to its button, and no two share a name."""
    found, names = {}, []
    for described, opened, inner, name, reason in DEAD.findall(page):
        assert described == opened == name
        names.append(name)
        found[unescape(re.sub(r"<[^>]*>", "", inner)).strip()] = unescape(reason)
    assert len(set(names)) == len(names) == page.count("aria-disabled")
    return found


def needs(right: str) -> str:
    """What is said to Ben for want of a right."""
    return f"You may not do this: it needs the right “{right}”. Ask Ana Keller."


WHO = needs("see the people of the organization")
DOMAINS = needs("manage domains")
ZONES = needs("edit DNS zones")
MAIL = needs("manage mail services and their addresses")
LOCKS = needs("block the management of products")
ORDERS = needs("order products")

PAGES = {
    "/o/acme/": {"Add a product": ORDERS},
    "/o/acme/domains?list=1": {
        "Find a name": ORDERS,
        "Lock against transfers": DOMAINS,
        "Name servers": DOMAINS,
    },
    "/o/acme/domains/acme.example": {
        "Who can do what here": WHO,
        "Change name servers": DOMAINS,
        "Add a zone below": ZONES,
        "Block the management": LOCKS,
        "Unlock for a transfer": DOMAINS,
    },
    "/o/acme/domains/acme.example/dns": {
        "Add a record": ZONES,
        "Import a zone file": ZONES,
        "Edit": ZONES,
        "Delete": ZONES,
    },
    "/o/acme/domains/acme.example/contacts": {"Change": DOMAINS},
    "/o/acme/mail/{mail}": {
        "Who can do what here": WHO,
        "Create an address": MAIL,
        "Create many addresses": MAIL,
        "Start maintenance": needs("put mail services into maintenance"),
        "Set a new password": needs("change the password of an address"),
        "Aliases": MAIL,
        "Redirection": MAIL,
        "Invite somebody": MAIL,
        "Delete": MAIL,
    },
    "/o/acme/mail/{mail}/addresses/info": {
        "Set a new password": needs("change the password of an address"),
        "Change the details": MAIL,
        "Aliases": MAIL,
        "Redirection": MAIL,
        "Delete the address": MAIL,
        "Invite somebody": MAIL,
        "Make a device password": needs("change the password of an address"),
    },
}


@pytest.mark.parametrize("path", PAGES)
def test_every_action_is_there_with_what_it_needs_and_whom_to_ask(
    path: str, ana: Person, ben: Person, box: Mailbox
) -> None:
    here = path.format(mail=box.mail.service_id)
    answer = browsing(ben).get(here)
    assert answer.status_code == 200
    assert dead_on(answer.content.decode()) == PAGES[path]
    assert dead_on(browsing(ana).get(here).content.decode()) == {}


def test_a_locked_product_says_who_locked_it_on_the_dead_button(
    owner: Actor, ben: Person, acme: Organization, box: Mailbox, registry: SandboxRegistrar
) -> None:
    zone = make_zone(acme, "acme.test")
    grant = {"right": "domains.manage", "service_id": zone.service_id}
    change_access(owner, Membership.objects.get(person=ben), grants=[grant])
    lock_service(owner, zone.domain.service)
    found = dead_on(browsing(ben).get("/o/acme/domains/acme.test/dns").content.decode())
    assert found["Add a record"].startswith("Ana Keller blocked the management of acme.test on")
    assert found["Add a record"].endswith("Ask Ana Keller.")


def test_reasons_cost_no_query_each(owner: Actor, ben: Person, box: Mailbox) -> None:
    mail, here = box.mail, f"/o/acme/mail/{box.mail.service_id}"
    browser = browsing(ben)
    browser.get(here)
    with CaptureQueriesContext(connection) as few:
        first = browser.get(here).content.decode()
    for number in range(12):
        make_mailbox(owner, mail, f"more{number}")
    grants = [
        {"right": "mail.use", "service_id": mail.service_id, "resource": each.resource}
        for each in Mailbox.objects.all()
    ]
    change_access(owner, Membership.objects.get(person=ben), grants=grants)
    with CaptureQueriesContext(connection) as many:
        then = browser.get(here).content.decode()
    assert (len(DEAD.findall(first)), len(DEAD.findall(then))) == (9, 9 + 12 * 5)
    assert len(many) == len(few)
    named = [query["sql"] for query in many if '"joined_at" ASC' in query["sql"]]
    assert len(named) == 1, "whom to ask is read once"


def test_who_may_is_told_nothing_and_asked_nothing(ana: Person, acme: Organization, box: Mailbox) -> None:
    browser, here = browsing(ana), f"/o/acme/mail/{box.mail.service_id}"
    browser.get(here)
    with CaptureQueriesContext(connection) as asked:
        browser.get(here)
    assert not [query["sql"] for query in asked if '"joined_at" ASC' in query["sql"]]


def test_what_only_owners_may_names_owners_to_administrators(
    owner: Actor, ben: Person, acme: Organization, box: Mailbox
) -> None:
    change_role(owner, Membership.objects.get(person=ben), role=Role.ADMINISTRATOR)
    browser = browsing(ben)
    withdrawals = browser.get("/o/acme/prepaid/withdrawals").content.decode()
    assert dead_on(withdrawals)["Recover the balance"] == needs("withdraw money")
    proof = browser.get("/o/acme/activity/proof").content.decode()
    assert dead_on(proof) == {
        "Choose who gets it": needs("choose who gets the daily proof of the log"),
    }


def test_a_bookkeeper_finds_the_shop_closed_with_the_reason(
    owner: Actor, ben: Person, acme: Organization
) -> None:
    change_access(owner, Membership.objects.get(person=ben), grants=[{"right": "billing.accounting"}])
    page = browsing(ben).get("/o/acme/orders").content.decode()
    assert dead_on(page) == {"Open the shop": ORDERS}
    assert browsing(ben).get("/o/acme/shop").status_code == 403


def test_no_reason_is_kept_for_another_organization(
    owner: Actor, ben: Person, acme: Organization, registry: SandboxRegistrar
) -> None:
    """Lists are kept between requests (decision 0040); whom to ask belongs to nobody else."""
    for _ in range(2):
        assert dead_on(browsing(ben).get("/o/acme/domains?list=1").content.decode())["Find a name"] == ORDERS
    urs = make_person("urs@initech.example", "Urs", "Frei")
    initech = make_organization("Initech", "initech", urs)
    Membership.objects.create(organization=initech, person=ben, role=Role.COLLABORATOR)
    there = browsing(ben).get("/o/initech/domains?list=1").content.decode()
    assert dead_on(there)["Find a name"] == ORDERS.replace("Ana Keller", "Urs Frei")
    assert "Ana Keller" not in there


def test_some_of_many_are_locked_and_the_rest_is_said(
    owner: Actor, ben: Person, acme: Organization, registry: SandboxRegistrar
) -> None:
    seen, managed = make_zone(acme, "seen.example").domain, make_zone(acme, "managed.example").domain
    change_access(
        owner,
        Membership.objects.get(person=ben),
        grants=[
            {"right": "domains.view", "service_id": seen.service_id},
            {"right": "domains.manage", "service_id": managed.service_id},
        ],
    )
    for each in (seen, managed):
        type(each).objects.filter(pk=each.pk).update(is_locked=False)
    browser = browsing(ben)
    path = re.search(r'formaction="([^"]+)"', browser.get("/o/acme/domains?list=1").content.decode())
    assert path is not None
    answer = browser.post(path[1], {"selected": [seen.pk, managed.pk]}, follow=True)
    told = answer.content.decode()
    assert "1 domain is being locked." in told and "it needs the right “manage domains”" in told
    for each in (seen, managed):
        each.refresh_from_db()
    assert (seen.is_locked, managed.is_locked) == (False, True)
    assert browser.post(path[1], {"selected": [seen.pk]}).status_code == 403
