"""The log: append-only rows in keyed hash chains, one chain per organization (or person, or the system)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext

from kanton.core.activity import KINDS, Kind, in_words
from kanton.core.actor import ActorKind


class Chain(models.Model):
    """The head of one hash chain: how many rows it has and the digest of the last, signed together.

    A row cut off the end leaves the head pointing at a row that is not there. `verified_*` tell when the chain was
    last checked, how long it was, and what was found.
    """

    name = models.CharField(max_length=40, primary_key=True)
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")
    seal = models.CharField(max_length=64, default="")
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_length = models.PositiveBigIntegerField(default=0)
    verified_problem = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        return self.name


class Activity(models.Model):
    """One thing that happened. `facts` and `personal` together are the record's data.

    `person_id` is who did it, `subject_id` the person it was done to. `personal` maps each personal value to
    [value, salt, digest]; erasing blanks value and salt, and the chain, which covers the digest only, still verifies.
    """

    chain = models.CharField(max_length=40)
    position = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=80)
    organization_id = models.BigIntegerField(null=True, db_index=False)
    service_id = models.BigIntegerField(null=True)
    product = models.CharField(max_length=40, blank=True)
    person_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=10)
    via = models.CharField(max_length=80, blank=True)
    target_type = models.CharField(max_length=60, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    facts = models.JSONField(default=dict)
    personal = models.JSONField(default=dict)
    search = models.TextField(blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "position"], name="activity_position_once")]
        indexes = [
            models.Index(fields=["organization_id", "-id"], name="activity_of_organization"),
            models.Index(fields=["person_id", "-id"], name="activity_of_person"),
            models.Index(fields=["subject_id", "-id"], name="activity_about_person"),
            models.Index(fields=["organization_id", "kind", "-id"], name="activity_of_kind"),
            models.Index(fields=["service_id", "-id"], name="activity_of_service"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def data(self) -> dict[str, Any]:
        """Facts and what is left of the personal values; erased ones read as “…”."""
        facts: dict[str, Any] = self.facts
        return facts | {name: "…" if kept[0] is None else kept[0] for name, kept in self.personal.items()}

    @property
    def actor_label(self) -> str:
        """Who did it, as they were called then."""
        return str(self.data.get("actor", ""))

    @property
    def target_label(self) -> str:
        """What it was done to, as it was called then."""
        return str(self.data.get("target", ""))

    @property
    def token_name(self) -> str:
        """The API token by which it was done, or ""."""
        return self.via if self.actor_kind == ActorKind.TOKEN.value else ""

    @property
    def address(self) -> str:
        """The network address it was done from, while it is kept."""
        return str(self.data.get("ip", ""))

    @property
    def sentence(self) -> str:
        """What happened, in the language active now. A kind that is no longer installed shows its code."""
        kind = KINDS.get(self.kind)
        if kind is None:
            return gettext("%(actor)s: %(kind)s") % {"actor": self.actor_label, "kind": self.kind}
        return str(kind.sentence) % in_words(self.data)


def outline(kind: Kind) -> str:
    """A kind's sentence with “…” for everything that differs from record to record."""
    return str(kind.sentence) % in_words({})
