"""People: one identity each, any number of organizations (ACC-8)."""

from __future__ import annotations

import contextlib
import unicodedata
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.seals import seal
from kanton.core.secrets import new_token, token_hash


class Language(models.TextChoices):
    """The languages every text exists in (ACC-17)."""

    ENGLISH = "en", "English"
    GERMAN = "de", "Deutsch"
    FRENCH = "fr", "Français"
    ITALIAN = "it", "Italiano"
    SPANISH = "es", "Español"


def address_key(address: str) -> str:
    """What makes two e-mail addresses the same: letter case and Unicode-equivalent spellings do not (ACC-25)."""
    local, _at, domain = unicodedata.normalize("NFKC", address.strip()).casefold().rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}"


def _composed(password: str | None) -> str | None:
    return None if password is None else unicodedata.normalize("NFKC", password)


# The salt of `AbstractBaseUser.get_session_auth_hash`.
SESSIONS = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"


class PersonManager(BaseUserManager["Person"]):
    """Finds people by their login address, however it is spelled."""

    def get_by_natural_key(self, username: str | None) -> Person:
        """The person with this login address; raises DoesNotExist."""
        return self.get(email_key=address_key(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """A person with this login address. Without a password, signing in needs another way."""
        person = self.model(email=email.strip(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """A user account. `email` is the login address; it signs in but is not a mailbox (ACC-35)."""

    email = models.EmailField(_("login e-mail"), max_length=254)
    email_key = models.CharField(max_length=300, unique=True, editable=False)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    phone = models.CharField(_("mobile number"), max_length=20, blank=True)
    recovery_email = models.EmailField(_("recovery e-mail"), max_length=254, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=Language.choices, default=Language.ENGLISH
    )
    # The address of the profile picture, "" for none: every page shows it, so it comes with the person.
    picture_key = models.CharField(max_length=43, blank=True, editable=False)
    country = models.CharField(_("country"), max_length=2, default="CH")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Zurich")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        indexes = [models.Index(fields=["phone"], name="person_by_phone", condition=~Q(phone=""))]

    def set_password(self, raw_password: str | None) -> None:
        """Keep the hash. However a keyboard composes an accent, it is the same password."""
        super().set_password(_composed(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Is this the password?"""
        return super().check_password(_composed(raw_password) or "")

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What Django makes of the password for its sessions, which end with it; every page asks."""
        if secret is not None:
            return str(super()._get_session_auth_hash(secret))  # type: ignore[misc]
        return seal(SESSIONS, self.password).hex()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the comparison key in step with the address."""
        self.email_key = address_key(self.email)
        if (update_fields := kwargs.get("update_fields")) is not None and "email" in update_fields:
            kwargs["update_fields"] = {*update_fields, "email_key"}
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.display_name

    @property
    def person_id(self) -> int:
        """Whose account this is, for rights on oneself."""
        return self.pk

    @property
    def display_name(self) -> str:
        """First and last name, or the login address while no name is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_full_name(self) -> str:
        """The display name, under the name Django and allauth look for."""
        return self.display_name

    @property
    def initials(self) -> str:
        """For the badge: of first and last name, else the first letter of the address (ACC-15)."""
        letters = "".join(name[0] for name in (self.first_name, self.last_name) if name)
        return (letters or self.email[:1]).upper()

    @property
    def is_confirmed(self) -> bool:
        """Has the login address been confirmed? Without it, no orders, invitations or tickets (ACC-6)."""
        return self.confirmed_at is not None


class Purpose(models.TextChoices):
    """What a link in a mail is for."""

    CONFIRM = "confirm", _("confirm the login e-mail")
    RESET = "reset", _("choose a new password")


LINK_LIFE = {Purpose.CONFIRM: timedelta(hours=24), Purpose.RESET: timedelta(minutes=60)}


class OneTimeLink(models.Model):
    """A link in a mail that works once and not for long (ACC-6, ACC-54). Only its hash is kept."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.purpose} link of {self.person_id}"

    @classmethod
    def issue(cls, person: Person, purpose: Purpose) -> str:
        """The secret of a fresh link; earlier links for the same purpose die (ACC-54)."""
        cls.objects.filter(person=person, purpose=purpose).delete()
        secret = new_token()
        cls.objects.create(person=person, purpose=purpose, digest=token_hash(secret))
        return secret

    @property
    def is_usable(self) -> bool:
        """Neither used nor too old."""
        return self.used_at is None and clock.now() < self.created_at + LINK_LIFE[Purpose(self.purpose)]


class ApiToken(models.Model):
    """A person's key to the API: shown once, stored as a hash, never more than its person may (API-18, API-19)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def new_secret(self) -> str:
        """A fresh secret, to be shown once; only its hash and its beginning are kept. Does not save."""
        secret = new_token("kn_")
        self.digest, self.hint = token_hash(secret), secret[:8]
        return secret

    def is_usable_at(self, moment: datetime) -> bool:
        """Neither revoked, nor expired, nor idle for a year (api-compat section 2)."""
        used = self.last_used_at or self.created_at
        return (
            self.revoked_at is None
            and (self.expires_at is None or moment < self.expires_at)
            and (moment - used).days < 365
        )
