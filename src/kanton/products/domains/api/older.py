"""Domains and records in the older form."""

from __future__ import annotations

from typing import cast

from kanton.core.api import ApiRequest, Lists, Rows
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id
from kanton.products.domains import names, queries, records
from kanton.products.domains.actions import create_record, delete_record, update_record
from kanton.products.domains.api.common import (
    COLUMNS,
    READ_DNS,
    READ_DOMAINS,
    RECORD_ERRORS,
    RECORD_LISTS,
    WRITE_DNS,
    Row,
    older_router,
    row_of,
)
from kanton.products.domains.models import Domain, Zone, ZoneRecord
from kanton.products.domains.schemas import Answered, OldDomainOut, OldRecordChange, OldRecordIn, OldRecordOut


@older_router.get(
    "/1/domain/account/{account_id}",
    scopes=READ_DOMAINS,
    lists=Lists(order={"customer_name": "name", "id": "service_id"}, default="id", search=("name",)),
)
@exposes(queries.domains_of)
def list_old_domains(request: ApiRequest, account_id: int) -> Rows[OldDomainOut]:
    """List the domains of an organization, in the older form."""
    organization = organization_by_id(request.actor, account_id)

    def one(domain: Domain) -> OldDomainOut:
        return {
            "id": domain.service_id,
            "customer_name": domain.name,
            "has_dnssec": False,
            "is_dns_managed_by_infomaniak": queries.uses_own_nameservers(domain.nameservers),
        }

    return Rows(queries.domains_of(request.actor, organization), one)


def _old_zone(request: ApiRequest, domain: int) -> Zone:
    found = queries.domain_by_id(request.actor, domain)
    zone = queries.main_zone(found)
    if zone is None:
        raise NotFound(model="zone")
    return zone


def old_record_out(zone: str, row: Row) -> OldRecordOut:
    """One record in the older form."""
    pk, name, kind, ttl, target, _updated_at = row
    shown = records.text_value(target) if kind == "TXT" else target
    return {
        "id": pk,
        "source": names.source_in(name, zone),
        "source_idn": names.display_name(name),
        "type": cast("Answered", kind),
        "ttl": ttl,
        "target": shown,
        "target_idn": names.display_name(shown) if kind in ("CNAME", "NS", "DNAME") else shown,
    }


@older_router.get("/1/domain/{domain}/dns/record", scopes=READ_DNS, lists=RECORD_LISTS)
@exposes(queries.domain_by_id, queries.main_zone)
def list_old_records(request: ApiRequest, domain: int) -> Rows[OldRecordOut]:
    """List the records of a domain's zone, in the older form."""
    zone = _old_zone(request, domain)
    rows = ZoneRecord.objects.filter(zone=zone).values_list(*COLUMNS)
    return Rows(rows, lambda row: old_record_out(zone.name, row))


@older_router.get("/1/domain/{domain}/dns/record/{record}", scopes=READ_DNS)
def read_old_record(request: ApiRequest, domain: int, record: int) -> OldRecordOut:
    """Read one record, in the older form."""
    zone = _old_zone(request, domain)
    return old_record_out(zone.name, row_of(queries.record_for(zone, record)))


@older_router.post(
    "/1/domain/{domain}/dns/record",
    scopes=WRITE_DNS,
    errors=RECORD_ERRORS,
    example={"source": "www", "type": "A", "target": "192.0.2.7", "ttl": 3600},
)
@exposes(create_record)
def add_old_record(request: ApiRequest, domain: int, data: OldRecordIn) -> str:
    """Add a record; answers its number as text, as older clients expect."""
    zone = _old_zone(request, domain)
    made = create_record(
        request.actor, zone, source=data.source, type=data.type, target=data.target, ttl=data.ttl
    )
    return str(made.pk)


@older_router.put(
    "/1/domain/{domain}/dns/record/{record}",
    scopes=WRITE_DNS,
    errors=RECORD_ERRORS,
    example={"target": "192.0.2.8", "ttl": 300},
)
@exposes(update_record)
def change_old_record(request: ApiRequest, domain: int, record: int, data: OldRecordChange) -> bool:
    """Change a record."""
    zone = _old_zone(request, domain)
    queries.record_for(zone, record)
    update_record(request.actor, zone, record, source=data.source, target=data.target, ttl=data.ttl)
    return True


@older_router.delete("/1/domain/{domain}/dns/record/{record}", scopes=WRITE_DNS)
@exposes(delete_record)
def remove_old_record(request: ApiRequest, domain: int, record: int) -> bool:
    """Remove a record."""
    zone = _old_zone(request, domain)
    queries.record_for(zone, record)
    delete_record(request.actor, zone, record)
    return True
