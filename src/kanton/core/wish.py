"""A wish and its proof: pending with reason and age, done when the engine said so, failed with what to do."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.core import clock


class WishState(models.TextChoices):
    """The same three words in console and API."""

    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Wish(models.Model):
    """What the customer wants of an engine, and whether the engine has confirmed it.

    `version` counts the wishes; a proof of an older version proves nothing. Call `wished()` in the action and
    `proved(version)`, `waits(reason)` or `failed(reason, remedy)` in the job.
    """

    wish_state = models.CharField(max_length=7, choices=WishState.choices, default=WishState.PENDING)
    wish_version = models.PositiveIntegerField(default=1)
    wish_reason = models.CharField(max_length=300, blank=True, default="")
    wish_remedy = models.CharField(max_length=300, blank=True, default="")
    wished_at = models.DateTimeField(default=clock.now)
    proved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    #: Dotted path of the task that reconciles this, called with the primary key: staff can then have it tried again.
    reconcile_task: ClassVar[str] = ""

    WISH_FIELDS = ("wish_state", "wish_version", "wish_reason", "wish_remedy", "wished_at", "proved_at")

    def wished(self, reason: str = "") -> None:
        """The customer wants something new: pending from now on. Does not save."""
        self.wish_state = WishState.PENDING
        self.wish_version += 1
        self.wish_reason, self.wish_remedy = reason, ""
        self.wished_at = clock.now()

    def proved(self, version: int) -> bool:
        """The engine confirmed this version. Saves; False when a newer wish has come in the meantime."""
        return self._settle(
            version, wish_state=WishState.DONE, proved_at=clock.now(), wish_reason="", wish_remedy=""
        )

    def waits(self, version: int, reason: str) -> bool:
        """Not confirmed yet; `reason` says what we wait for."""
        return self._settle(version, wish_state=WishState.PENDING, wish_reason=reason[:300])

    def failed(self, version: int, reason: str, remedy: str) -> bool:
        """Given up for now; `remedy` says what the customer or the staff can do."""
        return self._settle(
            version, wish_state=WishState.FAILED, wish_reason=reason[:300], wish_remedy=remedy[:300]
        )

    def _settle(self, version: int, **values: Any) -> bool:
        rows = type(self)._default_manager.filter(pk=self.pk, wish_version=version).update(**values)
        if rows:
            for name, value in values.items():
                setattr(self, name, value)
        return bool(rows)

    @property
    def is_proved(self) -> bool:
        """True when the engine has confirmed the present wish."""
        return self.wish_state == WishState.DONE

    @property
    def wish_age_seconds(self) -> int:
        """How long the present wish has waited, or waited until it was proved."""
        end = self.proved_at if self.is_proved and self.proved_at else clock.now()
        return max(0, int((end - self.wished_at).total_seconds()))

    def wish_as_json(self) -> dict[str, Any]:
        """The wish as the API tells it."""
        return {
            "state": self.wish_state,
            "reason": self.wish_reason or None,
            "remedy": self.wish_remedy or None,
            "since": clock.timestamp(self.wished_at),
            "proved_at": clock.timestamp(self.proved_at),
        }
