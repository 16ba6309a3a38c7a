"""What the API itself remembers."""

from __future__ import annotations

from django.db import models

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.fields import EncryptedTextField


class KeptAnswer(models.Model):
    """The first answer to a POST with an Idempotency-Key, kept for a day. Encrypted, for it may hold a new token."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = EncryptedTextField(default="")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_by_age")]

    def __str__(self) -> str:
        return self.key
