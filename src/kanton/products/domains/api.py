"""The API of domains, zones and records, in all three families that clients use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, cast

from kanton.core import clock
from kanton.core.api import ANY, ApiRequest, Lists, Router, Rows
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.core.prepared import Prepared
from kanton.organizations.queries import organization_by_id
from kanton.products.domains import names, queries, records
from kanton.products.domains.actions import (
    change_contact,
    create_record,
    create_zone,
    delete_record,
    delete_records,
    delete_zone,
    import_zone,
    point_domain,
    restore_zone,
    set_nameservers,
    set_transfer_lock,
    update_record,
)
from kanton.products.domains.engine import engine
from kanton.products.domains.errors import (
    InvalidRecord,
    InvalidZoneText,
    LastNameserver,
    MainZone,
    NotActive,
    NotManagedHere,
    RecordExists,
    RecordsExclude,
    SilentNameserver,
    TooFewNameservers,
    UnsupportedType,
    ZoneChanged,
    ZoneExists,
)
from kanton.products.domains.extensions import EXTENSIONS, Extension
from kanton.products.domains.models import ContactRole, Domain, DomainContact, Zone, ZoneRecord, ZoneVersion
from kanton.products.domains.problems import Problem
from kanton.products.domains.records import Record
from kanton.products.domains.schemas import (
    Answered,
    ContactIn,
    ContactOut,
    ContactsOut,
    DescriptionOut,
    DifferenceOut,
    DnssecRecordOut,
    DomainOut,
    DomainsQuery,
    HintOut,
    LockIn,
    NameserversIn,
    OldDomainOut,
    OldRecordChange,
    OldRecordIn,
    OldRecordOut,
    RecordChange,
    RecordIn,
    RecordOut,
    RecordsGone,
    RecordsQuery,
    ShortZoneOut,
    TldOut,
    VersionOut,
    ZoneIn,
    ZoneOut,
    ZoneText,
)

zones_router = Router("DNS zones")
domains_router = Router("Domains")
older_router = Router("DNS records (older)")

READ_DNS = ("dns:read",)
WRITE_DNS = ("dns:write",)
READ_DOMAINS = ("domain:read",)
SEARCH = ("domain:read", "dns:read")
MANAGE_DOMAINS = ("domain",)

ZONE_WITHS = ("skel", "records", "records_description", "description", "idn", "label", "wish")
RECORD_WITHS = ("description", "idn", "dyndns_id", "delegated_zone")
RECORD_LISTS = Lists(
    order={
        "id": "pk",
        "source": "name",
        "type": "type",
        "ttl": "ttl",
        "target": "target",
        "updated_at": "updated_at",
    },
    default="id",
    search=("name", "target"),
)
COLUMNS = ("pk", "name", "type", "ttl", "target", "updated_at")
RECORD_ERRORS = (RecordExists, RecordsExclude, InvalidRecord, UnsupportedType)

Row = tuple[int, str, str, int, str, datetime]


# --- records ----------------------------------------------------------------------------------------------------


def _all_records(zone_id: int) -> Any:
    return ZoneRecord.objects.filter(zone_id=zone_id).order_by("pk").values_list(*COLUMNS)


_hot_records = Prepared(_all_records, int)


def record_out(zone: str, row: Row, withs: frozenset[str] = frozenset()) -> RecordOut:
    """One record from its COLUMNS."""
    pk, name, kind, ttl, target, updated_at = row
    out: RecordOut = {
        "id": pk,
        "source": names.source_in(name, zone),
        "source_idn": names.display_name(name),
        "type": cast("Answered", kind),
        "ttl": ttl,
        "target": target,
        "updated_at": int(updated_at.timestamp()),
    }
    if withs:
        if "dyndns_id" in withs:
            out["dyndns_id"] = None
        if "delegated_zone" in withs:
            out["delegated_zone"] = None
        if not withs.isdisjoint(("description", "records_description")):
            out["description"] = _description(Record(name, kind, target, ttl))
    return out


_PART_NAMES = {"fingerprint": "digest", "fingerprint_type": "digest_type"}
_LABELS: dict[tuple[str, str], dict[int, str]] = {
    ("TLSA", "usage"): {0: "PKIX-TA", 1: "PKIX-EE", 2: "DANE-TA", 3: "DANE-EE"},
    ("TLSA", "selector"): {0: "Cert", 1: "SPKI"},
    ("TLSA", "matching_type"): {0: "Full", 1: "SHA-256", 2: "SHA-512"},
    ("SSHFP", "algorithm"): {1: "RSA", 2: "DSA", 3: "ECDSA", 4: "Ed25519", 6: "Ed448"},
    ("SSHFP", "digest_type"): {1: "SHA-1", 2: "SHA-256"},
    ("DS", "algorithm"): {
        8: "RSASHA256",
        10: "RSASHA512",
        13: "ECDSAP256SHA256",
        14: "ECDSAP384SHA384",
        15: "ED25519",
    },
    ("DS", "digest_type"): {1: "SHA-1", 2: "SHA-256", 4: "SHA-384"},
}


def _description(record: Record) -> DescriptionOut:
    found: dict[str, Any] = {}
    kind = "TLSA" if record.type == "SMIMEA" else record.type
    for part, value in records.describe(record).items():
        name = _PART_NAMES.get(part, part)
        if name in DescriptionOut.__annotations__:
            label = _LABELS.get((kind, name), {}).get(value) if isinstance(value, int) else None
            found[name] = {"value": value, "label": label or str(value)}
    return cast("DescriptionOut", found)


def _row(record: ZoneRecord) -> Row:
    return record.pk, record.name, record.type, record.ttl, record.target, record.updated_at


@zones_router.get("/2/zones/{zone}/records", scopes=READ_DNS, withs=RECORD_WITHS, lists=RECORD_LISTS)
@exposes(queries.records_of)
def list_records(request: ApiRequest, zone: str, query: RecordsQuery) -> Rows[RecordOut]:
    """List the records of a zone."""
    found = queries.seen_zone(request.actor, zone)
    withs, name = request.withs, found.name
    if not query.model_fields_set and request.listing.is_plain:
        return Rows(_hot_records(found.pk), lambda row: record_out(name, row, withs))
    rows = ZoneRecord.objects.filter(zone_id=found.pk)
    if query.filter.types:
        rows = rows.filter(type__in=query.filter.types)
    if query.filter.source is not None:
        try:
            rows = rows.filter(name=names.owner_name(query.filter.source, name))
        except Problem:
            rows = rows.none()
    return Rows(rows.values_list(*COLUMNS), lambda row: record_out(name, row, withs))


@zones_router.post(
    "/2/zones/{zone}/records",
    scopes=WRITE_DNS,
    withs=RECORD_WITHS,
    errors=RECORD_ERRORS,
    example={"source": "www", "type": "A", "target": "192.0.2.7", "ttl": 3600},
)
@exposes(create_record)
def add_record(request: ApiRequest, zone: str, data: RecordIn) -> RecordOut:
    """Add a record to a zone."""
    found = queries.zone_for(request.actor, zone)
    made = create_record(
        request.actor, found, source=data.source, type=data.type, target=data.target, ttl=data.ttl
    )
    return record_out(found.name, _row(made), request.withs)


@zones_router.delete(
    "/2/zones/{zone}/records", scopes=WRITE_DNS, errors=(LastNameserver,), example={"ids": [4711, 4712]}
)
@exposes(delete_records)
def remove_records(request: ApiRequest, zone: str, data: RecordsGone) -> bool:
    """Remove several records at once, or none of them."""
    delete_records(request.actor, queries.zone_for(request.actor, zone), data.ids)
    return True


@zones_router.get("/2/zones/{zone}/records/{record}", scopes=READ_DNS, withs=RECORD_WITHS)
@exposes(queries.record_for)
def read_record(request: ApiRequest, zone: str, record: int) -> RecordOut:
    """Read one record."""
    found = queries.zone_for(request.actor, zone)
    return record_out(found.name, _row(queries.record_for(found, record)), request.withs)


@zones_router.put(
    "/2/zones/{zone}/records/{record}",
    scopes=WRITE_DNS,
    withs=RECORD_WITHS,
    errors=RECORD_ERRORS,
    example={"target": "192.0.2.8", "ttl": 300},
)
@exposes(update_record)
def change_record(request: ApiRequest, zone: str, record: int, data: RecordChange) -> RecordOut:
    """Change the target or the TTL of a record."""
    found = queries.zone_for(request.actor, zone)
    queries.record_for(found, record)
    changed = update_record(request.actor, found, record, target=data.target, ttl=data.ttl)
    return record_out(found.name, _row(changed), request.withs)


@zones_router.delete("/2/zones/{zone}/records/{record}", scopes=WRITE_DNS, errors=(LastNameserver,))
@exposes(delete_record)
def remove_record(request: ApiRequest, zone: str, record: int) -> bool:
    """Remove a record."""
    found = queries.zone_for(request.actor, zone)
    queries.record_for(found, record)
    delete_record(request.actor, found, record)
    return True


@zones_router.get("/2/zones/{zone}/records/{record}/check", scopes=READ_DNS, errors=(NotManagedHere,))
def check_record(request: ApiRequest, zone: str, record: int) -> bool:
    """Ask the name server whether it answers this record now."""
    found = queries.zone_for(request.actor, zone)
    row = queries.record_for(found, record)
    if not queries.uses_own_nameservers(found.domain.registry_nameservers or found.domain.nameservers):
        raise NotManagedHere(name=found.name)
    answered = engine().look_up(row.name, row.type)
    return answered is not None and row.pure.wire in answered


# --- zones ------------------------------------------------------------------------------------------------------


def zone_out(zone: Zone, withs: frozenset[str] = frozenset()) -> ZoneOut:
    """One zone."""
    rows = cast("list[Row]", _hot_records(zone.pk))
    out: ZoneOut = {
        "id": zone.pk,
        "fqdn": zone.name,
        "dnssec": {"is_enabled": False},
        "nameservers": [row[4] for row in rows if row[1] == zone.name and row[2] == "NS"],
        "version": zone.version,
    }
    if "skel" in withs:
        out["skel"] = queries.zone_text(zone)
    if not withs.isdisjoint(("records", "records_description")):
        described = withs & {"records_description", "description"}
        out["records"] = [record_out(zone.name, row, described) for row in rows]
    if "idn" in withs:
        out["idn"] = zone.display_name
    if "label" in withs:
        out["label"] = zone.display_name
    if "wish" in withs:
        out["serial"] = zone.serial
        out["wish"] = cast("Any", zone.wish_as_json())
    return out


@zones_router.get("/2/zones/{zone}", scopes=READ_DNS, withs=ZONE_WITHS)
@exposes(queries.zone_for, queries.zone_text)
def read_zone(request: ApiRequest, zone: str) -> ZoneOut:
    """Read a zone.

    With `with=wish`: whether the name server has confirmed it; `skel` is the zone file, `records` its
    records.
    """
    return zone_out(queries.zone_for(request.actor, zone), request.withs)


@zones_router.get("/2/zones/{zone}/exists", scopes=SEARCH)
def zone_exists(request: ApiRequest, zone: str) -> bool:
    """Tell whether there is a zone of this name; 404 when there is none."""
    queries.seen_zone(request.actor, zone)
    return True


@zones_router.post(
    "/2/zones/{zone}",
    scopes=WRITE_DNS,
    withs=ZONE_WITHS,
    errors=(ZoneExists, InvalidZoneText),
    example={"skel": "www 3600 IN A 192.0.2.7\n"},
)
@exposes(create_zone)
def add_zone(request: ApiRequest, zone: str, data: ZoneIn) -> ZoneOut:
    """Create a zone below one of your domains."""
    above = _domain_above(request, zone)
    made = create_zone(request.actor, above, name=zone, text=data.skel)
    return zone_out(made, request.withs)


def _domain_above(request: ApiRequest, name: str) -> Domain:
    try:
        normal = names.normal_name(name)
    except Problem as problem:
        raise NotFound(model="zone") from problem
    for above in names.ancestors(normal):
        try:
            return queries.domain_for(request.actor, above)
        except NotFound:
            continue
    raise NotFound(model="zone")


@zones_router.put(
    "/2/zones/{zone}",
    scopes=WRITE_DNS,
    withs=ZONE_WITHS,
    errors=(InvalidZoneText, RecordsExclude, InvalidRecord, ZoneChanged),
    example={"skel": "www 3600 IN A 192.0.2.7\n", "version": 3},
)
@exposes(import_zone)
def replace_zone(request: ApiRequest, zone: str, data: ZoneText) -> ZoneOut:
    """Replace the records of a zone by those of a zone file. One wrong line, and nothing changes.

    With the `version` that you read (or its ETag in `If-Match`), nothing changes either if somebody else has changed
    the zone since.
    """
    found = queries.zone_for(request.actor, zone)
    return zone_out(import_zone(request.actor, found, text=data.skel, version=data.version), request.withs)


@zones_router.delete("/2/zones/{zone}", scopes=WRITE_DNS, errors=(MainZone,))
@exposes(delete_zone)
def remove_zone(request: ApiRequest, zone: str) -> bool:
    """Delete a zone below a domain. The zone of the domain itself stays."""
    delete_zone(request.actor, queries.zone_for(request.actor, zone))
    return True


@zones_router.get("/2/zones/{zone}/hints", scopes=READ_DNS)
@exposes(queries.hints_for)
def read_hints(request: ApiRequest, zone: str) -> list[HintOut]:
    """Tell what is allowed in the zone but probably not meant."""
    found = queries.zone_for(request.actor, zone)
    hints = queries.hints_for(found)
    return [{"code": hint.code, "name": hint.name, "text": hint.text} for hint in hints]


def _line(record: Record, zone: str) -> str:
    return f"{names.source_in(record.name, zone)} {record.ttl} {record.type} {record.zone_target}"


def version_out(version: ZoneVersion, zone: str) -> VersionOut:
    """One saved change."""
    return {
        "number": version.number,
        "serial": version.serial,
        "made_at": int(version.made_at.timestamp()),
        "by": version.actor,
        "kind": version.kind,
        "removed": [_line(record, zone) for record in version.removed_records],
        "added": [_line(record, zone) for record in version.added_records],
    }


@zones_router.get(
    "/2/zones/{zone}/versions", scopes=READ_DNS, lists=Lists(order={"number": "number"}, default="-number")
)
@exposes(queries.versions_of)
def list_versions(request: ApiRequest, zone: str) -> Rows[VersionOut]:
    """List the saved changes of a zone, the newest first."""
    found = queries.zone_for(request.actor, zone)
    return Rows(ZoneVersion.objects.filter(zone=found), lambda version: version_out(version, found.name))


@zones_router.get("/2/zones/{zone}/versions/{number}", scopes=READ_DNS)
@exposes(queries.difference_to, queries.version_for)
def read_difference(request: ApiRequest, zone: str, number: int) -> DifferenceOut:
    """Tell what bringing the zone back to a version would change now."""
    found = queries.zone_for(request.actor, zone)
    queries.version_for(found, number)
    difference = queries.difference_to(found, number)
    if difference is None:
        raise NotFound(model="version")
    return {
        "number": number,
        "removed": [_line(record, found.name) for record in difference.removed],
        "added": [_line(record, found.name) for record in difference.added],
        "retimed": [_line(record, found.name) for _before, record in difference.retimed],
    }


@zones_router.post("/2/zones/{zone}/versions/{number}/restoration", scopes=WRITE_DNS, withs=ZONE_WITHS)
@exposes(restore_zone)
def restore_version(request: ApiRequest, zone: str, number: int) -> ZoneOut:
    """Bring a zone back to how it was in a version. That is a new version, so it can be undone too."""
    found = queries.zone_for(request.actor, zone)
    return zone_out(restore_zone(request.actor, found, number=number), request.withs)


# --- zone search ------------------------------------------------------------------------------------------------

ZONE_LISTS = Lists(order={"fqdn": "name", "id": "pk"}, default="fqdn", search=("name",))


def _short(row: tuple[str, int]) -> ShortZoneOut:
    return {"fqdn": row[0], "id": row[1], "dnssec": {"is_enabled": False}}


@domains_router.get("/2/domains/{domain}/zones", scopes=SEARCH, lists=ZONE_LISTS)
@domains_router.get("/2/domains/domains/{domain}/zones", scopes=SEARCH, lists=ZONE_LISTS)
@exposes(queries.zones_around, queries.zones_of)
def search_zones(request: ApiRequest, domain: str) -> Rows[ShortZoneOut]:
    """List the zones under the registered domain that holds a name, however deep the name is."""
    return Rows(queries.zones_around(request.actor, domain).values_list("name", "pk"), _short)


# --- domains ----------------------------------------------------------------------------------------------------


def contact_out(contact: DomainContact) -> ContactOut:
    """One contact."""
    return {
        "id": contact.pk,
        "address_type": "loc",
        "type": contact.kind,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "company": contact.company,
        "street1": contact.street,
        "street2": "",
        "street3": "",
        "postal_code": contact.postal_code,
        "city": contact.city,
        "state": "",
        "country_code": contact.country,
        "phone": contact.phone,
        "fax": "",
        "email": contact.email,
        "is_validated": contact.validated_at is not None,
        "validated_at": clock.timestamp(contact.validated_at),
        "created_at": int(contact.created_at.timestamp()),
    }


def domains_out(domains: Sequence[Domain]) -> list[DomainOut]:
    """Domains with their contacts, in one query for all."""
    contacts: dict[int, dict[str, ContactOut]] = defaultdict(dict)
    for contact in DomainContact.objects.filter(domain__in=domains):
        contacts[contact.domain_id][contact.role] = contact_out(contact)
    return [_domain_out(domain, contacts[domain.pk]) for domain in domains]


def _domain_out(domain: Domain, contacts: dict[str, ContactOut]) -> DomainOut:
    known: ContactsOut = {
        "owner": contacts.get("owner"),
        "admin": contacts.get("admin"),
        "tech": contacts.get("tech"),
        "billing": contacts.get("billing"),
    }
    return {
        "name": domain.name,
        "tld": domain.extension,
        "is_premium": False,
        "created_at": int((domain.registered_at or domain.created_at).timestamp()),
        "expires_at": clock.timestamp(domain.expires_at),
        "options": {
            "dns_anycast": False,
            "renewal_warranty": domain.service.is_guaranteed,
            "domain_privacy": domain.has_privacy,
            "dnssec": False,
        },
        "contacts": known,
        "status": list(domain.registry_status),
        "id": domain.service_id,
        "account_id": domain.organization_id,
        "name_idn": domain.display_name,
        "state": domain.state,
        "nameservers": list(domain.nameservers),
        "is_locked": domain.is_locked,
        "wish": cast("Any", domain.wish_as_json()),
    }


DOMAIN_LISTS = Lists(order={"name": "name", "expiration": "expires_on"}, default="name", search=("name",))


@domains_router.get("/2/domains/domains", scopes=READ_DOMAINS, lists=DOMAIN_LISTS)
@exposes(queries.domains_of)
def list_domains(request: ApiRequest, query: DomainsQuery) -> Rows[DomainOut]:
    """List your domains, those of one organization with `account_id`."""
    organization = None if query.account_id is None else organization_by_id(request.actor, query.account_id)
    found = queries.domains_of(request.actor, organization).select_related("service")
    if query.tld is not None:
        found = found.filter(name__endswith="." + query.tld.lower().lstrip("."))
    if query.expires_after is not None:
        found = found.filter(expires_on__gte=_day(query.expires_after))
    if query.expires_before is not None:
        found = found.filter(expires_on__lt=_day(query.expires_before))
    return Rows(found, many=domains_out)


def _day(seconds: int) -> date:
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(clock.operator_zone()).date()
    except (ValueError, OverflowError, OSError):
        return date.max if seconds > 0 else date.min


@domains_router.get("/2/domains/domains/{domain}", scopes=READ_DOMAINS)
@exposes(queries.domain_for)
def read_domain(request: ApiRequest, domain: str) -> DomainOut:
    """Read one domain."""
    return domains_out([queries.domain_for(request.actor, domain)])[0]


@domains_router.put(
    "/2/domains/{domain}/nameservers",
    scopes=MANAGE_DOMAINS,
    errors=(TooFewNameservers, SilentNameserver, NotActive),
    example={"use_infomaniak_ns": True},
)
@domains_router.put(
    "/2/domains/domains/{domain}/nameservers",
    scopes=MANAGE_DOMAINS,
    errors=(TooFewNameservers, SilentNameserver, NotActive),
    example={"nameservers": ["ns1.globex.example", "ns2.globex.example"]},
)
@exposes(set_nameservers)
def change_nameservers(request: ApiRequest, domain: str, data: NameserversIn) -> bool:
    """Set the name servers of a domain: two or more of your own, or the operator's."""
    point_domain(
        request.actor,
        queries.domain_for(request.actor, domain),
        nameservers=data.nameservers,
        use_own=data.use_infomaniak_ns,
        verify=data.verify_ns_availability,
    )
    return True


@domains_router.put(
    "/2/domains/domains/{domain}/transfer-lock",
    scopes=MANAGE_DOMAINS,
    errors=(NotActive,),
    example={"is_locked": True},
)
@exposes(set_transfer_lock)
def change_lock(request: ApiRequest, domain: str, data: LockIn) -> bool:
    """Lock a domain against transfers to another registrar, or unlock it."""
    set_transfer_lock(request.actor, queries.domain_for(request.actor, domain), locked=data.is_locked)
    return True


_CONTACT_NAMES = {"type": "kind", "street1": "street", "country_code": "country"}


@domains_router.put(
    "/2/domains/domains/{domain}/contacts/{role}",
    scopes=MANAGE_DOMAINS,
    errors=(NotActive,),
    example={"city": "Bern", "postal_code": "3011"},
)
@exposes(change_contact)
def replace_contact(request: ApiRequest, domain: str, role: str, data: ContactIn) -> ContactOut:
    """Change the contact details of a domain in one role: owner, admin, tech or billing."""
    if role not in ContactRole.values:
        raise NotFound(model="contact")
    found = queries.domain_for(request.actor, domain)
    details = {
        _CONTACT_NAMES.get(name, name): value for name, value in data.given().items() if value is not None
    }
    return contact_out(change_contact(request.actor, found, role=role, details=details))


@domains_router.get("/2/domains/{domain}/dnssec/check", scopes=SEARCH)
def check_dnssec(request: ApiRequest, domain: str) -> DnssecRecordOut:
    """Tell what the registry knows of the domain's signatures."""
    queries.domain_for(request.actor, domain)
    return {"has_dnssec": False, "dnssec_type": "dsdata", "dnssec_data": []}


def _tld_out(extension: Extension) -> TldOut:
    return {
        "id": extension.id,
        "tld": extension.name,
        "groups": [extension.group],
        "periods": list(range(1, extension.max_years + 1)),
        "support": {
            "idn": extension.allows_unicode,
            "transfer_lock": True,
            "restore_days": extension.redemption_days,
            "shortest": extension.shortest,
            "longest": extension.longest,
        },
        "fields": [],
    }


@domains_router.get("/2/tld", scopes=ANY, lists=Lists(order={"tld": "tld", "id": "id"}, search=("tld",)))
def list_tlds(request: ApiRequest) -> Rows[TldOut]:
    """List the extensions on offer."""
    return Rows(list(EXTENSIONS.values()), _tld_out)


@domains_router.get("/2/tld/{tld}", scopes=ANY)
def read_tld(request: ApiRequest, tld: str) -> TldOut:
    """Read one extension."""
    extension = EXTENSIONS.get(tld.lower().lstrip("."))
    if extension is None:
        raise NotFound(model="tld")
    return _tld_out(extension)


# --- the older family -------------------------------------------------------------------------------------------


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
    return old_record_out(zone.name, _row(queries.record_for(zone, record)))


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
