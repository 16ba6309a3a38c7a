"""The mails about suspensions."""

from __future__ import annotations

from kanton.accounts.emails import to_one
from kanton.organizations.models import Membership


def suspended(membership: Membership, *, by: str) -> None:
    """Tell a member that the access ends, and whom to ask."""
    _tell(membership, "suspension/suspended", by)


def resumed(membership: Membership, *, by: str) -> None:
    """Tell a member that all is open again."""
    _tell(membership, "suspension/resumed", by)


def _tell(membership: Membership, template: str, by: str) -> None:
    values = {"organization": membership.organization.name, "by": by}
    to_one(membership.person, template, values, kind="membership")
