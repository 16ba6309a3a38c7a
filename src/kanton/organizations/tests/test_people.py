"""People of an organization: the list, roles, access, removal, reasons."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.actions import (
    change_access,
    change_role,
    create_organization,
    edit_details,
    invite_member,
)
from kanton.organizations.departure.actions import remove_member
from kanton.organizations.errors import LastOwner, OwnersOnly, UnknownRight
from kanton.organizations.models import Grant, Membership, Organization, Team
from kanton.organizations.rights import ACCOUNTING, MEMBERS_MANAGE
from kanton.products.contract import Product, product_called
from kanton.products.mail.rights import MANAGE, USE
from kanton.products.models import Service
from kanton.testing import acting


def mail_service(organization: Organization, name: str = "acme.example") -> Service:
    """A mail service, as billing would have made it."""
    return Service.objects.create(
        organization=organization, product="mail", plan="basic", name=name, starts_on=date(2026, 1, 1),
        order_line=f"test {name}",
    )  # fmt: skip


def membership(person: Person) -> Membership:
    """The person's only membership."""
    return Membership.objects.get(person=person)


@pytest.fixture
def browser(client: Client, ana: Person, acme: Organization) -> Client:
    """Ana's browser."""
    client.force_login(ana)
    return client


# --- the list ----------------------------------------------------------------------------------------------


@pytest.mark.spec("ORG-40", "ORG-59")
def test_the_list_shows_searches_filters_and_sorts(
    browser: Client, ben: Person, owner: Actor, acme: Organization
) -> None:
    edit_details(owner, acme, details={"city": "Thun"})
    page = browser.get("/o/acme/people").content.decode()
    for shown in ("Ana Keller", "ana@acme.example", "Ben Moser", "Owner", "Collaborator", "just now"):
        assert shown in page
    assert "Ben Moser" not in browser.get("/o/acme/people?role=owner").content.decode()
    assert "Ana Keller</" not in browser.get("/o/acme/people?q=moser").content.decode().split("<main")[1]
    assert "Ben Moser" in browser.get("/o/acme/people?second_factor=off").content.decode()
    assert "Ben Moser" not in browser.get("/o/acme/people?second_factor=on").content.decode()
    names = browser.get("/o/acme/people?sort=-person__last_name").content.decode().split("<tbody")[1]
    assert names.index("Ben Moser") < names.index("Ana Keller")
    csv = b"".join(browser.get("/o/acme/people?format=csv").streaming_content)  # type: ignore[attr-defined]
    assert b"Ben Moser" in csv


@pytest.mark.spec("ORG-40", "ORG-59", "ORG-64")
def test_the_list_narrows_by_team_and_state_and_the_selected_are_alerted_or_invited_again(
    browser: Client, owner: Actor, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    web = Team.objects.create(organization=acme, name="Web")
    assert "Ben Moser" not in browser.get(f"/o/acme/people?team={web.pk}").content.decode()
    web.members.add(membership(ben))
    page = browser.get(f"/o/acme/people?team={web.pk}").content.decode()
    assert "Ben Moser" in page and "Web" in page and "ana@acme.example" not in page.split("<tbody")[1]
    assert "Ben Moser" not in browser.get("/o/acme/people?state=suspended").content.decode().split("<main")[1]
    Membership.objects.filter(person=ben).update(suspended_at=clock.now())
    page = browser.get("/o/acme/people?state=suspended").content.decode()
    assert (
        "Ben Moser" in page
        and "badge is-waiting" in page
        and "ana@acme.example" not in page.split("<tbody")[1]
    )
    chosen = {"selected": [membership(ben).pk, "x", 10**30, Membership.objects.get(person=ana).pk]}
    for _time in range(4):
        browser.post("/o/acme/people/alerts", chosen)
    assert [mail.to[0] for mail in outbox] == 3 * [ana.email, ben.email], "three a day at most"
    invitations = [
        invite_member(owner, acme, email=f"{name}@example.ch", teams=[web]) for name in ("lea", "tim")
    ]
    chosen = {"selected": [one.pk for one in invitations]}
    assert browser.post("/o/acme/people/invitations/resend", chosen).status_code == 303
    assert [mail.to[0] for mail in outbox[8:]] == ["tim@example.ch", "lea@example.ch"]
    for _time in range(5):
        assert browser.post("/o/acme/people/invitations/resend", chosen).status_code == 303
    assert sum(mail.to == ["lea@example.ch"] for mail in outbox) == 5, "five a day at most"
    assert browser.post("/o/acme/people/invitations/revoke", chosen).status_code == 303
    assert acme.invitations.filter(revoked_at=None).count() == 0


@pytest.mark.spec("ORG-40")
def test_the_list_costs_the_same_for_ten_and_a_thousand(browser: Client, acme: Organization) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert browser.get("/o/acme/people").status_code == 200
        return len(seen)

    def add(first: int, last: int) -> None:
        people = Person.objects.bulk_create(
            Person(email=f"p{n}@acme.example", email_key=f"p{n}@acme.example", last_name=f"{n:04}")
            for n in range(first, last)
        )
        Membership.objects.bulk_create(
            Membership(organization=acme, person=person, role=Role.COLLABORATOR) for person in people
        )

    add(0, 10)
    queries()  # the first also writes when this session was last seen
    few = queries()
    add(10, 1000)
    # One more, to count, once there is more than one page; then the same however many there are.
    assert queries() == few + 1 <= 12


# --- roles -------------------------------------------------------------------------------------------------


@pytest.mark.spec("ORG-55", "ORG-56")
def test_a_new_role_is_kept_and_mailed(browser: Client, ben: Person, outbox: Outbox) -> None:
    answer = browser.post(f"/o/acme/people/{membership(ben).pk}/role", {"role": "administrator"})
    assert (answer.status_code, answer["Location"]) == (303, "/o/acme/people")
    assert membership(ben).role == Role.ADMINISTRATOR
    assert [(mail.to, mail.template) for mail in outbox] == [([ben.email], "organizations/role_changed")]


@pytest.mark.spec("ORG-58")
def test_a_new_collaborator_starts_with_nothing_and_the_way_leads_to_access(
    browser: Client, owner: Actor, ben: Person, acme: Organization
) -> None:
    change_access(owner, membership(ben), grants=[{"right": ACCOUNTING.code}])
    change_role(owner, membership(ben), role=Role.ADMINISTRATOR)
    acting_ben = acting(ben)
    assert acting_ben.has_right(MEMBERS_MANAGE, acme)
    number = membership(ben).pk
    answer = browser.post(f"/o/acme/people/{number}/role", {"role": "collaborator"})
    assert answer["Location"] == f"/o/acme/people/{number}/access"
    assert not acting(ben).has_right(ACCOUNTING, acme)
    ben_browser = Client()
    ben_browser.force_login(ben)
    assert ben_browser.get("/o/acme/people").status_code == 403


@pytest.mark.spec("ORG-57")
def test_the_last_owner_stays_owner(owner: Actor, ana: Person, ben: Person, acme: Organization) -> None:
    with pytest.raises(LastOwner):
        change_role(owner, membership(ana), role=Role.ADMINISTRATOR)
    assert membership(ana).role == Role.OWNER
    change_role(owner, membership(ben), role=Role.OWNER)
    change_role(owner, membership(ana), role=Role.ADMINISTRATOR)
    with pytest.raises(LastOwner):
        change_role(acting(ben), membership(ben), role=Role.EXTERNAL)


@pytest.mark.spec("ORG-45", "ORG-54")
def test_an_administrator_touches_no_owner(
    owner: Actor, ana: Person, ben: Person, acme: Organization, client: Client
) -> None:
    change_role(owner, membership(ben), role=Role.ADMINISTRATOR)
    administrator = acting(ben)
    for forbidden in (
        lambda: change_role(administrator, membership(ana), role=Role.EXTERNAL),
        lambda: change_role(administrator, membership(ben), role=Role.OWNER),
        lambda: remove_member(administrator, membership(ana)),
    ):
        with pytest.raises(OwnersOnly):
            forbidden()
    assert membership(ana).role == Role.OWNER and membership(ben).role == Role.ADMINISTRATOR
    client.force_login(ben)
    page = client.get("/o/acme/people").content.decode()
    assert f'href="/o/acme/people/{membership(ana).pk}/why"' in page
    for change in ("role", "suspend", "remove"):
        assert f'href="/o/acme/people/{membership(ana).pk}/{change}"' not in page
    # What only owners may is there, dead, with whom to ask (ORG-75).
    assert page.count('aria-disabled="true"') == 4
    assert page.count("or change or remove an owner. Ask Ana Keller.") == 4


# --- removal -----------------------------------------------------------------------------------------------


@pytest.mark.spec("ORG-49")
def test_the_only_owner_cannot_be_removed(owner: Actor, ana: Person) -> None:
    with pytest.raises(LastOwner):
        remove_member(owner, membership(ana))
    assert membership(ana).role == Role.OWNER


# --- product access ----------------------------------------------------------------------------------------


@pytest.mark.spec("ORG-68", "ORG-69", "ORG-73")
def test_access_is_chosen_in_an_accordion(
    browser: Client, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    first, second = mail_service(acme), mail_service(acme, "second.example")
    path = f"/o/acme/people/{membership(ben).pk}/access"
    page = browser.get(path).content.decode()
    assert "Mail services" in page and "acme.example" in page and "second.example" in page
    assert f'value="mail.use|{first.pk}|"' in page and 'value="mail.use||"' in page
    assert browser.post(path, {"grant": [f"mail.use|{first.pk}|"]}).status_code == 303
    assert acting(ben).has_right(USE, first)
    assert not acting(ben).has_right(USE, second) and not acting(ben).has_right(MANAGE, first)
    assert f'value="mail.use|{first.pk}|" checked' in browser.get(path).content.decode()
    assert outbox[-1].template == "organizations/access_changed" and "Mail services" in outbox[-1].text
    browser.post(path, {"grant": ["mail.use||"]})
    assert acting(ben).has_right(USE, mail_service(acme, "third.example")), "what comes later, too"
    browser.post(path, {})
    assert not Grant.objects.exists()


@pytest.mark.spec("ORG-70", "ORG-76")
def test_one_click_grants_all_products_and_neither_accounting_nor_people(
    browser: Client, ben: Person, acme: Organization
) -> None:
    service = mail_service(acme)
    browser.post(f"/o/acme/people/{membership(ben).pk}/access", {"everything": "on"})
    ben_acting = acting(ben)
    assert ben_acting.has_right(MANAGE, service)
    assert not ben_acting.has_right(ACCOUNTING, acme) and not ben_acting.has_right(MEMBERS_MANAGE, acme)


@pytest.mark.spec("ORG-7")
def test_the_service_of_another_organization_cannot_be_granted(
    owner: Actor, browser: Client, ben: Person, acme: Organization, globex: Organization
) -> None:
    foreign = mail_service(globex, "globex.example")
    with pytest.raises(UnknownRight):
        change_access(owner, membership(ben), grants=[{"right": USE.code, "service_id": foreign.pk}])
    path = f"/o/acme/people/{membership(ben).pk}/access"
    assert browser.post(path, {"grant": [f"mail.use|{foreign.pk}|"]}).status_code == 422
    assert "globex" not in browser.get(path).content.decode()
    assert not Grant.objects.exists()


@pytest.mark.spec("ORG-77")
def test_a_grant_dies_with_its_service(owner: Actor, ben: Person, acme: Organization) -> None:
    old = mail_service(acme)
    change_access(owner, membership(ben), grants=[{"right": USE.code, "service_id": old.pk}])
    Service.objects.filter(pk=old.pk).delete()
    assert not acting(ben).has_right(USE, mail_service(acme))


def test_one_mailbox_is_one_mailbox(owner: Actor, ben: Person, acme: Organization) -> None:
    from kanton.organizations.queries import Target

    service = mail_service(acme)
    Grant.objects.create(
        organization=acme, membership=membership(ben), right=USE.code, product="mail",
        service_id=service.pk, resource="mailbox:1",
    )  # fmt: skip
    assert acting(ben).has_right(USE, Target(acme.pk, service.pk, "mailbox:1"))
    assert not acting(ben).has_right(USE, Target(acme.pk, service.pk, "mailbox:2"))
    assert not acting(ben).has_right(USE, Target(acme.pk, service.pk))
    assert list(Service.objects.visible_to(acting(ben), acme, _mail_product())) == [service]


def _mail_product() -> Product:
    return product_called("mail")


@pytest.mark.spec("ORG-74")
def test_every_right_says_where_it_comes_from(
    browser: Client, owner: Actor, ben: Person, acme: Organization
) -> None:
    service = mail_service(acme)
    change_access(owner, membership(ben), grants=[{"right": MANAGE.code, "service_id": service.pk}])
    page = browser.get(f"/o/acme/people/{membership(ben).pk}/why").content.decode()
    assert "“manage mail services and their addresses” was granted directly." in page
    assert "The role “Collaborator” includes it." in page
    assert "Nothing gives this right." in page


@pytest.mark.spec("ORG-75")
def test_a_refusal_says_whom_to_ask(ben: Person, acme: Organization, client: Client) -> None:
    client.force_login(ben)
    answer = client.get("/o/acme/people")
    assert answer.status_code == 403
    assert "Ask Ana Keller." in answer.content.decode()


# --- the organization itself -------------------------------------------------------------------------------


@pytest.mark.spec("ORG-10", "BIL-3")
def test_only_an_owner_edits_the_details(ben: Person, acme: Organization, client: Client) -> None:
    client.force_login(ben)
    page = client.get("/o/acme/settings").content.decode()
    assert "/o/acme/settings/edit" not in page and "Ask Ana Keller." in page
    assert client.get("/o/acme/settings/edit").status_code == 403
    with pytest.raises(Forbidden):
        edit_details(acting(ben), acme, details={"name": "Mine"})
    acme.refresh_from_db()
    assert acme.name == "Acme"


@pytest.mark.spec("ORG-11", "ORG-12", "ORG-13", "BIL-3")
def test_a_change_is_mailed_to_all_owners_in_their_language_with_old_and_new(
    browser: Client, owner: Actor, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    change_role(owner, membership(ben), role=Role.OWNER)
    Person.objects.filter(pk=ben.pk).update(language="de")
    sent = len(outbox)
    form = {"name": "Acme AG", "kind": "company", "street": "Gasse 2", "postal_code": "3000", "city": "Bern",
            "country": "CH", "phone": "", "vat_number": "", "language": "en"}  # fmt: skip
    assert browser.post("/o/acme/settings/edit", form).status_code == 303
    acme.refresh_from_db()
    assert (acme.name, acme.street) == ("Acme AG", "Gasse 2")
    assert {(mail.to[0], mail.language) for mail in outbox[sent:]} == {
        ("ana@acme.example", "en"),
        ("ben@acme.example", "de"),
    }
    assert all("Acme → Acme AG" in mail.text for mail in outbox[sent:])
    assert "Marktgasse 1 → Gasse 2" in outbox[sent].text


@pytest.mark.spec("ORG-14", "ORG-15")
def test_the_country_decides_the_currency_and_the_form_warns_first(
    browser: Client, acme: Organization
) -> None:
    form = {"name": "Acme", "kind": "company", "country": "FR", "language": "en"}
    preview = browser.post("/o/acme/settings/edit", form | {"_preview": "1"}, headers={"HX-Request": "true"})
    assert "Your next invoices will be in EUR" in preview.content.decode()
    acme.refresh_from_db()
    assert acme.currency == "CHF"
    browser.post("/o/acme/settings/edit", form)
    acme.refresh_from_db()
    assert (acme.country, acme.currency) == ("FR", "EUR")


@pytest.mark.parametrize("name", ["slug", "currency", "id", "created_at"])
def test_what_is_no_detail_cannot_be_edited(owner: Actor, acme: Organization, name: str) -> None:
    from kanton.organizations.errors import UnknownDetail

    with pytest.raises(UnknownDetail):
        edit_details(owner, acme, details={name: "x"})


@pytest.mark.spec("ORG-5", "ORG-6", "ORG-8", "ACC-8")
def test_one_person_has_several_organizations_and_switches(
    browser: Client, ana: Person, globex: Organization
) -> None:
    answer = browser.post("/organizations/new", {"name": "Ana privat", "kind": "private", "country": "LI"})
    assert answer["Location"] == "/o/ana-privat/"
    Membership.objects.create(organization=globex, person=ana, role=Role.EXTERNAL)
    page = browser.get("/account/organizations").content.decode()
    assert all(name in page for name in ("Acme", "Ana privat", "Globex", "Owner", "External user"))
    switcher = browser.get("/o/globex/settings").content.decode()
    assert 'href="/o/ana-privat/"' in switcher and 'href="/o/acme/"' in switcher
    assert Organization.objects.get(slug="ana-privat").currency == "CHF"


@pytest.mark.spec("ORG-17", "ORG-20")
def test_the_organization_is_part_of_the_address(browser: Client, ana: Person, globex: Organization) -> None:
    Membership.objects.create(organization=globex, person=ana, role=Role.OWNER)
    browser.get("/o/globex/settings")
    form = {"name": "Acme 2", "kind": "company", "country": "CH", "language": "en"}
    browser.post("/o/acme/settings/edit", form)
    globex.refresh_from_db()
    assert globex.name == "Globex", "the page of one never writes into the other"


def test_two_organizations_of_one_name_get_two_addresses(ana: Person) -> None:
    slugs = [create_organization(acting(ana), ana, name="Müller & Söhne").slug for _ in range(3)]
    assert slugs == ["muller-sohne", "muller-sohne-2", "muller-sohne-3"]


def test_every_change_of_people_is_in_the_activity(browser: Client, owner: Actor, ben: Person) -> None:
    change_access(owner, membership(ben), grants=[{"right": ACCOUNTING.code}])
    change_role(owner, membership(ben), role=Role.EXTERNAL)
    remove_member(owner, membership(ben))
    assert [row.kind for row in Activity.objects.order_by("pk")] == [
        "organizations.access_changed",
        "organizations.role_changed",
        "organizations.member_removed",
    ]
    page = browser.get("/o/acme/activity").content.decode()
    assert "changed the role of Ben Moser to External user" in page


@pytest.mark.spec("ORG-22")
def test_ones_own_organizations_are_paged_and_searched_and_each_has_its_way_out(
    browser: Client, ana: Person, acme: Organization
) -> None:
    made = Organization.objects.bulk_create(
        Organization(name=f"Customer {number:03}", slug=f"customer-{number:03}") for number in range(120)
    )
    Membership.objects.bulk_create(
        Membership(organization=each, person=ana, role=Role.ADMINISTRATOR) for each in made
    )
    first = browser.get("/account/organizations").content.decode()
    assert first.count('<td class="main"') == first.count('title="Leave ') == 50
    assert 'href="/account/organizations/acme/leave" title="Leave Acme"' in first
    assert "Customer 048" in first and "Customer 049" not in first
    found = browser.get("/account/organizations?q=customer 119").content.decode()
    assert found.count('<td class="main"') == 1 and 'href="/o/customer-119/"' in found
