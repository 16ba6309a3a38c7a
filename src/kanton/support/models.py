"""Support codes, and cases in which somebody proves who they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Language, Person
from kanton.core import clock
from kanton.core.fields import EncryptedTextField

CODE_LIFE = timedelta(hours=24)
LINK_LIFE = timedelta(hours=24)
DOCUMENT_LIFE = timedelta(hours=72)
ALARM_AFTER = timedelta(hours=48)
CASE_LIFE = timedelta(days=14)


class SupportCode(models.Model):
    """Eight digits by which staff recognize a caller, for help only (SUP-6, SUP-7)."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="support_code")
    digits = EncryptedTextField()
    digest = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"support code of {self.person_id}"

    @property
    def is_usable(self) -> bool:
        """Neither used nor older than a day."""
        return self.used_at is None and clock.now() < self.issued_at + CODE_LIFE

    @property
    def shown(self) -> str:
        """In two groups, easy to read out."""
        return f"{self.digits[:4]} {self.digits[4:]}"


class CheckState(models.TextChoices):
    """Where a case stands."""

    WAITING = "waiting", _("documents needed")
    SUBMITTED = "submitted", _("being examined")
    AGREED = "agreed", _("accepted, takes effect soon")
    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused")
    ENDED = "ended", _("ended")


OPEN = (CheckState.WAITING, CheckState.SUBMITTED, CheckState.AGREED)


class IdentityCheck(models.Model):
    """A case: why it was opened, whom it concerns, what became of it. Documents live apart, and shortly (SUP-36)."""

    person = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="identity_checks"
    )
    reason = models.CharField(max_length=40)
    # What the case is about, as the room that opened it names it, such as "order:17".
    about = models.CharField(max_length=80, blank=True)
    about_label = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=CheckState.choices, default=CheckState.WAITING)
    contact = EncryptedTextField(blank=True)
    claimed = EncryptedTextField(blank=True)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    time_zone = models.CharField(max_length=64, default="Europe/Zurich")
    digest = models.CharField(max_length=64, blank=True, db_index=True)
    link_at = models.DateTimeField(default=clock.now)
    session_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    words = models.CharField(max_length=500, blank=True)
    effect_at = models.DateTimeField(null=True, blank=True)
    cancel_digest = models.CharField(max_length=64, blank=True, db_index=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "submitted_at"], name="identity_check_by_state"),
            models.Index(fields=["reason", "about"], name="identity_check_by_subject"),
        ]

    def __str__(self) -> str:
        return f"IC-{self.pk}"

    @property
    def is_open(self) -> bool:
        """Something may still come of it."""
        return self.state in OPEN

    @property
    def link_works(self) -> bool:
        """Documents are wanted, and the link is younger than a day (SUP-39)."""
        return (
            self.state == CheckState.WAITING and bool(self.digest) and clock.now() < self.link_at + LINK_LIFE
        )

    @property
    def deleted_at(self) -> datetime | None:
        """When its documents go, whatever happens."""
        return self.submitted_at + DOCUMENT_LIFE if self.submitted_at else None
