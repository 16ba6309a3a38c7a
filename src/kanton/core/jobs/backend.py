"""The backend behind `@task`: jobs are rows of the same database as the change they follow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import IntegrityError, connection, transaction
from django.utils.module_loading import import_string
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError
from django_tasks.exceptions import InvalidTaskError, TaskResultDoesNotExist
from django_tasks.signals import task_enqueued
from django_tasks.utils import normalize_json
from typing_extensions import ParamSpec

from kanton.core import clock
from kanton.core.jobs import bell
from kanton.core.jobs.context import present_cause

if TYPE_CHECKING:
    from kanton.core.jobs.models import Job

P = ParamSpec("P")
T = TypeVar("T")


class UnknownTask(Exception):
    """A job names a task that this version of Kanton does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task[P, T]):
    """A task with what our jobs can do beyond Django's interface.

    `transactional`: the effect is only in our database, and commits together with the job's completion: exactly
    once. Other tasks run at least once, so a call to an engine carries `current_job().idempotency_key`.
    `unique`: a second enqueue with the same arguments, while the first still waits, is the same job; two such jobs
    never run at the same time. `unique_key` (by `using`) does the same under a name of your choice.
    `max_failures`: after so many failed runs the job is failed for good, staff see why, and `when_failed` is called
    with the job's arguments and `error=` in the transaction that says so.
    `time_limit`: seconds after which a run is taken for hung and its job given to another worker.
    """

    transactional: bool = False
    unique: bool = False
    unique_key: str | None = None
    max_failures: int = 12
    time_limit: float = 900
    when_failed: Callable[..., None] | None = None

    def using(
        self,
        *,
        priority: int | None = None,
        queue_name: str | None = None,
        run_after: datetime | None = None,
        backend: str | None = None,
        unique_key: str | None = None,
    ) -> JobTask[P, T]:
        """The same task with other defaults."""
        changes: dict[str, Any] = {
            "priority": priority,
            "queue_name": queue_name,
            "run_after": run_after,
            "backend": backend,
            "unique_key": unique_key,
        }
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    def key_for(self, args: list[Any], kwargs: dict[str, Any]) -> str | None:
        """The key under which this call is one job, if it has one."""
        if self.unique_key is not None:
            key = self.unique_key
        elif self.unique:
            key = f"{self.module_path}:{json.dumps([args, kwargs], sort_keys=True, separators=(',', ':'))}"
        else:
            return None
        return key if len(key) <= 200 else f"{key[:130]}:{hashlib.sha256(key.encode()).hexdigest()}"


def task_at(path: str) -> JobTask[Any, Any]:
    """The task under this dotted path."""
    try:
        found = import_string(path)
    except ImportError as error:
        raise UnknownTask(
            f"{path}: {error}. Does the worker run the same version as the web server?"
        ) from error
    if not isinstance(found, JobTask):
        raise UnknownTask(f"{path} is not a task of the database backend.")
    return found


class DatabaseBackend(BaseTaskBackend):
    """Enqueues in the caller's transaction: the job exists exactly if the change does."""

    task_class = JobTask
    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        # Any queue name is welcome: workers serve them all.
        super().__init__(alias, {"QUEUES": [], **params})

    def enqueue(self, task: Task[P, T], args: Any, kwargs: Any) -> TaskResult[T]:
        """Write the job, or find the one that already waits under the same key, and wake a worker on commit."""
        self.validate_task(task)
        assert isinstance(task, JobTask)
        try:
            plain_args, plain_kwargs = normalize_json(list(args)), normalize_json(dict(kwargs))
        except (TypeError, ValueError) as error:
            raise InvalidTaskError(
                f"The arguments of {task.module_path} must be JSON (pass ids, not objects): {error}"
            ) from error
        job = _write(task, plain_args, plain_kwargs)
        result: TaskResult[T] = result_of(job, task)
        task_enqueued.send(type(self), task_result=result)
        _ring_on_commit()
        return result

    def get_result(self, result_id: str) -> TaskResult[Any]:
        """The state of the job with this id."""
        from kanton.core.jobs.models import Job

        try:
            job = Job.objects.get(pk=int(result_id))
        except (Job.DoesNotExist, ValueError, OverflowError):
            raise TaskResultDoesNotExist(result_id) from None
        return result_of(job, task_at(job.task))


def _write(task: JobTask[Any, Any], args: list[Any], kwargs: dict[str, Any]) -> Job:
    from kanton.core.jobs.models import Job, JobState

    now, cause = clock.now(), present_cause()
    job = Job(
        task=task.module_path,
        args=args,
        kwargs=kwargs,
        queue=task.queue_name,
        priority=task.priority,
        unique_key=task.key_for(args, kwargs),
        run_at=task.run_after or now,
        created_at=now,
        actor=cause.actor,
        organization_id=cause.organization_id,
    )
    if job.unique_key is None:
        job.save(force_insert=True)
        return job
    # The row that waits is locked before we call it ours: a worker that takes it up afterwards sees this change.
    for _ in range(10):
        with transaction.atomic():
            rivals = Job.objects.select_for_update().filter(state=JobState.WAITING, unique_key=job.unique_key)
            if (rival := rivals.first()) is not None:
                if job.run_at < rival.run_at or job.priority > rival.priority:
                    rival.run_at = min(rival.run_at, job.run_at)
                    rival.priority = max(rival.priority, job.priority)
                    rival.save(update_fields=["run_at", "priority"])
                return rival
            try:
                with transaction.atomic():
                    job.save(force_insert=True)
                return job
            except IntegrityError:  # somebody enqueued the same at this moment: look again
                job.pk = None
    raise RuntimeError(f"Could not enqueue {task.module_path} under {job.unique_key!r}")


def enqueue_many(task: JobTask[Any, Any], args: Sequence[tuple[Sequence[Any], str]]) -> int:
    """Write one job per (arguments, unique key) in few statements; returns how many are new.

    A job that waits under the key already is that job. One enqueued elsewhere at this very moment ends the caller's
    transaction with an IntegrityError: for jobs that run again, not for pages.
    """
    from kanton.core.bulk import Many, insert_rows
    from kanton.core.jobs.models import Job, JobState

    now, cause = clock.now(), present_cause()
    rivals = Job.objects.select_for_update().filter(
        state=JobState.WAITING, unique_key__among=Many(key for _given, key in args)
    )
    known = set(rivals.values_list("unique_key", flat=True))
    template = Job(
        task=task.module_path, queue=task.queue_name, priority=task.priority, run_at=now, created_at=now,
        actor=cause.actor, organization_id=cause.organization_id,
    )  # fmt: skip
    same = {
        field.name: getattr(template, field.name)
        for field in Job._meta.concrete_fields
        if field.name not in ("id", "args", "unique_key")
    }
    new = {key: list(given) for given, key in args if key not in known}
    insert_rows(Job, ("unique_key", "args"), new.items(), same=same)
    if new:
        _ring_on_commit()
    return len(new)


def _ring_on_commit() -> None:
    waiting = connection.run_on_commit
    if not waiting or waiting[-1][1] is not bell.ring:  # one ring is enough for many jobs
        transaction.on_commit(bell.ring, robust=True)


_STATUS = {
    "waiting": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "done": TaskResultStatus.SUCCESSFUL,
    "failed": TaskResultStatus.FAILED,
    "cancelled": TaskResultStatus.FAILED,
}


def result_of(job: Job, task: Task[Any, T]) -> TaskResult[T]:
    """The job as Django's interface shows it."""
    errors = []
    if job.error:
        errors.append(TaskError(exception_class_path="builtins.Exception", traceback=job.error))
    result: TaskResult[T] = TaskResult(
        task=task,
        id=str(job.pk),
        status=_STATUS[job.state],
        enqueued_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        last_attempted_at=job.started_at,
        args=job.args,
        kwargs=job.kwargs,
        backend=task.backend,
        errors=errors,
        worker_ids=[job.worker] * job.attempts,
    )
    object.__setattr__(result, "_return_value", job.result)
    return result
