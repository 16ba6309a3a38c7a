"""Domains at the registry, and the extensions on offer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, cast

from kanton.core import clock
from kanton.core.api import ANY, ApiRequest, Lists, Rows
from kanton.core.errors import NotFound
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id
from kanton.products.domains import queries
from kanton.products.domains.actions import change_contact, point_domain, set_nameservers, set_transfer_lock
from kanton.products.domains.api.common import MANAGE_DOMAINS, READ_DOMAINS, SEARCH, domains_router
from kanton.products.domains.errors import NotActive, SilentNameserver, TooFewNameservers
from kanton.products.domains.extensions import EXTENSIONS, Extension
from kanton.products.domains.models import ContactRole, Domain, DomainContact
from kanton.products.domains.schemas import (
    ContactIn,
    ContactOut,
    ContactsOut,
    DnssecRecordOut,
    DomainOut,
    DomainsQuery,
    LockIn,
    NameserversIn,
    TldOut,
)


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
