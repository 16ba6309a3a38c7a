"""Domains, their contacts, their zones with records and history, and the keys that sign their mail."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.fields import EncryptedTextField
from kanton.core.wish import Wish
from kanton.organizations.models import Organization
from kanton.organizations.resolver import closed_to, services_granted
from kanton.products.contract import product_called
from kanton.products.domains import names
from kanton.products.domains.records import Record
from kanton.products.domains.rights import PRODUCT
from kanton.products.models import Service
from kanton.products.queries import usable_by

EXPIRING_DAYS = 60


class DomainState(models.TextChoices):
    """Where a domain is in its life (DOM-10)."""

    REGISTERING = "registering", _("Being registered")
    ACTIVE = "active", _("Active")
    EXPIRING = "expiring", _("Expiring")
    REDEMPTION = "redemption", _("Redemption")
    PENDING_RELEASE = "pending_release", _("Pending release")
    RELEASED = "released", _("Released")
    TRANSFER_IN = "transfer_in", _("Being transferred in")
    TRANSFERRED_OUT = "transferred_out", _("Transferred out")
    FAILED = "failed", _("Failed")


GONE = (DomainState.RELEASED, DomainState.TRANSFERRED_OUT, DomainState.FAILED)
USABLE = (DomainState.ACTIVE, DomainState.EXPIRING)


def _visible(actor: Actor) -> Q | None:
    """The condition for what an actor sees: what belongs to a service they may use. None for everything."""
    if actor.is_system:
        return None
    open_ones = Service.objects.exclude(organization__in=closed_to(actor))
    usable = usable_by(open_ones, actor.person_id or 0, [product_called(PRODUCT)])
    return Q(service__in=usable.values("pk"))


class DomainQuerySet(models.QuerySet["Domain"]):
    """Knows who may see what."""

    def visible_to(self, actor: Actor, organization: Organization | None = None) -> DomainQuerySet:
        """The domains an actor may see, in one organization or in all of theirs."""
        if organization is not None and not actor.is_system:
            everything, _some = services_granted(actor, organization.pk, product_called(PRODUCT).use_right)
            if everything:  # the common case, without the condition that looks at each service
                return self.filter(organization=organization)
        seen = _visible(actor)
        found = self if seen is None else self.filter(seen)
        return found if organization is None else found.filter(organization=organization)

    def held(self) -> DomainQuerySet:
        """Those that are (or are becoming) ours."""
        return self.exclude(state__in=GONE)


class Domain(Wish):
    """A name reserved at a registrar for an organization.

    `name` is the A-label form. The Wish fields tell whether the registrar has confirmed registration, name
    servers and lock as wanted. `expires_on` is the registry's date. `service` is what is billed.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="domains")
    service = models.OneToOneField(Service, on_delete=models.PROTECT, related_name="domain")
    name = models.CharField(max_length=253)
    state = models.CharField(max_length=16, choices=DomainState.choices, default=DomainState.REGISTERING)
    created_at = models.DateTimeField(default=clock.now)
    registered_at = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    nameservers = models.JSONField(default=list)
    registry_nameservers = models.JSONField(default=list)
    registry_status = models.JSONField(default=list)
    is_locked = models.BooleanField(default=True)
    has_privacy = models.BooleanField(default=True)
    notice_email = models.EmailField(blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    #: The last reminder of expiry, as "2027-11-22:30": the date and the step.
    reminded = models.CharField(max_length=20, blank=True, default="")

    objects: ClassVar[DomainQuerySet] = DomainQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=~Q(state__in=["released", "transferred_out", "failed"]),
                name="domain_held_once",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "name"], name="domain_of_organization"),
            models.Index(fields=["name"], name="domain_by_name"),
            models.Index(fields=["expires_on"], name="domain_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return PRODUCT

    @property
    def display_name(self) -> str:
        """The name as people write it."""
        return names.display_name(self.name)

    @property
    def extension(self) -> str:
        """What stands behind the first dot."""
        return self.name.partition(".")[2]

    @property
    def is_usable(self) -> bool:
        """Whether it is registered and its zone is answered."""
        return self.state in USABLE

    @property
    def days_left(self) -> int | None:
        """Days until expiry in the operator's time zone."""
        return None if self.expires_on is None else (self.expires_on - clock.today()).days

    @property
    def expires_at(self) -> Any:
        """The last instant, for the API."""
        if self.expires_on is None:
            return None
        return clock.start_of(self.expires_on + timedelta(days=1))


class ContactRole(models.TextChoices):
    """Whom a registry knows for a domain."""

    OWNER = "owner", _("Holder")
    ADMIN = "admin", _("Administrative contact")
    TECH = "tech", _("Technical contact")
    BILLING = "billing", _("Billing contact")


class ContactKind(models.TextChoices):
    """What kind of holder; the values are those of the API."""

    PERSON = "Person", _("Private person")
    ORGANIZATION = "Organization", _("Company or public body")
    ASSOCIATION = "Association", _("Association")
    OTHER = "Other", _("Other")


class DomainContact(models.Model):
    """Who stands in one role for a domain (DOM-23)."""

    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="contacts")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=8, choices=ContactRole.choices)
    kind = models.CharField(max_length=12, choices=ContactKind.choices, default=ContactKind.PERSON)
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    company = models.CharField(max_length=120, blank=True)
    street = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, default="CH")
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(default=clock.now)
    validated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "role"], name="contact_once_per_role")]

    def __str__(self) -> str:
        return self.company or f"{self.first_name} {self.last_name}".strip()

    @property
    def service_id(self) -> int:
        """For rights: part of the domain's service."""
        return self.domain.service_id


class ZoneQuerySet(models.QuerySet["Zone"]):
    """Knows who may see what."""

    def visible_to(self, actor: Actor, organization: Organization | None = None) -> ZoneQuerySet:
        """The zones an actor may see, in one organization or in all of theirs."""
        seen = _visible(actor)
        found = self if seen is None else self.filter(seen)
        return found if organization is None else found.filter(organization=organization)

    def alive(self) -> ZoneQuerySet:
        """Those that were not deleted."""
        return self.filter(removed_at=None)


class Zone(Wish):
    """The records of a domain or of a part of it, as our name servers should answer them.

    `version` counts the saved changes (DOM-40); the Wish fields tell whether the name server confirmed
    `serial`. `proved_number` is the last version it confirmed. A parked zone is kept but not answered.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="zones")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="zones")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="zones")
    name = models.CharField(max_length=253)
    serial = models.PositiveBigIntegerField(default=1)
    version = models.PositiveIntegerField(default=0)
    proved_number = models.PositiveIntegerField(default=0)
    is_parked = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ZoneQuerySet] = ZoneQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(removed_at=None), name="zone_alive_once")
        ]
        indexes = [
            models.Index(fields=["organization", "name"], name="zone_of_organization"),
            models.Index(fields=["wish_state"], name="zone_unproved", condition=~Q(wish_state="done")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return PRODUCT

    @property
    def display_name(self) -> str:
        """The name as people write it."""
        return names.display_name(self.name)

    @property
    def is_main(self) -> bool:
        """Whether it is the zone of the domain itself."""
        return self.domain_id is not None and self.name == self.domain.name

    @property
    def is_served(self) -> bool:
        """Whether the name servers should answer it."""
        return not self.is_parked and self.removed_at is None


def record_key(record: Record) -> str:
    """What makes a record the same record: name, type and target. Short enough for any index."""
    return hashlib.sha256(f"{record.name} {record.type} {record.target}".encode()).hexdigest()[:32]


def place_of(name: str) -> str:
    """The key by which names sort as a zone is read."""
    # A space sorts before whatever a label can begin with.
    return " ".join(reversed(name.split(".")))


class ZoneRecord(models.Model):
    """One record of a zone, in normal form. `made_by` is empty for what people enter, "setup" for what came
    with the domain, and the owner of a link ("mail:17") for what linking made.
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="records")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=253)
    #: The labels from right to left, so that a zone sorts as it is read: itself first, then branch by branch.
    place = models.CharField(max_length=253, default="", editable=False)
    type = models.CharField(max_length=8)
    ttl = models.PositiveIntegerField()
    target = models.TextField()
    key = models.CharField(max_length=32)
    made_by = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "key"], name="record_once_per_zone")]
        indexes = [models.Index(fields=["zone", "name", "type"], name="record_by_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.type} {self.target}"

    @property
    def pure(self) -> Record:
        """The record without its row."""
        return Record(self.name, self.type, self.target, self.ttl)

    @staticmethod
    def of(zone: Zone, record: Record, made_by: str = "") -> ZoneRecord:
        """An unsaved row for a record."""
        return ZoneRecord(
            zone=zone,
            organization_id=zone.organization_id,
            name=record.name,
            place=place_of(record.name),
            type=record.type,
            ttl=record.ttl,
            target=record.target,
            key=record_key(record),
            made_by=made_by,
        )


class ZoneVersion(models.Model):
    """One saved change of a zone: what was removed and what was added. Undoing them from the newest on leads
    back.
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="versions")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    serial = models.PositiveBigIntegerField()
    made_at = models.DateTimeField(default=clock.now)
    kind = models.CharField(max_length=60)
    actor = models.CharField(max_length=200)
    person_id = models.BigIntegerField(null=True, blank=True)
    removed = models.JSONField(default=list)
    added = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "number"], name="version_once_per_zone")]
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"{self.zone_id} #{self.number}"

    @property
    def removed_records(self) -> list[Record]:
        """What this change took away."""
        return [record_from_json(item) for item in self.removed]

    @property
    def added_records(self) -> list[Record]:
        """What this change brought."""
        return [record_from_json(item) for item in self.added]


def record_as_json(record: Record, made_by: str = "") -> list[Any]:
    """A record as a version keeps it."""
    return [record.name, record.type, record.target, record.ttl, made_by]


def record_from_json(item: list[Any]) -> Record:
    """A record that a version kept."""
    name, kind, target, ttl = item[:4]
    return Record(name, kind, target, ttl)


class DkimKey(models.Model):
    """A key that signs the mail of a domain. `record` is the text of its TXT record at
    `<selector>._domainkey`.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="dkim_keys")
    name = models.CharField(max_length=253)
    selector = models.CharField(max_length=40)
    private_pem = EncryptedTextField()
    record = models.TextField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "selector", "domain"], name="dkim_selector_once")
        ]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.name}"
