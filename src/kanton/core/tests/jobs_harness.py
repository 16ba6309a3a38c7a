"""Real worker processes for tests: they work on the database of KANTON_DATABASE_URL and can be killed.

python -m kanton.core.tests.jobs_harness setup                 tables and jobs
python -m kanton.core.tests.jobs_harness torture KILLS SEED    workers, killed with SIGKILL at random moments
python -m kanton.core.tests.jobs_harness worker                one worker until SIGTERM
python -m kanton.core.tests.jobs_harness schedules             turns the present slots into jobs, many times
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time

import django
from django.conf import settings


def configure() -> None:
    """Django with nothing but jobs, on the database settings of the real thing."""
    from kanton.settings import DATABASES, TASKS

    settings.configure(
        INSTALLED_APPS=["kanton.core"],
        DATABASES=DATABASES,
        TASKS=TASKS,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def setup(jobs: int) -> None:
    """Make the tables and enqueue so many jobs of each kind, in one transaction."""
    from django.db import connection, transaction

    from kanton.core.jobs.models import Job, JobSchedule
    from kanton.core.tests import jobs_workload as workload

    with connection.schema_editor() as editor:
        editor.create_model(Job)
        editor.create_model(JobSchedule)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE effect (number integer)")  # no constraint that would hide a double
    with transaction.atomic():
        for number in range(jobs):
            workload.deposit.enqueue(number)
            workload.tell_engine.enqueue(number)


def work(*, until_drained: bool, threads: int = 3) -> None:
    """Run a worker until SIGTERM, or until no job is left."""
    from kanton.config import config
    from kanton.core.jobs.models import Job, JobState
    from kanton.core.jobs.worker import Worker

    class Noting(Worker):
        def _stop(self) -> None:
            """From now on it takes no other job: tests wait for this file."""
            super()._stop()
            (config.home / "stopping").touch()

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def watch() -> None:
        while Job.objects.filter(state__in=(JobState.WAITING, JobState.RUNNING)).exists():
            time.sleep(0.1)
        stop.set()

    if until_drained:
        threading.Thread(target=watch, daemon=True).start()
    Noting(threads=threads).run(stop)


def torture(kills: int, seed: int) -> None:
    """Start workers and kill each at a random moment of its work; let the last one finish. Forks, so that no time is
    lost."""
    from django.db import connection
    from django.db.models import Sum

    from kanton.core.jobs import worker  # before the forks, which then start at once
    from kanton.core.jobs.models import Job

    assert worker

    def claims() -> int:
        return int(Job.objects.aggregate(all=Sum("attempts"))["all"] or 0)

    chance = random.Random(seed)
    for round_ in range(kills + 1):
        before = claims()
        connection.close()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                random.seed(seed + round_)
                work(until_drained=round_ == kills)
                status = 0
            finally:
                os._exit(status)
        if round_ < kills:
            # On a busy machine a worker takes long to start: one that has not begun would be no loss.
            until = time.monotonic() + 240
            while claims() == before and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.05))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        else:
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0


def schedules(rounds: int, processes: int) -> None:
    """Several processes look at the schedules at the same moments, each at many."""
    from datetime import timedelta

    from kanton.core import clock
    from kanton.core.jobs import schedule
    from kanton.core.tests import jobs_workload

    assert jobs_workload.often
    begin = clock.now()
    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            made = 0
            for step in range(rounds):
                made += len(schedule.enqueue_due(begin + timedelta(minutes=5 * step)))
            os.write(1, f"{made}\n".encode())  # in one piece: four processes share this pipe
            os._exit(0)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


if __name__ == "__main__":
    configure()
    match sys.argv[1:]:
        case ["setup", jobs]:
            setup(int(jobs))
        case ["torture", kills, seed]:
            torture(int(kills), int(seed))
        case ["worker"]:
            work(until_drained=False)
        case ["schedules", rounds, processes]:
            schedules(int(rounds), int(processes))
        case other:
            raise SystemExit(f"unknown: {other}")
