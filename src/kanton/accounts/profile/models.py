"""What a person may add to the account, a picture and a date of birth, and the file with all of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core import clock


class Picture(models.Model):
    """A profile picture in two sizes, made anew from what was sent (ACC-13, ACC-14).

    It lies in the database, so that every backup has it. `key` is its address: it cannot be guessed, and it is another
    one for every new picture, so that what browsers keep never grows old.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="picture")
    key = models.CharField(max_length=43, unique=True)
    large = models.BinaryField()
    small = models.BinaryField()
    uploaded_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.person}"


class BirthDate(models.Model):
    """The date of birth, for those who want to tell it (ACC-12)."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="birth_date")
    born_on = models.DateField(_("date of birth"))

    def __str__(self) -> str:
        return f"{self.person}"


class ExportState(models.TextChoices):
    """Where an export stands."""

    WAITING = "waiting", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class Export(models.Model):
    """A file with everything the account knows about its person, made by a job, kept for seven days."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="exports")
    state = models.CharField(max_length=8, choices=ExportState.choices, default=ExportState.WAITING)
    done = models.PositiveSmallIntegerField(default=0)
    parts = models.PositiveSmallIntegerField(default=1)
    asked_at = models.DateTimeField(default=clock.now)
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    file = models.CharField(max_length=60, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(state="waiting"), name="one_export_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}"
