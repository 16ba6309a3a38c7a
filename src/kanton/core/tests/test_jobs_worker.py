"""What a worker does while there is nothing to do: one look, then sleep until the time it named or the bell."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kanton.config import overriding
from kanton.core import clock
from kanton.core.jobs import schedule
from kanton.core.jobs.bell import Bell
from kanton.core.jobs.worker import Worker
from kanton.core.tests import jobs_workload as workload

pytestmark = pytest.mark.django_db
HOUR = 3600.0


class Sleep:
    """A bell that never rings: it keeps how long somebody wanted to sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Sleep:
    """A quiet installation: nothing is due by the clock within the hour."""

    def nothing_due(now: datetime) -> None:
        return None

    monkeypatch.setattr(schedule, "enqueue_due", nothing_due)
    monkeypatch.setattr(schedule, "next_slot_at", nothing_due)
    # The tests' own connection is not the worker's to close.
    monkeypatch.setattr("kanton.core.jobs.worker.close_old_connections", lambda: None)
    return Sleep()


def looks(worker: Worker, asleep: Sleep, times: int) -> list[float]:
    """How long it sleeps after each of so many looks."""
    asleep.seconds.clear()
    with overriding(jobs={"poll_seconds": HOUR}):
        for _ in range(times):
            worker._scout(cast("Bell", asleep))
    return asleep.seconds


def test_an_idle_worker_wakes_once_in_an_hour(asleep: Sleep) -> None:
    assert looks(Worker(threads=1), asleep, 5) == [HOUR] * 5


def test_each_look_of_an_idle_worker_is_one_question(asleep: Sleep, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(threads=1)
    looks(worker, asleep, 1)
    monkeypatch.setattr(worker, "_rescue", lambda: None)
    with CaptureQueriesContext(connection) as asked:
        looks(worker, asleep, 3)
    assert len(asked) == 3


def test_it_sleeps_until_the_next_job_is_due_and_no_longer(asleep: Sleep, time_machine: Any) -> None:
    time_machine.move_to("2026-03-10T12:00:00+00:00", tick=False)
    workload.remember.using(run_after=clock.now() + timedelta(minutes=20)).enqueue("later")
    assert looks(Worker(threads=1), asleep, 1) == [1200.0]


def test_it_sleeps_until_the_next_slot_of_a_schedule(
    asleep: Sleep, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    time_machine.move_to("2026-03-10T12:00:00+00:00", tick=False)
    monkeypatch.setattr(schedule, "next_slot_at", lambda now: now + timedelta(minutes=5))
    assert looks(Worker(threads=1), asleep, 1) == [300.0]
