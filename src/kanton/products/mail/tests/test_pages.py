"""The console pages as a browser without JavaScript sees them."""

from __future__ import annotations

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.organizations.models import Membership
from kanton.products.mail.actions import create_redirect, delete_mailbox, give_access, set_redirection
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.tests.factories import PASSWORD, RememberingEngine, make_mailbox


@pytest.fixture
def base(mail: MailService) -> str:
    """The address of Acme's mail service in the console."""
    return f"/o/acme/mail/{mail.service_id}"


@pytest.fixture
def browser(client: Client, ana: Person, mail: MailService) -> Client:
    """Ana's browser."""
    client.force_login(ana)
    return client


PAGES = (
    "", "/new", "/many", "/addresses/info", "/addresses/info/password", "/addresses/info/details",
    "/addresses/info/aliases", "/addresses/info/redirection", "/addresses/info/delete", "/addresses/info/invite",
    "/addresses/info/state", "/addresses/info/devices/new", "/redirections", "/redirections/new", "/domains",
    "/domains/new", "/domains/acme.example/state", "/journal", "/programs", "/maintenance",
)  # fmt: skip


@pytest.mark.spec("MAIL-6")
@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_its_owner_and_hides_from_everybody_else(
    browser: Client, base: str, owner: Actor, mail: MailService, zoe: Person, ben: Person, page: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("kanton.products.mail.dns_records._look_up", lambda name, kind: None)
    box = make_mailbox(owner, mail)
    set_redirection(owner, box, targets=["out@example.net"])
    create_redirect(owner, mail, local_part="all", targets=["info@acme.example"])
    delete_mailbox(owner, make_mailbox(owner, mail, "gone"))
    answer = browser.get(base + page)
    assert answer.status_code == 200, answer.content.decode()[:500]
    for person in (zoe, ben):
        browser.force_login(person)
        assert browser.get(base + page).status_code == 404


def test_with_one_mail_service_the_list_leads_to_it(browser: Client, base: str) -> None:
    assert browser.get("/o/acme/mail")["Location"] == base
    assert b"acme.example" in browser.get("/o/acme/mail?list=1").content


def test_creating_an_address_shows_the_made_up_password_once(browser: Client, base: str) -> None:
    answer = browser.post(f"{base}/new", {"local_part": "lea@acme.example", "name": "Lea"})
    assert answer.status_code == 200 and b"shown only now" in answer.content
    box = Mailbox.objects.get()
    assert (box.address, box.name) == ("lea@acme.example", "Lea")
    assert b"shown only now" not in browser.get(f"{base}/addresses/lea").content


def test_a_taken_name_is_an_error_under_the_field(
    browser: Client, base: str, owner: Actor, mail: MailService
) -> None:
    make_mailbox(owner, mail)
    answer = browser.post(f"{base}/new", {"local_part": "INFO"})
    assert answer.status_code == 422 and "info@acme.example exists already" in answer.content.decode()


@pytest.mark.spec("MAIL-8")
def test_a_pasted_table_becomes_addresses_or_a_list_of_wrong_lines(browser: Client, base: str) -> None:
    answer = browser.post(f"{base}/many", {"table": "anna;Anna A.\nböb;Bob\n"})
    assert answer.status_code == 422 and "line 2" in answer.content.decode()
    answer = browser.post(
        f"{base}/many", {"table": f"anna@acme.example;Anna A.\nbob;Bob;{PASSWORD};bob@example.net\n"}
    )
    assert answer.status_code == 200
    assert set(Mailbox.objects.values_list("local_part", "name", "recovery_email")) == {
        ("anna", "Anna A.", ""), ("bob", "Bob", "bob@example.net"),
    }  # fmt: skip


def test_deleting_asks_for_the_name_and_can_be_undone(
    browser: Client, base: str, owner: Actor, mail: MailService
) -> None:
    box = make_mailbox(owner, mail)
    assert browser.post(f"{base}/addresses/info/delete", {"confirm": "other"}).status_code == 422
    assert browser.post(f"{base}/addresses/info/delete", {"confirm": "info@acme.example"}).status_code == 303
    assert browser.get(f"{base}/addresses/info").status_code == 404
    assert browser.post(f"{base}/deleted/{box.pk}/restore").status_code == 303
    assert browser.get(f"{base}/addresses/info").status_code == 200


@pytest.mark.spec("MAIL-25")
def test_a_colleague_with_one_address_sees_only_that(
    browser: Client, base: str, owner: Actor, mail: MailService, ben: Person
) -> None:
    make_mailbox(owner, mail, "boss")
    membership = Membership.objects.get(person=ben)
    give_access(owner, make_mailbox(owner, mail, "team"), membership=membership)
    browser.force_login(ben)
    page = browser.get(base)
    assert page.status_code == 200 and b"team@acme" in page.content and b"boss@acme" not in page.content
    assert browser.get(f"{base}/addresses/team").status_code == 200
    assert browser.get(f"{base}/addresses/boss").status_code == 404
    for forbidden in (
        "/new",
        "/addresses/team/password",
        "/addresses/team/delete",
        "/domains",
        "/redirections",
    ):
        assert browser.get(base + forbidden).status_code == 403, forbidden
    assert b"boss@acme" not in browser.get(f"{base}/journal").content


def test_a_list_of_many_addresses_costs_the_same_queries(
    browser: Client,
    base: str,
    owner: Actor,
    mail: MailService,
    engine: RememberingEngine,
    django_assert_max_num_queries: object,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    make_mailbox(owner, mail)
    browser.get(base)
    with CaptureQueriesContext(connection) as few:
        browser.get(base)
    for number in range(20):
        make_mailbox(owner, mail, f"box{number}")
    with CaptureQueriesContext(connection) as many:
        browser.get(base)
    assert len(many) == len(few)
