"""The mails about people who go and come back."""

from __future__ import annotations

from kanton.accounts.emails import to_one
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core import clock
from kanton.core.rights import Role
from kanton.organizations.models import Membership, Organization


def member_left(membership: Membership) -> None:
    """Tell the owners that somebody left by themselves (ORG-26)."""
    organization = membership.organization
    owners = organization.memberships.filter(role=Role.OWNER, suspended_at=None).exclude(pk=membership.pk)
    values = {"organization": organization.name, "member": membership.person, "at": clock.now()}
    link = f"{config.web.address}/o/{organization.slug}/people"
    for owner in owners.select_related("person").order_by("pk"):
        to_one(owner.person, "departure/left", {**values, "link": link}, kind="membership")


def brought_back(person: Person, organization: Organization, *, by: str) -> None:
    """Tell somebody that they belong to the organization again."""
    values = {
        "organization": organization.name,
        "by": by,
        "link": f"{config.web.address}/o/{organization.slug}/",
    }
    to_one(person, "departure/brought_back", values, kind="membership")
