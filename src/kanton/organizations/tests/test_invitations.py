"""Inviting, and coming in by an invitation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from kanton.accounts.errors import UnknownChoice
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden, NotFound
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import (
    accept_invitation,
    accept_own_invitation,
    change_invitation,
    change_role,
    invite_member,
    open_account,
    resend_invitation,
    revoke_invitation,
)
from kanton.organizations.departure.actions import remove_member
from kanton.organizations.errors import (
    AccessOfRole,
    AlreadyInvited,
    AlreadyMember,
    InvitationForSomebodyElse,
    InvitationGone,
    OwnersOnly,
    UnknownRight,
)
from kanton.organizations.models import Invitation, Membership, Organization
from kanton.organizations.rights import ACCOUNTING
from kanton.organizations.teams.actions import create_team
from kanton.testing import PASSWORD, acting, make_person

LOCAL = "http://localhost:8000"
REGISTER = {
    "first_name": "Lea",
    "last_name": "Roth",
    "password": PASSWORD,
    "country": "CH",
    "phone": "0791234567",
}


def secret_of(outbox: Outbox, number: int = -1) -> str:
    """The secret of the link in a mail."""
    return outbox[number].link.rsplit("/", 1)[1]


@pytest.mark.spec("ORG-43")
def test_an_invited_person_gets_one_mail_and_one_history_line(
    acme: Organization, owner: Actor, outbox: Outbox
) -> None:
    invitation = invite_member(owner, acme, email="lea@example.ch", role=Role.EXTERNAL)
    assert [(mail.to, mail.is_secret) for mail in outbox] == [(["lea@example.ch"], True)]
    row = Activity.objects.get()
    assert (row.kind, row.data["email"], row.data["role"]) == (
        "organizations.member_invited",
        "lea@example.ch",
        "external",
    )
    assert invitation.digest != secret_of(outbox)


@pytest.mark.spec("ORG-43")
def test_a_member_without_the_right_invites_nobody(acme: Organization, member: Actor, outbox: Outbox) -> None:
    with pytest.raises(Forbidden):
        invite_member(member, acme, email="lea@example.ch")
    assert not acme.invitations.exists() and not outbox and not Activity.objects.exists()


@pytest.mark.spec("ORG-46")
def test_a_person_with_an_account_joins_and_can_switch(
    acme: Organization, globex: Organization, zoe: Person, owner: Actor, client: Client, outbox: Outbox
) -> None:
    invite_member(owner, acme, email="ZOE@globex.example", role=Role.COLLABORATOR)
    client.force_login(zoe)
    path = outbox[0].link.removeprefix(LOCAL)
    assert "Acme" in client.get(path).content.decode()
    answer = client.post(path)
    assert (answer.status_code, answer["Location"]) == (303, "/o/acme/")
    page = client.get("/account/organizations").content.decode()
    assert "Acme" in page and "Globex" in page
    assert client.get("/o/acme/settings").status_code == client.get("/o/globex/settings").status_code == 200


@pytest.mark.spec("ACC-7", "ORG-2", "ORG-46")
def test_a_person_without_account_registers_by_the_invitation_and_gets_no_own_organization(
    acme: Organization, owner: Actor, client: Client, outbox: Outbox
) -> None:
    invite_member(owner, acme, email="lea@example.ch", role=Role.COLLABORATOR)
    secret = secret_of(outbox)
    shown = client.get(f"/invitations/{secret}").content.decode()
    assert f"/register?invitation={secret}" in shown
    assert "lea@example.ch" in client.get(f"/register?invitation={secret}").content.decode()
    answer = client.post("/register", REGISTER | {"email": "somebody.else@example.ch", "invitation": secret})
    assert (answer.status_code, answer["Location"]) == (302, "/o/acme/")
    lea = Person.objects.get(email="lea@example.ch")
    assert lea.is_confirmed, "who follows the link has the mailbox"
    assert [m.organization for m in Membership.objects.filter(person=lea)] == [acme]
    assert Organization.objects.count() == 1
    assert client.get("/o/acme/settings").status_code == 200


def test_the_invitation_of_one_address_registers_no_other(
    acme: Organization, owner: Actor, outbox: Outbox
) -> None:
    from kanton.core.actor import visitor

    invite_member(owner, acme, email="lea@example.ch")
    with pytest.raises(InvitationForSomebodyElse):
        open_account(visitor(), email="eve@example.ch", password=PASSWORD, invitation=secret_of(outbox))
    assert not Person.objects.filter(email="eve@example.ch").exists()


@pytest.mark.spec("ORG-47")
def test_the_link_works_once(acme: Organization, owner: Actor, zoe: Person, outbox: Outbox) -> None:
    invite_member(owner, acme, email=zoe.email)
    secret = secret_of(outbox)
    accept_invitation(acting(zoe), zoe, secret=secret)
    with pytest.raises(InvitationGone):
        accept_invitation(acting(zoe), zoe, secret=secret)


@pytest.mark.spec("ORG-46", "ORG-47")
def test_of_all_who_hold_a_forwarded_link_only_the_invited_comes_in_and_once(
    acme: Organization, owner: Actor, zoe: Person, outbox: Outbox
) -> None:
    lea = make_person("lea@example.ch", "Lea", "Roth")
    invite_member(owner, acme, email=zoe.email, role=Role.EXTERNAL)
    path = outbox[0].link.removeprefix(LOCAL)
    browsers = {person: Client() for person in (lea, zoe)}
    for person, browser in browsers.items():
        browser.force_login(person)
        assert browser.get(path).status_code == (200 if person is zoe else 409)
    answers = [browsers[person].post(path).status_code for person in (lea, zoe, lea, zoe)]
    assert answers == [409, 303, 410, 410]
    assert Client().get(path).status_code == 410
    joined = Membership.objects.exclude(role=Role.OWNER).filter(organization=acme)
    assert [one.person for one in joined] == [zoe]
    assert Activity.objects.filter(kind="organizations.member_joined").count() == 1


@pytest.mark.spec("ORG-47")
def test_the_link_lasts_seven_days(
    acme: Organization, owner: Actor, zoe: Person, client: Client, outbox: Outbox
) -> None:
    invite_member(owner, acme, email=zoe.email)
    with clock.travel(clock.now() + timedelta(days=7)), pytest.raises(InvitationGone):
        accept_invitation(acting(zoe), zoe, secret=secret_of(outbox))
    with clock.travel(clock.now() + timedelta(days=6, hours=23)):
        assert accept_invitation(acting(zoe), zoe, secret=secret_of(outbox)).organization == acme


@pytest.mark.spec("ORG-47")
def test_sending_again_kills_the_old_link(
    acme: Organization, owner: Actor, zoe: Person, outbox: Outbox
) -> None:
    invitation = invite_member(owner, acme, email=zoe.email)
    resend_invitation(owner, invitation)
    with pytest.raises(InvitationGone):
        accept_invitation(acting(zoe), zoe, secret=secret_of(outbox, 0))
    assert accept_invitation(acting(zoe), zoe, secret=secret_of(outbox, 1)).organization == acme


@pytest.mark.spec("ORG-47")
def test_a_revoked_link_is_dead(
    acme: Organization, owner: Actor, zoe: Person, client: Client, outbox: Outbox
) -> None:
    invitation = invite_member(owner, acme, email=zoe.email)
    revoke_invitation(owner, invitation)
    assert client.get(f"/invitations/{secret_of(outbox)}").status_code == 410
    with pytest.raises(InvitationGone):
        accept_invitation(acting(zoe), zoe, secret=secret_of(outbox))
    assert not Membership.objects.filter(person=zoe, organization=acme).exists()


@pytest.mark.spec("ORG-47")
def test_another_account_sees_whom_it_is_for(
    acme: Organization, owner: Actor, zoe: Person, client: Client, outbox: Outbox
) -> None:
    invite_member(owner, acme, email="lea@example.ch")
    client.force_login(zoe)
    for answer in (client.get(path := f"/invitations/{secret_of(outbox)}"), client.post(path)):
        assert answer.status_code == 409
        assert "This invitation is for lea@example.ch, but you are signed in as zoe@globex.example" in (
            answer.content.decode()
        )
    assert not Membership.objects.filter(person=zoe, organization=acme).exists()


@pytest.mark.spec("ORG-47")
@pytest.mark.parametrize("loses", ["the role", "the membership"])
def test_an_inviter_without_rights_invites_nobody_any_more(
    acme: Organization, owner: Actor, ben: Person, zoe: Person, outbox: Outbox, loses: str
) -> None:
    membership = Membership.objects.get(person=ben)
    change_role(owner, membership, role=Role.ADMINISTRATOR)
    invite_member(acting(ben), acme, email=zoe.email)
    secret = secret_of(outbox)
    if loses == "the role":
        change_role(owner, membership, role=Role.COLLABORATOR)
    else:
        remove_member(owner, Membership.objects.get(person=ben))
    with pytest.raises(InvitationGone):
        accept_invitation(acting(zoe), zoe, secret=secret)


@pytest.mark.spec("ORG-47")
def test_inviting_a_member_says_so_and_sends_nothing(
    acme: Organization, owner: Actor, ben: Person, outbox: Outbox
) -> None:
    with pytest.raises(AlreadyMember):
        invite_member(owner, acme, email="BEN@acme.example")
    assert not outbox and not Invitation.objects.exists()


def test_inviting_twice_offers_to_send_again(acme: Organization, owner: Actor, outbox: Outbox) -> None:
    invite_member(owner, acme, email="lea@example.ch")
    with pytest.raises(AlreadyInvited):
        invite_member(owner, acme, email="Lea@Example.ch")
    with clock.travel(clock.now() + timedelta(days=8)):
        invite_member(owner, acme, email="lea@example.ch")
    assert len(outbox) == 2


@pytest.mark.spec("ORG-47")
def test_the_inviter_cannot_tell_whether_the_address_has_an_account(
    acme: Organization, ana: Person, zoe: Person, client: Client
) -> None:
    client.force_login(ana)
    answers = [
        client.post("/o/acme/people/invite", {"email": email, "role": "collaborator"})
        for email in (zoe.email, "nobody@example.ch")
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(303, "/o/acme/people")}


@pytest.mark.spec("ORG-45")
def test_only_an_owner_invites_an_owner(
    acme: Organization, owner: Actor, ben: Person, client: Client, outbox: Outbox
) -> None:
    change_role(owner, Membership.objects.get(person=ben), role=Role.ADMINISTRATOR)
    sent = len(outbox)
    with pytest.raises(OwnersOnly):
        invite_member(acting(ben), acme, email="lea@example.ch", role=Role.OWNER)
    client.force_login(ben)
    form = {"email": "lea@example.ch", "role": "owner"}
    assert client.post("/o/acme/people/invite", form).status_code == 422
    assert 'value="owner"' not in client.get("/o/acme/people/invite").content.decode()
    assert len(outbox) == sent and not Invitation.objects.exists()


@pytest.mark.spec("ORG-44")
def test_the_invitation_brings_the_chosen_access(
    acme: Organization, ana: Person, zoe: Person, client: Client, outbox: Outbox
) -> None:
    client.force_login(ana)
    form = {"email": zoe.email, "role": "external", "grant": f"{ACCOUNTING.code}||"}
    assert client.post("/o/acme/people/invite", form).status_code == 303
    assert not acting(zoe).has_right(ACCOUNTING, acme)
    accept_invitation(acting(zoe), zoe, secret=secret_of(outbox))
    assert acting(zoe).has_right(ACCOUNTING, acme)


def test_what_is_not_offered_cannot_be_granted(
    acme: Organization, ana: Person, owner: Actor, client: Client
) -> None:
    for grant in (
        {"right": "organizations.members_manage"},
        {"right": "no.such"},
        {"right": ACCOUNTING.code, "service_id": 999},
    ):
        with pytest.raises(UnknownRight):
            invite_member(owner, acme, email="lea@example.ch", grants=[grant])
    with pytest.raises(AccessOfRole):
        invite_member(owner, acme, email="l@example.ch", role=Role.OWNER, grants=[{"right": ACCOUNTING.code}])
    client.force_login(ana)
    form = {"email": "lea@example.ch", "role": "external", "grant": "organizations.members_manage||"}
    assert client.post("/o/acme/people/invite", form).status_code == 422
    assert not Invitation.objects.exists()


def test_the_preview_of_an_invitation_sends_nothing(
    acme: Organization, ana: Person, client: Client, outbox: Outbox
) -> None:
    client.force_login(ana)
    form = {"email": "lea@example.ch", "role": "collaborator", "_preview": "1"}
    page = client.post("/o/acme/people/invite", form, headers={"HX-Request": "true"}).content.decode()
    assert "Ana Keller invited lea@example.ch" in page and "Join Acme" in page
    assert not outbox and not Invitation.objects.exists() and not Activity.objects.exists()


@pytest.mark.spec("ORG-47")
def test_pending_invitations_are_listed_sent_again_and_revoked(
    acme: Organization, ana: Person, owner: Actor, client: Client, outbox: Outbox
) -> None:
    invitation = invite_member(owner, acme, email="lea@example.ch")
    client.force_login(ana)
    assert "lea@example.ch" in client.get("/o/acme/people").content.decode()
    assert client.post(f"/o/acme/people/invitations/{invitation.pk}/resend").status_code == 303
    assert len(outbox) == 2
    assert client.post(f"/o/acme/people/invitations/{invitation.pk}/revoke").status_code == 303
    assert "lea@example.ch" not in client.get("/o/acme/people").content.decode().split("toasts")[0]
    assert client.post(f"/o/acme/people/invitations/{invitation.pk}/resend").status_code == 404


@pytest.mark.spec("ORG-9")
def test_somebody_without_organization_joins_from_the_list(
    acme: Organization, owner: Actor, client: Client, outbox: Outbox
) -> None:
    lea = make_person("lea@example.ch", "Lea", "Roth")
    invitation = invite_member(owner, acme, email="lea@example.ch")
    client.force_login(lea)
    assert "Acme" in client.get("/account/organizations").content.decode()
    start = client.get("/").content.decode()
    assert "/organizations/new" in start and f"/account/invitations/{invitation.pk}/accept" in start
    answer = client.post(f"/account/invitations/{invitation.pk}/accept")
    assert (answer.status_code, answer["Location"]) == (303, "/o/acme/")


def test_the_list_is_no_way_into_somebody_elses_invitation(
    acme: Organization, owner: Actor, stranger: Actor, zoe: Person
) -> None:
    invitation = invite_member(owner, acme, email="lea@example.ch")
    with pytest.raises(NotFound):
        accept_own_invitation(stranger, zoe, number=invitation.pk)
    assert not Membership.objects.filter(person=zoe, organization=acme).exists()


@pytest.mark.spec("ORG-44")
def test_what_an_invitation_gives_changes_while_it_waits_and_its_link_stays_good(
    acme: Organization, ana: Person, owner: Actor, zoe: Person, client: Client, outbox: Outbox
) -> None:
    web = create_team(owner, acme, name="Web")
    invitation = invite_member(owner, acme, email=zoe.email, role=Role.COLLABORATOR, language="fr")
    assert outbox[-1].language == "fr"
    client.force_login(ana)
    address = f"/o/acme/people/invitations/{invitation.pk}"
    assert address in client.get("/o/acme/people").content.decode()
    assert 'value="fr" selected' in client.get(address).content.decode()
    form = {"role": "external", "grant": f"{ACCOUNTING.code}||", "team": web.pk, "language": "it"}
    assert client.post(address, form).status_code == 303
    row = Activity.objects.latest("pk")
    assert (row.kind, row.data["email"], row.data["role"], row.data["rights"]) == (
        "organizations.invitation_changed", zoe.email, "external", [ACCOUNTING.code],
    )  # fmt: skip
    assert client.post(address, form).status_code == 303
    assert Activity.objects.latest("pk").pk == row.pk, "nothing changed, nothing is told"
    shown = client.get(address).content.decode()
    assert f'value="{ACCOUNTING.code}||" checked' in shown and 'value="it" selected' in shown
    assert len(outbox) == 1
    joined = accept_invitation(acting(zoe), zoe, secret=secret_of(outbox))
    assert (joined.role, [each.name for each in joined.teams.all()]) == ("external", ["Web"])
    assert acting(zoe).has_right(ACCOUNTING, acme)
    with pytest.raises(InvitationGone):
        change_invitation(owner, invitation, role=Role.ADMINISTRATOR)
    joined.refresh_from_db()
    assert joined.role == "external"
    assert client.get(address).status_code == 404


@pytest.mark.spec("ORG-45", "ORG-47")
def test_whoever_changes_an_invitation_answers_for_it(
    acme: Organization, owner: Actor, ben: Person, zoe: Person, outbox: Outbox
) -> None:
    change_role(owner, Membership.objects.get(person=ben), role=Role.ADMINISTRATOR)
    invitation = invite_member(acting(ben), acme, email=zoe.email, role=Role.COLLABORATOR)
    secret = secret_of(outbox)
    with pytest.raises(OwnersOnly):
        change_invitation(acting(ben), invitation, role=Role.OWNER)
    change_invitation(owner, invitation, role=Role.OWNER)
    with pytest.raises(OwnersOnly):
        change_invitation(acting(ben), invitation, role=Role.EXTERNAL)
    assert accept_invitation(acting(zoe), zoe, secret=secret).role == "owner"


def test_an_administrator_to_be_needs_no_grants(acme: Organization, owner: Actor) -> None:
    given = [{"right": ACCOUNTING.code}]
    invitation = invite_member(owner, acme, email="lea@example.ch", grants=given)
    with pytest.raises(AccessOfRole):
        change_invitation(owner, invitation, role=Role.ADMINISTRATOR, grants=given)
    with pytest.raises(UnknownChoice):
        change_invitation(owner, invitation, language="rm")
    assert Invitation.objects.get().grants != []
    assert change_invitation(owner, invitation, role=Role.ADMINISTRATOR).grants == []
