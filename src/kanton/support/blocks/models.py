"""Blocks: who, where, why, on whose request, and how it ended."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Organization


class SecurityBlock(models.Model):
    """A person kept out of one organization, or of everything when there is none (ORG-89).

    `needs_identity` says that nobody else could act as owner when it began, so that it ends by a proof of identity
    only (ORG-91). `was_suspended` remembers that the organization itself had suspended the member before.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="security_blocks")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, null=True, related_name="+")
    reason = models.CharField(max_length=500)
    asked_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    blocked_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    blocked_at = models.DateTimeField(default=clock.now)
    needs_identity = models.BooleanField(default=False)
    was_suspended = models.BooleanField(default=False)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "organization"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="one_open_block",
            )
        ]

    def __str__(self) -> str:
        return f"SB-{self.pk}"

    @property
    def is_open(self) -> bool:
        """It still holds."""
        return self.lifted_at is None

    @property
    def organization_label(self) -> str:
        """The organization's name, or "" for the whole account."""
        return self.organization.name if self.organization is not None else ""
