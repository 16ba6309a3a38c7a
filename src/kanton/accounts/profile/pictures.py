"""Where a person's picture is served, for badges and lists."""

from __future__ import annotations

from django.urls import reverse

from kanton.accounts.models import Person


def address_of(key: str, *, size: str = "small") -> str:
    """Where a picture is served."""
    return reverse("profile:file", args=[key, size])


def picture_url(person: Person) -> str:
    """The address of the person's picture for the badge on every page, or ""."""
    return address_of(person.picture_key) if person.picture_key else ""
