"""Who gets the head of the log's chain by mail, and files of the log."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Membership, Organization


class HeadReader(models.Model):
    """An owner who wants the daily mail; gone with the membership."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="head_reader")
    since = models.DateTimeField(default=clock.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organization"], name="head_reader_of_organization")]

    def __str__(self) -> str:
        return str(self.membership)


class Format(models.TextChoices):
    """How a file of the log is written."""

    JSONL = "jsonl", _("JSON lines")
    CSV = "csv", _("CSV for spreadsheets")


class LogExport(models.Model):
    """A file of the log that a job writes; kept for a week. `done` of `total` entries are in it."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    format = models.CharField(max_length=5, choices=Format.choices)
    first_on = models.DateField(null=True, blank=True)
    last_on = models.DateField(null=True, blank=True)
    total = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    ordered_at = models.DateTimeField(default=clock.now)
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organization", "-id"], name="log_export_of_organization")]

    def __str__(self) -> str:
        return f"{self.organization.slug}-activity.{self.format}"
