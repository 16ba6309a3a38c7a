"""Where a person signs in from: browsers and networks that are known, and what they want to be told."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.secrets import new_token, token_hash

FEWEST, MOST, USUAL = 3, 20, 10
LINK_LIFE = timedelta(minutes=60)


def network_of(address: str) -> str:
    """The neighbourhood of an address: IPv4 by 24 bits, IPv6 by 48."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))


class Device(models.Model):
    """A browser in which the person signed in, known by a secret in its cookie; trusted until a moment, or not."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64)
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(default=clock.now)
    trusted_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "digest"], name="one_device")]

    def __str__(self) -> str:
        return f"browser of {self.person_id}"

    @property
    def is_trusted(self) -> bool:
        """May it go without second factor now?"""
        return self.trusted_until is not None and clock.now() < self.trusted_until


class KnownNetwork(models.Model):
    """A network from which the person signed in."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="networks")
    network = models.CharField(max_length=50)
    last_used_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "network"], name="one_network")]

    def __str__(self) -> str:
        return self.network


class Watch(models.Model):
    """What the person wants to be told, and after how many wrong passwords the account locks (ACC-102, ACC-103)."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="watch")
    mail_new_place = models.BooleanField(_("sign-ins from a new place"), default=True)
    mail_every = models.BooleanField(_("every sign-in"), default=False)
    mail_failed = models.BooleanField(_("wrong passwords"), default=True)
    threshold = models.PositiveSmallIntegerField(
        _("wrong passwords until the account locks"),
        default=USUAL,
        validators=[MinValueValidator(FEWEST), MaxValueValidator(MOST)],
    )

    def __str__(self) -> str:
        return f"wishes of {self.person_id}"

    @classmethod
    def of(cls, person: Person) -> Watch:
        """The person's choice, or the defaults."""
        return cls.objects.filter(person=person).first() or cls(person=person)


class UnlockLink(models.Model):
    """A link or a code that unlocks the account once, within an hour (ACC-107). Only its hash is kept."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"unlock link of {self.person_id}"

    @classmethod
    def issue(cls, person: Person, secret: str = "") -> str:
        """The secret of a fresh link (or the given code); the earlier one dies."""
        secret = secret or new_token()
        cls.objects.update_or_create(
            person=person, defaults={"digest": token_hash(secret), "created_at": clock.now()}
        )
        return secret

    @classmethod
    def alive(cls) -> models.QuerySet[UnlockLink]:
        """Links that still work."""
        return cls.objects.filter(created_at__gt=clock.now() - LINK_LIFE, person__is_active=True)
