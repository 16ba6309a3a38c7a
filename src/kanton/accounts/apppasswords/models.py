"""App passwords: one for each program, for what it was made, until it is revoked (ACC-76)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.apppasswords import secrets
from kanton.accounts.models import Person
from kanton.core import clock


class Scope(models.TextChoices):
    """What an app password may open."""

    MAIL = "mail", _("Mail (IMAP and SMTP)")
    CALENDAR = "calendar", _("Calendar and contacts (CalDAV and CardDAV)")
    DRIVE = "drive", _("Drive (WebDAV)")


class AppPasswordQuerySet(models.QuerySet["AppPassword"]):
    """Knows which ones open something."""

    def usable(self, moment: datetime | None = None) -> AppPasswordQuerySet:
        """Those that have not expired, of people who may sign in."""
        fresh = Q(expires_at=None) | Q(expires_at__gt=moment or clock.now())
        return self.filter(fresh, person__is_active=True)


class AppPassword(models.Model):
    """A generated password of a person. Shown once, kept as a hash; revoking deletes the row."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="app_passwords")
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=4)
    scopes = models.JSONField(default=list)
    # Whether whoever made it had a second factor; an organization may want that (ORG-62).
    with_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[AppPasswordQuerySet] = AppPasswordQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="app_password_by_expiry")]

    def __str__(self) -> str:
        return self.name

    def new_secret(self) -> str:
        """A fresh password, to be shown once; only its hash and its beginning are kept. Does not save."""
        password = secrets.generate()
        self.digest, self.hint = secrets.digest_of(password), password[: secrets.GROUP]
        return password

    @property
    def scope_names(self) -> str:
        """What it opens, in words."""
        return ", ".join(str(Scope(scope).label) for scope in self.scopes)
