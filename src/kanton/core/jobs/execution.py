"""One run of one job: effect and completion together, trouble remembered, nothing done for a lost lease."""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from datetime import timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django_tasks import TaskContext, TaskResult
from django_tasks.signals import task_finished, task_started
from django_tasks.utils import normalize_json

from kanton.core.jobs import GiveUp, RetryIn
from kanton.core.jobs.backend import DatabaseBackend, JobTask, UnknownTask, result_of, task_at
from kanton.core.jobs.context import running
from kanton.core.jobs.models import Job, LeaseLost

log = logging.getLogger("kanton.jobs")

WORKER_DIED = "The worker stopped while this job was running. It starts again from the beginning."


class Outcome(Enum):
    """How a run ended."""

    DONE = "done"
    AGAIN = "again"
    TROUBLE = "trouble"
    LOST = "lost"


def execute(job: Job) -> tuple[Outcome, BaseException | None]:
    """Run a claimed job to its end and write down how it went. The exception, if there was one, is handed back."""
    began = time.monotonic()
    task: JobTask[Any, Any] | None = None
    try:
        try:
            task = task_at(job.task)
            _tell(task_started, job, task)
            _run(job, task)
        except RetryIn as again:
            job.postpone(again.seconds, again.reason)
            _note(logging.DEBUG, job, began, f"again in {again.seconds:g} s: {again.reason}")
            return Outcome.AGAIN, None
        except LeaseLost:
            raise
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a task raises is kept with the job
            hopeless = isinstance(error, GiveUp)
            shown = error.reason if isinstance(error, GiveUp) else "".join(traceback.format_exception(error))
            job.fail(shown[-20_000:], task, for_good=hopeless)
            level = logging.ERROR if job.is_finished else logging.WARNING
            _note(level, job, began, f"{type(error).__name__}: {job.last_error_line}")
            if task is not None and job.is_finished:
                _tell(task_finished, job, task)
            return Outcome.TROUBLE, error
    except LeaseLost:
        _note(logging.WARNING, job, began, "another worker has taken over; this run changed nothing")
        return Outcome.LOST, None
    _note(logging.DEBUG, job, began, "done")
    _tell(task_finished, job, task)
    return Outcome.DONE, None


def _run(job: Job, task: JobTask[Any, Any]) -> None:
    # With `transactional`, completion is refused and everything rolled back once the lease is lost.
    with running(job), transaction.atomic() if task.transactional else contextlib.nullcontext():
        if task.takes_context:
            context = TaskContext(task_result=result_of(job, task))
            returned = task.call(context, *job.args, **job.kwargs)
        else:
            returned = task.call(*job.args, **job.kwargs)
        job.complete(normalize_json(returned))


def resume(job: Job, worker: str, lease: timedelta) -> bool:
    """Free a job whose worker is dead or silent. That counts as a failure, so that a deadly job comes to an end."""
    if not job.take_over(worker, lease):
        return False
    try:
        task: JobTask[Any, Any] | None = task_at(job.task)
    except UnknownTask:
        task = None
    with contextlib.suppress(LeaseLost):
        job.fail(WORKER_DIED, task, at_once=job.failures == 0)
    log.warning("%s (job %s): its worker died or was silent too long; %s", job.short_name, job.pk, job.state)
    return True


def _tell(signal: Any, job: Job, task: JobTask[Any, Any] | None) -> None:
    if task is not None and signal.has_listeners(DatabaseBackend):
        result: TaskResult[Any] = result_of(job, task)
        signal.send_robust(DatabaseBackend, task_result=result)


def _note(level: int, job: Job, began: float, what: str) -> None:
    log.log(
        level,
        "%s (job %s, attempt %s, %.0f ms): %s",
        job.short_name,
        job.pk,
        job.attempts,
        (time.monotonic() - began) * 1000,
        what,
    )
