"""The worker: a few threads that run jobs, one scout that finds them, one heart that keeps their leases.

At rest only the scout wakes, every `jobs.poll_seconds`, for one query on an index; an enqueue on this machine
rings it awake at once. A worker may be killed at any moment: the next one to look gives its jobs another run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.utils.module_loading import autodiscover_modules

from kanton.config import config
from kanton.core import clock
from kanton.core.jobs import bell, schedule
from kanton.core.jobs.backend import UnknownTask, task_at
from kanton.core.jobs.execution import execute, resume
from kanton.core.jobs.models import LONG_QUEUE, Job, JobState

log = logging.getLogger("kanton.jobs")

RESCUE_EVERY = 5.0
# A supervisor reads this as "start me again": every thread hangs in a job that overran its time.
EXIT_STUCK = 75


class WorkerStuck(RuntimeError):
    """Every thread hangs in a job that overran its time limit; only a new process helps."""


@dataclass(slots=True)
class InHand:
    """A job that a thread runs now."""

    job: Job
    give_up_at: float


class Worker:
    """Runs jobs until it is told to stop, then finishes those in hand."""

    def __init__(self, *, threads: int | None = None, lease: timedelta | None = None) -> None:
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.threads = threads or config.jobs.threads
        self.lease = lease or timedelta(seconds=config.jobs.lease_seconds)
        self.stopping = threading.Event()
        self._work = threading.Condition()
        self._work_is_due = False
        self._in_hand: dict[int, InHand] = {}
        self._rescue_at = 0.0
        self._slot_at: datetime | None = None

    def run(self, stop_event: threading.Event, *, grace: float = 25.0) -> None:
        """Work until `stop_event`; then wait for the jobs in hand, at most `grace` seconds."""
        with bell.Bell(self.name) as own_bell:
            crew = [
                threading.Thread(target=self._work_on, args=(number,), name=f"jobs-{number}", daemon=True)
                for number in range(self.threads)
            ]
            helpers = [
                threading.Thread(target=self._beat, name="jobs-heart", daemon=True),
                threading.Thread(target=self._watch, args=(stop_event,), name="jobs-stop", daemon=True),
            ]
            for thread in [*crew, *helpers]:
                thread.start()
            log.info("Worker %s is ready: %s threads", self.name, self.threads)
            try:
                while not stop_event.is_set():
                    self._scout(own_bell)
            except WorkerStuck:
                grace = 0.0
                raise
            finally:
                self._stop()
                until = time.monotonic() + grace
                for thread in crew:
                    thread.join(max(0.0, until - time.monotonic()))
                if left := len(self._in_hand):
                    log.warning("Stopping with %s jobs unfinished; the next worker runs them again", left)
                connections.close_all()
        log.info("Worker %s has stopped", self.name)

    # The scout.

    def _scout(self, own_bell: bell.Bell) -> None:
        wait: float = config.jobs.poll_seconds
        try:
            close_old_connections()
            now = clock.now()
            if self._slot_at is None or now >= self._slot_at:
                schedule.enqueue_due(now)
                self._slot_at = schedule.next_slot_at(now) or now + timedelta(days=1)
            if time.monotonic() >= self._rescue_at:
                self._rescue()
            next_due = Job.next_due_at()
            if next_due is not None:
                if next_due <= now:
                    self._wake_one()
                else:
                    wait = min(wait, (next_due - now).total_seconds())
            wait = min(wait, (self._slot_at - now).total_seconds())
        except (DatabaseError, InterfaceError) as trouble:
            # A database that restarts, or is full: keep asking, calmly.
            log.warning("The worker cannot reach its database: %s", trouble)
            _drop_connections()
            self.stopping.wait(1.0)
        if self._hang() >= self.threads:
            raise WorkerStuck("every thread hangs in a job that overran its time limit")
        own_bell.wait(max(wait, 0.005))

    def _rescue(self) -> None:
        self._rescue_at = time.monotonic() + min(RESCUE_EVERY, self.lease.total_seconds() / 4)
        for name in bell.silenced():
            for job in Job.objects.filter(state=JobState.RUNNING, worker=name):
                resume(job, self.name, self.lease)
            bell.bury(name)
        for job in Job.objects.filter(state=JobState.RUNNING, lease_until__lt=clock.now())[:100]:
            resume(job, self.name, self.lease)

    def _hang(self) -> int:
        now = time.monotonic()
        return sum(hand.give_up_at < now for hand in list(self._in_hand.values()))

    # The crew.

    def _work_on(self, number: int) -> None:
        # One thread stays free of long work, so that short work never waits behind it.
        without = LONG_QUEUE if number == 0 and self.threads > 1 else ""
        while not self.stopping.is_set():
            try:
                close_old_connections()
                job = Job.claim(self.name, self.lease, without=without)
                if job is not None:
                    self._wake_one()
                    self._do(number, job)
                    continue
            except (DatabaseError, InterfaceError) as trouble:
                # What was in hand keeps its lease until that ends, and then runs again.
                log.warning("A job thread lost its database: %s", trouble)
                _drop_connections()
                self.stopping.wait(1.0)
            except Exception:
                log.exception("A job thread met something unforeseen and goes on")
                self.stopping.wait(1.0)
            self._rest()
        _drop_connections()

    def _do(self, number: int, job: Job) -> None:
        try:
            limit = task_at(job.task).time_limit
        except UnknownTask:
            limit = 60.0
        self._in_hand[number] = InHand(job, time.monotonic() + limit)
        try:
            execute(job)
        finally:
            del self._in_hand[number]

    def _rest(self) -> None:
        with self._work:
            while not self._work_is_due and not self.stopping.is_set():
                self._work.wait()
            self._work_is_due = False

    def _wake_one(self) -> None:
        with self._work:
            self._work_is_due = True
            self._work.notify()

    # The heart, and the end.

    def _beat(self) -> None:
        while not self.stopping.wait(self.lease.total_seconds() / 3) or self._in_hand:
            if self.stopping.is_set():
                time.sleep(min(1.0, self.lease.total_seconds() / 3))
            for hand in list(self._in_hand.values()):
                # A job that overran its time is taken for hung: another worker may have it.
                if time.monotonic() < hand.give_up_at:
                    try:
                        hand.job.renew(self.lease)
                    except (DatabaseError, InterfaceError) as trouble:
                        log.warning("A lease could not be renewed: %s", trouble)
                        _drop_connections()
        _drop_connections()

    def _watch(self, stop_event: threading.Event) -> None:
        stop_event.wait()
        bell.ring()

    def _stop(self) -> None:
        self.stopping.set()
        with self._work:
            self._work.notify_all()


def _drop_connections() -> None:
    for connection in connections.all(initialized_only=True):
        with contextlib.suppress(Exception):
            connection.close()


def run(stop_event: threading.Event, *, threads: int | None = None, grace: float = 25.0) -> None:
    """Run a worker until `stop_event` is set; raises WorkerStuck when only a new process can help."""
    autodiscover_modules("tasks")
    import kanton.core.jobs.tasks
    import kanton.core.outbox.tasks  # noqa: F401

    Worker(threads=threads).run(stop_event, grace=grace)
