"""Organizations, who belongs to them, and what is granted to whom."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Language, Person, address_key
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.rights import ADMINISTRATORS, Role
from kanton.core.secrets import new_token, token_hash

INVITATION_LIFE = timedelta(days=7)


class Kind(models.TextChoices):
    """Legal kinds of customer (ORG-11)."""

    PRIVATE = "private", _("Private person")
    COMPANY = "company", _("Company")
    ASSOCIATION = "association", _("Association")
    PUBLIC = "public", _("Public body")


class Corner(models.TextChoices):
    """What stands in the top left corner of the Manager (ORG-93)."""

    INITIALS = "initials", _("Initials and the name")
    INITIALS_WIDE = "initials_wide", _("Initials and the rectangular logo, in place of the name")
    LOGO = "logo", _("Square logo and the name")


def initials_of(name: str) -> str:
    """One or two letters for the square in the switcher."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Knows who may see what."""

    def visible_to(self, actor: Actor) -> OrganizationQuerySet:
        """The organizations this actor belongs to, or may enter by consent; all of them for the system (ORG-7)."""
        if actor.is_system:
            return self
        if actor.person_id is None:
            return self.none()
        mine = Q(memberships__person_id=actor.person_id, memberships__suspended_at=None)
        if actor.consent:
            return self.filter(mine | Q(pk__in=actor.consent)).distinct()
        return self.filter(mine)


class Organization(models.Model):
    """A sealed-off space of products, people, invoices and settings."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(_("type"), max_length=12, choices=Kind.choices, default=Kind.PRIVATE)
    street = models.CharField(_("street and number"), max_length=120, blank=True)
    postal_code = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("town"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, default="CH")
    phone = models.CharField(_("contact phone"), max_length=20, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=Language.choices, default=Language.ENGLISH
    )
    currency = models.CharField(max_length=3, default="CHF")
    # From this day on everybody here must have a second factor (ORG-60); every page asks, so it comes with the row.
    second_factor_from = models.DateField(null=True, blank=True)
    # Whether the programs on their devices must prove it too: by a password made with a second factor (ORG-62).
    second_factor_for_apps = models.BooleanField(default=False)
    # Inside this organization a sign-in lasts so long, and so long unused; the rule begins on its day.
    session_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    session_idle_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    session_rule_from = models.DateField(null=True, blank=True)
    # From where owners and administrators may act, as `networks.written` puts it: "2027-01-11 192.0.2.0/24".
    admin_networks = models.TextField(blank=True, default="")
    # How it looks, for the same reason. Logos lie in `branding.Logo` under these keys; `own_initials` and
    # `initials_colour` are empty for those made from the name; `accent` comes with a Custom Brand.
    corner = models.CharField(max_length=13, choices=Corner.choices, default=Corner.INITIALS)
    own_initials = models.CharField(max_length=12, blank=True)
    initials_colour = models.CharField(max_length=6, blank=True)
    logo_key = models.CharField(max_length=43, blank=True)
    wide_logo_key = models.CharField(max_length=43, blank=True)
    accent = models.CharField(max_length=6, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[OrganizationQuerySet] = OrganizationQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name

    @property
    def organization_id(self) -> int:
        """Itself: an organization is a target of rights like everything in it."""
        return self.id

    @property
    def demands_second_factor(self) -> bool:
        """Whether everybody here must have a second factor, from a day that has come (ORG-60)."""
        return self.second_factor_from is not None and self.second_factor_from <= clock.today()

    @property
    def demands_second_factor_of_apps(self) -> bool:
        """Whether mail programs need a password that was made with a second factor (ORG-62)."""
        return self.second_factor_for_apps and self.demands_second_factor

    @property
    def initials(self) -> str:
        """For the square in the switcher."""
        return self.own_initials or initials_of(self.name)

    @staticmethod
    def free_slug(name: str) -> str:
        """A slug for a new organization. Two at once end at the unique constraint; the caller tries again."""
        base = slugify(name)[:48] or "organization"
        slug, number = base, 1
        while Organization.objects.filter(slug=slug).exists():
            number += 1
            slug = f"{base}-{number}"
        return slug


class Membership(models.Model):
    """A person in an organization, with a role (ORG-8)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=14, choices=Role.choices)
    joined_at = models.DateTimeField(default=clock.now)
    # When the person last switched here: the switcher lists the latest first (ORG-17).
    entered_at = models.DateTimeField(default=clock.now)
    suspended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "person"], name="one_membership_per_person"),
        ]
        indexes = [
            models.Index(fields=["organization", "role"], name="membership_by_role"),
            models.Index(fields=["person", "-entered_at"], name="membership_by_use"),
        ]

    def __str__(self) -> str:
        return f"{self.person}"

    @property
    def is_limited(self) -> bool:
        """A collaborator or external user: what they may use is granted."""
        return self.role not in ADMINISTRATORS


class Team(models.Model):
    """A work team: what is granted to it counts for everybody in it (ORG-78)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(_("name"), max_length=80)
    name_key = models.CharField(max_length=240, editable=False)
    description = models.CharField(_("description"), max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    members: models.ManyToManyField[Membership, TeamMember] = models.ManyToManyField(
        Membership, through="TeamMember", related_name="teams"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name_key"], name="one_team_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the key with the name: SQLite alone would take “BÜRO” and “Büro” for two names."""
        self.name_key = self.key_of(self.name)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "name_key"}
        super().save(*args, **kwargs)

    @staticmethod
    def key_of(name: str) -> str:
        """What two names have in common that are the same to a reader."""
        return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:240]


class TeamMember(models.Model):
    """A member in a team. Both are of one organization; the resolver reads no other."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="team_members")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="team_members")
    joined_at = models.DateTimeField(default=clock.now, editable=False)
    # Single sign-on put them in, and takes them out again when the provider no longer says so. Nobody else's place.
    by_provider = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "membership"], name="once_in_a_team"),
        ]

    def __str__(self) -> str:
        return f"{self.membership} in {self.team}"

    @property
    def organization_id(self) -> int:
        """The team's."""
        return self.team.organization_id


class GrantQuerySet(models.QuerySet["Grant"]):
    """Knows the two ways in which a grant reaches a person. Each takes values or references to an outer query."""

    def direct(self, person: Any, organization: Any) -> GrantQuerySet:
        """Given to the person's membership there."""
        return self.filter(
            organization_id=organization,
            membership__organization_id=organization,
            membership__person_id=person,
            membership__suspended_at=None,
        )

    def through_teams(self, person: Any, organization: Any) -> GrantQuerySet:
        """Given to teams there in which the person is."""
        return self.filter(
            organization_id=organization,
            team__organization_id=organization,
            team__team_members__membership__organization_id=organization,
            team__team_members__membership__person_id=person,
            team__team_members__membership__suspended_at=None,
        )


class Grant(models.Model):
    """A right given to a collaborator or an external user (ORG-68), or to a team and so to everybody in it (ORG-74).

    `product` "" and `service_id` None: an organization-wide right, such as accounting. `service_id` None with a
    product: every service of that product, future ones too (ORG-69). `resource` names one thing inside a
    service, such as "mailbox:17", or is empty for all of it.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="grants")
    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="grants", null=True, blank=True
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="grants", null=True, blank=True)
    right = models.CharField(max_length=60)
    product = models.CharField(max_length=40, blank=True)
    service_id = models.BigIntegerField(null=True, blank=True)
    resource = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[GrantQuerySet] = GrantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(membership__isnull=False, team=None) | Q(membership=None, team__isnull=False),
                name="granted_to_a_member_or_a_team",
            ),
            # Two in one, for SQLite never takes two NULLs for the same: no number is 0.
            models.UniqueConstraint(
                Coalesce("membership", 0),
                Coalesce("team", 0),
                "right",
                "product",
                Coalesce("service_id", 0),
                "resource",
                name="one_grant_of_a_kind",
            ),
        ]
        indexes = [models.Index(fields=["organization", "service_id", "right"], name="grant_by_service")]

    def __str__(self) -> str:
        return f"{self.right} for {self.membership or self.team}"


class Invitation(models.Model):
    """An offer to join, bound to an address, valid seven days, used once (ORG-47)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    email_key = models.CharField(max_length=300, editable=False)
    # What the inviter calls them; the invited write their own names when they open an account.
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=14, choices=Role.choices)
    grants = models.JSONField(default=list)
    teams = models.JSONField(default=list)  # numbers; a team that is gone by then is passed over
    language = models.CharField(max_length=2, choices=Language.choices, blank=True)  # of the mail
    invited_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    sent_at = models.DateTimeField(default=clock.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email_key"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation_per_address",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def new_secret(self) -> str:
        """A fresh secret for the link; the old link dies. Does not save."""
        secret = new_token()
        self.digest, self.sent_at, self.email_key = token_hash(secret), clock.now(), address_key(self.email)
        return secret

    @property
    def mail_language(self) -> str:
        """The language of its mail: the one chosen, or the organization's."""
        return self.language or self.organization.language

    @property
    def name(self) -> str:
        """What the inviter calls the person, or nothing."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_open(self) -> bool:
        """Can still be accepted."""
        fresh = clock.now() < self.sent_at + INVITATION_LIFE
        return self.accepted_at is None and self.revoked_at is None and fresh
