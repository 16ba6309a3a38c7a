"""The log checks itself."""

from __future__ import annotations

import logging

from django_tasks import task

from kanton.activity.log import check
from kanton.activity.models import Chain
from kanton.core.jobs import periodic

log = logging.getLogger("kanton.activity")


@task(priority=-20)
def check_chain(name: str) -> None:
    """Verify one chain and remember the result, which its page shows."""
    if problem := check(name):
        log.error("The activity log was altered: %s", problem)


@periodic("activity-check", at="03:40")
@task(priority=-50)
def check_all_chains() -> None:
    """Verify every chain, from its first row to its sealed end."""
    for name in Chain.objects.order_by("name").values_list("name", flat=True).iterator():
        if problem := check(name):
            log.error("The activity log was altered: %s", problem)
