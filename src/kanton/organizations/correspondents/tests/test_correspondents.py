"""Who gets which administrative mails."""

from __future__ import annotations

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.rights import Role
from kanton.organizations.actions import change_role
from kanton.organizations.correspondents.actions import choose_mails
from kanton.organizations.correspondents.models import Correspondent, MailKind
from kanton.organizations.correspondents.queries import addressees
from kanton.organizations.departure.actions import bring_back, remove_member
from kanton.organizations.errors import OwnersOnly
from kanton.organizations.models import Membership, Organization
from kanton.rest.testing import ApiClient
from kanton.testing import acting, make_person

pytestmark = pytest.mark.spec("ORG-41", "ORG-42")


def membership(person: Person) -> Membership:
    """The person's membership of Acme."""
    return Membership.objects.select_related("person", "organization").get(
        person=person, organization__slug="acme"
    )


def told(organization: Organization, kind: MailKind = MailKind.BILLING, **more: int) -> list[str]:
    """The first names of those who get a kind of mail."""
    return [person.first_name for person in addressees(organization, kind, **more)]


def test_the_chosen_get_the_mails_and_without_any_who_can_be_reached_all_owners_do(
    owner: Actor, acme: Organization, globex: Organization, ana: Person, ben: Person, zoe: Person
) -> None:
    second = make_person("otto@acme.example", "Otto", "Roth")
    Membership.objects.create(organization=acme, person=second, role=Role.OWNER)
    Membership.objects.create(organization=acme, person=zoe, role=Role.EXTERNAL)
    assert set(told(acme)) == {"Ana", "Otto"}
    choose_mails(owner, membership(ben), kinds=[MailKind.BILLING])
    assert told(acme) == ["Ben"] and set(told(acme, MailKind.RENEWAL)) == {"Ana", "Otto"}
    assert told(globex) == ["Zoe"], "each organization has its own"
    assert set(told(acme, also=ana.pk)) == {"Ana", "Ben"}
    choose_mails(owner, membership(zoe), kinds=[MailKind.BILLING, MailKind.TECHNICAL])
    assert set(told(acme)) == {"Ben", "Zoe"} and told(acme, MailKind.TECHNICAL) == ["Zoe"]
    Person.objects.filter(pk=zoe.pk).update(confirmed_at=None)
    assert told(acme) == ["Ben"] and set(told(acme, MailKind.TECHNICAL)) == {"Ana", "Otto"}
    Membership.objects.filter(person=ben).update(suspended_at=clock.now())
    assert set(told(acme)) == {"Ana", "Otto"}
    Membership.objects.filter(person=ben).update(suspended_at=None)
    Membership.objects.filter(person=second).update(suspended_at=clock.now())
    gone = remove_member(owner, membership(ben))
    assert told(acme) == ["Ana"] and not Correspondent.objects.filter(membership__person=ben).exists()
    bring_back(owner, gone)
    assert told(acme) == ["Ben"], "who comes back within thirty days gets what was chosen"


def test_pages_show_and_change_it_and_say_first_whom_the_mails_reach_then(
    client: Client, acme: Organization, ana: Person, ben: Person
) -> None:
    client.force_login(ana)
    page = client.get("/o/acme/people/mails").content.decode()
    assert page.count("all owners") >= 3 and page.count("ana@acme.example") >= 3
    path = f"/o/acme/people/{membership(ben).pk}/mails"
    assert f'href="{path}"' in client.get("/o/acme/people").content.decode()
    form = {"kinds": ["billing", "technical"]}
    preview = client.post(path, form | {"_preview": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "Billing: goes to Ben Moser from now on." in preview and not Correspondent.objects.exists()
    assert client.post(path, form)["Location"] == "/o/acme/people/mails"
    shown = client.get("/o/acme/people/mails").content.decode()
    assert shown.count("ben@acme.example") == 2
    checked = client.get(path).content.decode()
    assert checked.count("checked") == 2
    assert client.post(path, {"kinds": ["gossip"]}).status_code == 422
    client.post(path, {})
    assert [(row.kind, row.data.get("kinds")) for row in Activity.objects.order_by("pk")] == [
        ("correspondents.chosen", ["billing", "technical"]),
        ("correspondents.chosen_for_none", None),
    ]


def test_only_an_owner_chooses_for_an_owner_and_a_collaborator_for_nobody(
    owner: Actor, member: Actor, ana: Person, ben: Person, acme: Organization
) -> None:
    with pytest.raises(Forbidden):
        choose_mails(member, membership(ben), kinds=[MailKind.BILLING])
    change_role(owner, membership(ben), role=Role.ADMINISTRATOR)
    with pytest.raises(OwnersOnly):
        choose_mails(acting(ben), membership(ana), kinds=[MailKind.BILLING])
    assert not Correspondent.objects.exists()
    choose_mails(acting(ben), membership(ben), kinds=[MailKind.TECHNICAL])
    assert told(acme, MailKind.TECHNICAL) == ["Ben"]


def test_programs_read_and_choose_it(ana: Person, ben: Person, acme: Organization) -> None:
    program = ApiClient(ana)
    path = f"/2/accounts/{acme.pk}/users/{ben.pk}/correspondence"
    assert program.get(path).data == {"kinds": []}
    assert program.put(path, {"kinds": ["renewal"]}).data == {"kinds": ["renewal"]}
    listed = program.get(f"/2/accounts/{acme.pk}/correspondents").data
    assert [
        (one["kind"], one["is_fallback"], [user["user_id"] for user in one["users"]]) for one in listed
    ] == [
        ("billing", True, [ana.pk]),
        ("renewal", False, [ben.pk]),
        ("technical", True, [ana.pk]),
    ]
    assert program.put(path, {"kinds": ["gossip"]}).status == 422
