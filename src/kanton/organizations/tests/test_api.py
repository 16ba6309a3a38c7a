"""Organizations, people and invitations over the API."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.models import Grant, Invitation, Membership, Organization, Team
from kanton.organizations.rights import ACCOUNTING
from kanton.rest.testing import ApiClient
from kanton.testing import acting


@pytest.fixture
def client(ana: Person, acme: Organization) -> ApiClient:
    """Ana's program."""
    return ApiClient(ana)


def test_accounts_are_listed_with_what_is_asked_for(
    client: ApiClient, acme: Organization, globex: Organization
) -> None:
    listed = client.get("/1/accounts").data
    assert [(one["id"], one["name"], one["legal_entity_type"], one["role_type"]) for one in listed] == [
        (acme.pk, "Acme", "company", "owner")
    ]
    assert "addresses" not in listed[0]
    one = client.get(f"/1/accounts/{acme.pk}?with=addresses,nb_users,billing,phone").data
    assert (one["addresses"][0]["city"], one["nb_users"], one["billing"]) == ("Bern", 1, True)
    assert client.get(f"/1/accounts/{globex.pk}").status == 404


@pytest.mark.spec("ORG-5", "ORG-14")
def test_an_organization_is_opened_and_its_details_changed(
    client: ApiClient, ana: Person, outbox: Outbox
) -> None:
    made = client.post(
        "/1/accounts", {"name": "Zweite", "legal_entity_type": "individual", "country_id": 405}
    ).data
    assert (made["name"], made["role_type"], made["currency"]) == ("Zweite", "owner", "EUR")
    changed = client.patch(
        f"/1/accounts/{made['id']}?with=addresses", {"city": "Thun", "country_id": 308}
    ).data
    assert (changed["addresses"][0]["city"], changed["currency"]) == ("Thun", "CHF")
    assert [mail.template for mail in outbox] == ["organizations/details_changed"]
    assert client.patch(f"/1/accounts/{made['id']}", {"country_id": 1}).status == 422
    assert client.post("/1/accounts", {"name": "  "}).status == 422


def test_people_and_the_invited_are_listed(client: ApiClient, acme: Organization, ben: Person) -> None:
    path = f"/2/accounts/{acme.pk}/users"
    client.post(f"/1/accounts/{acme.pk}/invitations", {"email": "lea@example.ch"})
    people = client.get(path).data
    assert [(one["email"], one["role_type"], one["state_in_account"]) for one in people] == [
        ("ana@acme.example", "owner", "valid"),
        ("ben@acme.example", "normal", "valid"),
        ("lea@example.ch", "normal", "pending"),
    ]
    assert [one["has_billing_access"] for one in people] == [True, False, False]
    assert [one["email"] for one in client.get(f"{path}?filter[state_in_account]=pending").data] == [
        "lea@example.ch"
    ]
    assert [one["email"] for one in client.get(f"{path}?search=moser").data] == ["ben@acme.example"]
    page = client.get(f"{path}?page=2&per_page=2").json
    assert (page["total"], page["pages"], len(page["data"])) == (3, 2, 1)
    assert client.get(f"{path}?filter[nonsense]=1").status == 422

    def emails(query: str) -> list[str]:
        return [one["email"].partition("@")[0] for one in client.get(f"{path}?{query}").data]

    assert emails("order_by=display_name&order=desc") == ["lea", "ben", "ana"]
    assert emails("order_by=display_name&per_page=2&page=2") == ["lea"]
    assert emails("order_by=role_type&limit=2&skip=1") == ["lea", "ana"]
    assert emails("filter[role_type]=normal") == ["ben", "lea"]
    assert emails("filter[has_otp]=0") == ["ana", "ben", "lea"] and emails("filter[has_otp]=1") == []
    assert emails("filter[is_suspended]=1") == [] and emails(f"filter[user_ids][]={ben.pk}") == ["ben"]
    assert client.get(f"{path}?return=total&search=acme").data == 2


def test_the_list_of_people_costs_the_same_for_ten_and_a_thousand(
    client: ApiClient, acme: Organization
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/2/accounts/{acme.pk}/users?per_page=10").status == 200
        return len(seen)

    def add(first: int, last: int) -> None:
        people = Person.objects.bulk_create(
            Person(email=f"p{n}@acme.example", email_key=f"p{n}@acme.example") for n in range(first, last)
        )
        Membership.objects.bulk_create(
            Membership(organization=acme, person=person, role=Role.COLLABORATOR) for person in people
        )

    add(0, 10)
    queries()
    few = queries()
    add(10, 1000)
    assert queries() == few


@pytest.mark.spec("ORG-43", "ORG-47")
def test_invitations_are_made_sent_again_and_revoked(
    client: ApiClient, acme: Organization, outbox: Outbox
) -> None:
    path = f"/1/accounts/{acme.pk}/invitations"
    body = {
        "email": "lea@example.ch", "first_name": "Lea", "last_name": "Roth", "locale": "de_DE",
        "role_type": "normal", "permissions": {"billing": True},
    }  # fmt: skip
    made = client.post(path, body).data
    assert (made["status"], made["role_type"], made["has_billing"]) == ("pending", "normal", True)
    assert client.post(path, body).status == 409
    assert client.post(path, {"email": "nonsense"}).status == 422
    secret = outbox[0].link.rsplit("/", 1)[1]
    assert secret not in str(made), "only the mail has the link"
    assert (made["locale"], outbox[0].language) == ("de_DE", "de")
    assert client.post(f"{path}/{made['id']}/send").data["id"] == made["id"]
    assert len(outbox) == 2
    one = f"{path}/{made['id']}"
    changed = client.patch(one, {"role_type": "external", "has_billing": False, "language_id": 4}).data
    told = (changed["role_type"], changed["has_billing"], changed["locale"], changed["status"])
    assert told == ("external", False, "it_IT", "pending")
    assert client.patch(one, {"has_billing": True}).data == changed | {"has_billing": True}
    assert client.patch(one, {"role_type": "admin"}).data["has_billing"] is False
    assert client.patch(one, {"language_id": 99}).status == client.patch(one, {"team_ids": [9]}).status == 422
    assert client.get(one).data == changed | {"role_type": "admin"}
    assert [one["id"] for one in client.get(path).data] == [made["id"]]
    assert client.delete(f"{path}/{made['id']}").data is True
    assert client.get(f"{path}/{made['id']}").status == 404
    assert Invitation.objects.get().revoked_at is not None


@pytest.mark.spec("ORG-46")
def test_an_invitation_is_accepted_by_link_or_from_the_list(
    client: ApiClient, acme: Organization, zoe: Person, globex: Organization, outbox: Outbox
) -> None:
    path = f"/1/accounts/{acme.pk}/invitations"
    client.post(path, {"email": zoe.email, "role_type": "external"})
    hers = ApiClient(zoe)
    assert [one["account_name"] for one in hers.get("/2/profile/invitations").data] == ["Acme"]
    joined = hers.post("/2/profile/invitations/accept", {"secret": outbox[0].link.rsplit("/", 1)[1]}).data
    assert (joined["name"], joined["role_type"]) == ("Acme", "external")
    Membership.objects.filter(person=zoe, organization=acme).delete()
    number = client.post(path, {"email": zoe.email}).data["id"]
    assert hers.post(f"/2/profile/invitations/{number}/accept").data["role_type"] == "normal"


@pytest.mark.spec("ORG-55", "ORG-57", "ORG-53")
def test_roles_are_changed_and_people_removed(
    client: ApiClient, acme: Organization, ana: Person, ben: Person
) -> None:
    path = f"/2/accounts/{acme.pk}/users"
    assert client.patch(f"{path}/{ben.pk}", {"role_type": "admin"}).data["role_type"] == "admin"
    last = client.patch(f"{path}/{ana.pk}", {"role_type": "normal"})
    assert (last.status, last.code) == (409, "organizations.last_owner")
    assert client.delete(f"{path}/{ben.pk}?dry_run=1").status == 200
    assert Membership.objects.filter(person=ben).exists(), "a dry run changes nothing"
    assert client.delete(f"{path}/{ben.pk}").data is True
    assert not Membership.objects.filter(person=ben).exists()
    assert client.delete(f"{path}/{ben.pk}").status == 404


@pytest.mark.spec("ORG-68", "ORG-74")
def test_permissions_are_set_and_explained(client: ApiClient, acme: Organization, ben: Person) -> None:
    path = f"/2/accounts/{acme.pk}/users/{ben.pk}/permissions"
    answers = client.put(path, {"permissions": [{"right": ACCOUNTING.code}]}).data
    accounting = next(one for one in answers if one["right"] == ACCOUNTING.code)
    assert accounting["allowed"] and accounting["because"] == ["“manage accounting” was granted directly."]
    assert acting(ben).has_right(ACCOUNTING, acme)
    assert client.put(path, {"permissions": [{"right": "no.such"}]}).status == 422
    assert client.put(path, {"permissions": [{"right": "mail.use", "service_id": 999}]}).status == 422
    assert Grant.objects.count() == 1


@pytest.mark.spec("API-19")
def test_scopes_keep_a_token_out(ana: Person, acme: Organization, ben: Person) -> None:
    reader = ApiClient(ana, scopes=("users:read",))
    assert reader.get(f"/2/accounts/{acme.pk}/users").status == 200
    for refused in (
        reader.delete(f"/2/accounts/{acme.pk}/users/{ben.pk}"),
        reader.post(f"/1/accounts/{acme.pk}/invitations", {"email": "lea@example.ch"}),
        reader.patch(f"/1/accounts/{acme.pk}", {"city": "Thun"}),
        reader.get(f"/1/accounts/{acme.pk}/activity"),
    ):
        assert refused.status in (401, 403)
    assert Membership.objects.filter(person=ben).exists() and not Invitation.objects.exists()


def test_the_activity_of_an_organization(client: ApiClient, acme: Organization) -> None:
    client.patch(f"/1/accounts/{acme.pk}", {"city": "Thun"})
    rows = client.get(f"/1/accounts/{acme.pk}/activity").data
    assert [(one["kind"], one["token"]) for one in rows] == [("organizations.details_changed", "test")]
    state = client.post(f"/1/accounts/{acme.pk}/activity/check").data
    assert (state["entries"], state["checked_at"], state["problem"]) == (2, None, None)


@pytest.mark.spec("ORG-40")
def test_people_are_narrowed_by_team_and_state_with_as_many_queries_for_many(
    client: ApiClient, acme: Organization, ben: Person
) -> None:
    path = f"/2/accounts/{acme.pk}/users?with=teams"
    web = Team.objects.create(organization=acme, name="Web")
    web.members.add(Membership.objects.get(person=ben))
    client.post(f"/1/accounts/{acme.pk}/invitations", {"email": "lea@example.ch", "teams": [web.pk]})
    assert (
        client.post(f"/1/accounts/{acme.pk}/invitations", {"email": "x@example.ch", "teams": [9]}).status
        == 422
    )

    waiting = client.get(f"/1/accounts/{acme.pk}/invitations?with=teams").data
    made = int(web.created_at.timestamp())
    short = {"id": web.pk, "name": "Web", "color_id": web.pk % 10, "created_at": made, "updated_at": made}
    assert [one["teams"] for one in waiting] == [[short]]
    for narrowed, names in (
        (f"user_ids]={ben.pk}", ["Web"]),
        (f"user_ids]={ben.pk + 999}", []),
        (f"team_ids]={web.pk}", ["Web"]),
    ):
        found = client.get(f"/1/accounts/{acme.pk}/teams?filter[{narrowed}").data
        assert [one["name"] for one in found] == names

    def listed(narrowed: str) -> list[tuple[str, list[str]]]:
        found = client.get(path + narrowed).data
        return [(one["email"], [team["name"] for team in one["teams"]]) for one in found]

    assert listed("")[:2] == [("ana@acme.example", []), (ben.email, ["Web"])]
    assert listed(f"&filter[team_ids]={web.pk}") == [(ben.email, ["Web"]), ("lea@example.ch", ["Web"])]
    Membership.objects.filter(person=ben).update(suspended_at=clock.now())
    assert listed("&filter[is_suspended]=1") == [(ben.email, ["Web"])]
    assert listed("&filter[has_otp]=1") == []
    with CaptureQueriesContext(connection) as few:
        listed("")
    people = Person.objects.bulk_create(
        Person(email=f"p{n}@x.example", email_key=f"p{n}@x.example") for n in range(30)
    )
    new = Membership.objects.bulk_create(
        Membership(organization=acme, person=person, role=Role.COLLABORATOR) for person in people
    )
    web.members.add(*new)
    with CaptureQueriesContext(connection) as many:
        listed("")
    assert len(many) == len(few)
