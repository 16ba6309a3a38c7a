"""Domains an organization has proven, its identity provider, whom it vouches for, and the sessions it opened."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.fields import EncryptedTextField
from kanton.core.rights import Role
from kanton.organizations.models import Organization

SESSION_LIFE = timedelta(hours=12)  # ACC-119
CHALLENGE_NAME = "_kanton-sso"


def new_proof() -> str:
    """What the TXT record of a claimed domain must hold. No secret: it proves who can write the zone."""
    return f"kanton-sso={secrets.token_hex(16)}"


class ClaimedDomain(models.Model):
    """An e-mail domain that an organization says is its own; it counts once it is proven (ACC-118)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="claimed_domains")
    name = models.CharField(_("domain"), max_length=253)
    proof = models.CharField(max_length=64, default=new_proof)
    claimed_at = models.DateTimeField(default=clock.now)
    proven_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_claim_of_a_domain"),
            # Two organizations may claim it, one can have it.
            models.UniqueConstraint(
                fields=["name"], condition=Q(proven_at__isnull=False), name="one_proven_claim"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def record_name(self) -> str:
        """Where the TXT record must be."""
        return f"{CHALLENGE_NAME}.{self.name}"


class Connection(models.Model):
    """An organization's identity provider."""

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, related_name="sso", primary_key=True
    )
    discovery_url = models.CharField(max_length=500)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=255)
    client_secret = EncryptedTextField()
    metadata = models.JSONField(default=dict)
    metadata_at = models.DateTimeField(default=clock.now)
    jwks = models.JSONField(default=dict)
    jwks_at = models.DateTimeField(null=True, blank=True)
    # Switched on by a person who has just signed in through it, so that nobody locks everybody out.
    tested_at = models.DateTimeField(null=True, blank=True)
    is_on = models.BooleanField(default=False)
    is_forced = models.BooleanField(default=False)
    # Who arrives for the first time becomes a member with this role, or with that of the first rule that fits.
    default_role = models.CharField(max_length=14, choices=Role.choices, default=Role.COLLABORATOR)
    role_claim = models.CharField(max_length=80, default="groups", blank=True)
    # [{"value": "kanton-admins", "role": "administrator", "teams": ["Web"]}]; role may be "" for teams only.
    rules = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.issuer

    def endpoint(self, name: str) -> str:
        """An address of the provider, or ""."""
        value = self.metadata.get(name, "")
        return value if isinstance(value, str) else ""


class Identity(models.Model):
    """Somebody as the identity provider knows them: by issuer and subject, never by address alone (ACC-118)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="identities")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    email = models.CharField(max_length=254, blank=True)
    linked_at = models.DateTimeField(default=clock.now)
    last_sign_in_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "issuer", "subject"], name="one_identity_per_subject"
            ),
            models.UniqueConstraint(fields=["organization", "person"], name="one_identity_per_person"),
        ]

    def __str__(self) -> str:
        return self.email or self.subject


class SsoSession(models.Model):
    """A browser session that an identity provider opened, so that it or the organization can end it."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="sessions")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=40, unique=True)
    sid = models.CharField(max_length=255, blank=True, db_index=True)
    id_token = EncryptedTextField(blank=True)
    started_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"session of {self.identity}"
