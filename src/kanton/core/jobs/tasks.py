"""Housekeeping of the jobs themselves."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from kanton.config import config
from kanton.core import clock, throttle
from kanton.core.jobs.models import Job, JobState
from kanton.core.jobs.schedule import periodic

KEEP_FAILED = timedelta(days=365)
CHUNK = 1000


@periodic("jobs-cleanup", at="04:10")
@task(priority=-50)
def forget_finished_jobs() -> int:
    """Remove jobs that ended long ago: done ones after `jobs.keep_days`, failed ones after a year."""
    now = clock.now()
    ends = {
        JobState.DONE: now - timedelta(days=config.jobs.keep_days),
        JobState.CANCELLED: now - timedelta(days=config.jobs.keep_days),
        JobState.FAILED: now - KEEP_FAILED,
    }
    removed = 0
    for state, end in ends.items():
        old = Job.objects.filter(state=state, finished_at__lt=end)
        # In chunks, so that nobody waits long for the database.
        while keys := list(old.values_list("pk", flat=True)[:CHUNK]):
            removed += Job.objects.filter(pk__in=keys).delete()[0]
    return removed


@periodic("throttle-cleanup", every=timedelta(hours=1))
@task(priority=-50)
def forget_old_counters() -> int:
    """Remove counters of windows that have passed."""
    return throttle.forget_old()
