"""Blocks in a security incident: authenticated, explained, complete, reversible, and honest to everybody."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.models import ApiToken, Person
from kanton.billing.emails import readers_of
from kanton.core.actor import Actor, System
from kanton.core.errors import TooMany
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import change_role
from kanton.organizations.departure.actions import leave_organization
from kanton.organizations.departure.errors import CannotLeave
from kanton.organizations.errors import LastOwner
from kanton.organizations.models import Membership, Organization
from kanton.organizations.suspension.actions import resume_member
from kanton.products.actions import extend_service
from kanton.products.models import Service
from kanton.rest.testing import ApiClient
from kanton.support.actions.codes import renew_support_code
from kanton.support.actions.identity import decide_identity_check
from kanton.support.blocks.actions import ask_for_identity, block_person, lift_block, send_protection_guide
from kanton.support.blocks.errors import (
    AlreadyBlocked,
    HeldByProvider,
    IdentityNeeded,
    MayNotAsk,
    NobodyElse,
    NotMember,
    StaffStays,
    WrongCode,
)
from kanton.support.blocks.models import SecurityBlock
from kanton.support.models import CheckState, IdentityCheck
from kanton.testing import PASSWORD, acting, make_person


@pytest.fixture
def sam(db: None) -> Person:
    """Of the provider's staff."""
    return make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True)


@pytest.fixture
def staff(sam: Person) -> Actor:
    """Sam acting."""
    return acting(sam)


def code_of(person: Person) -> str:
    return renew_support_code(acting(person), person).digits


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.spec("ORG-87", "ORG-88", "ORG-89")
def test_a_whole_account_is_blocked_by_one_page_and_opened_again(
    sam: Person, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    browser, program, bens = signed_in(sam), ApiClient(ben), signed_in(ben)
    phone = AppPassword(person=ben, name="Phone", scopes=["mail"])
    phone.new_secret()
    phone.save()
    assert program.get("/1/accounts").status == 200 and bens.get("/o/acme/").status_code == 200
    page = f"/staff/people/{ben.pk}/block"
    assert f'href="{page}"' in browser.get(f"/staff/people/{ben.pk}").content.decode()
    assert "This is the last owner" not in browser.get(page).content.decode()
    form = {"where": "*", "digits": "12345678", "reason": "His laptop was stolen."}
    wrong = browser.post(page, form)
    assert wrong.status_code == 422 and "No valid support code" in wrong.content.decode()
    assert not SecurityBlock.objects.exists() and bens.get("/o/acme/").status_code == 200
    outbox_before = len(outbox)
    answer = browser.post(page, form | {"digits": code_of(ana)})
    block = SecurityBlock.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/staff/blocks/{block.pk}")
    assert (block.asked_by, block.blocked_by, block.organization, block.needs_identity) == (
        ana,
        sam,
        None,
        False,
    )
    assert sorted((mail.to[0], mail.template) for mail in outbox[outbox_before:]) == [
        ("ana@acme.example", "blocks/blocked"),
        ("ben@acme.example", "blocks/blocked_you"),
    ]
    # Everything is shut at once, and whoever knows the password is told why.
    assert bens.get("/o/acme/").status_code == 302 and bens.get("/mail/").status_code == 302
    assert program.get("/1/accounts").status == 401
    assert not ApiToken.objects.filter(person=ben, revoked_at=None).exists()
    assert not AppPassword.objects.filter(person=ben).exists()
    known = Client().post("/login", {"email": ben.email, "password": PASSWORD})
    assert known.status_code == 422 and "blocked because of a security incident" in known.content.decode()
    guess = Client().post("/login", {"email": ben.email, "password": "wrong"})
    assert "security incident" not in guess.content.decode()
    assert Membership.objects.filter(person=ben, suspended_at=None).exists(), "nothing was taken away"
    assert browser.post(f"/staff/blocks/{block.pk}", {"reason": "It was found."}).status_code == 303
    ben.refresh_from_db()
    block.refresh_from_db()
    assert ben.is_active and block.lifted_by == sam
    assert program.get("/1/accounts").status == 401, "tokens are made anew"
    assert signed_in(ben).get("/o/acme/").status_code == 200


@pytest.mark.spec("ORG-89")
def test_a_block_of_one_organization_leaves_the_others_and_only_the_provider_ends_it(
    staff: Actor, owner: Actor, ana: Person, ben: Person, acme: Organization, globex: Organization
) -> None:
    Membership.objects.create(organization=globex, person=ben, role=Role.COLLABORATOR)
    bens = Client()
    assert bens.post("/login", {"email": ben.email, "password": PASSWORD}).status_code == 302
    block = block_person(staff, ben, digits=code_of(ben), reason="x", organization=acme).done()
    again = signed_in(ben)
    assert bens.get("/o/globex/").status_code == 302, "the session ended"
    assert again.get("/o/globex/").status_code == 200
    door = again.get("/o/acme/")
    assert (door.status_code, "was blocked by" in door.content.decode()) == (403, True)
    assert ApiClient(ben).get(f"/1/accounts/{acme.pk}").status == 404
    membership = Membership.objects.get(person=ben, organization=acme)
    with pytest.raises(HeldByProvider):
        resume_member(owner, membership)
    with pytest.raises(AlreadyBlocked):
        block_person(staff, ben, digits=code_of(ben), reason="x", organization=acme)
    lift_block(staff, block, reason="over")
    assert again.get("/o/acme/").status_code == 200
    # Who was suspended by the organization before stays so.
    Membership.objects.filter(pk=membership.pk).update(suspended_at=block.blocked_at)
    second = block_person(staff, ben, digits=code_of(ana), reason="x", organization=acme).done()
    lift_block(staff, second, reason="over")
    membership.refresh_from_db()
    assert membership.suspended_at is not None


@pytest.mark.spec("ORG-87")
def test_who_may_ask_for_what(
    staff: Actor, sam: Person, ana: Person, ben: Person, zoe: Person, acme: Organization, globex: Organization
) -> None:
    Membership.objects.create(organization=globex, person=ben, role=Role.COLLABORATOR)
    for asking, place in ((zoe, acme), (ana, globex), (ana, None)):
        with pytest.raises(MayNotAsk):
            block_person(staff, ben, digits=code_of(asking), reason="x", organization=place).done()
    with pytest.raises(WrongCode):
        block_person(staff, ben, digits="00000000", reason="x").done()
    with pytest.raises(NotMember):
        block_person(staff, zoe, digits=code_of(zoe), reason="x", organization=acme)
    with pytest.raises(StaffStays):
        block_person(staff, sam, digits=code_of(sam), reason="x")
    ben.refresh_from_db()
    assert ben.is_active and not SecurityBlock.objects.exists()
    assert not Membership.objects.exclude(suspended_at=None).exists()


@pytest.mark.spec("ORG-91")
def test_the_last_owner_comes_back_by_a_proof_of_identity_and_reminders_go_on(
    staff: Actor, sam: Person, ana: Person, acme: Organization, outbox: Outbox
) -> None:
    warned = signed_in(sam).get(f"/staff/people/{ana.pk}/block").content.decode()
    assert "This is the last owner of Acme" in warned
    with pytest.raises(NobodyElse):
        block_person(staff, ana, digits=code_of(ana), reason="x", organization=acme)
    block = block_person(
        staff, ana, digits=code_of(ana), reason="x", organization=acme, is_last_owner_confirmed=True
    ).done()
    assert block.needs_identity
    assert [person.email for person in readers_of(acme)] == [ana.email], "reminders still reach the owner"
    service = Service.objects.create(
        organization=acme, product="mail", plan="x", name="x", starts_on=date(2027, 1, 1), order_line="x"
    )
    assert extend_service(System("billing"), service, until=date(2028, 1, 1)).ends_on == date(2028, 1, 1)
    with pytest.raises(IdentityNeeded):
        lift_block(staff, block, reason="please")
    case = ask_for_identity(staff, block)
    assert outbox[-1].to == [ana.email] and case.about == f"block:{block.pk}"
    IdentityCheck.objects.filter(pk=case.pk).update(state=CheckState.SUBMITTED, submitted_at=block.blocked_at)
    case.refresh_from_db()
    decide_identity_check(staff, case, is_accepted=True, words="Seen.")
    block.refresh_from_db()
    assert block.lifted_at is not None and block.lift_reason == str(case)
    assert signed_in(ana).get("/o/acme/").status_code == 200


@pytest.mark.spec("ORG-90")
def test_whoever_is_not_blocked_gets_the_guide(
    staff: Actor, sam: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    assert signed_in(sam).post(f"/staff/people/{ben.pk}/guide").status_code == 303
    assert outbox[0].to == [ben.email] and "/account/protect" in outbox[0].text
    send_protection_guide(staff, ben)
    send_protection_guide(staff, ben)
    with pytest.raises(TooMany):
        send_protection_guide(staff, ben)


def test_blocks_by_program(sam: Person, ana: Person, ben: Person, acme: Organization) -> None:
    api = ApiClient(sam)
    [place] = api.get(f"/2/staff/people/{ana.pk}/blocks").data
    assert place == {"organization": "acme", "role": "owner", "is_last_owner": True, "other_means": []}
    data = {"organization": "acme", "support_code": code_of(ana), "reason": "stolen"}
    made = api.post(f"/2/staff/people/{ben.pk}/blocks", data).data
    assert (made["organization"], made["reason"], made["lifted_at"]) == ("acme", "stolen", None)
    assert api.get("/2/staff/blocks").data == [made]
    assert api.post(f"/2/staff/blocks/{made['id']}/end", {"reason": "found"}).data["lift_reason"] == "found"
    again = api.post(f"/2/staff/blocks/{made['id']}/end", {"reason": "found"})
    assert (again.status, again.code) == (409, "blocks.ended")


@pytest.mark.spec("ORG-54", "ORG-91")
def test_a_blocked_owner_is_no_owner_for_the_one_who_would_go(
    staff: Actor, ana: Person, ben: Person, acme: Organization, owner: Actor
) -> None:
    mine, his = (Membership.objects.get(organization=acme, person=person) for person in (ana, ben))
    change_role(owner, his, role=Role.OWNER)
    block_person(staff, ben, digits=code_of(ben), reason="Stolen").done()
    for refused, go in (
        (LastOwner, lambda: change_role(owner, mine, role=Role.COLLABORATOR)),
        (CannotLeave, lambda: leave_organization(owner, mine)),
    ):
        with pytest.raises(refused):
            go()
    mine.refresh_from_db()
    assert mine.role == Role.OWNER
    change_role(owner, his, role=Role.COLLABORATOR)
    assert Membership.objects.get(pk=his.pk).role == Role.COLLABORATOR, "the blocked one may be changed"
