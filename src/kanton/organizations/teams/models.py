"""Teams that were deleted and can be brought back."""

from __future__ import annotations

from django.db import models

from kanton.core import clock
from kanton.organizations.models import Organization


class DeletedTeam(models.Model):
    """All that a team was, for as long as it can be brought back. It gives no rights: the team itself is gone."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="deleted_teams")
    number = models.BigIntegerField()
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    grants = models.JSONField(default=list)
    members = models.JSONField(default=list)  # numbers of memberships; one that ended is not revived
    by_provider = models.JSONField(default=list)  # those among them whom single sign-on had put in
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "number"], name="deleted_once")]

    def __str__(self) -> str:
        return self.name
