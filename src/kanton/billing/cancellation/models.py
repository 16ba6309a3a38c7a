"""Cancellations: asked for, confirmed by the link in a mail, carried out at once or at the end of the term."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.secrets import new_token, token_hash
from kanton.organizations.models import Organization
from kanton.products.models import Service

LINK_LIFE = timedelta(hours=72)


class Cancellation(models.Model):
    """One request to cancel a service. Open until it is confirmed, withdrawn, or its link has lapsed (BIL-124).

    `takes_effect_on` is the last day of the service; None means at once. `done_at` tells that it has ended.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="cancellations")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    takes_effect_on = models.DateField(null=True, blank=True)
    requested_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service"],
                condition=Q(withdrawn_at=None, done_at=None),
                name="one_cancellation_per_service",
            )
        ]
        indexes = [
            models.Index(
                fields=["takes_effect_on"],
                condition=Q(confirmed_at__isnull=False, done_at=None, withdrawn_at=None),
                name="cancellation_to_carry_out",
            )
        ]

    def __str__(self) -> str:
        return self.service.name

    @property
    def product_code(self) -> str:
        """For the activity log."""
        return self.service.product

    @property
    def is_waiting(self) -> bool:
        """Whether its link can still be used."""
        return not (self.confirmed_at or self.withdrawn_at or self.done_at) and self.expires_at > clock.now()

    @property
    def is_planned(self) -> bool:
        """Confirmed, and waiting for the end of the term."""
        return self.confirmed_at is not None and self.done_at is None and self.withdrawn_at is None

    @classmethod
    def issue(cls, service: Service, person_id: int | None, *, at_end: bool) -> tuple[Cancellation, str]:
        """A new request with the secret of its link; only the hash is kept."""
        secret = new_token()
        made = cls.objects.create(
            organization_id=service.organization_id,
            service=service,
            person_id=person_id,
            digest=token_hash(secret),
            takes_effect_on=service.ends_on if at_end else None,
            expires_at=clock.now() + LINK_LIFE,
        )
        return made, secret
