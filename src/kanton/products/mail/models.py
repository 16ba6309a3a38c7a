"""Mail services, their domains and addresses, who opened which mailbox, and the journal of messages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.fields import EncryptedTextField
from kanton.core.wish import Wish
from kanton.organizations.models import Organization
from kanton.organizations.resolver import places_of, resources_granted, services_granted
from kanton.products.mail.addresses import domain_shown
from kanton.products.mail.limits import SENDING_LIMIT_FULL, SENDING_LIMITS
from kanton.products.mail.rights import PRODUCT, STATISTICS, USE
from kanton.products.models import Service, Wanted, seen_services, still_there

RESTORABLE_DAYS = 30


class MailServiceQuerySet(models.QuerySet["MailService"]):
    """Knows who may see what."""

    def visible_to(self, actor: Actor, organization: Organization) -> MailServiceQuerySet:
        """The organization's mail services that the actor may use, wholly or in part."""
        services = self.filter(organization=organization, withdrawn_at=None)
        if actor.is_system:
            return services
        everything, some = seen_services(actor, organization.pk, (USE, STATISTICS))
        return services if everything else services.filter(service_id__in=some)

    def visible_anywhere(self, actor: Actor) -> MailServiceQuerySet:
        """The same over all the actor's organizations."""
        places = places_of(actor, (USE, STATISTICS))
        single = places.services | {(organization, service) for organization, service, _part in places.parts}
        mine = Q(organization__in=places.organizations) | Q(service__in=still_there(single))
        return self.filter(mine, withdrawn_at=None)


class MailService(models.Model):
    """What a mail product is inside: domains, addresses, and whether it can be read at the moment."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="mail_services")
    service = models.OneToOneField(Service, on_delete=models.PROTECT, related_name="mail")
    created_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[MailServiceQuerySet] = MailServiceQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.service.name

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return PRODUCT

    @property
    def main_domain(self) -> str:
        """The domain that logins and new addresses carry; "" before set-up."""
        for domain in self.domains.all():
            if domain.is_main:
                return domain.name
        return ""

    @property
    def mailbox_limit(self) -> int | None:
        """How many addresses are paid; None means as many as wanted."""
        options: dict[str, Any] = self.service.options
        for key in ("mailboxes", "quantity"):
            value = options.get(key)
            if isinstance(value, int) and value > 0:
                return value
        return None

    @property
    def sending_limit(self) -> int:
        """Recipients per address and 24 hours (MAIL-38)."""
        own = self.service.options.get("sending_limit")
        return (
            own
            if isinstance(own, int) and own > 0
            else SENDING_LIMITS.get(self.service.plan, SENDING_LIMIT_FULL)
        )

    @property
    def is_readable(self) -> bool:
        """Neither in maintenance nor suspended."""
        return self.service.maintenance_since is None and self.service.wanted == Wanted.ACTIVE


class MailDomain(Wish):
    """A domain of a mail service. Every address exists under each of them; logins carry the main one.

    `controlled_at` says since when we know that the organization controls the name; until then it takes no mail.
    The key signs mail of domains whose zone is elsewhere; one that is held with us brings its own.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    mail = models.ForeignKey(MailService, on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253, unique=True)
    is_main = models.BooleanField(default=False)
    control_token = models.CharField(max_length=64)
    controlled_at = models.DateTimeField(null=True, blank=True)
    dkim_selector = models.CharField(max_length=40, blank=True)
    dkim_private = EncryptedTextField(blank=True, default="")
    dkim_record = models.TextField(blank=True)
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-is_main", "name"]
        constraints = [
            models.UniqueConstraint(fields=["mail"], condition=Q(is_main=True), name="one_main_mail_domain"),
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def service_id(self) -> int:
        """For rights: part of the mail service."""
        return self.mail.service_id

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return PRODUCT

    @property
    def shown(self) -> str:
        """The name in its own letters."""
        return domain_shown(self.name)

    @property
    def is_controlled(self) -> bool:
        """Whether mail is taken for it."""
        return self.controlled_at is not None


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    """Knows who may see what."""

    def alive(self) -> MailboxQuerySet:
        """Those that were not deleted."""
        return self.filter(deleted_at=None)

    def visible_to(self, actor: Actor, mail: MailService) -> MailboxQuerySet:
        """The mailboxes of a service that the actor may use: all of them, or those granted one by one."""
        found = self.filter(mail=mail)
        if actor.is_system:
            return found
        everything, some = services_granted(actor, mail.organization_id, USE)
        if everything or mail.service_id in some:
            return found
        return found.filter(pk__in=granted_mailbox_ids(actor, mail.organization_id, mail.service_id))

    def readable_by(self, actor: Actor) -> MailboxQuerySet:
        """What the actor may open in the web app now: not while the service is in maintenance."""
        return self.open_to(actor).filter(mail__service__maintenance_since=None)

    def open_to(self, actor: Actor) -> MailboxQuerySet:
        """What the actor has in the web app: mailboxes granted to them one by one, and those that their role or a
        grant of the whole service covers once they have linked them."""
        found = self.alive().filter(mail__withdrawn_at=None, mail__service__wanted=Wanted.ACTIVE)
        if actor.person_id is None:
            return found.none()
        linked = MailboxLink.objects.filter(person_id=actor.person_id).values("mailbox_id")
        places = places_of(actor, (USE,))
        whole = Q(organization__in=places.organizations) | Q(mail__service__in=still_there(places.services))
        there = still_there((organization, service) for organization, service, _part in places.parts)
        single = {mailbox_number(part) for _organization, service, part in places.parts if service in there}
        wanted = (Q(pk__in=linked) & whole) | Q(pk__in=single - {None}, mail__service__in=there)
        return found.filter(wanted).select_related("mail__service", "organization")


def granted_mailbox_ids(actor: Actor, organization_id: int, service_id: int | None = None) -> list[int]:
    """The mailboxes granted one by one, in one service or in all."""
    return [
        number
        for of_service, resource in resources_granted(actor, organization_id, USE)
        if service_id in (None, of_service) and (number := mailbox_number(resource)) is not None
    ]


def mailbox_number(resource: str) -> int | None:
    """The number in "mailbox:17"; None when it is something else."""
    kind, _colon, number = resource.partition(":")
    return int(number) if kind == "mailbox" and number.isdecimal() else None


class Mailbox(Wish):
    """An address with a place for its mail.

    `address` is the one at the main domain, and the login identifier of mail programs. `store` is its folder and never
    changes; a new mailbox never gets an old store.

    The Wish fields tell whether the running servers took mail for it and opened it. A deleted mailbox can be brought
    back for thirty days.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="mailboxes")
    mail = models.ForeignKey(MailService, on_delete=models.CASCADE, related_name="mailboxes")
    local_part = models.CharField(max_length=64)
    address = models.CharField(max_length=320)
    name = models.CharField(_("name"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    recovery_email = models.EmailField(_("recovery address"), max_length=254, blank=True)
    store = models.CharField(max_length=400, unique=True, null=True)
    password_hash = models.CharField(max_length=200, blank=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    sending_limit = models.PositiveIntegerField(null=True, blank=True)
    redirect_to = models.JSONField(default=list)
    keeps_copy = models.BooleanField(default=True)
    is_redirecting = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_aliases = models.JSONField(default=list)
    storage_bytes = models.PositiveBigIntegerField(default=0)
    storage_checked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[MailboxQuerySet] = MailboxQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["organization", "address"], name="mailbox_of_organization"),
            models.Index(fields=["mail", "local_part"], name="mailbox_of_service"),
            models.Index(
                fields=["deleted_at"], name="mailbox_deleted", condition=Q(deleted_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def service_id(self) -> int:
        """For rights: part of the mail service."""
        return self.mail.service_id

    @property
    def resource(self) -> str:
        """For rights: what a grant of this one mailbox names."""
        return f"mailbox:{self.pk}"

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return PRODUCT

    @property
    def shown(self) -> str:
        """The address with the domain in its own letters."""
        return f"{self.local_part}@{domain_shown(self.address.rpartition('@')[2])}"

    @property
    def limit(self) -> int:
        """Recipients in 24 hours."""
        return self.sending_limit or self.mail.sending_limit

    @property
    def aliases(self) -> list[str]:
        """The local parts of its aliases."""
        return sorted(one.local_part for one in self.addresses.all() if one.kind == AddressKind.ALIAS)


class AddressKind(models.TextChoices):
    """What stands behind a local part."""

    MAILBOX = "mailbox", _("Address")
    ALIAS = "alias", _("Alias")
    REDIRECT = "redirect", _("Redirection")


class Address(models.Model):
    """A local part that is taken: the one place where it can be taken only once (MAIL-9)."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    mail = models.ForeignKey(MailService, on_delete=models.CASCADE, related_name="addresses")
    local_part = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=AddressKind.choices)
    mailbox = models.ForeignKey(
        Mailbox, on_delete=models.CASCADE, null=True, blank=True, related_name="addresses"
    )
    targets = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "local_part"], name="local_part_taken_once")]
        indexes = [models.Index(fields=["mail", "kind", "local_part"], name="address_by_kind")]

    def __str__(self) -> str:
        return f"{self.local_part}@{domain_shown(self.mail.main_domain)}"

    @property
    def service_id(self) -> int:
        """For rights: part of the mail service."""
        return self.mail.service_id

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return PRODUCT


class AppPassword(models.Model):
    """A generated password for one device. Shown once; kept as a hash."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="app_passwords")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    label = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    # Whether whoever made it had a second factor; an organization may want that (ORG-62).
    with_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.label


class MailboxLink(models.Model):
    """A person has opened a mailbox in their own webmail (MAIL-24).

    It gives no right by itself. People who may use a mailbox because of their role link it first, so that nobody reads
    other people's mail without a line in the activity.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="links")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mailbox_links")
    linked_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailbox", "person"], name="mailbox_linked_once")]

    def __str__(self) -> str:
        return f"{self.mailbox} – {self.person}"


class JournalEntry(models.Model):
    """One message and one recipient, as the mail server noted it (MAIL-100). Never what it says."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    mail = models.ForeignKey(MailService, on_delete=models.CASCADE, related_name="journal")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    way = models.CharField(max_length=3)
    sender = models.CharField(max_length=320)
    recipient = models.CharField(max_length=320)
    size = models.PositiveBigIntegerField()
    result = models.CharField(max_length=12)
    words = models.CharField(max_length=300, blank=True)
    message = models.CharField(max_length=80, blank=True)
    day = models.DateField()
    position = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "position"], name="journal_line_once")]
        indexes = [
            models.Index(fields=["mail", "-at"], name="journal_of_service"),
            models.Index(fields=["mailbox", "-at"], name="journal_of_mailbox"),
            models.Index(fields=["at"], name="journal_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.way} {self.sender} → {self.recipient}: {self.result}"

    @property
    def service_id(self) -> int:
        """For rights: part of the mail service."""
        return self.mail.service_id


class JournalPosition(models.Model):
    """How far a day's journal file has been read."""

    day = models.DateField(unique=True)
    position = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.position}"
