"""Mails about single sign-on."""

from __future__ import annotations

from kanton.accounts.emails import to_both
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Organization


def linked(person: Person, organization: Organization) -> None:
    """Tell that an organization's sign-in now opens the account."""
    to_both(person, "sso/linked", {"organization": organization, "at": clock.now()})


def unlinked(person: Person, organization: Organization) -> None:
    """Tell that it no longer does."""
    to_both(person, "sso/unlinked", {"organization": organization, "at": clock.now()})
