"""The logos of organizations, and how one looked before the last change."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.organizations.models import Organization


class Shape(models.TextChoices):
    """The two logos that an organization may have (ORG-93, ORG-94)."""

    SQUARE = "square", _("Square logo")
    WIDE = "wide", _("Rectangular logo")


class Logo(models.Model):
    """A logo, made anew from what was sent (ORG-96).

    It lies in the database, so that every backup has it. `key` is its address: it cannot be guessed, and it is another
    one for every new logo, so that what browsers keep never grows old.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="logos")
    shape = models.CharField(max_length=6, choices=Shape.choices)
    key = models.CharField(max_length=43, unique=True)
    content = models.BinaryField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    uploaded_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.organization}"


class Before(models.Model):
    """How the organization looked before the last change: what Undo brings back."""

    organization = models.OneToOneField(Organization, on_delete=models.CASCADE, related_name="look_before")
    look = models.JSONField()
    changed_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.organization}"
