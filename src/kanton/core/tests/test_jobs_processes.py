"""Jobs across real processes, on SQLite and PostgreSQL: killed workers, clean stops, wake-ups, races."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kanton.testing_postgres import Cluster

HARNESS = [sys.executable, "-m", "kanton.core.tests.jobs_harness"]
SOURCES = str(Path(__file__).parents[3])


@dataclass
class Installation:
    """A home and a database for worker processes."""

    home: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What the processes get."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
        own = {"KANTON_HOME": str(self.home), "PYTHONPATH": SOURCES}
        return kept | own | ({"KANTON_DATABASE_URL": self.url} if self.url else {})

    def harness(self, *arguments: object) -> str:
        """Run the harness to its end."""
        done = subprocess.run(
            [*HARNESS, *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def worker(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """A worker that is ready, killed at the end if it still runs."""
        process = subprocess.Popen(
            [*HARNESS, "worker"], env=self.environment | settings, stderr=subprocess.PIPE, text=True
        )
        try:
            await_true(lambda: list((self.home / "run").glob("jobs-*.bell")))
            yield process
        finally:
            process.kill()
            process.communicate()

    def ask(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Query the database directly."""
        if self.url:
            with psycopg.connect(self.url, autocommit=True) as connection:
                cursor = connection.execute(statement.replace("?", "%s").encode(), parameters)
                return cursor.fetchall() if cursor.description else []
        with sqlite3.connect(self.home / "kanton.sqlite3", timeout=240, isolation_level=None) as database:
            return database.execute(statement, parameters).fetchall()

    def enqueue(self, task: str, arguments: str = "[]", **columns: object) -> None:
        """Write a job as the web server would, and ring."""
        values: dict[str, object] = {
            "task": f"kanton.core.tests.jobs_workload.{task}", "args": arguments, "kwargs": "{}",
            "queue": "default", "priority": 0, "state": "waiting", "worker": "", "attempts": 0, "failures": 0,
            "reason": "", "error": "", "actor": "", "run_at": "2020-01-01 00:00:00",
            "created_at": "2020-01-01 00:00:00",
        } | columns  # fmt: skip
        names, places = ", ".join(values), ", ".join("?" for _ in values)
        self.ask(f"INSERT INTO core_job ({names}) VALUES ({places})", *values.values())
        for pipe in (self.home / "run").glob("jobs-*.bell"):
            pipe.write_bytes(b"!")

    def jobs(self, task: str) -> list[tuple[Any, ...]]:
        """State, failures and attempts of the jobs of a task."""
        name = f"kanton.core.tests.jobs_workload.{task}"
        return self.ask("SELECT state, failures, attempts FROM core_job WHERE task = ?", name)

    @property
    def engine_log(self) -> list[str]:
        """What the engine was told."""
        path = self.home / "engine.log"
        return path.read_text().splitlines() if path.exists() else []


def await_true(question: Callable[[], object], seconds: float = 240) -> None:
    """Wait until the answer is true."""
    began = time.monotonic()
    while not question():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.005)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.engine("postgres"))])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An empty installation on each of the two databases."""
    if request.param == "sqlite":
        yield Installation(tmp_path, "")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"jobs_{os.getpid()}_{time.monotonic_ns()}"
    yield Installation(tmp_path, cluster.create_database(name))
    cluster.drop_database(name)


def test_workers_killed_at_random_moments_lose_nothing_and_double_nothing(installation: Installation) -> None:
    """1000 transactional jobs and 1000 calls to an engine under 40 times `kill -9`."""
    installation.harness("setup", 1000)
    installation.harness("torture", 40, 20261122)

    counted = dict(installation.ask("SELECT state, count(*) FROM core_job WHERE args <> '[]' GROUP BY state"))
    assert counted == {"done": 2000}
    # First that the test did what it says: a good part of the kills hit jobs that were running.
    hit = installation.ask("SELECT count(*) FROM core_job WHERE attempts > 1")[0][0]
    assert hit >= 10
    # Transactional: exactly once.
    assert Counter(row[0] for row in installation.ask("SELECT number FROM effect")) == Counter(range(1000))
    # Others: at least once, and the engine can tell repetitions by their key.
    told = [line.split() for line in installation.engine_log]
    assert {int(number) for number, _key, _attempt in told} == set(range(1000))
    assert len({key for _number, key, _attempt in told}) == 1000
    assert len(told) - 1000 <= hit
    # The bells of the killed are gone.
    assert list((installation.home / "run").glob("jobs-*")) == []


def test_a_job_that_kills_its_worker_each_time_comes_to_an_end(installation: Installation) -> None:
    installation.harness("setup", 0)
    installation.enqueue("kill_own_worker")
    for _ in range(3):
        with installation.worker() as worker:
            hurry = "UPDATE core_job SET run_at = '2020-01-01 00:00:00' WHERE state = 'waiting'"
            await_true(lambda: installation.ask(hurry) or worker.poll() is not None)  # noqa: B023
            assert worker.returncode == -signal.SIGKILL
    with installation.worker():
        await_true(lambda: installation.jobs("kill_own_worker") == [("failed", 3, 6)])


def test_a_worker_told_to_stop_finishes_the_job_in_hand_and_takes_no_other(
    installation: Installation,
) -> None:
    installation.harness("setup", 0)
    with installation.worker() as worker:
        for _ in range(5):
            installation.enqueue("slow")
        await_true(lambda: installation.engine_log.count("begin") == 3)  # one for each thread
        worker.send_signal(signal.SIGTERM)
        await_true((installation.home / "stopping").exists)
        (installation.home / "go").touch()
        assert worker.wait(240) == 0
    assert Counter(installation.engine_log) == {"begin": 3, "end": 3}
    assert Counter(row[0] for row in installation.jobs("slow")) == {"done": 3, "waiting": 2}


def test_an_idle_worker_sleeps_until_the_bell_wakes_it(installation: Installation) -> None:
    """By itself it would look again after an hour."""
    installation.harness("setup", 0)
    with installation.worker(KANTON_JOBS_POLL_SECONDS="3600"):
        for number in range(5):
            installation.enqueue("tell_engine", f"[{number}]")
            await_true(lambda: len(installation.engine_log) == number + 1)  # noqa: B023


def test_a_hung_job_is_given_up_and_the_worker_asks_for_a_new_process(installation: Installation) -> None:
    installation.harness("setup", 0)
    for _ in range(3):
        installation.enqueue("hang")
    with installation.worker() as worker:
        assert worker.wait(240) != 0
        assert worker.stderr is not None and "WorkerStuck" in worker.stderr.read()


def test_many_processes_turn_each_slot_into_one_job(installation: Installation) -> None:
    installation.harness("setup", 0)
    made = installation.harness("schedules", 30, 4).split()
    assert len(made) == 4 and sum(map(int, made)) >= 1
    # Jobs of one schedule that still wait are one; the slots in between were each taken once.
    assert installation.ask("SELECT count(*) FROM core_job WHERE state = 'waiting'") == [(1,)]
