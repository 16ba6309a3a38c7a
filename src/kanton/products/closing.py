"""An organization ends only after its products (ORG-27)."""

from __future__ import annotations

from collections.abc import Iterator

from kanton.accounts.ending import Obstacle
from kanton.organizations.closing.prerequisites import still_running
from kanton.organizations.closing.steps import stoppable
from kanton.organizations.models import Organization
from kanton.products.models import Service, Wanted


def running(organization: Organization) -> Iterator[Obstacle]:
    """Products that have not ended and that the deletion cannot stop by itself (ORG-31)."""
    alive = Service.objects.filter(organization=organization).exclude(wanted=Wanted.ENDED)
    number = alive.exclude(pk__in=[each.service_id for each in stoppable(organization)]).count()
    if number:
        yield still_running(organization, number)
