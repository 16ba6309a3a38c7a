"""Every read of domains and zones that is more than one line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language

from kanton.config import config
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.prepared import Prepared, PreparedList, PreparedRows
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.resolver import services_granted
from kanton.products.contract import product_called
from kanton.products.domains import names, records, zonefile
from kanton.products.domains.edits import records_at
from kanton.products.domains.engine import PublishedZone
from kanton.products.domains.extensions import EXTENSIONS
from kanton.products.domains.hints import Hint, look_over
from kanton.products.domains.models import (
    USABLE,
    DkimKey,
    Domain,
    DomainQuerySet,
    Zone,
    ZoneQuerySet,
    ZoneRecord,
    ZoneVersion,
)
from kanton.products.domains.problems import Problem
from kanton.products.domains.records import Record
from kanton.products.domains.rights import PRODUCT, VIEW
from kanton.products.domains.zonefile import Soa


def _normal(name: str, model: str) -> str:
    try:
        return names.normal_name(name)
    except Problem as problem:
        raise NotFound(model=model) from problem


def domains_of(
    actor: Actor, organization: Organization | None = None, *, gone_too: bool = False
) -> DomainQuerySet:
    """The domains an actor may see, in one organization or in all of theirs; lost and failed ones only if
    asked.
    """
    found = Domain.objects.visible_to(actor, organization)
    return found if gone_too else found.held()


_NOT_LISTED = (
    "registry_nameservers", "registry_status", "notice_email", "checked_at", "reminded", "registered_at", "created_at",
)  # fmt: skip
_of_organization = PreparedList(
    lambda organization_id: Domain.objects.filter(organization=organization_id).defer(*_NOT_LISTED), int
)


def domain_rows(actor: Actor, organization: Organization) -> PreparedRows[Domain] | DomainQuerySet:
    """`domains_of` for the list, gone ones too: prepared for those who see all domains of the organization."""
    if services_granted(actor, organization.pk, product_called(PRODUCT).use_right)[0]:
        return _of_organization.of(organization.pk, organization=organization)
    return domains_of(actor, organization, gone_too=True).select_related("organization")


def domain_for(
    actor: Actor, name: str, organization: Organization | None = None, *, gone_too: bool = False
) -> Domain:
    """The domain of this name that the actor may see, or NotFound. With `gone_too`, in the organization, also
    one that was lost or never became theirs.
    """
    named = Domain.objects.filter(name=_normal(name, "domain")).select_related("organization", "service")
    domain = named.held().first()
    if organization is not None and (domain is None or domain.organization_id != organization.pk):
        domain = named.filter(organization=organization).order_by("-pk").first() if gone_too else None
    if domain is None or not actor.has_right(VIEW, domain):
        raise NotFound(model="domain")
    return domain


def domain_by_id(actor: Actor, service_id: int) -> Domain:
    """The domain that programs know by the number of its product, if the actor may see it, or NotFound."""
    domain = (
        Domain.objects.held().filter(service_id=service_id).select_related("organization", "service").first()
    )
    if domain is None or not actor.has_right(VIEW, domain):
        raise NotFound(model="domain")
    return domain


def zone_for(actor: Actor, name: str, organization: Organization | None = None) -> Zone:
    """The zone of this name that the actor may see, or NotFound."""
    found = Zone.objects.alive().filter(name=_normal(name, "zone"))
    found = found.select_related("domain__service", "organization")
    zone = found.first()
    if zone is None or not actor.has_right(VIEW, zone):
        raise NotFound(model="zone")
    if organization is not None and zone.organization_id != organization.pk:
        raise NotFound(model="zone")
    return zone


@dataclass(frozen=True, slots=True)
class SeenZone:
    """As much of a zone as listing its records needs."""

    pk: int
    name: str
    organization_id: int
    service_id: int


def _zone_named(name: str) -> QuerySet[Zone, tuple[Any, ...]]:
    found = Zone.objects.filter(name=name, removed_at=None)
    return found.values_list("pk", "name", "organization_id", "service_id")


_seen = Prepared(_zone_named, str)


def seen_zone(actor: Actor, name: str) -> SeenZone:
    """`zone_for` for hot lists: the same decision without the model."""
    row = _seen.first(_normal(name, "zone"))
    zone = SeenZone(*row) if row is not None else None
    if zone is None or not actor.has_right(VIEW, zone):
        raise NotFound(model="zone")
    return zone


def zone_of(name: str) -> Zone | None:
    """Our zone that holds a name: the closest one. Not checked against anybody's rights."""
    above = list(names.ancestors(_normal(name, "zone")))
    zones = {zone.name: zone for zone in Zone.objects.alive().filter(name__in=above).select_related("domain")}
    return next((zones[each] for each in above if each in zones), None)


def main_zone(domain: Domain) -> Zone | None:
    """The zone of the domain itself."""
    return Zone.objects.alive().filter(domain=domain, name=domain.name).select_related("domain").first()


def zones_around(actor: Actor, name: str) -> ZoneQuerySet:
    """The zones under the registered domain that holds any name, however deep; NotFound without one (API)."""
    above = list(names.ancestors(_normal(name, "domain")))
    domain = Domain.objects.held().filter(name__in=above).select_related("organization", "service").first()
    if domain is None or not actor.has_right(VIEW, domain):
        raise NotFound(model="domain")
    return Zone.objects.alive().filter(domain=domain)


def zones_of(domain: Domain) -> list[Zone]:
    """The zones of a domain, its own first."""
    zones = Zone.objects.alive().filter(domain=domain).select_related("domain")
    return sorted(zones, key=lambda zone: names.sort_key(zone.name))


def record_for(zone: Zone, record_id: int | str) -> ZoneRecord:
    """The record with this number in a zone, or NotFound."""
    number = str(record_id)
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise NotFound(model="record")
    row = ZoneRecord.objects.filter(zone=zone, pk=int(number)).first()
    if row is None:
        raise NotFound(model="record")
    row.zone = zone
    return row


def records_of(zone: Zone) -> list[ZoneRecord]:
    """The records of a zone in the order in which a zone is read."""
    rows = ZoneRecord.objects.filter(zone=zone)
    return sorted(rows, key=lambda row: (names.sort_key(row.name), row.type != "NS", row.type, row.target))


def soa_of(zone: Zone) -> Soa:
    """The start of authority of a zone."""
    contact = config.dns.host_master.replace("@", ".", 1)
    return Soa(config.dns.nameservers[0], contact, zone.serial)


def published_zone(zone: Zone) -> PublishedZone:
    """The zone as the name servers should have it."""
    rows = ZoneRecord.objects.filter(zone=zone).values_list("name", "type", "target", "ttl")
    return PublishedZone(zone.name, soa_of(zone), tuple(Record(*row) for row in rows))


def zone_text(zone: Zone) -> str:
    """The zone as a zone file (DOM-43)."""
    return zonefile.write_zone(zone.name, soa_of(zone), [row.pure for row in records_of(zone)])


def versions_of(zone: Zone, limit: int = 200) -> list[ZoneVersion]:
    """The saved changes of a zone, the newest first."""
    return list(ZoneVersion.objects.filter(zone=zone).order_by("-number")[:limit])


def version_for(zone: Zone, number: int) -> ZoneVersion:
    """One saved change, or NotFound."""
    return get_or_not_found(ZoneVersion.objects.filter(zone=zone), number=number)


def difference_to(zone: Zone, number: int) -> zonefile.Difference | None:
    """What going back to a version would change; None when that version is not kept any more."""
    before = records_at(zone, number)
    if before is None:
        return None
    return zonefile.difference([row.pure for row in ZoneRecord.objects.filter(zone=zone)], before)


def signing_keys(name: str) -> list[DkimKey]:
    """The keys that sign the mail of a domain, the newest first. For the mail room; not checked against
    rights.
    """
    return list(
        DkimKey.objects.filter(name=name, domain__in=Domain.objects.held().filter(name=name)).order_by("-pk")
    )


def own_nameservers() -> list[str]:
    """The operator's name servers (DOM-31)."""
    return [server.lower().rstrip(".") for server in config.dns.nameservers]


def uses_own_nameservers(nameservers: Sequence[str]) -> bool:
    """Whether a domain with these name servers is answered by us."""
    return bool(nameservers) and {server.lower().rstrip(".") for server in nameservers} <= set(
        own_nameservers()
    )


def registered_above(name: str) -> str | None:
    """The registered domain that holds a name."""
    return names.registered_domain(name, EXTENSIONS)


def hints_for(zone: Zone) -> list[Hint]:
    """What a careful colleague would point out about a zone's records. Worked out once per version."""
    return _hints(zone.pk, zone.name, zone.changed_at, get_language() or "en")


@lru_cache(maxsize=200)
def _hints(zone_id: int, name: str, changed_at: datetime, language: str) -> list[Hint]:
    rows = ZoneRecord.objects.filter(zone_id=zone_id).values_list("name", "type", "target", "ttl")
    return look_over(name, [Record(*row) for row in rows])


def records_by_name(rows: Sequence[ZoneRecord]) -> dict[str, list[ZoneRecord]]:
    """Rows grouped by owner."""
    grouped: dict[str, list[ZoneRecord]] = defaultdict(list)
    for row in rows:
        grouped[row.name].append(row)
    return grouped


WRITABLE_TYPES = tuple(records.TYPES)


def is_registered_by(organization_id: int, name: str) -> bool:
    """Is this domain in the organization's hands, and confirmed by the registry? That proves it elsewhere, too."""
    return Domain.objects.filter(
        organization_id=organization_id, name=name, state__in=USABLE, registered_at__isnull=False
    ).exists()
