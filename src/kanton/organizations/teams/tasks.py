"""What the clock does for teams."""

from __future__ import annotations

from django_tasks import task

from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.core.jobs.models import LONG_QUEUE
from kanton.organizations.models import Membership, Organization
from kanton.organizations.teams import emails
from kanton.organizations.teams.actions import KEPT, forget_deleted_teams


@periodic("teams: forget those deleted long ago", at="03:50")
@task(priority=-50)
def forget_old_teams() -> None:
    """Forget deleted teams after 30 days."""
    old = Organization.objects.filter(deleted_teams__deleted_at__lt=clock.now() - KEPT).distinct()
    for organization in old.order_by("pk"):
        forget_deleted_teams(System("teams"), organization)


@task(queue_name=LONG_QUEUE, transactional=True)  # type: ignore[call-overload, untyped-decorator, unused-ignore]
def tell_members(
    template: str, organization_id: int, team: str, numbers: list[int], products: list[str], by: str
) -> None:
    """Tell some of the many people of a team what changed."""
    members = Membership.objects.filter(organization_id=organization_id, pk__in=numbers)
    for membership in members.select_related("person", "organization").order_by("pk"):
        emails.tell(template, membership, team, products, by=by)
