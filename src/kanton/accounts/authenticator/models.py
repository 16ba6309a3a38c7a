"""Phones that hold a key of an account, the codes that link them, and the sign-ins they are asked about."""

from __future__ import annotations

import secrets as random
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.accounts.authenticator import totp
from kanton.accounts.authenticator.protocol import fingerprint, new_code
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.fields import EncryptedTextField
from kanton.core.secrets import token_hash

LINK_LIFE = timedelta(minutes=5)  # ACC-87
REQUEST_LIFE = timedelta(minutes=2)  # ACC-89


def _public_id() -> str:
    return random.token_urlsafe(16)


class Device(models.Model):
    """An app on one phone, linked to one account. The private key never leaves the phone; we keep its public half.

    A removed one stays without its secrets, so that the phone's next question can be answered “removed” (ACC-91).
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="authenticators")
    public_id = models.CharField(max_length=22, unique=True, default=_public_id)
    name = models.CharField(_("name"), max_length=80)
    public_key = models.CharField(max_length=100, unique=True)
    secret = EncryptedTextField(default=totp.new_secret)
    last_step = models.BigIntegerField(default=0)
    push = EncryptedTextField(default="")
    created_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = [
            models.Index(
                fields=["person"], name="linked_authenticators", condition=Q(removed_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_linked(self) -> bool:
        """Not removed."""
        return self.removed_at is None

    @property
    def label(self) -> str:
        """Its name, for sentences."""
        return f"Authenticator ({self.name})"

    @property
    def fingerprint(self) -> str:
        """A short name of the key."""
        return fingerprint(self.public_key)


class LinkCode(models.Model):
    """What a QR code says, or is typed instead: links one device, within five minutes, once. Only its hash is kept.

    `backup_codes`, made with a first method, wait here for the page of the computer that showed the QR code.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    is_for_here = models.BooleanField(default=False)
    backup_codes = EncryptedTextField(default="")

    def __str__(self) -> str:
        return f"code of {self.person_id}"

    @classmethod
    def issue(cls, person: Person, *, is_for_here: bool = False) -> tuple[str, LinkCode]:
        """A fresh code; earlier ones of this person die. `is_for_here`: for the phone in whose browser it is made."""
        cls.objects.filter(person=person).delete()
        code = new_code()
        return code, cls.objects.create(person=person, digest=token_hash(code), is_for_here=is_for_here)

    @property
    def expires_at(self) -> datetime:
        """Five minutes after it was made."""
        return self.created_at + LINK_LIFE

    @property
    def is_fresh(self) -> bool:
        """Used moments ago: its page may still show what came of it."""
        return self.used_at is not None and clock.now() < self.used_at + LINK_LIFE

    @property
    def is_usable(self) -> bool:
        """Neither used nor too old."""
        return self.used_at is None and clock.now() < self.expires_at


class State(models.TextChoices):
    """How a question to the phones stands."""

    WAITING = "waiting", _("waiting")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    MISMATCH = "mismatch", _("another number was typed")
    REPLACED = "replaced", _("replaced by a newer one")
    USED = "used", _("signed in")


class SignInRequest(models.Model):
    """The question “authorize this sign-in?” to the phones of an account. The number is shown by the browser only."""

    UNANSWERED: ClassVar = (State.WAITING, State.REPLACED)

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    public_id = models.CharField(max_length=22, unique=True, default=_public_id)
    number = models.CharField(max_length=2)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    place = models.CharField(max_length=120, blank=True)
    browser = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    disowned_at = models.DateTimeField(null=True, blank=True)
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["person", "created_at"], name="sign_in_requests")]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(state="waiting"), name="one_waiting_sign_in_request"
            )
        ]

    def __str__(self) -> str:
        return f"sign-in of {self.person_id}"

    @staticmethod
    def new_number() -> str:
        """Two digits, the first not 0."""
        return str(random.randbelow(90) + 10)

    @property
    def expires_at(self) -> datetime:
        """Two minutes after it was asked."""
        return self.created_at + REQUEST_LIFE

    @property
    def is_expired(self) -> bool:
        """Too old to be answered, or for its answer to be used."""
        return clock.now() >= self.expires_at

    @property
    def is_usable(self) -> bool:
        """Approved, and not long ago: the browser that asked may go on."""
        return (
            self.state == State.APPROVED
            and self.answered_at is not None
            and clock.now() < self.answered_at + REQUEST_LIFE
        )

    @property
    def is_waiting(self) -> bool:
        """It can still be answered."""
        return self.state == State.WAITING and not self.is_expired
