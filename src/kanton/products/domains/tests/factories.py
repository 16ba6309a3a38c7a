"""Domains and zones for tests, of this room and of those above it."""

from __future__ import annotations

from datetime import timedelta

from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs.models import Job
from kanton.organizations.models import Organization
from kanton.products.actions import start_service
from kanton.products.domains.actions import set_up_domain, settle_domain
from kanton.products.domains.dkim import NewKey
from kanton.products.domains.models import Domain, DomainState, Zone
from kanton.products.models import Service

#: Not a key: tests that sign make their own.
KEY = NewKey(
    "k1", "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n", "v=DKIM1; k=rsa; p=" + "A" * 392
)


def make_service(organization: Organization, name: str, *, years: int = 1) -> Service:
    """A paid order of a domain; its job waits."""
    today = clock.today()
    return start_service(
        System("billing"),
        organization,
        order_line=f"line-{name}",
        product="domains",
        plan="domain-example",
        name=name,
        options={"name": name},
        starts_on=today,
        ends_on=today.replace(year=today.year + years, day=min(today.day, 28)) - timedelta(days=1),
        period_months=12 * years,
    )


def make_domain(organization: Organization, name: str = "acme.example") -> Domain:
    """An active domain with its zone, made without registry, name server or jobs; nothing is confirmed yet."""
    service = make_service(organization, name)
    domain = set_up_domain(System("domains"), service, key=KEY)
    facts = {
        "state": DomainState.ACTIVE,
        "registered_at": clock.now(),
        "expires_on": clock.today() + timedelta(days=365),
        "registry_nameservers": domain.nameservers,
        "registry_status": ["ok", "clientTransferProhibited"],
    }
    domain = settle_domain(System("domains"), domain, facts, version=domain.wish_version)
    Job.objects.filter(task__startswith="kanton.products").delete()
    return Domain.objects.select_related("service", "organization").get(pk=domain.pk)


def make_zone(organization: Organization, name: str = "acme.example") -> Zone:
    """The zone of a new active domain."""
    domain = make_domain(organization, name)
    return Zone.objects.select_related("domain").get(domain=domain, name=name)
