"""Departures: somebody goes, what they held finds a new place, and for thirty days all of it can be put back."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor, ActorKind
from kanton.core.fields import EncryptedTextField
from kanton.core.rights import Role
from kanton.organizations.departure.contract import UNDO_WITHIN, Choice
from kanton.organizations.models import Organization


class State(models.TextChoices):
    """Where a departure is in its life."""

    DRAFT = "draft", _("Being prepared")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    RETURNING = "returning", _("Being brought back")
    RETURNED = "returned", _("Brought back")


class Way(models.TextChoices):
    """Who wanted it."""

    REMOVED = "removed", _("Removed")
    LEFT = "left", _("Left")


class DepartureQuerySet(models.QuerySet["Departure"]):
    """Knows which ones have begun."""

    def begun(self) -> DepartureQuerySet:
        """Those in which the membership has ended; drafts change nothing."""
        return self.exclude(state=State.DRAFT)


class Departure(models.Model):
    """One person's way out of one organization. A draft keeps the answers of an interrupted wizard (ORG-53).

    `kept` is sealed JSON: the membership with all that hung on it, and what the sources closed.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="departures")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="departures")
    way = models.CharField(max_length=8, choices=Way.choices, default=Way.REMOVED)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    role = models.CharField(max_length=14, choices=Role.choices, blank=True)
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    by_label = models.CharField(max_length=200, blank=True)
    begun_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by = models.CharField(max_length=200, blank=True)
    kept = EncryptedTextField(default="{}")

    objects: ClassVar[DepartureQuerySet] = DepartureQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "person"], condition=Q(state="draft"), name="one_draft_per_person"
            )
        ]
        indexes = [models.Index(fields=["organization", "-started_at"], name="departure_of_organization")]

    def __str__(self) -> str:
        return self.person.display_name

    @property
    def undo_until(self) -> dt.datetime | None:
        """Until when the person can be brought back."""
        return self.started_at + UNDO_WITHIN if self.started_at else None

    @property
    def can_be_undone(self) -> bool:
        """Removed, not by their own wish, and not too long ago (issue: thirty days)."""
        until = self.undo_until
        return (
            self.way == Way.REMOVED
            and self.state in (State.RUNNING, State.DONE)
            and until is not None
            and clock.now() < until
        )

    @property
    def is_moving(self) -> bool:
        """Whether a job is at work."""
        return self.state in (State.RUNNING, State.RETURNING)

    def on_behalf(self) -> Actor:
        """Kanton's clockwork under the name of whoever decided, so that the activity tells who it was."""
        if self.state == State.RETURNING:
            return Actor(ActorKind.SYSTEM, self.returned_by, via="system")
        return Actor(ActorKind.SYSTEM, self.by_label, self.by_id, via="system")


class Settling(models.TextChoices):
    """Where one holding stands."""

    ANSWERED = "answered", _("Answered")
    WAITING = "waiting", _("Waiting")
    SETTLED = "settled", _("Settled")
    FAILED = "failed", _("Needs another answer")
    RESTORED = "restored", _("Put back")
    DROPPED = "dropped", _("Not needed any more")


class Settlement(models.Model):
    """One holding, what was chosen for it, and whether that was done. Its change of state commits with its effect, so
    that a job that dies and starts again settles nothing twice."""

    departure = models.ForeignKey(Departure, on_delete=models.CASCADE, related_name="settlements")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=40)
    resource = models.CharField(max_length=80)
    kind = models.CharField(max_length=80, blank=True)
    label = models.CharField(max_length=320, blank=True)
    choice = models.CharField(max_length=10)
    heir = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=Settling.choices, default=Settling.ANSWERED)
    problem = models.TextField(blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    data = EncryptedTextField(default="{}")
    kept = EncryptedTextField(default="{}")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["departure", "source", "resource"], name="settled_once_per_departure"
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def key(self) -> str:
        """How forms and programs name the holding."""
        return key_of(self.source, self.resource)

    @property
    def shown(self) -> str:
        """What becomes of it, in words."""
        if self.choice == Choice.HAND_OVER:
            return str(_("to %(heir)s")) % {"heir": self.heir or "…"}
        return str(CHOICES[Choice(self.choice)])


CHOICES: dict[Choice, Any] = {
    Choice.HAND_OVER: _("handed over"),
    Choice.ARCHIVE: _("stays with the organization, closed"),
    Choice.WITHDRAW: _("stays; only the access ends"),
    Choice.KEEP: _("stays as it is"),
    Choice.DELETE: _("deleted after 30 days"),
}


def key_of(source: str, resource: str) -> str:
    """How forms and programs name a holding: "mail/mailbox:17"."""
    return f"{source}/{resource}"
