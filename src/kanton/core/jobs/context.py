"""On whose behalf a job is enqueued, and which job is running now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanton.core.jobs.models import Job


@dataclass(frozen=True, slots=True)
class Cause:
    """Who started something and for which organization, as staff see it beside the job."""

    actor: str = ""
    organization_id: int | None = None


_cause: ContextVar[Cause] = ContextVar("job_cause", default=Cause())  # noqa: B039 - Cause is immutable
_running: ContextVar[Job | None] = ContextVar("running_job", default=None)


def present_cause() -> Cause:
    """The cause in force here: the action's, or that of the job that is running."""
    return _cause.get()


@contextmanager
def caused_by(actor: str, organization_id: int | None) -> Iterator[None]:
    """Jobs enqueued inside the block carry this cause."""
    token = _cause.set(Cause(actor[:200], organization_id))
    try:
        yield
    finally:
        _cause.reset(token)


def current_job() -> Job | None:
    """The job that is running in this thread; its `idempotency_key` goes along with calls to engines."""
    return _running.get()


@contextmanager
def running(job: Job) -> Iterator[None]:
    """Mark `job` as the one in hand; what it enqueues inherits its cause."""
    job_token = _running.set(job)
    try:
        with caused_by(job.actor, job.organization_id):
            yield
    finally:
        _running.reset(job_token)
