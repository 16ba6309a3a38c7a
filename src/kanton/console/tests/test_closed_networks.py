"""Lists over all organizations leave out what is in one that is closed to its administrators from where they come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.rights import Role
from kanton.organizations.models import Membership, Organization
from kanton.products.domains.registrars.sandbox import SandboxRegistrar
from kanton.products.domains.tests.conftest import registry as registry
from kanton.products.domains.tests.factories import make_zone
from kanton.products.mail.models import MailboxLink
from kanton.products.mail.queries import usable_mailboxes
from kanton.products.mail.tests.factories import make_mail, make_mailbox
from kanton.rest.testing import ApiClient
from kanton.testing import acting

pytestmark = pytest.mark.django_db

INSIDE, OUTSIDE = "192.0.2.1", "203.0.113.9"


@pytest.fixture(autouse=True)
def two(
    owner: Actor, ana: Person, acme: Organization, globex: Organization, registry: SandboxRegistrar
) -> None:
    """Ana owns alpha.example in Acme, which allows one network, and beta.example in Globex, which allows all."""
    Membership.objects.create(organization=globex, person=ana, role=Role.OWNER)
    for organization, name in ((acme, "alpha.example"), (globex, "beta.example")):
        make_zone(organization, name)
        box = make_mailbox(owner, make_mail(organization, name))
        MailboxLink.objects.create(organization=organization, mailbox=box, person=ana)
    acme.admin_networks = f"{clock.today() - timedelta(days=1)} {INSIDE}/32"
    acme.save(update_fields=["admin_networks"])


LISTS = (
    "/1/products",
    "/1/products?service_name=domain",
    "/1/product?service_name=domain",
    "/2/domains/domains",
    "/1/mail_hostings",
)


@pytest.mark.parametrize("path", LISTS)
def test_programs_are_told_of_nothing_there(path: str, ana: Person, ben: Person, acme: Organization) -> None:
    inside = str(ApiClient(ana, address=INSIDE).get(path).data)
    outside = str(ApiClient(ana, address=OUTSIDE).get(path).data)
    assert "alpha.example" in inside and "beta.example" in inside
    assert "alpha.example" not in outside and "beta.example" in outside


@pytest.mark.parametrize("path", ["products", "overview", "search?q=alpha", "services"])
def test_a_list_of_that_organization_is_refused_to_programs(
    path: str, ana: Person, acme: Organization
) -> None:
    assert ApiClient(ana, address=INSIDE).get(f"/1/accounts/{acme.pk}/{path}").status == 200
    refused = ApiClient(ana, address=OUTSIDE).get(f"/1/accounts/{acme.pk}/{path}")
    assert (refused.status, refused.code) == (403, "organizations.network_not_allowed")


def browse(person: Person, path: str, address: str) -> Any:
    """A page, as somebody sees it from this address."""
    client = Client()
    client.force_login(person)
    return client.get(path, REMOTE_ADDR=address)


def test_the_page_about_what_is_missing_does_not_point_there(ana: Person) -> None:
    path = "/o/globex/missing?product=domains&q=alpha"
    assert "/o/acme/" in _inside(browse(ana, path, INSIDE))
    assert "/o/acme/" not in _inside(browse(ana, path, OUTSIDE))


def _inside(answer: Any) -> str:
    """What a page says apart from the menus around it."""
    assert answer.status_code == 200
    page: str = answer.content.decode()
    return page[page.index("<main") : page.index("</main>")]


def test_no_mailbox_of_it_is_open(ana: Person) -> None:
    def addresses(ip: str) -> list[str]:
        return [box.address for box in usable_mailboxes(acting(ana, ip=ip))]

    assert addresses(INSIDE) == ["info@alpha.example", "info@beta.example"]
    assert addresses(OUTSIDE) == ["info@beta.example"]


def test_a_deep_link_does_not_find_it(ana: Person, acme: Organization) -> None:
    assert browse(ana, "/go/domains/alpha.example", INSIDE).status_code == 302
    assert browse(ana, "/go/domains/alpha.example", OUTSIDE).status_code == 404
    assert browse(ana, "/go/domains/beta.example", OUTSIDE).status_code == 302


def test_what_goes_on_elsewhere_is_listed_all_the_same(ana: Person) -> None:
    assert ApiClient(ana, address=OUTSIDE).get("/1/async/tasks").status == 200


def test_collaborators_are_not_meant(ana: Person, acme: Organization) -> None:
    Membership.objects.filter(person=ana, organization=acme).update(role=Role.COLLABORATOR)
    listed = ApiClient(ana, address=OUTSIDE).get(f"/1/accounts/{acme.pk}/products")
    assert listed.status == 200 and listed.data == []


def test_it_costs_one_query_for_any_number_of_organizations(ana: Person) -> None:
    api = ApiClient(ana, address=OUTSIDE)
    api.get("/1/products?service_name=domain")
    counted = []
    for number in (1, 30):
        made = Organization.objects.bulk_create(
            Organization(
                name=f"N{number}-{each}", slug=f"n{number}-{each}", admin_networks="2020-01-01 192.0.2.1/32"
            )
            for each in range(number)
        )
        Membership.objects.bulk_create(
            Membership(organization=each, person=ana, role=Role.OWNER) for each in made
        )
        with CaptureQueriesContext(connection) as asked:
            api.get("/1/products?service_name=domain")
        counted.append(len(asked))
    assert counted[0] == counted[1]
