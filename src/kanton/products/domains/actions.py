"""Every change of domains and zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F
from django.utils.translation import gettext as _

from kanton.core import clock
from kanton.core.action import action, after_commit, is_dry_run, note, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden, NotFound
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM, Role
from kanton.organizations.models import Kind as OrganizationKind
from kanton.organizations.models import Membership, Organization
from kanton.products.domains import defaults, edits, emails, names, records, zonefile
from kanton.products.domains.activity import Happened
from kanton.products.domains.dkim import NewKey
from kanton.products.domains.edits import ZoneEdit, publish_later, told
from kanton.products.domains.errors import (
    InvalidName,
    InvalidZoneText,
    MainZone,
    NoSuchVersion,
    NotActive,
    SilentNameserver,
    TooFewNameservers,
    TooManyNameservers,
    WouldReplace,
    ZoneExists,
    ZoneOutsideDomain,
    error_of,
)
from kanton.products.domains.linking import SETUP, LinkPlan, LinkRecord, plan_among
from kanton.products.domains.models import (
    ContactKind,
    ContactRole,
    DkimKey,
    Domain,
    DomainContact,
    DomainState,
    Zone,
    ZoneRecord,
    ZoneVersion,
    record_from_json,
)
from kanton.products.domains.outside import first_silent
from kanton.products.domains.problems import Problem
from kanton.products.domains.records import Record
from kanton.products.domains.rights import DNS_EDIT, MANAGE
from kanton.products.models import Service

MAX_NAMESERVERS = 13

# --- records ----------------------------------------------------------------------------------------------------


@action(right=DNS_EDIT)
def create_record(
    actor: Actor,
    zone: Zone,
    *,
    source: str | None,
    type: str,
    target: str,
    ttl: int | None = None,
    version: int | None = None,
) -> ZoneRecord:
    """Add a record to a zone. With `version`, only if nobody changed the zone since."""
    edit = ZoneEdit(zone, version=version)
    try:
        new = records.read_record(zone.name, source=source, type=type, ttl=ttl, target=target)
    except Problem as problem:
        raise error_of(problem) from problem
    row = edit.add(new)
    edit.save(actor, Happened.RECORD_ADDED)
    record(actor, Happened.RECORD_ADDED, edit.zone, after=told([new], zone.name))
    return row


@action(right=DNS_EDIT)
def update_record(
    actor: Actor,
    zone: Zone,
    record_id: int,
    *,
    source: str | None = None,
    type: str | None = None,
    target: str | None = None,
    ttl: int | None = None,
    version: int | None = None,
) -> ZoneRecord:
    """Change a record; what is not given stays. It then counts as entered by hand."""
    edit = ZoneEdit(zone, version=version)
    row = _row(edit, record_id)
    before = row.pure
    kind = type or before.type
    try:
        new = records.read_record(
            zone.name,
            source=before.name + "." if source is None else source,
            type=kind,
            ttl=before.ttl if ttl is None else ttl,
            target=before.target if target is None else target,
        )
    except Problem as problem:
        raise error_of(problem) from problem
    if new != before:
        edit.replace(row.pk, new)
        if row.made_by and new.target != before.target:
            row.made_by = ""
            ZoneRecord.objects.filter(pk=row.pk).update(made_by="")
        edit.save(actor, Happened.RECORD_CHANGED)
    record(
        actor,
        Happened.RECORD_CHANGED,
        edit.zone,
        before=_full(before, zone.name),
        after=_full(new, zone.name),
    )
    return row


@action(right=DNS_EDIT)
def delete_record(actor: Actor, zone: Zone, record_id: int, *, version: int | None = None) -> Zone:
    """Remove a record from a zone."""
    edit = ZoneEdit(zone, version=version)
    row = _row(edit, record_id)
    edit.remove(row.pk)
    edit.save(actor, Happened.RECORD_REMOVED)
    record(actor, Happened.RECORD_REMOVED, edit.zone, before=told([row.pure], zone.name))
    return edit.zone


@action(right=DNS_EDIT)
def delete_records(
    actor: Actor, zone: Zone, record_ids: Sequence[int], *, version: int | None = None
) -> Zone:
    """Remove several records at once, or none of them."""
    edit = ZoneEdit(zone, version=version)
    rows = [_row(edit, record_id) for record_id in dict.fromkeys(record_ids)]
    for row in rows:
        edit.remove(row.pk)
    edit.save(actor, Happened.RECORDS_REMOVED)
    before = told([row.pure for row in rows], zone.name, limit=20)
    record(actor, Happened.RECORDS_REMOVED, edit.zone, count=len(rows), before=before)
    return edit.zone


def _row(edit: ZoneEdit, record_id: int) -> ZoneRecord:
    row = edit.row(record_id)
    if row is None:
        raise NotFound(model="record")
    return row


def _full(one: Record, zone: str) -> str:
    return f"{told([one], zone)} (TTL {one.ttl})"


# --- zones ------------------------------------------------------------------------------------------------------


@action(right=DNS_EDIT)
def import_zone(actor: Actor, zone: Zone, *, text: str, version: int | None = None) -> Zone:
    """Make a zone hold exactly what a zone file says. One wrong line, and nothing is saved (DOM-38, DOM-43).

    A file without name servers for the zone itself keeps the present ones.
    """
    edit = ZoneEdit(zone, version=version)
    wanted = read_text(text, zone.name)
    if not any(each.name == zone.name and each.type == "NS" for each in wanted):
        wanted += [row.pure for row in edit.rows if row.name == zone.name and row.type == "NS"]
    edit.become(wanted)
    if not edit.is_empty:
        edit.save(actor, Happened.ZONE_IMPORTED)
    record(
        actor,
        Happened.ZONE_IMPORTED,
        edit.zone,
        added=len(edit.added),
        removed=len(edit.removed),
        before=told(edit.removed, zone.name, limit=20),
        after=told(edit.added, zone.name, limit=20),
    )
    return edit.zone


def read_text(text: str, zone: str) -> list[Record]:
    """The records of a zone text, or InvalidZoneText with every wrong line."""
    found = zonefile.read_zone(text, zone)
    if found.problems:
        raise InvalidZoneText(found.problems)
    # The same line twice says the same once.
    return list({(each.name, each.type, each.target): each for each in found.records}.values())


@action(right=DNS_EDIT)
def restore_zone(actor: Actor, zone: Zone, *, number: int, version: int | None = None) -> Zone:
    """Bring a zone back to how it was in an earlier version. That is a new version, so it can be undone too
    (DOM-39).
    """
    edit = ZoneEdit(zone, version=version)
    wanted = edits.records_at(edit.zone, number)
    if wanted is None:
        oldest = ZoneVersion.objects.filter(zone=zone).order_by("number").values_list("number", flat=True)
        raise NoSuchVersion(number=number, oldest=oldest.first() or 1)
    edit.become(wanted)
    if not edit.is_empty:
        edit.save(actor, Happened.ZONE_RESTORED)
    record(
        actor,
        Happened.ZONE_RESTORED,
        edit.zone,
        number=number,
        before=told(edit.removed, zone.name, limit=20),
        after=told(edit.added, zone.name, limit=20),
    )
    return edit.zone


@action(right=DNS_EDIT)
def create_zone(actor: Actor, domain: Domain, *, name: str, text: str | None = None) -> Zone:
    """Create a zone below a domain, with our name servers and, if given, the records of a zone text."""
    try:
        name = names.normal_name(name)
    except Problem as problem:
        raise InvalidName(problem.at("name")) from problem
    if not names.is_in_zone(name, domain.name):
        raise ZoneOutsideDomain(name=name, domain=domain.name)
    Domain.objects.select_for_update().get(pk=domain.pk)
    if Zone.objects.alive().filter(name=name).exists():
        raise ZoneExists(name=name)
    wanted = read_text(text, name) if text else []
    if not any(each.name == name and each.type == "NS" for each in wanted):
        wanted = defaults.nameserver_records(name) + wanted
    zone = _new_zone(domain, name)
    edit = ZoneEdit(zone)
    for each in wanted:
        edit.add(each)
    edit.save(actor, Happened.ZONE_CREATED)
    record(actor, Happened.ZONE_CREATED, edit.zone, after=told(wanted, name, limit=20))
    return edit.zone


def _new_zone(domain: Domain, name: str) -> Zone:
    return Zone.objects.create(
        organization_id=domain.organization_id, service_id=domain.service_id, domain=domain, name=name
    )


@action(right=DNS_EDIT)
def delete_zone(actor: Actor, zone: Zone) -> Zone:
    """Delete a zone below a domain. The name servers stop answering it; the main zone stays with its domain."""
    zone = Zone.objects.select_for_update().select_related("domain").alive().get(pk=zone.pk)
    if zone.is_main:
        raise MainZone(name=zone.name)
    zone.removed_at = clock.now()
    zone.wished()
    zone.save(update_fields=["removed_at", *Zone.WISH_FIELDS])
    note_irreversible(f"{zone.name}: {ZoneRecord.objects.filter(zone=zone).count()}")
    record(actor, Happened.ZONE_DELETED, zone)
    publish_later(zone)
    return zone


# --- what other rooms do in a zone ------------------------------------------------------------------------------


@internal("A product links itself when the customer links a domain to it; that action has its own route.")
@action(right=DNS_EDIT)
def link_records(
    actor: Actor, zone: Zone, *, owner: str, wanted: Iterable[LinkRecord], replace: bool = False
) -> LinkPlan:
    """Put the records that a service needs into a zone (DOM-60). Twice changes nothing."""
    edit = ZoneEdit(zone)
    plan = plan_among(edit.rows, owner, wanted)
    if plan.asks and not replace:
        raise WouldReplace(records=told(plan.by_hand, zone.name, limit=10))
    needed = set(plan.present) | set(plan.added)
    outdated = [row for row in edit.rows if row.made_by == owner and row.pure not in needed]
    for pk in {*plan.replaced_rows, *(row.pk for row in outdated)}:
        edit.remove(pk)
    for each in plan.added:
        edit.add(each, made_by=owner)
    # What came with the domain now belongs to the service that needs it.
    keys = {row.pk for row in edit.rows if row.made_by == SETUP and row.pure in set(plan.present)}
    ZoneRecord.objects.filter(pk__in=keys).update(made_by=owner)
    if not edit.is_empty:
        edit.save(actor, Happened.RECORDS_LINKED)
    record(
        actor,
        Happened.RECORDS_LINKED,
        edit.zone,
        owner=owner,
        before=told(edit.removed, zone.name, limit=20),
        after=told(edit.added, zone.name, limit=20),
    )
    return plan


@internal(
    "A product unlinks itself when the customer unlinks a domain from it; that action has its own route."
)
@action(right=DNS_EDIT)
def unlink_records(actor: Actor, zone: Zone, *, owner: str) -> Zone:
    """Remove from a zone what linking this service has made, and nothing else."""
    edit = ZoneEdit(zone)
    for row in edit.rows:
        if row.made_by == owner:
            edit.remove(row.pk)
    if not edit.is_empty:
        edit.save(actor, Happened.RECORDS_UNLINKED)
    record(
        actor,
        Happened.RECORDS_UNLINKED,
        edit.zone,
        owner=owner,
        before=told(edit.removed, zone.name, limit=20),
    )
    return edit.zone


# --- domains ----------------------------------------------------------------------------------------------------


def point_domain(
    actor: Actor,
    domain: Domain,
    *,
    nameservers: Sequence[str] = (),
    use_own: bool = False,
    verify: bool = False,
) -> Domain:
    """Ask the name servers whether they answer for the domain, if that is wished, and then point it to them. They are
    asked before and outside a transaction: a slow one on the other side of the world must not hold up everybody.
    """
    if verify and not use_own:
        if not (decision := actor.decide(MANAGE, domain)):
            raise Forbidden(decision)
        _require_usable(domain)
        wanted = _nameservers(domain, nameservers, use_own=False)
        if is_dry_run():
            note(_("The name servers are asked when it is done, not now."))
        elif silent := first_silent(wanted, domain.name):
            raise SilentNameserver(host=silent, name=domain.name)
    return set_nameservers(actor, domain, nameservers=nameservers, use_own=use_own)


@action(right=MANAGE)
def set_nameservers(
    actor: Actor, domain: Domain, *, nameservers: Sequence[str] = (), use_own: bool = False
) -> Domain:
    """Point a domain to other name servers, or back to ours (DOM-30, DOM-31). The registrar is told
    afterwards.
    """
    domain = _active(domain)
    wanted = _nameservers(domain, nameservers, use_own=use_own)
    before = list(domain.nameservers)
    domain.nameservers = wanted
    domain.wished()
    domain.save(update_fields=["nameservers", *Domain.WISH_FIELDS])
    shown = ", ".join(wanted)
    record(actor, Happened.NAMESERVERS_SET, domain, before=", ".join(before), after=shown)
    _follow_later(domain)
    return domain


def _nameservers(domain: Domain, given: Sequence[str], *, use_own: bool) -> list[str]:
    if use_own:
        return [record.target for record in defaults.nameserver_records(domain.name)]
    wanted: list[str] = []
    for text in given:
        try:
            wanted.append(names.host_name(text))
        except Problem as problem:
            error = InvalidName(problem.at("nameservers"), field="nameservers")
            raise error from problem
    wanted = list(dict.fromkeys(wanted))
    if len(wanted) < 2:
        raise TooFewNameservers
    if len(wanted) > MAX_NAMESERVERS:
        raise TooManyNameservers(maximum=MAX_NAMESERVERS)
    return wanted


@action(right=MANAGE)
def set_transfer_lock(actor: Actor, domain: Domain, *, locked: bool) -> Domain:
    """Lock a domain against transfers to another registrar, or unlock it (DOM-26)."""
    domain = _active(domain)
    domain.is_locked = locked
    domain.wished()
    domain.save(update_fields=["is_locked", *Domain.WISH_FIELDS])
    record(actor, Happened.LOCK_SET if locked else Happened.LOCK_LIFTED, domain)
    _follow_later(domain)
    return domain


CONTACT_FIELDS = (
    "kind",
    "first_name",
    "last_name",
    "company",
    "street",
    "postal_code",
    "city",
    "country",
    "phone",
    "email",
)


@action(right=MANAGE)
def change_contact(actor: Actor, domain: Domain, *, role: str, details: Mapping[str, str]) -> DomainContact:
    """Change the contact details of a domain in one role (DOM-23)."""
    domain = _active(domain)
    contact, _is_new = DomainContact.objects.get_or_create(
        domain=domain, role=ContactRole(role), defaults={"organization_id": domain.organization_id}
    )
    for name, value in details.items():
        if name not in CONTACT_FIELDS:
            raise TypeError(f"a contact has no {name}")
        setattr(contact, name, value.strip())
    _check_contact(contact)
    contact.validated_at = None
    contact.save()
    domain.wished()
    domain.save(update_fields=[*Domain.WISH_FIELDS])
    record(actor, Happened.CONTACT_CHANGED, domain, role=ContactRole(role).value)
    _follow_later(domain)
    return contact


def _check_contact(contact: DomainContact) -> None:
    from kanton.products.domains.errors import ContactIncomplete, ContactInvalid

    needed = ["street", "postal_code", "city", "country", "email"]
    needed += ["first_name", "last_name"] if contact.kind == ContactKind.PERSON else ["company"]
    for name in needed:
        if not getattr(contact, name):
            raise ContactIncomplete(field=name)
    try:
        validate_email(contact.email)
    except ValidationError as error:
        raise ContactInvalid(field="email") from error
    if len(contact.country) != 2 or not contact.country.isalpha():
        raise ContactInvalid(field="country")
    for name in CONTACT_FIELDS:
        field = DomainContact._meta.get_field(name)
        if len(getattr(contact, name)) > (getattr(field, "max_length", None) or 254):
            raise ContactInvalid(field=name)


def _active(domain: Domain) -> Domain:
    domain = Domain.objects.select_for_update().select_related("service", "organization").get(pk=domain.pk)
    _require_usable(domain)
    return domain


def _require_usable(domain: Domain) -> None:
    if not domain.is_usable:
        raise NotActive(name=domain.name, state=str(domain.get_state_display()))


def _follow_later(domain: Domain) -> None:
    from kanton.products.domains.tasks import reconcile_domain

    after_commit(reconcile_domain, domain.pk, unique_key=f"reconcile-domain:{domain.pk}")


# --- the clockwork ----------------------------------------------------------------------------------------------


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
    edit = ZoneEdit(_new_zone(domain, name))
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


@internal("The name server's answer.")
@action(right=SYSTEM, may_be_silent=True)
def settle_zone(
    actor: Actor, zone: Zone, version: int, *, number: int, is_proved: bool, reason: str, remedy: str = ""
) -> bool:
    """Keep what the name server said about this version of a zone. False when a newer one has come."""
    was_stuck = zone.wish_state == "failed"
    if is_proved:
        Zone.objects.filter(pk=zone.pk, proved_number__lt=number).update(proved_number=number)
        if zone.proved(version):
            if was_stuck:
                record(actor, Happened.ZONE_PROVED, zone, serial=zone.serial)
            return True
        return False
    if not remedy:
        return zone.waits(version, reason)
    if was_stuck:
        return True
    if zone.failed(version, reason, remedy):
        record(actor, Happened.ZONE_STUCK, zone, reason=reason)
        return True
    return False


def changed_since_proof(zone: Zone) -> set[tuple[str, str]]:
    """The record sets (name and type) that changed since the name server last confirmed the zone."""
    versions = ZoneVersion.objects.filter(zone=zone, number__gt=zone.proved_number).order_by("-number")[:20]
    found: set[tuple[str, str]] = set()
    for version in versions:
        for item in [*version.removed, *version.added]:
            one = record_from_json(item)
            found.add((one.name, one.type))
    return found
