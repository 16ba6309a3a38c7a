"""Periodic tasks: registered in code, each slot turned into a job exactly once, however many workers look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction

from kanton.core import clock
from kanton.core.jobs.context import caused_by

if TYPE_CHECKING:
    from kanton.core.jobs.models import Job

K = TypeVar("K", bound=Any)

SCHEDULES: dict[str, Schedule] = {}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a task is due: `every` so long, or each day `at` a time in the operator's zone."""

    name: str
    task: Any
    every: timedelta | None = None
    at: time | None = None

    def slot(self, now: datetime) -> datetime:
        """The latest moment, up to now, at which the task was due."""
        if self.every is not None:
            step = self.every // timedelta(microseconds=1)
            since = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since // step * step)
        assert self.at is not None
        zone = clock.operator_zone()
        day = now.astimezone(zone).date()
        slot = datetime.combine(day, self.at, zone)
        if slot.astimezone(UTC) > now:
            slot = datetime.combine(day - timedelta(days=1), self.at, zone)
        return slot.astimezone(UTC)

    def next_slot(self, now: datetime) -> datetime:
        """The first moment after now at which the task is due."""
        slot = self.slot(now)
        if self.every is not None:
            return slot + self.every
        # Days are 23 to 25 hours long; 26 hours on is always within the next one.
        return self.slot(slot + timedelta(hours=26))


def periodic(name: str, *, every: timedelta | None = None, at: str | None = None) -> Callable[[K], K]:
    """Above `@task`: enqueue it `every` so long, or daily `at` "03:00" in the operator's time zone.

    After a standstill the latest missed slot is caught up, once. A run that still waits is not doubled.
    """
    if (every is None) == (at is None):
        raise ValueError("say either every= or at=")

    def register(task: K) -> K:
        schedule = Schedule(name, task, every, time.fromisoformat(at) if at else None)
        known = SCHEDULES.setdefault(name, schedule)
        if known.task.module_path != task.module_path:
            raise ValueError(f"two periodic tasks are called {name!r}")
        return task

    return register


def enqueue_due(now: datetime | None = None) -> list[Job]:
    """Turn each slot that has come into a job, once. A daily task seen for the first time waits for its hour."""
    from kanton.core.jobs.models import JobSchedule

    now = now or clock.now()
    last = dict(JobSchedule.objects.values_list("name", "slot_at"))
    jobs = []
    for schedule in SCHEDULES.values():
        slot = schedule.slot(now)
        if schedule.name not in last or last[schedule.name] < slot:
            job = _enqueue_slot(schedule, slot)
            if job is not None:
                jobs.append(job)
    return jobs


def _enqueue_slot(schedule: Schedule, slot: datetime) -> Job | None:
    from kanton.core.jobs.models import Job, JobSchedule

    with transaction.atomic():
        _row, is_new = JobSchedule.objects.get_or_create(name=schedule.name, defaults={"slot_at": slot})
        if is_new:
            if schedule.at is not None:
                return None
        # Only one of many workers moves the row on to this slot; the others update nothing.
        elif not JobSchedule.objects.filter(name=schedule.name, slot_at__lt=slot).update(slot_at=slot):
            return None
        with caused_by(f"schedule {schedule.name}", None):
            result = schedule.task.using(unique_key=f"schedule:{schedule.name}").enqueue()
        JobSchedule.objects.filter(name=schedule.name).update(job_id=int(result.id))
        return Job.objects.get(pk=int(result.id))


def next_slot_at(now: datetime | None = None) -> datetime | None:
    """When the next periodic task is due."""
    now = now or clock.now()
    return min((schedule.next_slot(now) for schedule in SCHEDULES.values()), default=None)
