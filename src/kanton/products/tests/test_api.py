"""Products over all kinds, as clients of the API list them."""

from __future__ import annotations

from datetime import date

import pytest

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Grant, Membership, Organization
from kanton.products.contract import all_products, product_called
from kanton.products.models import Service, Wanted
from kanton.products.queries import services_of
from kanton.rest.testing import ApiClient
from kanton.testing import acting


def service(organization: Organization, product: str, name: str, **fields: object) -> Service:
    """A running service."""
    values = {
        "plan": f"{product}-plan",
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "order_line": f"{product}:{name}",
        "wish_state": "done",
        "proved_at": clock.now(),
    } | fields
    return Service.objects.create(organization=organization, product=product, name=name, **values)


@pytest.fixture
def domain(acme: Organization) -> Service:
    return service(acme, "domains", "acme.ch")


@pytest.fixture
def mail(acme: Organization) -> Service:
    return service(acme, "mail", "mail of acme.ch")


def names(client: ApiClient, path: str) -> list[str]:
    """The customers' names of the products under an address."""
    return [each["customer_name"] for each in client.get(path).data]


def test_the_owner_sees_the_products_of_the_organization(
    ana: Person, acme: Organization, domain: Service, mail: Service
) -> None:
    found = ApiClient(ana).get("/1/products").data
    assert [each["id"] for each in found] == [domain.pk, mail.pk]
    assert found[0] | {"created_at": 0} == {
        "id": domain.pk,
        "account_id": acme.pk,
        "service_id": 14,
        "service_name": "domain",
        "customer_name": "acme.ch",
        "internal_name": None,
        "created_at": 0,
        "expired_at": 1798758000,  # 1 January 2027, 00:00 in Zurich
        "version": 1,
        "has_maintenance": False,
        "is_locked": False,
        "has_operation_in_progress": False,
        "tags": [],
        "unique_id": domain.pk,
        "is_free": False,
        "is_zero_price": False,
        "is_trial": False,
        "rights": {"technical": True, "statistic": False, "check": True, "sale": True},
    }
    assert next(iter(found[0])) == "id"


def test_the_quick_way_and_the_usual_way_tell_the_same(ana: Person, domain: Service, mail: Service) -> None:
    client = ApiClient(ana)
    assert client.get("/1/products").data == client.get("/1/products?order_by=id").data
    assert (
        client.get("/1/products?with=*").data
        == client.get("/1/products?with[]=*&page=1&per_page=10").data
        == client.get(
            "/1/products?with=description,bill_reference,fqdn,status&with=is_managed_by_partner,is_transferable"
        ).data
    )


@pytest.mark.spec("API-19", "API-24")
def test_strangers_and_collaborators_without_grants_see_nothing(
    ben: Person, zoe: Person, globex: Organization, acme: Organization, domain: Service
) -> None:
    for person in (ben, zoe):
        assert ApiClient(person).get("/1/products").data == []
        assert ApiClient(person).get("/1/product?service_name=domain&customer_name=acme.ch").data == []
    assert ApiClient(zoe).get(f"/1/accounts/{acme.pk}/products").status == 404
    assert ApiClient(zoe).get(f"/1/products?account_id={acme.pk}").status == 404
    assert ApiClient(ben).get(f"/1/accounts/{acme.pk}/products").data == []


def test_a_grant_on_one_service_shows_that_service(
    ben: Person, acme: Organization, domain: Service, mail: Service
) -> None:
    membership = Membership.objects.get(person=ben)
    Grant.objects.create(
        organization=acme,
        membership=membership,
        right="domains.dns_edit",
        product="domains",
        service_id=domain.pk,
    )
    found = ApiClient(ben).get("/1/products").data
    assert [(each["customer_name"], each["rights"]) for each in found] == [
        ("acme.ch", {"technical": False, "statistic": False, "check": True, "sale": False})
    ]


@pytest.mark.spec("ORG-72", "ORG-73")
def test_statistics_have_a_right_of_their_own(
    ben: Person, acme: Organization, domain: Service, mail: Service
) -> None:
    """It shows the product and its figures, opens nothing in it, and kinds without figures have none to give."""
    membership = Membership.objects.get(person=ben)
    place = f"/1/accounts/{acme.pk}/products/{mail.pk}/statistics"
    assert ApiClient(ben).get(place).status == 404
    grant = Grant.objects.create(
        organization=acme, membership=membership, right="mail.use", product="mail", service_id=mail.pk
    )
    assert ApiClient(ben).get(place).status == 403
    grant.delete()
    Grant.objects.create(
        organization=acme, membership=membership, right="mail.statistics", product="mail", service_id=mail.pk
    )
    assert [(each["meter"], each["value"]) for each in ApiClient(ben).get(place).data] == [
        ("mailboxes", 0),
        ("storage", 0),
    ]
    assert ApiClient(ben).get("/1/products").data[0]["rights"] == {
        "technical": False, "statistic": True, "check": True, "sale": False,
    }  # fmt: skip
    Grant.objects.create(organization=acme, membership=membership, right="domains.manage", product="domains")
    assert ApiClient(ben).get(f"/1/accounts/{acme.pk}/products/{domain.pk}/statistics").status == 404


def test_a_grant_on_a_product_shows_all_its_services(
    ben: Person, acme: Organization, globex: Organization, domain: Service, mail: Service
) -> None:
    service(globex, "mail", "mail of globex")
    membership = Membership.objects.get(person=ben)
    Grant.objects.create(organization=acme, membership=membership, right="mail.use", product="mail")
    assert names(ApiClient(ben), "/1/products") == ["mail of acme.ch"]


def test_the_condition_and_the_resolver_decide_alike(
    ana: Person, ben: Person, zoe: Person, acme: Organization, domain: Service, mail: Service
) -> None:
    membership = Membership.objects.get(person=ben)
    Grant.objects.create(
        organization=acme, membership=membership, right="mail.manage", product="mail", resource="mailbox:1",
        service_id=mail.pk,
    )  # fmt: skip
    for person in (ana, ben, zoe):
        actor = acting(person)
        by_resolver = {
            each.pk
            for product in all_products()
            for each in Service.objects.visible_to(actor, acme, product_called(product.code))
        }
        assert set(services_of(actor, acme).values_list("pk", flat=True)) == by_resolver


def test_ended_services_are_gone_and_suspended_ones_locked(ana: Person, acme: Organization) -> None:
    service(acme, "mail", "ended", wanted=Wanted.ENDED)
    service(acme, "mail", "suspended", wanted=Wanted.SUSPENDED)
    found = ApiClient(ana).get("/1/products").data
    assert [(each["customer_name"], each["is_locked"]) for each in found] == [("suspended", True)]


def test_an_older_client_finds_the_number_of_its_domain(ana: Person, domain: Service, mail: Service) -> None:
    client = ApiClient(ana)
    assert [
        each["id"] for each in client.get("/1/product?service_name=domain&customer_name=acme.ch").data
    ] == [domain.pk]
    assert client.get("/1/product?service_name=domain&customer_name=nobody.ch").data == []


@pytest.mark.spec("API-18")
def test_a_token_for_domains_sees_only_domains(
    ana: Person, acme: Organization, domain: Service, mail: Service
) -> None:
    client = ApiClient(ana, scopes=("domain:read", "dns:read", "dns:write"))
    assert names(client, "/1/products") == ["acme.ch"]
    assert names(client, f"/1/accounts/{acme.pk}/products") == ["acme.ch"]
    assert ApiClient(ana, scopes=("user_info",)).get("/1/products").status == 401


@pytest.mark.spec("API-28")
def test_filters_narrow_and_unknown_ones_are_refused(
    ana: Person, acme: Organization, domain: Service, mail: Service
) -> None:
    client = ApiClient(ana)
    of_acme = f"/1/accounts/{acme.pk}/products"
    assert names(client, "/1/products?service_id=7") == ["mail of acme.ch"]
    assert names(client, "/1/products?service_name=swiss_backup") == []
    assert names(client, f"{of_acme}?filter[service_names][]=domain_name") == ["acme.ch"]
    assert names(client, f"{of_acme}?filter[excluded_service_ids][]=14&filter[name]=acme") == [
        "mail of acme.ch"
    ]
    assert names(client, f"{of_acme}?order_by=customer_name&order=desc") == ["mail of acme.ch", "acme.ch"]
    assert names(client, f"{of_acme}?search=MAIL") == ["mail of acme.ch"]
    assert names(client, "/1/accounts/current/products?filter[tags][]=3") == []
    for bad in ("/1/products?colour=red", f"{of_acme}?filter[colour]=red", "/1/products?service_name=warp"):
        reply = client.get(bad)
        assert (reply.status, reply.code) == (422, "validation_failed")


def test_services_are_counted_by_kind(
    ana: Person, acme: Organization, domain: Service, mail: Service
) -> None:
    service(acme, "domains", "acme.com")
    assert ApiClient(ana).get(f"/1/accounts/{acme.pk}/services").data == [
        {"id": 14, "name": "domain", "count": 2},
        {"id": 7, "name": "email_hosting", "count": 1},
    ]


def test_a_list_takes_the_same_queries_for_any_number(
    ana: Person, acme: Organization, django_assert_num_queries: object
) -> None:
    client = ApiClient(ana)
    client.get("/1/products")
    for number in range(30):
        service(acme, "mail", f"mail {number}")
    with django_assert_num_queries(3):  # type: ignore[operator] # the token, the networks, and the list
        assert len(client.get("/1/products").data) == 30
