"""One row for each job, and one for each schedule."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.core import clock

if TYPE_CHECKING:
    from kanton.core.jobs.backend import JobTask

FIRST_WAIT = timedelta(seconds=4)
LONGEST_WAIT = timedelta(hours=1)
# Work that may take minutes. A worker always keeps one thread free of it.
LONG_QUEUE = "long"


# Written by hand, because it is asked all the time and its indexes are partial: a condition on state that arrives as a
# parameter cannot use them. One statement, so that two workers never get the same job: SQLite runs one writer at a
# time, PostgreSQL passes over rows that another worker is taking. Jobs of one key run one after the other.
IS_DUE = "SELECT 1 FROM core_job WHERE state = 'waiting' AND run_at <= %(now)s LIMIT 1"
NEXT_DUE = "SELECT min(run_at) FROM core_job WHERE state = 'waiting'"
CLAIM = """
UPDATE core_job SET
  state = 'running', worker = %(worker)s, lease_until = %(until)s, started_at = %(now)s, attempts = attempts + 1
WHERE state = 'waiting' AND id = (
  SELECT j.id FROM core_job AS j {index}
  WHERE j.state = 'waiting' AND j.run_at <= %(now)s AND j.queue <> %(without)s
    AND (j.unique_key IS NULL OR NOT EXISTS (
      SELECT 1 FROM core_job AS twin WHERE twin.state = 'running' AND twin.unique_key = j.unique_key))
  ORDER BY j.priority DESC, j.run_at, j.id LIMIT 1 {lock})
RETURNING *
"""


class LeaseLost(Exception):
    """Another worker owns the job by now; what this one did in the job's transaction must be undone."""


class JobState(models.TextChoices):
    """Where a job stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", pgettext_lazy("a job", "Cancelled")


class Job(models.Model):
    """Work to be done once or, after trouble, again; the row is the proof that it was."""

    task = models.CharField(max_length=200)
    args: models.JSONField[list[Any], list[Any]] = models.JSONField(default=list)
    kwargs: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    queue = models.CharField(max_length=40, default="default")
    priority = models.SmallIntegerField(default=0)
    unique_key = models.CharField(max_length=200, null=True)
    state = models.CharField(max_length=9, choices=JobState.choices, default=JobState.WAITING)
    run_at = models.DateTimeField(default=clock.now)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, default="", blank=True)
    # `attempts` counts the claims and tells one claim from the next; only `failures` bring a job to its end.
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=500, default="", blank=True)
    error = models.TextField(default="", blank=True)
    result: models.JSONField[Any, Any] = models.JSONField(null=True)
    actor = models.CharField(max_length=200, default="", blank=True)
    organization_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "core"
        constraints = [
            models.UniqueConstraint(
                fields=["unique_key"], condition=Q(state="waiting"), name="core_job_one_waiting_per_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["-priority", "run_at", "id"], condition=Q(state="waiting"), name="core_job_due"
            ),
            models.Index(fields=["unique_key"], condition=Q(state="running"), name="core_job_running_key"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="core_job_lease"),
            models.Index(fields=["run_at"], condition=Q(state="waiting"), name="core_job_next"),
            models.Index(fields=["-id"], condition=Q(state="failed"), name="core_job_failed"),
            models.Index(fields=["organization_id", "-id"], name="core_job_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.short_name} {self.pk}"

    @property
    def short_name(self) -> str:
        """The task without the name of its package: domains.tasks.reconcile_zone."""
        return self.task.removeprefix("kanton.").removeprefix("products.")

    @property
    def idempotency_key(self) -> str:
        """The same on every run of this job: an engine that knows it does not repeat the effect."""
        return f"kanton-job-{self.pk}"

    @property
    def is_finished(self) -> bool:
        """Whether no worker will take it up any more."""
        return self.state not in (JobState.WAITING, JobState.RUNNING)

    @property
    def last_error_line(self) -> str:
        """The end of the traceback, which says what went wrong."""
        return self.error.strip().rpartition("\n")[2]

    # What a worker does with it. Each step is one UPDATE that succeeds only for the present owner of the lease.

    @classmethod
    def claim(
        cls, worker: str, lease: timedelta, *, without: str = "", now: datetime | None = None
    ) -> Job | None:
        """The next due job, now leased to this worker, or None. `without` names a queue to pass over."""
        now = now or clock.now()
        adapt = connection.ops.adapt_datetimefield_value
        values = {"worker": worker, "now": adapt(now), "until": adapt(now + lease), "without": without}
        with connection.cursor() as cursor:
            cursor.execute(IS_DUE, values)
            if cursor.fetchone() is None:  # an idle worker takes no lock
                return None
        is_postgresql = connection.vendor == "postgresql"
        statement = CLAIM.format(
            index="" if is_postgresql else "INDEXED BY core_job_due",
            lock="FOR UPDATE SKIP LOCKED" if is_postgresql else "",
        )
        return next(iter(list(cls.objects.raw(statement, values))), None)

    @classmethod
    def next_due_at(cls) -> datetime | None:
        """When the next waiting job wants to start."""
        with connection.cursor() as cursor:
            cursor.execute(NEXT_DUE)
            found = cursor.fetchone()[0]
        if isinstance(found, str):  # SQLite
            return datetime.fromisoformat(found).replace(tzinfo=UTC)
        return found  # type: ignore[no-any-return]

    def _own(self) -> models.QuerySet[Job]:
        return Job.objects.filter(
            pk=self.pk, state=JobState.RUNNING, worker=self.worker, attempts=self.attempts
        )

    def _settle(self, **values: Any) -> None:
        if not self._own().update(lease_until=None, **values):
            raise LeaseLost(f"job {self.pk}")
        for name, value in values.items():
            setattr(self, name, value)
        self.lease_until = None

    def renew(self, lease: timedelta) -> bool:
        """Keep the lease for a while longer; False when it is no longer ours."""
        return bool(self._own().update(lease_until=clock.now() + lease))

    def take_over(self, worker: str, lease: timedelta) -> bool:
        """Become the owner of a job that runs no more; False when its worker, or another rescuer, was faster."""
        values = {"worker": worker, "lease_until": clock.now() + lease, "attempts": self.attempts + 1}
        taken = bool(self._own().filter(lease_until=self.lease_until).update(**values))
        if taken:
            for name, value in values.items():
                setattr(self, name, value)
        return taken

    def complete(self, result: Any = None) -> None:
        """Done. Raises LeaseLost when another worker has taken over, so that a surrounding transaction rolls back."""
        self._settle(state=JobState.DONE, result=result, finished_at=clock.now(), reason="", error="")

    def postpone(self, seconds: float, reason: str) -> None:
        """Not finished yet: wait and run again."""
        self._wait(clock.now() + timedelta(seconds=max(0.0, seconds)), reason=reason[:500])

    def fail(
        self, error: str, task: JobTask[Any, Any] | None, *, for_good: bool = False, at_once: bool = False
    ) -> None:
        """A run went wrong: wait longer each time (not at all, with `at_once`), or give up after the last try."""
        failures = self.failures + 1
        limit = task.max_failures if task is not None else 3
        if not for_good and failures < limit:
            wait = timedelta(0) if at_once else wait_after(failures)
            self._wait(clock.now() + wait, error=error, failures=failures, reason="")
            return
        with transaction.atomic():
            self._settle(
                state=JobState.FAILED, error=error, failures=failures, finished_at=clock.now(), reason=""
            )
            if task is not None and task.when_failed is not None:
                task.when_failed(*self.args, **self.kwargs, error=self.last_error_line)

    def _wait(self, run_at: datetime, **values: Any) -> None:
        if self.unique_key is not None and self._newer_twin() is not None:
            # A newer job of the same key waits and will do this one's work: two would be one too many.
            values |= {"state": JobState.CANCELLED, "finished_at": clock.now()}
            values["reason"] = "A newer job for the same thing has taken over."
            self._settle(**values)
            return
        try:
            with transaction.atomic():
                self._settle(state=JobState.WAITING, run_at=run_at, **values)
        except IntegrityError:  # the newer job came at this very moment
            self._wait(run_at, **values)

    def _newer_twin(self) -> Job | None:
        return Job.objects.filter(state=JobState.WAITING, unique_key=self.unique_key).first()

    # What staff do with it.

    def retry(self) -> bool:
        """Run a failed, cancelled or waiting job again from now, with all its tries. False when it runs or is done."""
        with transaction.atomic():
            if (
                self.unique_key is not None
                and (twin := self._newer_twin()) is not None
                and twin.pk != self.pk
            ):
                return bool(Job.objects.filter(pk=twin.pk, state=JobState.WAITING).update(run_at=clock.now()))
            rows = Job.objects.filter(
                pk=self.pk, state__in=(JobState.FAILED, JobState.CANCELLED, JobState.WAITING)
            ).update(state=JobState.WAITING, run_at=clock.now(), failures=0, reason="", finished_at=None)
        return bool(rows)

    def cancel(self) -> bool:
        """Take a waiting job out of the queue. False when it runs or is finished."""
        rows = Job.objects.filter(pk=self.pk, state=JobState.WAITING).update(
            state=JobState.CANCELLED, finished_at=clock.now()
        )
        return bool(rows)


def wait_after(failures: int) -> timedelta:
    """The wait after the n-th failure: doubled each time, at most an hour, a quarter more or less by chance."""
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - 1, 20))
    return wait * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing


class JobSchedule(models.Model):
    """The last slot of a periodic task that was turned into a job; the row makes each slot happen once."""

    name = models.CharField(max_length=100, primary_key=True)
    slot_at = models.DateTimeField()
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        app_label = "core"

    def __str__(self) -> str:
        return self.name
