"""What this room knows of a person, for the file with all their data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy

from kanton.accounts.access.models import Device, KnownNetwork, Watch
from kanton.accounts.models import Person
from kanton.accounts.profile.exporting import Part


def _places(person: Person) -> Iterator[dict[str, Any]]:
    for device in Device.objects.filter(person=person).order_by("pk"):
        yield {
            "browser": device.user_agent,
            "address": device.address,
            "since": device.created_at,
            "last_used_at": device.last_used_at,
            "trusted_until": device.trusted_until,
        }
    for known in KnownNetwork.objects.filter(person=person).order_by("pk"):
        yield {"network": known.network, "last_used_at": known.last_used_at}


def _wishes(person: Person) -> Iterator[dict[str, Any]]:
    watch = Watch.of(person)
    yield {
        "mail_new_place": watch.mail_new_place,
        "mail_every": watch.mail_every,
        "mail_failed": watch.mail_failed,
        "threshold": watch.threshold,
    }


EXPORTS = (
    Part("known-places", gettext_lazy("Known browsers and networks"), _places, order=26),
    Part("security-mails", gettext_lazy("Security mails and lock"), _wishes, order=27),
)
