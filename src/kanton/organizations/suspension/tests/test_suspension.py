"""A suspended member has nothing here from the next request on, keeps everything elsewhere, and can come back."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanton.accounts.models import Person
from kanton.core.actor import Actor, System
from kanton.core.errors import DomainError, Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import change_role
from kanton.organizations.departure.actions import remove_member
from kanton.organizations.errors import LastOwner, OwnersOnly
from kanton.organizations.models import Membership, Organization
from kanton.organizations.rights import MEMBERS_VIEW
from kanton.organizations.suspension.actions import resume_member, suspend_member
from kanton.organizations.suspension.errors import NotYourself
from kanton.rest.testing import ApiClient
from kanton.testing import acting, make_person


def membership_of(person: Person) -> Membership:
    """In Acme."""
    return Membership.objects.select_related("person", "organization").get(
        person=person, organization__slug="acme"
    )


def test_every_access_ends_at_the_next_request_and_comes_back_as_it_was(
    ana: Person, ben: Person, acme: Organization, globex: Organization, outbox: Outbox
) -> None:
    Membership.objects.create(organization=globex, person=ben, role=Role.ADMINISTRATOR)
    Membership.objects.filter(person=ben, organization=acme).update(role=Role.ADMINISTRATOR)
    bens, anas, program = Client(), Client(), ApiClient(ben)
    bens.force_login(ben)
    anas.force_login(ana)
    assert bens.get("/o/acme/people").status_code == 200
    number = membership_of(ben).pk
    people = anas.get("/o/acme/people").content.decode()
    assert f"/o/acme/people/{number}/suspend" in people and "Let in again" not in people
    assert (
        "All access to this organization ends"
        in anas.get(f"/o/acme/people/{number}/suspend").content.decode()
    )
    assert anas.post(f"/o/acme/people/{number}/suspend").status_code == 303
    assert [(mail.to, mail.subject) for mail in outbox] == [([ben.email], "Your access to Acme is suspended")]
    wall = bens.get("/o/acme/people")
    assert (wall.status_code, "Your access to Acme is suspended" in wall.content.decode()) == (403, True)
    assert bens.get("/o/globex/people").status_code == 200 and bens.get("/account/").status_code == 200
    assert [one["name"] for one in program.get("/1/accounts").data] == ["Globex"]
    assert program.get(f"/2/accounts/{acme.pk}/users").status == 404
    assert not acting(ben).has_right(MEMBERS_VIEW, acme)
    # Shown, filtered, and reversible.
    suspended = anas.get("/o/acme/people?state=suspended").content.decode()
    assert (
        "Ben Moser" in suspended and 'row-name">Ana Keller' not in suspended and "Let in again" in suspended
    )
    assert 'row-name">Ben Moser' not in anas.get("/o/acme/people?state=active").content.decode()
    assert anas.post(f"/o/acme/people/{number}/resume").status_code == 303
    assert outbox[1].subject == "Your access to Acme is open again" and len(outbox) == 2
    assert bens.get("/o/acme/people").status_code == 200 and membership_of(ben).role == Role.ADMINISTRATOR


def test_who_may_not_be_suspended_by_whom(
    owner: Actor, member: Actor, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    anas, bens = membership_of(ana), membership_of(ben)
    for actor, target, error in (
        (owner, anas, NotYourself),
        (System("tests"), anas, LastOwner),
        (member, anas, Forbidden),
    ):
        with pytest.raises(error):
            suspend_member(actor, target)
    Membership.objects.filter(pk=bens.pk).update(role=Role.ADMINISTRATOR)
    with pytest.raises(OwnersOnly):
        suspend_member(acting(ben), anas)
    assert not Membership.objects.exclude(suspended_at=None).exists() and not outbox
    # A suspended owner does not count as one: the other may go no more, and the suspended one may be changed.
    change_role(owner, bens, role=Role.OWNER)
    suspend_member(owner, bens)
    with pytest.raises(LastOwner):
        remove_member(owner, anas)
    change_role(owner, bens, role=Role.COLLABORATOR)
    assert membership_of(ben).role == Role.COLLABORATOR


def test_suspension_by_program(ana: Person, ben: Person, acme: Organization) -> None:
    api, path = ApiClient(ana), f"/2/accounts/{acme.pk}/users/{ben.pk}/suspension"
    assert api.get(path).data == {"is_suspended": False, "suspended_at": None, "other_means": []}
    assert api.put(path).data["is_suspended"] is True
    assert api.delete(path).data["is_suspended"] is False
    refused = api.put(f"/2/accounts/{acme.pk}/users/{ana.pk}/suspension")
    assert (refused.status, refused.code) == (409, "suspension.not_yourself")


steps = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(steps=steps)
def test_whatever_happens_somebody_can_still_act_as_owner(
    ana: Person, ben: Person, acme: Organization, steps: list[tuple[int, int, bool]]
) -> None:
    Membership.objects.filter(organization=acme).update(role=Role.OWNER, suspended_at=None)
    lea = Person.objects.filter(email="lea@acme.example").first() or make_person(
        "lea@acme.example", "Lea", "Frei"
    )
    Membership.objects.update_or_create(
        organization=acme, person=lea, defaults={"role": Role.OWNER, "suspended_at": None}
    )
    everybody = [ana, ben, lea]
    for who, whom, ends in steps:
        try:
            (suspend_member if ends else resume_member)(
                acting(everybody[who]), membership_of(everybody[whom])
            )
        except DomainError:
            continue
    assert Membership.objects.filter(organization=acme, role=Role.OWNER, suspended_at=None).exists()
