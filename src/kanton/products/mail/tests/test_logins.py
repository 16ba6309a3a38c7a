"""Deleting a mailbox that is somebody's login address (ACC-60…64)."""

from __future__ import annotations

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.accounts.recovery.models import Proven, Released
from kanton.core.actor import Actor, System
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.products.mail.actions import delete_mailbox, withdraw_mail_service
from kanton.products.mail.errors import SomebodySignsIn
from kanton.products.mail.logins import depends_on, people_signing_in_with
from kanton.products.mail.models import AppPassword, MailService
from kanton.products.mail.tests.factories import make_mailbox
from kanton.testing import PASSWORD


@pytest.mark.spec("ACC-60", "ACC-61", "ACC-63", "ACC-64")
def test_the_deletion_names_the_account_and_wants_it_confirmed(
    owner: Actor,
    ana: Person,
    ben: Person,
    acme: Organization,
    mail: MailService,
    client: Client,
    outbox: Outbox,
) -> None:
    Person.objects.filter(pk=ben.pk).update(recovery_email="ben@elsewhere.example")
    box = make_mailbox(owner, mail, "ben")
    client.force_login(ana)
    address = f"/o/acme/mail/{mail.service_id}/addresses/ben/delete"
    page = client.get(address)
    assert page.status_code == 200, address
    assert "takes away the login address of Ben Moser (ben@acme.example)" in page.content.decode()
    refused = client.post(address, {"confirm": "ben@acme.example"})
    assert refused.status_code == 422
    assert "This is the login address of Ben Moser (ben@acme.example)" in refused.content.decode()
    box.refresh_from_db()
    assert box.deleted_at is None
    assert not Released.objects.exists()
    done = client.post(address, {"confirm": "ben@acme.example", "are_logins_confirmed": "on"})
    assert done.status_code == 303
    release = Released.objects.get()
    assert (release.person, release.address) == (ben, "ben@acme.example")
    assert [mail.to for mail in outbox if mail.template == "recovery/released"] == [["ben@elsewhere.example"]]
    people = client.get("/o/acme/people").content.decode()
    assert "login address being changed" in people
    assert "recovery.invalid" not in people
    assert Client().post("/login", {"email": "ben@acme.example", "password": PASSWORD}).status_code == 422
    assert Client().post("/login", {"email": release.identifier, "password": PASSWORD}).status_code == 302


@pytest.mark.spec("ACC-60")
def test_the_end_of_the_service_releases_every_login_in_it(
    owner: Actor, ana: Person, ben: Person, zoe: Person, mail: MailService, outbox: Outbox
) -> None:
    make_mailbox(owner, mail, "ben")
    withdraw_mail_service(System("mail"), mail)
    assert [row.person for row in Released.objects.all()] == [ben], "ana's address is no mailbox here"


@pytest.mark.spec("ACC-64", "BIL-120")
def test_who_cancels_a_whole_mail_service_is_told_what_breaks(
    owner: Actor, ana: Person, ben: Person, acme: Organization, mail: MailService, client: Client
) -> None:
    for number in range(11):
        box = make_mailbox(owner, mail, f"box{number:02d}")
    make_mailbox(owner, mail, "ben")
    AppPassword.objects.create(organization=acme, mailbox=box, label="Phone", digest="x")
    client.force_login(ana)
    page = client.get(f"/o/acme/cancellation/{mail.service_id}").content.decode()
    # Ten are named, the rest is counted; then what is signed in, and whose login is among them.
    assert "12 addresses are deleted with all their mail. ben@acme.example, box00@acme.example" in page
    assert "box08@acme.example, …" in page and "box09@" not in page
    assert "1 device password stops working." in page
    assert "The login address of Ben Moser (ben@acme.example) is among them." in page
    assert "All backups are deleted" in page


@pytest.mark.spec("ACC-64")
def test_an_address_with_which_nobody_signs_in_needs_no_more_words(
    owner: Actor, mail: MailService, ben: Person
) -> None:
    assert delete_mailbox(owner, make_mailbox(owner, mail, "info")).deleted_at is not None
    box = make_mailbox(owner, mail, "ben")
    assert people_signing_in_with(box) == [ben]
    with pytest.raises(SomebodySignsIn):
        delete_mailbox(owner, box)
    assert not Released.objects.exists()


@pytest.mark.spec("ACC-49")
def test_a_recovery_address_that_the_account_itself_manages_is_warned_of(
    owner: Actor, ana: Person, ben: Person, mail: MailService, client: Client
) -> None:
    make_mailbox(owner, mail, "backup")
    assert "you manage with this very account" in depends_on(ana, "Backup@acme.example")
    assert depends_on(ben, "backup@acme.example") == "", "Ben administers nothing"
    assert depends_on(ana, "backup@elsewhere.example") == ""
    ana.recovery_email = "backup@acme.example"
    ana.save()
    Proven.objects.create(person=ana, recovery_email=ana.recovery_email)
    client.force_login(ana)
    assert "you manage with this very account" in client.get("/account/security").content.decode()
