"""Opening an account: the page, the mail, the link, the race, the purge."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from kanton.accounts.actions import confirm_address, register
from kanton.accounts.errors import LinkGone, NotANumber, NotConfirmed, SameAddress, WeakPassword
from kanton.accounts.models import OneTimeLink, Person
from kanton.activity.models import Activity
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import visitor
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import invite_member
from kanton.organizations.models import Membership, Organization
from kanton.organizations.tasks import purge_unconfirmed_accounts
from kanton.testing import PASSWORD, acting, make_person

FORM = {
    "first_name": "Lea",
    "last_name": "Roth",
    "company": "",
    "email": "lea@example.ch",
    "password": PASSWORD,
    "country": "CH",
    "phone": "079 123 45 67",
    "recovery_email": "lea@elsewhere.example",
}


def secret_of(link: str) -> str:
    """The last part of a link in a mail."""
    return link.rsplit("/", 1)[1]


@pytest.mark.spec("ACC-1", "ACC-2", "ACC-3", "ACC-7", "ORG-1", "ORG-4")
def test_a_registered_person_owns_an_organization_in_their_name(
    db: None, client: Client, outbox: Outbox
) -> None:
    answer = client.post("/register", FORM)
    assert (answer.status_code, answer["Location"]) == (303, "/check-your-inbox")
    lea = Person.objects.get()
    assert (lea.display_name, lea.email, lea.phone) == ("Lea Roth", "lea@example.ch", "+41791234567")
    assert (lea.recovery_email, lea.time_zone, lea.is_confirmed) == (
        "lea@elsewhere.example",
        "Europe/Zurich",
        False,
    )
    membership = Membership.objects.get()
    assert (membership.person, membership.role) == (lea, Role.OWNER)
    assert (membership.organization.name, membership.organization.currency) == ("Lea Roth", "CHF")
    assert [mail.to for mail in outbox] == [["lea@example.ch"]]
    assert [row.kind for row in Activity.objects.order_by("pk")] == [
        "accounts.registered",
        "organizations.created",
    ]


@pytest.mark.spec("ORG-4", "ORG-14")
def test_a_company_abroad_gives_its_name_and_pays_in_euro(db: None, client: Client) -> None:
    client.post("/register", FORM | {"company": "Roth GmbH", "country": "DE", "phone": "+49 151 23456789"})
    organization = Organization.objects.get()
    assert (organization.name, organization.kind, organization.currency) == ("Roth GmbH", "company", "EUR")


@pytest.mark.spec("ACC-3", "ACC-4")
def test_the_form_asks_for_the_number_and_advises_on_the_address(db: None, client: Client) -> None:
    page = client.get("/register").content.decode()
    assert "Best is an address from elsewhere" in page
    answer = client.post("/register", FORM | {"phone": ""})
    assert answer.status_code == 422
    assert not Person.objects.exists()


@pytest.mark.spec("ACC-5", "ACC-25")
@pytest.mark.parametrize("spelling", ["lea@example.ch", "LEA@Example.CH"])
def test_a_known_address_gets_the_same_answer_and_its_owner_a_mail(
    db: None, client: Client, outbox: Outbox, spelling: str
) -> None:
    lea = make_person("lea@example.ch", "Lea", "Roth")
    known = client.post("/register", FORM | {"email": spelling, "password": "another good password"})
    fresh = Client().post("/register", FORM | {"email": "new@example.ch"})
    assert (known.status_code, known["Location"], known.content) == (
        fresh.status_code,
        fresh["Location"],
        fresh.content,
    )
    assert Person.objects.count() == 2
    lea.refresh_from_db()
    assert lea.check_password(PASSWORD)
    assert outbox[0].to == ["lea@example.ch"]
    assert "already" in outbox[0].subject
    assert "/login" in outbox[0].text and "/password/forgotten" in outbox[0].text


@pytest.mark.spec("ACC-25")
@pytest.mark.parametrize(
    "spelling", ["léa@münchen.example", "LE\u0301A@M\u00dcNCHEN.example", "léa@xn--mnchen-3ya.example"]
)
def test_spellings_of_one_address_make_one_account(db: None, spelling: str) -> None:
    assert register(visitor(), email="Léa@München.example", password=PASSWORD) is not None
    assert register(visitor(), email=spelling, password=PASSWORD) is None
    assert Person.objects.count() == 1


@pytest.mark.spec("ACC-6")
def test_the_link_confirms_once(db: None, client: Client, outbox: Outbox) -> None:
    client.post("/register", FORM)
    path = outbox[0].link.removeprefix("http://localhost:8000")
    assert client.get(path).status_code == 200
    assert not Person.objects.get().is_confirmed, "looking is not confirming: scanners look"
    assert client.post(path).status_code == 303
    assert Person.objects.get().is_confirmed
    assert client.post(path).status_code == 410
    assert outbox[0].is_secret


@pytest.mark.spec("ACC-6")
def test_the_link_lasts_a_day(db: None, client: Client, outbox: Outbox) -> None:
    client.post("/register", FORM)
    path = outbox[0].link.removeprefix("http://localhost:8000")
    with clock.travel(clock.now() + timedelta(hours=24)):
        assert client.post(path).status_code == 410
    assert not Person.objects.get().is_confirmed
    with clock.travel(clock.now() + timedelta(hours=23, minutes=59)):
        assert client.post(path).status_code == 303


def test_a_second_mail_kills_the_first_link(db: None, client: Client, outbox: Outbox) -> None:
    client.post("/register", FORM)
    client.force_login(Person.objects.get())
    assert client.post("/account/confirmation").status_code == 303
    first, second = (secret_of(mail.link) for mail in outbox)
    with pytest.raises(LinkGone):
        confirm_address(visitor(), secret=first)
    assert confirm_address(visitor(), secret=second).is_confirmed


def test_the_secret_of_a_link_is_not_in_the_database(db: None, client: Client, outbox: Outbox) -> None:
    client.post("/register", FORM)
    secret = secret_of(outbox[0].link)
    assert OneTimeLink.objects.get().digest != secret
    assert not OneTimeLink.objects.filter(digest__contains=secret).exists()


@pytest.mark.spec("ACC-6")
def test_an_unconfirmed_person_cannot_invite(db: None, client: Client, outbox: Outbox) -> None:
    client.post("/register", FORM)
    lea = Person.objects.get()
    with pytest.raises(NotConfirmed):
        invite_member(acting(lea), Organization.objects.get(), email="max@example.ch")
    assert len(outbox) == 1


@pytest.mark.spec("ACC-6")
def test_an_unconfirmed_account_is_purged_after_thirty_days(db: None, client: Client) -> None:
    client.post("/register", FORM)
    make_person("old@example.ch", "Old", "Friend")
    with clock.travel(clock.now() + timedelta(days=29)):
        assert purge_unconfirmed_accounts.call() == 0
    with clock.travel(clock.now() + timedelta(days=31)):
        assert purge_unconfirmed_accounts.call() == 1
    assert [person.email for person in Person.objects.all()] == ["old@example.ch"]
    assert not Organization.objects.exists()
    assert not [row for row in Activity.objects.all() if "lea@example.ch" in str(row.personal) + row.search]


@pytest.mark.spec("ACC-22")
def test_the_recovery_address_must_be_another(db: None) -> None:
    with pytest.raises(SameAddress):
        register(visitor(), email="a@example.ch", password=PASSWORD, recovery_email="A@EXAMPLE.ch")
    assert not Person.objects.exists()


def test_a_number_that_is_none_is_refused_at_its_field(db: None, client: Client) -> None:
    with pytest.raises(NotANumber):
        register(visitor(), email="a@example.ch", password=PASSWORD, phone="12")
    answer = client.post("/register", FORM | {"phone": "12"})
    assert answer.status_code == 422
    assert "is not a mobile number" in answer.content.decode()


@pytest.mark.spec("ACC-32")
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("too short", "too short"),
        ("x" * 129, "at most 128"),
        ("long.address@example.ch", "must not be your e-mail address"),
        ("qwertyuiop123", "too common"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(db: None, password: str, reason: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        register(visitor(), email="long.address@example.ch", password=password)
    assert reason in refused.value.sentence
    assert not Person.objects.exists()


@pytest.mark.spec("ACC-32")
def test_every_unicode_is_allowed_and_composed_alike(db: None) -> None:
    lea = register(visitor(), email="lea@example.ch", password="Zu\u0308rich \U0001f3d4 Ga\u0308ssli 12")
    assert lea is not None
    assert lea.check_password("Z\u00fcrich \U0001f3d4 G\u00e4ssli 12")


@pytest.mark.spec("ACC-25")
@pytest.mark.skipif(
    config.database.is_sqlite, reason="threads cannot share SQLite in memory; PostgreSQL shows it"
)
@pytest.mark.django_db(transaction=True)
def test_of_two_registrations_at_once_one_wins() -> None:
    together, made = threading.Barrier(6), []

    def try_it(number: int) -> None:
        together.wait()
        try:
            made.append(
                register(visitor(), email=["x@example.ch", "X@EXAMPLE.CH"][number % 2], password=PASSWORD)
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len([person for person in made if person is not None]) == 1
    assert Person.objects.count() == 1
    assert Activity.objects.filter(kind="accounts.registered_again").count() == 5


@pytest.mark.spec("ACC-5")
def test_too_many_registrations_from_one_network_wait(db: None, client: Client) -> None:
    for number in range(20):
        assert client.post("/register", FORM | {"email": f"p{number}@example.ch"}).status_code == 303
    answer = client.post("/register", FORM | {"email": "last@example.ch"})
    assert answer.status_code == 422
    assert not Person.objects.filter(email="last@example.ch").exists()
