"""Applications, who allowed them what, and the codes and tokens that follow from it.

Everything that opens something is kept as a hash. Deleting a consent ends all that was given under it.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.fields import EncryptedTextField
from kanton.core.secrets import new_token, token_hash
from kanton.organizations.models import Organization

CODE_LIFE = timedelta(seconds=60)
ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=365)
REFRESH_ENDS = timedelta(days=730)  # after the sign-in, however often it was renewed
DEVICE_LIFE = timedelta(minutes=10)
KEY_LIFE = timedelta(days=90)
KEY_NOTICE = timedelta(days=1)  # a new key is published so long before it signs
KEY_REST = timedelta(days=7)  # and an old one so long after it has stopped
ACCESS_PREFIX = "ko_"


def new_client_id() -> str:
    """A name for an application in the protocol. No secret."""
    return secrets.token_hex(16)


class Application(models.Model):
    """A program of an organization that may ask people for access, or act by itself as a machine."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="applications")
    name = models.CharField(_("name"), max_length=80)
    client_id = models.CharField(max_length=64, unique=True, default=new_client_id)
    is_confidential = models.BooleanField(default=False)
    secret_digest = models.CharField(max_length=64, blank=True)
    secret_hint = models.CharField(max_length=12, blank=True)
    redirect_uris = models.JSONField(default=list)
    scopes = models.JSONField(default=list)
    is_device = models.BooleanField(default=False)
    # A machine acts for the person who made it, or last changed or re-keyed it: never for somebody else (API-19).
    is_machine = models.BooleanField(default=False)
    acts_for = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    # Whoever allowed it before this moment is asked again.
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["organization", "name"], name="application_by_organization")]

    def __str__(self) -> str:
        return self.name

    def new_secret(self) -> str:
        """A fresh secret, to be shown once. Does not save."""
        secret = new_token("ks_")
        self.secret_digest, self.secret_hint = token_hash(secret), secret[:8]
        return secret


class Consent(models.Model):
    """A person allowed an application to do this much in their name (API-21)."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="consents")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    scopes = models.JSONField(default=list)
    granted_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "person"], name="one_consent_per_application")
        ]

    def __str__(self) -> str:
        return self.application.name


class Issued(models.Model):
    """What every code and token has. `family` joins all that came from one sign-in at the application."""

    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    family = models.UUIDField(default=uuid.uuid4, db_index=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} of consent {self.consent_id}"

    @classmethod
    def issue(cls, prefix: str, life: timedelta, **fields: Any) -> tuple[Any, str]:
        """A new row and its secret, which is not kept."""
        secret = new_token(prefix)
        row = cls.objects.create(  # type: ignore[attr-defined]
            digest=token_hash(secret), expires_at=clock.now() + life, **fields
        )
        return row, secret

    def is_live_at(self, moment: datetime) -> bool:
        """Not expired."""
        return moment < self.expires_at


class AuthorizationCode(Issued):
    """The code that travels through the browser: for one use, within a minute, by the application it was made for."""

    redirect_uri = models.CharField(max_length=2000)
    challenge = models.CharField(max_length=128, blank=True)
    nonce = models.CharField(max_length=500, blank=True)
    auth_time = models.DateTimeField()
    wants_refresh = models.BooleanField(default=True)
    used_at = models.DateTimeField(null=True, blank=True)


class AccessToken(Issued):
    """Opens the API, as its scopes narrow it, for two hours."""


class RefreshToken(Issued):
    """Brings new tokens once; used a second time, it has been stolen, and its whole family ends."""

    auth_time = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class DeviceRequest(models.Model):
    """A device without a browser asks, and a person answers on another one (RFC 8628)."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    user_code = models.CharField(max_length=8)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(db_index=True)
    interval = models.PositiveSmallIntegerField(default=5)
    polled_at = models.DateTimeField(null=True, blank=True)
    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, null=True, related_name="+")
    auth_time = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user_code"], condition=Q(used_at=None, refused_at=None), name="one_open_user_code"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application} on a device"

    @property
    def shown_code(self) -> str:
        """As people type it: WDJB-MJHT."""
        return f"{self.user_code[:4]}-{self.user_code[4:]}"


class SigningKey(models.Model):
    """A key that signs ID tokens."""

    kid = models.CharField(max_length=32, unique=True)
    private_pem = EncryptedTextField()
    public_jwk = models.JSONField()
    signs_from = models.DateTimeField()

    def __str__(self) -> str:
        return self.kid
