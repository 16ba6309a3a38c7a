"""The mails about security rules."""

from __future__ import annotations

import datetime as dt

from kanton.accounts.emails import to_one
from kanton.accounts.models import Person
from kanton.config import config
from kanton.organizations.models import Membership


def announced(membership: Membership, day: dt.date, *, by: str) -> None:
    """Say from which day on a second factor is demanded, and where to set it up."""
    _tell(membership, "policies/announced", {"day": day, "by": by})


def reminded(membership: Membership, day: dt.date) -> None:
    """Say it again the day before."""
    _tell(membership, "policies/reminded", {"day": day})


def networks_limited(membership: Membership, networks: str, day: dt.date, *, by: str) -> None:
    """Say from where owners and administrators may act."""
    _tell(membership, "policies/networks_limited", {"networks": networks, "day": day, "by": by})


def networks_open(membership: Membership, *, by: str) -> None:
    """Say that they may act from anywhere again."""
    _tell(membership, "policies/networks_open", {"by": by})


def _tell(membership: Membership, template: str, values: dict[str, object]) -> None:
    person: Person = membership.person
    to_one(
        person,
        template,
        {"organization": membership.organization.name, "address": config.web.address, **values},
        kind="security",
    )
