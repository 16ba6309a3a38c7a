"""Addresses and numbers on their way to be proven, and login addresses that were taken away."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person, address_key
from kanton.core import clock
from kanton.core.secrets import keyed_digest, new_token, token_hash

CONFIRM_WITHIN = timedelta(hours=24)
UNDO_WITHIN = timedelta(days=7)
CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5
LONGEST = CONFIRM_WITHIN + UNDO_WITHIN


class What(models.TextChoices):
    """Which of the account's addresses is to change."""

    LOGIN = "login", _("login e-mail")
    RECOVERY = "recovery", _("recovery e-mail")


class AddressChange(models.Model):
    """A new address that waits for the link sent to it, or whose change can still be undone (ACC-24, ACC-48)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="address_changes")
    what = models.CharField(max_length=10, choices=What.choices)
    old = models.EmailField(max_length=254, blank=True)
    new = models.EmailField(max_length=254)
    # Until when nobody else may take the old login address, so that the change can be undone.
    old_key = models.CharField(max_length=300, blank=True, db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "what"],
                condition=models.Q(confirmed_at=None, undone_at=None),
                name="one_waiting_address_change",
            )
        ]

    def __str__(self) -> str:
        return self.new

    @property
    def can_be_confirmed(self) -> bool:
        """Still waiting, and not for too long."""
        return (
            self.confirmed_at is None
            and self.undone_at is None
            and clock.now() < self.created_at + CONFIRM_WITHIN
        )

    @property
    def undo_until(self) -> datetime:
        """Seven days from when it took effect, or from the request while it has not."""
        return (self.confirmed_at or self.created_at) + UNDO_WITHIN

    @property
    def can_be_undone(self) -> bool:
        """Neither undone nor too old; a change that was never confirmed in time has nothing to undo."""
        return self.undone_at is None and clock.now() < self.undo_until

    def undo_secret(self) -> str:
        """The secret of the link that undoes it. It is computed and so kept nowhere."""
        return f"{self.pk}-{keyed_digest('undo-address-change', f'{self.pk}:{self.digest}'.encode())}"


class Proven(models.Model):
    """Which recovery address and number of a person were proven; each counts only while it is still theirs."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="proven")
    recovery_email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(max_length=20, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"proven ways back of {self.person_id}"


def proven_recovery_email(person: Person) -> str:
    """The recovery e-mail if it was proven, else nothing (ACC-48)."""
    proven = getattr(person, "proven", None)
    is_proven = (
        proven is not None
        and person.recovery_email
        and address_key(proven.recovery_email) == address_key(person.recovery_email)
    )
    return person.recovery_email if is_proven else ""


def proven_phone(person: Person) -> str:
    """The mobile number if it was proven, else nothing (ACC-48)."""
    proven = getattr(person, "proven", None)
    return person.phone if proven is not None and person.phone and proven.phone == person.phone else ""


class CodePurpose(models.TextChoices):
    """What a code sent to a phone is for."""

    CONFIRM = "confirm", _("prove a mobile number")
    RESET = "reset", _("choose a new password")
    LOGIN = "login", _("find the login e-mail")


class PhoneCode(models.Model):
    """Six digits sent to a phone. The row is also made for accounts that do not exist; then no digits fit (ACC-53)."""

    purpose = models.CharField(max_length=10, choices=CodePurpose.choices)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    number = models.CharField(max_length=20, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    entered_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"code {self.pk}"

    @classmethod
    def begin(cls, purpose: CodePurpose, *, person: Person | None, number: str) -> tuple[PhoneCode, str]:
        """A row without digits yet, and the secret of its page."""
        secret = new_token()
        row = cls.objects.create(purpose=purpose, person=person, number=number, digest=token_hash(secret))
        return row, secret

    def fits(self, digits: str) -> bool:
        """Are these the digits that were sent?"""
        return bool(self.code_digest) and self.code_digest == digits_digest(self.digest, digits)

    @property
    def is_open(self) -> bool:
        """Not entered yet, and not too old."""
        return self.entered_at is None and clock.now() < self.created_at + CODE_LIFE

    @property
    def is_entered(self) -> bool:
        """The right digits were entered, lately, and nothing came of it yet."""
        return (
            self.entered_at is not None and self.used_at is None and clock.now() < self.entered_at + CODE_LIFE
        )


def digits_digest(digest: str, digits: str) -> str:
    """How the digits are kept: useless without the installation's key."""
    return keyed_digest("phone-code", f"{digest}:{digits}".encode())


class Released(models.Model):
    """A login address that was deleted with its mailbox: the person signs in with `identifier` instead (ACC-60…66)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="released_addresses")
    address = models.EmailField(max_length=254)
    identifier = models.CharField(max_length=20, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(completed_at=None), name="one_open_release"
            )
        ]

    def __str__(self) -> str:
        return self.identifier
