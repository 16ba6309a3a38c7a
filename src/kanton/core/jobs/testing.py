"""For tests: do what waits, here and now."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from kanton.core import clock
from kanton.core.jobs.execution import Outcome, execute
from kanton.core.jobs.models import Job, JobState

LEASE = timedelta(minutes=5)


def run_jobs(*, limit: int = 1000, even_later: bool = False, raising: bool = True) -> int:
    """Run due jobs in this thread until none is left, and those they enqueue; returns how many runs there were.

    An exception of a job is raised here (`raising=False` keeps it with the job, as a worker would). With
    `even_later`, jobs that wait for a later hour run too, each at most once.
    """
    runs = 0
    if even_later:
        waiting: QuerySet[Job] = Job.objects.filter(state=JobState.WAITING)
        waiting.update(run_at=clock.now())
    while runs < limit and (job := Job.claim("tests", LEASE)) is not None:
        runs += 1
        outcome, error = execute(job)
        if raising and outcome is Outcome.TROUBLE and error is not None:
            raise error
    return runs


def waiting_jobs() -> list[tuple[str, list[object]]]:
    """The jobs that wait, as (task, arguments), in the order in which they were enqueued."""
    rows = Job.objects.filter(state=JobState.WAITING).order_by("pk")
    return [(job.short_name, job.args) for job in rows]
