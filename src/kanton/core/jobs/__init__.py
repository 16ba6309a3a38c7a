"""Jobs: work that follows a change, enqueued in its transaction, done by a worker, never lost and never doubled.

A job is an ordinary Django task; only the backend is ours:

    from django_tasks import task

    @task(unique=True, when_failed=zone_not_proved)
    def reconcile_zone(zone_id: int) -> None: ...

What `@task` understands beyond Django's own options is told by `kanton.core.jobs.backend.JobTask`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from kanton.core.jobs.context import caused_by, current_job
from kanton.core.jobs.schedule import periodic

if TYPE_CHECKING:
    from django_tasks import TaskResult

__all__ = ["GiveUp", "RetryIn", "caused_by", "current_job", "enqueue", "give_up", "periodic", "retry_in"]


class RetryIn(Exception):
    """The job is well but not finished: run it again after `seconds`. `reason` is shown to staff."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        self.seconds = seconds
        self.reason = reason
        super().__init__(seconds, reason)


class GiveUp(Exception):
    """The job can never succeed: it fails at once, without further tries. `reason` is shown to staff."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def retry_in(seconds: float, reason: str = "") -> NoReturn:
    """End this run and come back after `seconds`, the normal case of “not proved yet”. Does not count as a failure."""
    raise RetryIn(seconds, reason)


def give_up(reason: str) -> NoReturn:
    """End this job as failed, because trying again cannot help."""
    raise GiveUp(reason)


def enqueue(
    task: Any, *args: Any, unique_key: str | None = None, run_after: datetime | None = None, **kwargs: Any
) -> TaskResult[Any]:
    """Enqueue a task in the present transaction. With `unique_key`, a job that still waits is the same job."""
    changes: dict[str, Any] = {}
    if unique_key is not None:
        changes["unique_key"] = unique_key
    if run_after is not None:
        changes["run_after"] = run_after
    result: TaskResult[Any] = (task.using(**changes) if changes else task).enqueue(*args, **kwargs)
    return result
