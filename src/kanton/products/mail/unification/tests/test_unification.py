"""One password for an account and the mailbox of its address: offered, joined, changed together, parted."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from kanton.accounts.actions import change_password
from kanton.accounts.errors import WrongPassword
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core.actor import Actor
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Membership, Organization
from kanton.products.mail import actions
from kanton.products.mail.engine.configured import engine_settings
from kanton.products.mail.engine.credentials import verify_password
from kanton.products.mail.engine.published import publish
from kanton.products.mail.models import Mailbox, MailService
from kanton.products.mail.states import domain_states
from kanton.products.mail.tests.factories import PASSWORD as MAILBOX_PASSWORD
from kanton.products.mail.tests.factories import make_mailbox
from kanton.products.mail.unification.actions import change_mailbox_password
from kanton.products.mail.unification.errors import CannotUnify
from kanton.products.mail.unification.links import holds, offered_mailbox
from kanton.products.mail.unification.models import Unification
from kanton.testing import PASSWORD, acting

NEW = "an entirely different sentence"
THIRD = "yet another sentence of words"


@pytest.fixture
def box(owner: Actor, ana: Person, mail: MailService) -> Mailbox:
    """The mailbox of Ana's login address, which she reads in the webmail."""
    ana.email = "ana@acme.example"
    ana.save()
    mailbox = make_mailbox(owner, mail, "ana")
    actions.link_mailbox(owner, mailbox)
    return mailbox


def opens(mailbox: Mailbox, password: str) -> bool:
    """Does the mailbox, as it is published, open with this password?"""
    [state] = domain_states(MailService.objects.get(pk=mailbox.mail_id))
    [box] = [one for one in state.mailboxes if one.local == mailbox.local_part]
    return verify_password(box.password_hash, password)


def unify(ana: Person) -> Unification:
    """Change the login password and take the mailbox along."""
    change_password(acting(ana), ana, current_password=PASSWORD, new_password=NEW, taken=["mailbox"])
    return Unification.objects.get()


@pytest.mark.spec("ACC-39")
def test_it_is_offered_only_when_all_three_conditions_hold(
    owner: Actor, ana: Person, ben: Person, acme: Organization, box: Mailbox
) -> None:
    assert offered_mailbox(ana) == box
    membership = Membership.objects.get(person=ben)
    actions.give_access(owner, box, membership=membership)
    assert offered_mailbox(ana) is None, "somebody else reads it too"
    actions.withdraw_access(owner, box, membership=membership)
    assert offered_mailbox(ana) == box

    Membership.objects.filter(person=ana).update(role="collaborator")
    actions_of_ana = acting(ana)
    assert not holds(ana, box), "she may not change its password"
    assert actions_of_ana.person_id == ana.pk
    Membership.objects.filter(person=ana).update(role="owner")

    ana.email = "ana@elsewhere.example"
    ana.save()
    assert offered_mailbox(ana) is None, "another address"
    assert not holds(ana, box)
    ana.email = "ANA@Acme.example"
    ana.save()
    assert offered_mailbox(ana) == box
    actions.unlink_mailbox(owner, box)
    assert offered_mailbox(ana) is None, "she does not read it"


@pytest.mark.spec("ACC-29", "ACC-40")
def test_both_dialogs_offer_it_and_declining_changes_one_only(
    client: Client, ana: Person, box: Mailbox
) -> None:
    client.force_login(ana)
    service = box.service_id
    of_mailbox = f"/o/acme/mail/{service}/addresses/ana/password"
    assert "Use it for the mailbox ana@acme.example too" in client.get("/account/password").content.decode()
    assert "Use it for my account too" in client.get(of_mailbox).content.decode()
    client.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    assert not Unification.objects.exists()
    assert opens(box, MAILBOX_PASSWORD) and not opens(box, NEW)
    answer = client.post(of_mailbox, {"password": THIRD, "once_more": THIRD})
    assert answer.status_code == 303
    ana.refresh_from_db()
    assert ana.check_password(NEW), "the login password stays"
    box.refresh_from_db()
    assert opens(box, THIRD)


@pytest.mark.spec("ACC-29", "ACC-41", "ACC-45")
def test_once_unified_a_change_of_either_one_changes_both(client: Client, ana: Person, box: Mailbox) -> None:
    device = actions.create_app_password(acting(ana), box, label="Phone").app_password
    client.force_login(ana)
    answer = client.post(
        "/account/password", {"current_password": PASSWORD, "new_password": NEW, "mailbox": "on"}
    )
    assert answer.status_code == 303
    assert opens(box, NEW) and not opens(box, MAILBOX_PASSWORD)
    assert "This also changes the password of the mailbox" in client.get("/account/password").content.decode()
    client.post("/account/password", {"current_password": NEW, "new_password": PASSWORD})
    assert opens(box, PASSWORD) and not opens(box, NEW)

    of_mailbox = f"/o/acme/mail/{box.service_id}/addresses/ana/password"
    page = client.get(of_mailbox).content.decode()
    assert "This also changes your login password" in page
    assert 'href="/password/forgotten"' in page
    refused = client.post(of_mailbox, {"password": THIRD, "once_more": THIRD, "current_password": "wrong"})
    assert refused.status_code == 422
    assert opens(box, PASSWORD)
    client.post(of_mailbox, {"password": THIRD, "once_more": THIRD, "current_password": PASSWORD})
    ana.refresh_from_db()
    assert ana.check_password(THIRD) and opens(box, THIRD)
    assert client.get("/account/").status_code == 200, "this session goes on"
    assert list(box.app_passwords.all()) == [device], "other credentials are not touched"
    assert Activity.objects.filter(kind="mail.passwords_unified").count() == 1


@pytest.mark.spec("ACC-40")
def test_unifying_from_the_mailbox_needs_the_login_password_and_the_conditions(
    client: Client, owner: Actor, ana: Person, box: Mailbox, mail: MailService
) -> None:
    with pytest.raises(WrongPassword):
        change_mailbox_password(owner, box, password=NEW, unify=True, current_password="wrong")
    other = make_mailbox(owner, mail, "info")
    with pytest.raises(CannotUnify):
        change_mailbox_password(owner, other, password=NEW, unify=True, current_password=PASSWORD)
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD) and opens(box, MAILBOX_PASSWORD)
    change_mailbox_password(owner, box, password=NEW, unify=True, current_password=PASSWORD)
    ana.refresh_from_db()
    assert ana.check_password(NEW) and opens(box, NEW)


@pytest.mark.spec("ACC-41")
def test_when_a_condition_ceases_to_hold_they_are_parted_and_the_person_is_told(
    owner: Actor, ana: Person, ben: Person, box: Mailbox, outbox: Outbox
) -> None:
    unify(ana)
    run_jobs()
    assert Unification.objects.exists()
    written = len(outbox)
    actions.give_access(owner, box, membership=Membership.objects.get(person=ben))
    run_jobs()
    assert not Unification.objects.exists()
    assert [mail.template for mail in outbox[written:]] == ["unification/parted"]
    assert Activity.objects.filter(kind="mail.passwords_parted").count() == 1
    box.refresh_from_db()
    ana.refresh_from_db()
    assert opens(box, NEW) and ana.check_password(NEW), "both keep what they have"
    change_password(acting(ana), ana, current_password=NEW, new_password=THIRD)
    assert opens(box, NEW), "and go separate ways"


def test_nobody_else_chooses_a_login_password_by_setting_that_of_the_mailbox(
    owner: Actor, ana: Person, ben: Person, acme: Organization, box: Mailbox, outbox: Outbox
) -> None:
    unify(ana)
    Membership.objects.filter(person=ben).update(role="administrator")
    change_mailbox_password(acting(ben), box, password=THIRD)
    ana.refresh_from_db()
    box.refresh_from_db()
    assert ana.check_password(NEW)
    assert opens(box, THIRD)
    assert not Unification.objects.exists()
    assert outbox[-1].template == "unification/parted"


def test_under_a_second_factor_mail_servers_never_get_the_login_password(ana: Person, box: Mailbox) -> None:
    unify(ana)
    assert opens(box, NEW)
    factor = Authenticator.objects.create(user=ana, type=Authenticator.Type.TOTP, data={})
    assert not opens(box, NEW), "at once, before any job ran"
    assert opens(box, MAILBOX_PASSWORD), "the mailbox keeps its own"
    run_jobs()
    assert not Unification.objects.get().is_shared
    factor.delete()
    run_jobs()
    assert opens(box, NEW)


@pytest.mark.spec("ACC-42", "ACC-43")
def test_changing_a_mailbox_password_needs_its_right_and_is_typed_twice(
    client: Client, owner: Actor, ana: Person, ben: Person, mail: MailService
) -> None:
    info = make_mailbox(owner, mail, "info")
    membership = Membership.objects.get(person=ben)
    address = f"/o/acme/mail/{mail.service_id}/addresses/info/password"
    client.force_login(ben)
    actions.give_access(owner, info, membership=membership, may_change_password=False)
    assert client.get(address).status_code == 403
    actions.give_access(owner, info, membership=membership, may_change_password=True)
    page = client.get(address).content.decode()
    assert "All programs and devices that read this address need the new one" in page
    differ = client.post(address, {"password": NEW, "once_more": THIRD})
    assert differ.status_code == 422
    assert opens(info, MAILBOX_PASSWORD)
    assert client.post(address, {"password": NEW, "once_more": NEW}).status_code == 303
    info.refresh_from_db()
    assert opens(info, NEW)
    actions.give_access(owner, info, membership=membership, may_change_password=False)
    assert client.post(address, {"password": THIRD, "once_more": THIRD}).status_code == 403
    client.force_login(ana)  # an administrator can set one as well
    assert client.post(address, {"password": THIRD, "once_more": THIRD}).status_code == 303


@pytest.mark.spec("ACC-44", "ACC-35")
def test_anybody_can_test_a_mailbox_password_ten_times(
    client: Client, owner: Actor, mail: MailService
) -> None:
    make_mailbox(owner, mail, "info")
    [state] = domain_states(mail)
    publish(engine_settings().published, state)
    page = client.get("/which-password").content.decode()
    assert "An account and a mailbox have a password each" in page
    assert 'href="/which-password"' in client.get("/login").content.decode()

    def answer(address: str, password: str) -> str:
        sent = client.post("/which-password", {"address": address, "password": password})
        return f"{sent.status_code} " + " ".join(
            word for word in ("are right", "do not go together", "again in") if word in sent.content.decode()
        )

    assert answer("INFO@acme.example", MAILBOX_PASSWORD) == "200 are right"
    assert answer("nobody@acme.example", MAILBOX_PASSWORD) == "200 do not go together"
    assert answer("info@acme.example", PASSWORD) == "200 do not go together"
    for _ in range(8):
        answer("info@acme.example", "wrong")
    assert answer("info@acme.example", MAILBOX_PASSWORD).startswith("422"), "a lucky guess comes too late"
