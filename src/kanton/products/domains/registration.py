"""Bringing the registry to what is wanted of a domain, and keeping what it says. May run twice, late, or
after a crash.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from kanton.core import clock
from kanton.core.actor import System
from kanton.products.contract import Done, NeedsCustomer, Outcome, RetryIn
from kanton.products.domains.actions import CONTACT_FIELDS, refuse_domain, settle_domain
from kanton.products.domains.models import EXPIRING_DAYS, Domain, DomainContact, DomainState
from kanton.products.domains.registrars import (
    Holder,
    Refusal,
    Registrar,
    RegistrarRefused,
    RegistrarUnavailable,
    Registration,
    registrar,
)
from kanton.products.models import Service, Wanted

ACTOR = System("domains")
FIRST_RETRY = 1.0
LONGEST_RETRY = 300.0


def follow(domain: Domain) -> Outcome:
    """Bring the registry to what is wanted, and the domain to what the registry says."""
    version = domain.wish_version
    with translation.override(domain.organization.language):
        try:
            found = _bring(registrar(), domain)
        except RegistrarUnavailable:
            return RetryIn(_patience(domain), _("The registry does not answer at the moment."))
        except RegistrarRefused as refused:
            reason, remedy = words_for(refused)
            refuse_domain(
                ACTOR,
                domain,
                version,
                reason=reason,
                remedy=remedy,
                is_final=refused.refusal in (Refusal.TAKEN, Refusal.RESERVED),
            )
            return NeedsCustomer(reason, remedy)
        if found is not None and found.is_pending:
            settle_domain(ACTOR, domain, _facts(domain, found))
            return RetryIn(2, _("The registry is working on it."))
        settle_domain(ACTOR, domain, _facts(domain, found), version=version)
    return Done()


def _bring(registry: Registrar, domain: Domain) -> Registration | None:
    service = domain.service
    found = registry.info(domain.name)
    if service.wanted == Wanted.ENDED:
        if found is not None and found.is_ours and not _is_deleted(found):
            found = registry.delete(domain.name)
        return found
    if domain.registered_at is None:
        # The key of the order makes a repeated registration the same one.
        if found is None or not found.is_ours or found.is_pending:
            found = _register(registry, domain, service)
    elif found is None or not found.is_ours or _is_deleted(found):
        return found
    if found.is_pending:
        return found
    found = _prolong(registry, domain, service, found)
    is_held = service.wanted == Wanted.SUSPENDED
    if ("clientHold" in found.status) != is_held:
        found = registry.set_hold(domain.name, held=is_held)
    if sorted(found.nameservers) != sorted(domain.nameservers):
        found = registry.set_nameservers(domain.name, domain.nameservers)
    if found.is_locked != domain.is_locked:
        found = registry.set_lock(domain.name, locked=domain.is_locked)
    for contact in DomainContact.objects.filter(domain=domain, validated_at=None):
        registry.set_holder(domain.name, contact.role, holder_of(contact))
        # Only what the registry was told: who changed it in the meantime waits for the next turn.
        told = {field: getattr(contact, field) for field in CONTACT_FIELDS}
        DomainContact.objects.filter(pk=contact.pk, **told).update(validated_at=clock.now())
    return found


def _register(registry: Registrar, domain: Domain, service: Service) -> Registration:
    owner = DomainContact.objects.get(domain=domain, role="owner")
    return registry.create(
        domain.name,
        years=max(1, service.period_months // 12),
        nameservers=domain.nameservers,
        holder=holder_of(owner),
        key=service.order_line,
    )


def _prolong(registry: Registrar, domain: Domain, service: Service, found: Registration) -> Registration:
    """Renew at the registry when the paid term goes on beyond its date."""
    if service.ends_on is None or _months_between(found.expires_on, service.ends_on) < 6:
        return found
    years = max(1, round(_months_between(found.expires_on, service.ends_on) / 12))
    key = f"{service.order_line}:{service.ends_on.isoformat()}"
    return registry.renew(domain.name, expires_on=found.expires_on, years=years, key=key)


def _months_between(first: date, second: date) -> int:
    return (second.year - first.year) * 12 + second.month - first.month


def _is_deleted(found: Registration) -> bool:
    return "redemptionPeriod" in found.status or "pendingDelete" in found.status


def _facts(domain: Domain, found: Registration | None) -> dict[str, Any]:
    """What the registry says, as fields of the domain."""
    if found is None:
        return {"state": DomainState.RELEASED, "registry_status": []}
    facts: dict[str, Any] = {
        "state": _state(domain, found),
        "registry_status": list(found.status),
        "registry_nameservers": list(found.nameservers),
        "expires_on": found.expires_on,
    }
    if domain.registered_at is None and not found.is_pending and found.is_ours:
        facts["registered_at"] = clock.now()
    return facts


def _state(domain: Domain, found: Registration) -> DomainState:
    if not found.is_ours:
        return DomainState.TRANSFERRED_OUT
    if "pendingTransfer" in found.status:
        return DomainState.TRANSFER_IN
    if "pendingCreate" in found.status:
        return DomainState.REGISTERING
    if "redemptionPeriod" in found.status:
        return DomainState.REDEMPTION
    if "pendingDelete" in found.status:
        return DomainState.PENDING_RELEASE
    left = (found.expires_on - clock.today()).days
    return DomainState.EXPIRING if left <= EXPIRING_DAYS else DomainState.ACTIVE


def _patience(domain: Domain) -> float:
    """Wait longer the longer it lasts."""
    return min(LONGEST_RETRY, max(FIRST_RETRY, domain.wish_age_seconds / 3))


def holder_of(contact: DomainContact) -> Holder:
    """A contact as a registry wants it."""
    return Holder(
        kind=contact.kind,
        name=f"{contact.first_name} {contact.last_name}".strip(),
        company=contact.company,
        street=contact.street,
        postal_code=contact.postal_code,
        city=contact.city,
        country=contact.country,
        phone=contact.phone,
        email=contact.email,
    )


def words_for(refused: RegistrarRefused) -> tuple[str, str]:
    """Why a registry refused and what to do, in the language active now."""
    known = {
        Refusal.TAKEN: (
            _("Somebody else registered this name in the meantime."),
            _("Choose another name; what you paid for this one is credited."),
        ),
        Refusal.RESERVED: (
            _("The registry does not give out this name."),
            _("Choose another name; what you paid for this one is credited."),
        ),
        Refusal.WRONG_CODE: (
            _("The authorization code is wrong or has expired."),
            _("Ask your present registrar for a new code and start the transfer again."),
        ),
        Refusal.LOCKED: (
            _("The domain is locked at its registrar."),
            _("Remove the transfer lock there and start again."),
        ),
        Refusal.TOO_YOUNG: (
            _("The domain was registered or transferred within the last 60 days."),
            _("Start the transfer again when these days are over."),
        ),
        Refusal.REJECTED: (
            _("The holder refused the transfer."),
            _("Ask the holder, then start the transfer again."),
        ),
        Refusal.UNKNOWN: (_("The registry does not know this domain."), _("Check how the name is written.")),
        Refusal.NOT_RENEWABLE: (
            _("The registry cannot prolong this domain now."),
            _("Contact us; we sort it out with the registry."),
        ),
        Refusal.NAMESERVERS: (
            _("The registry refuses these name servers."),
            _("Check that they exist and answer for the domain, then save again."),
        ),
    }
    reason, remedy = known.get(
        refused.refusal,
        (_("The registry refused."), _("Check the contact details of the domain, then save them again.")),
    )
    return (f"{reason} {refused.words}".strip(), remedy)
