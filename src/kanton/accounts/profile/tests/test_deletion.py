"""The end of an account: what is said before, what stands in the way, and what is gone afterwards."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from kanton.accounts import ending
from kanton.accounts.actions import create_token
from kanton.accounts.errors import WrongPassword
from kanton.accounts.models import ApiToken, Person
from kanton.accounts.profile.actions import delete_account, set_birth_date
from kanton.accounts.profile.errors import AccountCannotEnd, NotABirthDate
from kanton.accounts.profile.models import BirthDate
from kanton.activity.log import verify
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import invite_member
from kanton.organizations.models import Invitation, Membership, Organization
from kanton.testing import PASSWORD, acting, make_person


@pytest.fixture
def lea(acme: Organization) -> Person:
    """Administrator of Acme, whose account can end at any time."""
    person = make_person("lea@acme.example", "Lea", "Roth", recovery_email="lea@home.example")
    Membership.objects.create(organization=acme, person=person, role=Role.ADMINISTRATOR)
    return person


@pytest.mark.spec("ACC-67", "ACC-68", "ACC-71")
def test_an_account_ends_with_all_that_is_only_its_own(
    client: Client,
    lea: Person,
    acme: Organization,
    owner: Actor,
    globex: Organization,
    stranger: Actor,
    outbox: Outbox,
) -> None:
    other = Client()
    for browser in (client, other):
        browser.post("/login", {"email": lea.email, "password": PASSWORD})
    token = create_token(acting(lea), lea, name="DNS", scopes=["all"], current_password=PASSWORD)
    invite_member(acting(lea), acme, email="mia@acme.example")
    invite_member(stranger, globex, email=lea.email)
    number, written = lea.pk, len(outbox)
    sessions = list(UserSession.objects.filter(user=lea).values_list("session_key", flat=True))
    assert len(sessions) == 2

    profile = client.get("/account/").content.decode()
    assert 'href="/account/deletion"' in profile
    page = client.get("/account/deletion").content.decode()
    for sentence in (
        "all access under this address ends at once",
        "signed out on all 2 devices",
        "1 API token stops working",
        "You leave the organization Acme",
        "2 open invitations are revoked",
    ):
        assert sentence in page
    answer = client.post("/account/deletion", {"current_password": "wrong"})
    assert answer.status_code == 422
    assert Person.objects.filter(pk=number).exists()
    assert len(outbox) == written

    answer = client.post("/account/deletion", {"current_password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (303, "/account/deleted")
    assert client.get("/account/deleted").status_code == 200
    assert not Person.objects.filter(pk=number).exists()
    assert not ApiToken.objects.filter(pk=token.token.pk).exists()
    for browser in (client, other):
        assert browser.get("/account/")["Location"].startswith("/login")
    called = client.get("/2/profile", headers={"Authorization": f"Bearer {token.secret}"})
    assert called.status_code == 401
    assert not Invitation.objects.filter(revoked_at=None).exists()
    told = outbox[written:]
    assert [mail.to for mail in told] == [["lea@acme.example"], ["lea@home.example"]]
    assert {(mail.template, mail.kind) for mail in told} == {("profile/account_deleted", "security")}
    assert "Europe/Zurich" in told[0].text, "the zone of the time is named"

    rows = Activity.objects.filter(person_id=number)
    assert rows.exists()
    assert all("Lea" not in str(row.data) and row.address in ("", "…") for row in rows)
    assert list(verify()) == []


@pytest.mark.spec("ACC-71")
def test_the_address_is_free_and_its_new_owner_inherits_nothing(
    client: Client, lea: Person, acme: Organization
) -> None:
    delete_account(acting(lea), lea, current_password=PASSWORD)
    client.post("/register", {
        "email": "LEA@acme.example", "password": "a quite different sentence", "phone": "+41791234567",
        "first_name": "Leo", "last_name": "Roth", "country": "CH", "terms": "on",
    })  # fmt: skip
    again = Person.objects.get(email_key="lea@acme.example")
    assert again.pk != lea.pk
    assert not acme.memberships.filter(person=again).exists()
    assert not again.api_tokens.exists()


@pytest.mark.spec("ACC-69", "ACC-70")
def test_no_organization_is_left_alone_or_without_an_owner(
    client: Client, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    alone = Organization.objects.create(name="Ana alone", slug="alone")
    Membership.objects.create(organization=alone, person=ana, role=Role.OWNER)
    client.force_login(ana)
    page = client.get("/account/deletion").content.decode()
    assert "the only account of Ana alone" in page
    assert "the last owner of Acme" in page
    assert 'href="/o/alone/settings/deletion"' in page
    assert 'href="/o/acme/people"' in page
    assert 'name="current_password"' not in page
    answer = client.post("/account/deletion", {"current_password": PASSWORD})
    assert answer.status_code == 422
    with pytest.raises(AccountCannotEnd):
        delete_account(acting(ana), ana, current_password=PASSWORD)
    assert Person.objects.filter(pk=ana.pk).exists()
    assert len(outbox) == 0

    alone.delete()
    Membership.objects.filter(organization=acme, person=ben).update(role=Role.OWNER)
    assert ending.obstacles_of(ana) == []
    delete_account(acting(ana), ana, current_password=PASSWORD)
    assert [one.person for one in acme.memberships.all()] == [ben]


def test_nobody_deletes_the_account_of_another(lea: Person, owner: Actor, outbox: Outbox) -> None:
    with pytest.raises(Forbidden):
        delete_account(owner, lea, current_password=PASSWORD)
    with pytest.raises(WrongPassword):
        delete_account(acting(lea), lea, current_password="")
    assert Person.objects.filter(pk=lea.pk).exists()
    assert len(outbox) == 0


def test_programs_delete_the_account_only_with_the_token_of_a_dry_run(client: Client, lea: Person) -> None:
    token = create_token(acting(lea), lea, name="t", scopes=["all"], current_password=PASSWORD)
    headers = {"Authorization": f"Bearer {token.secret}"}
    told = client.get("/2/profile/deletion", headers=headers).json()["data"]
    assert told["obstacles"] == []
    body = {"current_password": PASSWORD}
    plain = client.post("/2/profile/deletion", body, content_type="application/json", headers=headers)
    assert plain.status_code in (409, 428)
    assert Person.objects.filter(pk=lea.pk).exists()
    tried = client.post(
        "/2/profile/deletion?dry_run=1", body, content_type="application/json", headers=headers
    ).json()["data"]
    assert Person.objects.filter(pk=lea.pk).exists()
    done = client.post(
        "/2/profile/deletion",
        body,
        content_type="application/json",
        headers={**headers, "X-Confirmation": tried["confirmation"]["token"]},
    )
    assert done.status_code == 200, done.content
    assert not Person.objects.filter(pk=lea.pk).exists()


@pytest.mark.spec("ACC-12")
def test_the_date_of_birth_is_optional_and_can_be_forgotten(client: Client, ana: Person) -> None:
    client.force_login(ana)
    answer = client.post("/account/birth-date", {"born_on": "1984-05-17"})
    assert (answer.status_code, answer["Location"]) == (303, "/account/")
    assert BirthDate.objects.get(person=ana).born_on == dt.date(1984, 5, 17)
    assert "1984" in client.get("/account/").content.decode()
    client.post("/account/birth-date", {"born_on": ""})
    assert not BirthDate.objects.exists()
    for impossible in (clock.today() + dt.timedelta(days=1), dt.date(1700, 1, 1)):
        with pytest.raises(NotABirthDate):
            set_birth_date(acting(ana), ana, born_on=impossible)
    assert Activity.objects.filter(kind="accounts.birth_date_changed").count() == 2
