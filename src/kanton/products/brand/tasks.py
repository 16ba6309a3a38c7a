"""The clock of Custom Brands."""

from __future__ import annotations

from django_tasks import task

from kanton.core import clock
from kanton.core.actor import System
from kanton.core.jobs import periodic
from kanton.products.brand.models import Brand


@periodic("brand-release", at="03:10")
@task(priority=-10)
def release_hosts() -> int:
    """Let go of the names whose 30 days of redirection are over; tells how many."""
    from kanton.products.brand.actions import release_host

    over = Brand.objects.filter(redirects_until__lt=clock.today(), proven_at__isnull=False)
    return len([release_host(System("brand"), brand) for brand in over.iterator(500)])
