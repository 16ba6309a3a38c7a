"""Lists of people that were invited at once."""

from __future__ import annotations

from django.db import models

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Organization


class Batch(models.Model):
    """People invited at once. Their invitations exist; `waiting` names those whose mail is still to be written."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="batches")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    invited_by = models.CharField(max_length=200)
    waiting = models.JSONField(default=list)
    total = models.PositiveIntegerField()
    asked_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.total}"

    @property
    def sent(self) -> int:
        """How many mails are written."""
        return self.total - len(self.waiting)

    @property
    def is_done(self) -> bool:
        """Nothing waits any more."""
        return not self.waiting
