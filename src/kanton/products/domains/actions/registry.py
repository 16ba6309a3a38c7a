"""What the clock and the registry do to a domain."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM, Role
from kanton.organizations.models import Kind as OrganizationKind
from kanton.organizations.models import Membership, Organization
from kanton.products.domains import defaults, emails
from kanton.products.domains.actions.zones import new_zone
from kanton.products.domains.activity import Happened
from kanton.products.domains.dkim import NewKey
from kanton.products.domains.edits import ZoneEdit, publish_later
from kanton.products.domains.linking import SETUP
from kanton.products.domains.models import (
    ContactKind,
    ContactRole,
    DkimKey,
    Domain,
    DomainContact,
    DomainState,
    Zone,
)
from kanton.products.models import Service


@internal("The set-up of a paid service; customers order a domain.")
@action(right=SYSTEM)
def set_up_domain(actor: Actor, service: Service, *, key: NewKey) -> Domain:
    """The domain of a service with its contacts, zone and signing key; a second call returns the first one's."""
    known = Domain.objects.select_for_update().filter(service=service).first()
    if known is not None:
        record(actor, Happened.DOMAIN_SET_UP, known)
        return known
    name = service.name
    organization = service.organization
    domain = Domain.objects.create(
        organization=organization,
        service=service,
        name=name,
        nameservers=[each.target for each in defaults.nameserver_records(name)],
    )
    _first_contacts(domain, organization)
    DkimKey.objects.create(
        organization=organization,
        domain=domain,
        name=name,
        selector=key.selector,
        private_pem=key.private_pem,
        record=key.record,
    )
    edit = ZoneEdit(new_zone(domain, name))
    for each in defaults.first_records(name, key.selector, key.record):
        edit.add(each, made_by=SETUP)
    edit.save(actor, Happened.ZONE_CREATED)
    record(actor, Happened.DOMAIN_SET_UP, domain)
    return domain


def _first_contacts(domain: Domain, organization: Organization) -> None:
    owner = (
        Membership.objects.filter(organization=organization, role=Role.OWNER)
        .select_related("person")
        .order_by(F("suspended_at").asc(nulls_first=True), "joined_at")
        .first()
    )
    kinds = {
        OrganizationKind.PRIVATE: ContactKind.PERSON,
        OrganizationKind.ASSOCIATION: ContactKind.ASSOCIATION,
    }
    is_person = organization.kind == OrganizationKind.PRIVATE
    details: dict[str, Any] = {
        "kind": kinds.get(OrganizationKind(organization.kind), ContactKind.ORGANIZATION),
        "first_name": owner.person.first_name if owner else "",
        "last_name": owner.person.last_name if owner else "",
        "company": "" if is_person else organization.name,
        "street": organization.street,
        "postal_code": organization.postal_code,
        "city": organization.city,
        "country": organization.country,
        "phone": organization.phone,
        "email": owner.person.email if owner else "",
    }
    DomainContact.objects.bulk_create(
        DomainContact(domain=domain, organization=organization, role=role, **details) for role in ContactRole
    )
    domain.notice_email = details["email"]
    domain.save(update_fields=["notice_email"])


@internal("The registry's answer.")
@action(right=SYSTEM, may_be_silent=True)
def settle_domain(
    actor: Actor, domain: Domain, facts: dict[str, Any], *, version: int | None = None
) -> Domain:
    """Keep what the registry says about a domain; with `version`, it confirms that wish. Parks or serves its
    zones.
    """
    domain = Domain.objects.select_for_update().get(pk=domain.pk)
    before = domain.state, domain.expires_on, list(domain.registry_nameservers)
    for name, value in facts.items():
        setattr(domain, name, value)
    domain.checked_at = clock.now()
    domain.save(update_fields=[*facts, "checked_at"])
    if version is not None:
        domain.proved(version)
    until = domain.expires_on.isoformat() if domain.expires_on else ""
    if domain.state != before[0]:
        if before[0] in (DomainState.REGISTERING, DomainState.TRANSFER_IN) and domain.is_usable:
            record(actor, Happened.DOMAIN_REGISTERED, domain, until=until)
        else:
            record(actor, Happened.DOMAIN_STATE, domain, state=domain.state)
    elif before[1] and domain.expires_on and domain.expires_on > before[1]:
        record(actor, Happened.DOMAIN_RENEWED, domain, until=until)
    if before[2] and domain.registry_nameservers != before[2]:
        after = ", ".join(domain.registry_nameservers)
        record(actor, Happened.NAMESERVERS_READY, domain, after=after)
    _park(actor, domain)
    return domain


def _park(actor: Actor, domain: Domain) -> None:
    """A zone is answered while its domain is being set up and until redemption begins."""
    is_parked = domain.state not in (
        DomainState.REGISTERING,
        DomainState.TRANSFER_IN,
        DomainState.ACTIVE,
        DomainState.EXPIRING,
    )
    for zone in Zone.objects.select_for_update().alive().filter(domain=domain).exclude(is_parked=is_parked):
        zone.is_parked = is_parked
        zone.wished()
        zone.save(update_fields=["is_parked", *Zone.WISH_FIELDS])
        if is_parked:
            record(actor, Happened.ZONE_PARKED, zone)
        publish_later(zone)


@internal("The registry's refusal.")
@action(right=SYSTEM, may_be_silent=True)
def refuse_domain(
    actor: Actor, domain: Domain, version: int, *, reason: str, remedy: str, is_final: bool
) -> Domain:
    """Keep why the registry refused what was wanted. A name that never became ours is given up (`is_final`)."""
    domain = Domain.objects.select_for_update().get(pk=domain.pk)
    if domain.failed(version, reason, remedy):
        record(actor, Happened.DOMAIN_FAILED, domain, reason=reason)
    if is_final and domain.state == DomainState.REGISTERING:
        domain.state = DomainState.FAILED
        domain.save(update_fields=["state"])
        _park(actor, domain)
        Zone.objects.filter(domain=domain, removed_at=None).update(removed_at=clock.now())
    return domain


REMINDERS = (60, 30, 14, 7, 1, 0)


@internal("The clock reminds; there is nothing for a customer to do here.")
@action(right=SYSTEM, may_be_silent=True)
def remind_of_expiry(actor: Actor, domain: Domain) -> bool:
    """Mail that a domain expires: 60, 30, 14, 7 and 1 day before and on the day itself, each once (DOM-2,
    DOM-11).

    A step that a standstill has missed is made up for; a domain that is paid beyond its date is left in
    peace.
    """
    domain = Domain.objects.select_for_update().select_related("service", "organization").get(pk=domain.pk)
    left = domain.days_left
    if left is None or not 0 <= left <= REMINDERS[0] or not domain.is_usable:
        return False
    paid_until = domain.service.ends_on
    if paid_until and domain.expires_on and (paid_until - domain.expires_on).days > 30:
        return False
    step = min(step for step in REMINDERS if step >= left)
    mark = f"{domain.expires_on}:{step}"
    if domain.reminded == mark:
        return False
    domain.reminded = mark
    domain.save(update_fields=["reminded"])
    emails.expires(domain, step)
    record(actor, Happened.EXPIRY_TOLD, domain, until=str(domain.expires_on))
    return True
