"""What stands between an organization and its end."""

from __future__ import annotations

from kanton.accounts.ending import Obstacle
from kanton.core.actor import Actor
from kanton.organizations.closing.prerequisites import unmet
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import DETAILS_EDIT


def obstacles_to_deletion(actor: Actor, organization: Organization) -> list[Obstacle]:
    """What must be settled first; for owners (ORG-28)."""
    require(actor, DETAILS_EDIT, organization)
    return unmet(organization)
