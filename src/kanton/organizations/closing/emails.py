"""The last mail about an organization."""

from __future__ import annotations

from kanton.accounts.emails import to_one
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.models import Organization


def organization_deleted(person: Person, organization: Organization) -> None:
    """Confirm the deletion to the owner (ORG-34)."""
    values = {"organization": organization.name, "at": clock.now()}
    to_one(person, "closing/deleted", values, kind="organization")
