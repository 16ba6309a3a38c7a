"""Reads for proofs of the log."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from kanton.activity.models import Activity, Chain
from kanton.activity.queries import chain_state
from kanton.core.actor import Actor
from kanton.core.rights import Role
from kanton.organizations.models import Membership, Organization
from kanton.organizations.queries import require
from kanton.organizations.rights import ACTIVITY_VIEW
from kanton.organizations.trail.models import HeadReader, LogExport


@dataclass(frozen=True, slots=True)
class Checked:
    """The head of the log, what the last check went over, and what it found."""

    chain: Chain
    first: Activity | None
    last: Activity | None


def checked(actor: Actor, organization: Organization) -> Checked:
    """What was checked, from which entry to which; for those who may see the log."""
    require(actor, ACTIVITY_VIEW, organization)
    chain = chain_state(organization.pk)
    rows = Activity.objects.filter(chain=chain.name, position__lte=chain.verified_length)
    return Checked(chain, rows.order_by("position").first(), rows.order_by("-position").first())


def is_kept(actor: Actor, organization: Organization, position: int, digest: str) -> bool:
    """Whether the log still has, at this place, the entry whose digest somebody kept."""
    require(actor, ACTIVITY_VIEW, organization)
    name = chain_state(organization.pk).name
    return Activity.objects.filter(chain=name, position=position, digest=digest.strip().lower()).exists()


def owners_of(organization: Organization) -> QuerySet[Membership]:
    """Who can get the daily proof."""
    owners = Membership.objects.filter(organization=organization, role=Role.OWNER, suspended_at=None)
    return owners.select_related("person").order_by("person__last_name", "pk")


def head_readers(organization: Organization) -> QuerySet[HeadReader]:
    """Who gets it: those chosen who are owners still."""
    found = HeadReader.objects.filter(
        organization=organization, membership__role=Role.OWNER, membership__suspended_at=None
    )
    return found.select_related("membership__person").order_by("pk")


def log_exports(actor: Actor, organization: Organization) -> QuerySet[LogExport]:
    """The files of the log of the last week, the newest first; for those who may see the log."""
    require(actor, ACTIVITY_VIEW, organization)
    return LogExport.objects.filter(organization=organization).select_related("organization").order_by("-pk")
