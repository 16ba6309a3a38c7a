"""What must hold however it goes: each thing once, nothing lost, the same rights after an undo, always an owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kanton.accounts.apppasswords.models import AppPassword as PersonalPassword
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations import grantable
from kanton.organizations.actions import change_access, change_role
from kanton.organizations.departure import tasks
from kanton.organizations.departure.actions import (
    Answer,
    answer_anew,
    bring_back,
    keep_answers,
    leave_organization,
    remove_member,
    settle_holding,
)
from kanton.organizations.departure.errors import CannotLeave, NotAnHeir, StillMember, Unanswered, UndoOver
from kanton.organizations.departure.models import Departure, Settlement, Settling, State
from kanton.organizations.departure.queries import departure_plan
from kanton.organizations.departure.tests.holder import Holder, carry
from kanton.organizations.errors import LastOwner, OwnersOnly
from kanton.organizations.models import Grant, Membership, Organization, Team, TeamMember
from kanton.products.domains.models import DomainContact
from kanton.products.mail.actions import link_mailbox
from kanton.products.mail.models import AppPassword, Mailbox
from kanton.products.mail.rights import MANAGE, USE
from kanton.products.mail.tasks import purge_deleted
from kanton.products.mail.unification.models import Unification
from kanton.rest.oauth.models import AccessToken, Application, Consent
from kanton.rest.testing import ApiClient
from kanton.testing import acting


def membership_of(person: Person) -> Membership:
    return Membership.objects.select_related("person", "organization").get(
        person=person, organization__slug="acme"
    )


@pytest.mark.spec("ORG-53")
@pytest.mark.parametrize("dies_at", [0, 1, 2])
def test_a_job_that_is_killed_goes_on_where_it_was_and_settles_nothing_twice(
    owner: Actor, ben: Person, holder: Holder, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    class Killed(BaseException):
        """What kill -9 looks like from inside: no handler runs, the transaction is gone."""

    departure = remove_member(owner, membership_of(ben), answers=holder.answers())
    whole: Any = settle_holding
    calls: list[int] = []

    def dying(actor: Actor, settlement: Settlement) -> None:
        calls.append(settlement.pk)
        if len(calls) == dies_at + 1:
            with transaction.atomic():
                whole(actor, settlement)
                raise Killed
        whole(actor, settlement)

    monkeypatch.setattr(tasks, "settle_holding", dying)
    with pytest.raises(Killed):
        tasks.carry_on.call(departure.pk)
    assert departure.settlements.filter(state=Settling.SETTLED).count() == dies_at
    assert Activity.objects.filter(kind__in=("departure.handed_over", "departure.stayed")).count() == dies_at
    monkeypatch.setattr(tasks, "settle_holding", whole)
    assert carry(departure).state == State.DONE
    assert carry(departure).state == State.DONE, "and once more changes nothing"
    told = Activity.objects.filter(kind__in=("departure.handed_over", "departure.stayed"))
    assert sorted(told.values_list("target_id", flat=True)) == sorted(
        str(pk) for pk in departure.settlements.values_list("pk", flat=True)
    )
    assert Activity.objects.filter(kind="mail.access_given", via="system").count() == 1
    assert Activity.objects.filter(kind="domains.contact_changed").count() == 2
    assert Grant.objects.filter(membership__person=holder.heir, resource=holder.own.resource).count() == 3


def test_what_a_product_cannot_do_at_all_comes_back_to_whoever_decided(
    owner: Actor, ben: Person, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("the product has a fault")

    departure = remove_member(owner, membership_of(ben), answers=holder.answers())
    monkeypatch.setattr("kanton.products.domains.departing.settle", broken)
    with pytest.raises(RuntimeError):
        carry(departure)
    assert departure.settlements.filter(state=Settling.SETTLED).count() == 2, "the others are not held up"
    tasks.gave_up(departure.pk, error=None)
    departure.refresh_from_db()
    (domain,) = departure.settlements.filter(state=Settling.FAILED)
    assert departure.state == State.DONE and domain.source == "domains"
    monkeypatch.undo()
    answer_anew(owner, domain, choice="hand_over", heir=holder.heir.pk)
    assert carry(departure).state == State.DONE
    assert DomainContact.objects.get(domain=holder.domain, role="admin").email == holder.heir.email


@pytest.mark.spec("ORG-53")
@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_removed_and_brought_back_everybody_has_the_rights_they_had(
    owner: Actor, ben: Person, holder: Holder, data: Any
) -> None:
    with transaction.atomic():
        role = data.draw(st.sampled_from([Role.ADMINISTRATOR, Role.COLLABORATOR, Role.EXTERNAL]), "role")
        if role is not Role.COLLABORATOR:
            change_role(owner, membership_of(ben), role=role)
        if role is Role.ADMINISTRATOR:
            link_mailbox(acting(ben), holder.shared)
        else:
            offered = [
                grantable.key_of(right.code, thing.service_id, thing.resource)
                for kind in grantable.kinds_of(holder.organization)
                for thing in (
                    *kind.things,
                    *grantable.things_of(holder.organization, kind.code).things,
                )
                for right in thing.rights
            ]
            keys = data.draw(st.lists(st.sampled_from(sorted(offered)), max_size=6, unique=True), "grants")
            grants = [grantable.grant_of(key) for key in keys]
            change_access(owner, membership_of(ben), grants=grants)
        office = Team.objects.create(organization=holder.organization, name="Office")
        whole = {"organization": holder.organization, "right": MANAGE.code, "product": "mail"}
        Grant.objects.create(team=office, service_id=holder.mail.service_id, **whole)
        Grant.objects.create(
            team=office,
            service_id=holder.mail.service_id,
            **whole | {"right": USE.code, "resource": holder.own.resource},
        )
        for person in data.draw(st.sets(st.sampled_from([ben, holder.heir])), "team"):
            TeamMember.objects.create(team=office, membership=membership_of(person))
        membership = membership_of(ben)
        if data.draw(st.booleans(), "suspended"):
            Membership.objects.filter(pk=membership.pk).update(suspended_at=clock.now())
        before = holder.everything()
        answers: list[Any] = []
        for held in departure_plan(owner, membership):
            choice = data.draw(st.sampled_from([offer.choice for offer in held.holding.offers]), held.key)
            answers.append(Answer(held.key, choice, holder.heir.pk if choice == "hand_over" else None))
        departure = remove_member(owner, membership, answers=answers)
        assert not acting(ben).has_right(USE, holder.shared)
        assert holder.everything()["rights"]["Ben"] is None
        if data.draw(st.booleans(), "ran before the undo"):
            assert carry(departure).state == State.DONE
        bring_back(owner, departure)
        assert carry(departure).state == State.RETURNED
        assert holder.everything() == before
        assert not departure.settlements.exclude(state__in=(Settling.RESTORED, Settling.DROPPED)).exists()
        transaction.set_rollback(True)


@pytest.mark.spec("ORG-49", "ORG-54")
def test_owners_are_removed_by_owners_and_the_last_one_stays(
    owner: Actor, ana: Person, ben: Person, carl: Person, acme: Organization
) -> None:
    change_role(owner, membership_of(ben), role=Role.OWNER)
    change_role(owner, membership_of(carl), role=Role.ADMINISTRATOR)
    for forbidden in (remove_member, keep_answers):
        with pytest.raises(OwnersOnly):
            forbidden(acting(carl), membership_of(ben), answers=[])
    # Two owners remove each other at the same moment: both have read the other's membership.
    hers, his = membership_of(ana), membership_of(ben)
    departure = remove_member(owner, his)
    with pytest.raises(Forbidden):
        remove_member(acting(ben), hers)
    with pytest.raises(LastOwner):
        remove_member(owner, hers)
    with pytest.raises(OwnersOnly):
        bring_back(acting(carl), departure)
    assert [one.role for one in acme.memberships.order_by("pk")] == [Role.OWNER, Role.ADMINISTRATOR]
    bring_back(owner, departure)
    assert membership_of(ben).role == Role.OWNER


@pytest.mark.spec("ORG-53")
def test_an_heir_who_goes_too_is_noticed_and_somebody_else_is_chosen(
    client: Client, ana: Person, owner: Actor, ben: Person, holder: Holder
) -> None:
    departure = remove_member(owner, membership_of(ben), answers=holder.answers())
    Membership.objects.filter(person=holder.heir).delete()
    assert carry(departure).state == State.DONE
    failed = {one.key: one for one in departure.settlements.filter(state=Settling.FAILED)}
    assert set(failed) == {f"mail/{holder.own.resource}", f"domains/domain:{holder.domain.pk}"}
    client.force_login(ana)
    path = f"/o/acme/people/departures/{departure.pk}"
    page = client.get(path).content.decode()
    assert page.count("Choose again") == 2 and "no longer belongs to the organization" in page
    domain = failed[f"domains/domain:{holder.domain.pk}"]
    with pytest.raises(NotAnHeir):
        answer_anew(owner, domain, choice="hand_over", heir=holder.heir.pk)
    choose = f"{path}/things/{domain.pk}"
    assert "acme-domain.example" in client.get(choose).content.decode()
    assert client.post(choose, {"choice-0": "hand_over", "heir-0": ""}).status_code == 422
    assert client.post(choose, {"choice-0": "hand_over", "heir-0": str(ana.pk)}).status_code == 303
    answer_anew(owner, failed[f"mail/{holder.own.resource}"], choice="archive")
    assert carry(departure).state == State.DONE
    assert set(departure.settlements.values_list("state", flat=True)) == {Settling.SETTLED}
    assert DomainContact.objects.get(domain=holder.domain, role="admin").email == ana.email


@pytest.mark.spec("ORG-53")
def test_after_thirty_days_there_is_no_way_back_and_nothing_is_kept(
    owner: Actor, ben: Person, holder: Holder
) -> None:
    departure = carry(remove_member(owner, membership_of(ben), answers=holder.answers(own="delete")))
    keep_answers(owner, membership_of(holder.heir), answers=[])
    with clock.travel(clock.now() + timedelta(days=29)):
        assert tasks.close_old.call() == 0
        purge_deleted.call()
        assert Mailbox.objects.filter(pk=holder.own.pk).exists()
        assert Departure.objects.get(pk=departure.pk).can_be_undone
    with clock.travel(clock.now() + timedelta(days=31)):
        with pytest.raises(UndoOver):
            bring_back(owner, departure)
        assert tasks.close_old.call() == 1
        purge_deleted.call()
        assert not Departure.objects.exists(), "drafts that nobody went on with go too"
        assert not Mailbox.objects.filter(pk=holder.own.pk).exists()
    assert Activity.objects.filter(kind="departure.closed").count() == 1


def test_whoever_was_invited_again_meanwhile_is_not_brought_back(
    owner: Actor, ben: Person, acme: Organization
) -> None:
    departure = carry(remove_member(owner, membership_of(ben)))
    Membership.objects.create(organization=acme, person=ben, role=Role.EXTERNAL)
    with pytest.raises(StillMember):
        bring_back(owner, departure)
    assert membership_of(ben).role == Role.EXTERNAL
    assert Departure.objects.get(pk=departure.pk).state == State.DONE


@pytest.mark.spec("ORG-53", "ACC-76")
def test_nothing_that_the_person_knows_opens_a_mailbox_any_more(
    owner: Actor, ben: Person, holder: Holder
) -> None:
    Unification.objects.create(
        organization=holder.organization, person=ben, mailbox=holder.own, login_hash="$argon2id$login"
    )
    PersonalPassword.objects.create(person=ben, name="Phone", digest="d" * 64, hint="abcd", scopes=["mail"])
    hash_before = holder.own.password_hash
    departure = remove_member(owner, membership_of(ben), answers=holder.answers(own="archive"))
    own = Mailbox.objects.get(pk=holder.own.pk)
    assert own.password_hash == "" and not Unification.objects.exists(), "its servers refuse every password"
    assert list(AppPassword.objects.values_list("label", flat=True)) == ["Printer"], "other devices go on"
    assert Mailbox.objects.get(pk=holder.shared.pk).password_hash == holder.shared.password_hash
    assert PersonalPassword.objects.filter(person=ben).exists(), (
        "it is the person's, and opens what they may read"
    )
    carry(departure)
    link_mailbox(owner, own)
    assert own in Mailbox.objects.readable_by(owner), "closed, until an administrator opens it"
    bring_back(owner, departure)
    assert Mailbox.objects.get(pk=own.pk).password_hash == hash_before
    assert Unification.objects.get().login_hash == "$argon2id$login"


@pytest.mark.spec("API-19")
def test_machines_and_consents_of_the_person_are_part_of_it(
    owner: Actor, ana: Person, ben: Person, carl: Person, acme: Organization
) -> None:
    change_role(owner, membership_of(ben), role=Role.ADMINISTRATOR)
    machine = Application.objects.create(
        organization=acme, name="Backup", is_machine=True, is_confidential=True, acts_for=ben
    )
    app = Application.objects.create(organization=acme, name="Intranet")
    consent = Consent.objects.create(application=app, person=ben, scopes=["openid"])
    AccessToken.issue("ko_", timedelta(hours=1), consent=consent, scopes=["openid"])
    key = f"oauth/application:{machine.pk}"
    with pytest.raises(Unanswered):
        remove_member(owner, membership_of(ben))
    with pytest.raises(NotAnHeir):  # a collaborator may not look after applications
        remove_member(owner, membership_of(ben), answers=[Answer(key, "hand_over", carl.pk)])
    assert Consent.objects.exists() and membership_of(ben)
    departure = remove_member(owner, membership_of(ben), answers=[Answer(key, "hand_over", ana.pk)])
    assert not Consent.objects.exists() and not AccessToken.objects.exists()
    carry(departure)
    machine.refresh_from_db()
    assert machine.acts_for == ana
    bring_back(owner, departure)
    carry(departure)
    machine.refresh_from_db()
    assert machine.acts_for == ben and list(Consent.objects.values_list("person", "scopes")) == [
        (ben.pk, ["openid"])
    ]


# --- leaving -----------------------------------------------------------------------------------------------


@pytest.mark.spec("ORG-22", "ORG-23", "ORG-24", "ORG-25")
def test_each_condition_that_is_not_met_is_named_with_who_can_help(
    client: Client, ana: Person, owner: Actor, ben: Person, acme: Organization, zoe: Person, globex: Organization,
    holder: Holder,
) -> None:  # fmt: skip
    client.force_login(ben)
    assert 'href="/account/organizations/acme/leave"' in client.get("/account/organizations").content.decode()
    page = client.get("/account/organizations/acme/leave").content.decode()
    assert "You sign in with ben@acme.example, an address of the mail service acme.example." in page
    assert "or ask Ana Keller to remove you." in page and 'href="/account/login-address"' in page
    assert "Leave Acme</span></button>" not in page
    refused = client.post("/account/organizations/acme/leave")
    assert refused.status_code == 409 and "ask Ana Keller" in refused.content.decode()
    with pytest.raises(CannotLeave) as error:
        leave_organization(owner, membership_of(ana))
    assert error.value.params["conditions"] == ["last_owner"]
    api = ApiClient(zoe)
    (only,) = api.get(f"/2/profile/accounts/{globex.pk}/leaving").data
    assert only["code"] == "last_user" and only["url"].endswith("/o/globex/settings/deletion")
    tried = api.post(f"/2/profile/accounts/{globex.pk}/leaving?dry_run=1")
    assert (tried.status, tried.code) == (409, "organizations.cannot_leave")
    assert (
        Membership.objects.filter(organization=globex).count() == 1
        and membership_of(ben)
        and membership_of(ana)
    )


@pytest.mark.spec("ORG-23", "ORG-26", "ORG-63")
def test_leaving_ends_everything_at_once_the_owners_are_mailed_and_things_stay(
    client: Client, owner: Actor, ben: Person, holder: Holder, outbox: Outbox
) -> None:
    Person.objects.filter(pk=ben.pk).update(email="ben@home.example", email_key="ben@home.example")
    ben.refresh_from_db()
    sent = len(outbox)
    client.force_login(ben)
    page = client.get("/account/organizations/acme/leave").content.decode()
    assert "Ben Moser left the organization" in page and "Leave Acme" in page
    assert membership_of(ben) and len(outbox) == sent
    answer = client.post("/account/organizations/acme/leave")
    assert (answer.status_code, answer["Location"]) == (303, "/account/organizations")
    assert client.get("/o/acme/settings").status_code == 404
    assert not Grant.objects.filter(membership__person=ben).exists()
    assert not AppPassword.objects.filter(person=ben).exists()
    assert [(mail.template, mail.to) for mail in outbox[sent:]] == [("departure/left", ["ana@acme.example"])]
    departure = carry(Departure.objects.get())
    assert (
        departure.state == State.DONE and not departure.settlements.exclude(state=Settling.SETTLED).exists()
    )
    assert Mailbox.objects.alive().count() == 2, "what they held stays with the organization"
    with pytest.raises(UndoOver):  # whoever wanted to go is invited, not brought back
        bring_back(owner, departure)
    assert Activity.objects.filter(kind="departure.left").count() == 1
