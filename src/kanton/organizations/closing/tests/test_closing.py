"""The end of an organization: what must be settled first, who may, and what stays."""

from __future__ import annotations

import pytest
from django.test import Client

from kanton.accounts.errors import WrongPassword
from kanton.accounts.models import Person
from kanton.accounts.profile.actions import delete_account
from kanton.activity.log import verify
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.errors import Forbidden
from kanton.core.outbox.testing import Outbox
from kanton.organizations.actions import invite_member
from kanton.organizations.closing.actions import delete_organization
from kanton.organizations.closing.errors import CannotDelete, NameDiffers
from kanton.organizations.departure.actions import remove_member
from kanton.organizations.models import Membership, Organization
from kanton.products.actions import start_service
from kanton.products.models import Service
from kanton.testing import PASSWORD, acting


def make_service(organization: Organization) -> Service:
    """A product that runs."""
    return start_service(
        System("billing"),
        organization,
        order_line="closing",
        product="mail",
        plan="mail",
        name="acme.example",
        options={},
        starts_on=clock.today(),
        ends_on=None,
        period_months=12,
    )


@pytest.mark.spec("ORG-27", "ORG-28", "ORG-32", "ORG-35", "ACC-69", "BIL-127")
def test_everything_must_be_settled_first_and_each_thing_leads_to_its_page(
    client: Client, owner: Actor, ana: Person, ben: Person, acme: Organization, outbox: Outbox
) -> None:
    service = make_service(acme)
    client.force_login(ana)
    page = client.get("/o/acme/settings").content.decode()
    assert "1 other person belongs to it" in page
    assert "product still runs" not in page, "the deletion itself can stop it (ORG-31)"
    assert 'href="/o/acme/settings/deletion"' not in page, "no link while something is open"
    with pytest.raises(CannotDelete):
        delete_organization(owner, acme, name="Acme", current_password=PASSWORD, stop_products=True)
    with pytest.raises(Forbidden):
        delete_organization(acting(ben), acme, name="Acme", current_password=PASSWORD)
    assert Organization.objects.filter(slug="acme").exists()
    remove_member(owner, Membership.objects.get(person=ben))
    with pytest.raises(CannotDelete) as refused:
        delete_organization(owner, acme, name="Acme", current_password=PASSWORD)
    assert "1 product still runs" in refused.value.sentence
    assert Service.objects.get(pk=service.pk).wanted == "active" and acme.memberships.count() == 1
    assert 'href="/o/acme/settings/deletion"' in client.get("/o/acme/settings").content.decode()


@pytest.mark.spec("ORG-29", "ORG-33", "ORG-34", "BIL-129")
def test_it_ends_with_the_typed_name_and_the_password_and_the_account_stays(
    client: Client, owner: Actor, ana: Person, acme: Organization, outbox: Outbox
) -> None:
    invite_member(owner, acme, email="mia@acme.example")
    written = len(outbox)
    client.force_login(ana)
    wrong_name = client.post("/o/acme/settings/deletion", {"name": "Acmee", "current_password": PASSWORD})
    assert wrong_name.status_code == 422
    with pytest.raises(WrongPassword):
        delete_organization(owner, acme, name="Acme", current_password="wrong")
    with pytest.raises(NameDiffers):
        delete_organization(owner, acme, name="acme", current_password=PASSWORD)
    assert acme.memberships.exists() and len(outbox) == written

    answer = client.post("/o/acme/settings/deletion", {"name": "Acme", "current_password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (303, "/account/organizations")
    assert client.get("/o/acme/").status_code == 404
    assert client.get("/account/organizations").status_code == 200
    assert not Organization.objects.filter(slug="acme").exists(), "nothing had to be kept"
    assert outbox[-1].template == "closing/deleted"
    assert Activity.objects.filter(kind="organizations.deleted").count() == 1
    assert list(verify()) == []
    delete_account(acting(ana), ana, current_password=PASSWORD)


@pytest.mark.spec("ORG-34")
def test_what_must_be_kept_is_kept_unseen(
    client: Client, owner: Actor, ana: Person, acme: Organization
) -> None:
    service = make_service(acme)
    Service.objects.filter(pk=service.pk).update(wanted="ended", ends_on=clock.today())
    delete_organization(owner, acme, name="Acme", current_password=PASSWORD)
    assert Organization.objects.filter(slug="acme").exists()
    client.force_login(ana)
    assert client.get("/o/acme/").status_code == 404
