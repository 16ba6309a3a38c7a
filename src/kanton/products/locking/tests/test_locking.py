"""While management is blocked: limited users are refused with the reason, everything that runs goes on."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from kanton.accounts.models import Person
from kanton.core.action import dry_run
from kanton.core.actor import Actor, System
from kanton.core.errors import Forbidden
from kanton.core.jobs.testing import run_jobs
from kanton.core.outbox.testing import Outbox
from kanton.organizations.actions import change_access
from kanton.organizations.models import Membership, Organization
from kanton.products.actions import extend_service
from kanton.products.domains.actions import create_record
from kanton.products.domains.models import Zone, ZoneRecord
from kanton.products.domains.registrars.sandbox import SandboxRegistrar
from kanton.products.domains.rights import DNS_EDIT, MANAGE, VIEW
from kanton.products.domains.tests.conftest import registry as registry
from kanton.products.domains.tests.factories import make_zone
from kanton.products.locking.actions import lock_service, unlock_service
from kanton.products.locking.errors import NotLockable
from kanton.products.mail.tests.factories import make_mail
from kanton.products.models import Service
from kanton.rest.testing import ApiClient
from kanton.testing import acting


@pytest.fixture
def zone(owner: Actor, ben: Person, acme: Organization, registry: SandboxRegistrar) -> Zone:
    """acme.example, which Ben manages by a grant."""
    made = make_zone(acme)
    grant = {"right": "domains.manage", "service_id": made.service_id}
    change_access(owner, Membership.objects.get(person=ben), grants=[grant])
    return made


@pytest.mark.spec("ORG-80", "ORG-81", "ORG-83", "ORG-75")
def test_a_locked_product_is_managed_by_owners_and_administrators_only(
    owner: Actor, ana: Person, ben: Person, acme: Organization, zone: Zone, outbox: Outbox
) -> None:
    run_jobs()
    written = len(outbox)
    page, browser = f"/o/acme/products/{zone.service_id}/lock", Client()
    browser.force_login(ana)
    assert page in browser.get("/o/acme/domains/acme.example").content.decode()
    assert browser.post(page).status_code == 303
    run_jobs()
    assert [(mail.to, mail.subject) for mail in outbox[written:]] == [
        (["ben@acme.example"], "The management of acme.example is blocked")
    ]
    with translation.override("en"):
        refused = acting(ben).decide(DNS_EDIT, zone)
        assert not refused and not acting(ben).has_right(MANAGE, zone)
        assert str(refused.forbidden_by).startswith("Ana Keller blocked the management of acme.example on")
    assert acting(ben).has_right(VIEW, zone) and acting(ana).has_right(MANAGE, zone)
    before = ZoneRecord.objects.count()
    with pytest.raises(Forbidden, match="Ana Keller blocked"):
        create_record(acting(ben), zone, source="x", type="A", target="192.0.2.1")
    told = ApiClient(ben).post(
        "/2/zones/acme.example/records", {"source": "x", "type": "A", "target": "192.0.2.1", "ttl": 300}
    )
    assert (
        told.status == 403
        and "Ana Keller blocked the management of acme.example" in told.error["description"]
    )
    assert ZoneRecord.objects.count() == before
    other = Client()
    other.force_login(ben)
    seen = other.get("/o/acme/domains/acme.example/dns").content.decode()
    assert "Ana Keller blocked the management of acme.example" in seen and "disabled" in seen
    assert "/dns/add" not in seen and page not in seen
    form = {"source": "x", "ttl": "300", "part_address": "192.0.2.1"}
    assert other.post("/o/acme/domains/acme.example/dns/add?type=A", form).status_code == 403
    assert ZoneRecord.objects.count() == before
    assert other.post(page).status_code == 403
    found = ApiClient(ana).get(f"/2/accounts/{acme.pk}/products/{zone.service_id}/lock").data
    assert (found["is_locked"], found["locked_by"]) == (True, "Ana Keller")
    assert ApiClient(ben).get("/1/products").data[0]["is_locked"] is True
    unlock_service(owner, Service.objects.get(pk=zone.service_id))
    assert acting(ben).has_right(MANAGE, zone)
    create_record(acting(ben), zone, source="x", type="A", target="192.0.2.1")


@pytest.mark.spec("ORG-82")
def test_what_runs_goes_on_and_a_second_lock_changes_nothing(
    owner: Actor, acme: Organization, zone: Zone, outbox: Outbox
) -> None:
    service = Service.objects.get(pk=zone.service_id)
    told = len(outbox)
    assert [one.sentence for one in dry_run(lock_service, owner, service).records] == [
        "Ana Keller blocked the management of acme.example"
    ]
    service.refresh_from_db()
    assert service.locked_at is None
    since = lock_service(owner, service).locked_at
    assert lock_service(owner, service).locked_at == since
    run_jobs()
    assert len(outbox) == told + 1
    # The clockwork is no limited user: it renews, settles and publishes as always.
    until = service.ends_on.replace(year=service.ends_on.year + 1)  # type: ignore[union-attr]
    assert extend_service(System("billing"), service, until=until).ends_on == until
    create_record(System("dns"), zone, source="acme-challenge", type="TXT", target="x")


@pytest.mark.spec("ORG-84")
def test_a_mail_service_has_maintenance_instead(owner: Actor, member: Actor, acme: Organization) -> None:
    mail = make_mail(acme)
    with pytest.raises(NotLockable):
        lock_service(owner, mail.service)
    with pytest.raises(Forbidden):
        lock_service(member, mail.service)
    mail.service.refresh_from_db()
    assert mail.service.locked_at is None
