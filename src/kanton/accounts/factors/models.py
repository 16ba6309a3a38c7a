"""What allauth's table of authenticators does not keep: backup codes, spent time steps, codes by text message."""

from __future__ import annotations

import secrets as random
from datetime import timedelta

from django.db import models

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.secrets import keyed_digest

# No letters that are mistaken for each other.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
BACKUP_CODES = 10
SMS_LIFE = timedelta(minutes=10)


def normal_code(written: str) -> str:
    """A code as it is compared: without blanks and dashes, in lower case."""
    return "".join(character for character in written.lower() if character.isalnum())


def code_digest(person: Person, purpose: str, code: str) -> str:
    """How a code is kept: a keyed hash bound to its person, so that a copy of the database does not give it away."""
    return keyed_digest(f"factors.{purpose}", f"{person.pk}:{normal_code(code)}".encode())


class BackupCode(models.Model):
    """One of ten codes that get in without the phone, each once (ACC-78, ACC-79)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="backup_codes")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "digest"], name="one_backup_code")]

    def __str__(self) -> str:
        return f"backup code of {self.person_id}"

    @classmethod
    def issue(cls, person: Person) -> list[str]:
        """Ten new codes in clear, to be shown once; the old ones die."""
        cls.objects.filter(person=person).delete()
        codes: set[str] = set()
        while len(codes) < BACKUP_CODES:
            codes.add("-".join("".join(random.choice(ALPHABET) for _ in range(4)) for _ in range(3)))
        BackupCode.objects.bulk_create(
            BackupCode(person=person, digest=code_digest(person, "backup", code)) for code in sorted(codes)
        )
        return sorted(codes)


class SpentStep(models.Model):
    """The latest time step whose one-time password was accepted: neither it nor an older one works again (ACC-80)."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    step = models.BigIntegerField()

    def __str__(self) -> str:
        return f"step {self.step} of {self.person_id}"

    @classmethod
    def spend(cls, person: Person, step: int) -> bool:
        """Whether this step was still unspent; of two at once, one gets it."""
        cls.objects.get_or_create(person=person, defaults={"step": step - 1})
        return bool(cls.objects.filter(person=person, step__lt=step).update(step=step))


class TextNumber(models.Model):
    """The mobile number that gets codes by text message as a second factor (ACC-72)."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    phone = models.CharField(max_length=20)
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"•••• {self.phone[-2:]}"


class TextCode(models.Model):
    """A code on its way by text message; it works once, and the next one replaces it."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    phone = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"code for {self.person_id}"

    @classmethod
    def issue(cls, person: Person, phone: str) -> str:
        """A fresh code of six digits, in clear."""
        code = f"{random.randbelow(1_000_000):06d}"
        cls.objects.update_or_create(
            person=person,
            defaults={
                "phone": phone,
                "digest": code_digest(person, "text", code),
                "created_at": clock.now(),
            },
        )
        return code

    @classmethod
    def spend(cls, person: Person, code: str) -> str:
        """The number whose code this is, which is used up; empty for a wrong, old or used one."""
        alive = cls.objects.filter(
            person=person,
            digest=code_digest(person, "text", code),
            created_at__gt=clock.now() - SMS_LIFE,
        )
        found = alive.first()
        return found.phone if found is not None and alive.filter(pk=found.pk).delete()[0] else ""
