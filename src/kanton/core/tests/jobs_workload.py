"""Tasks that the tests of jobs run, in this process and in workers that are killed."""

from __future__ import annotations

import os
import random
import time
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django_tasks import TaskContext, task

from kanton.config import config
from kanton.core.jobs import current_job, give_up, periodic, retry_in

DONE: list[object] = []
PROOFS: dict[int, bool] = {}
FAILED: list[tuple[object, str]] = []


def note_failure(thing: object, *, error: str) -> None:
    """What a room does when a wish cannot be fulfilled."""
    FAILED.append((thing, error))


@task()
def remember(thing: object) -> object:
    """Takes note."""
    DONE.append(thing)
    return thing


@task(unique=True)
def reconcile(thing: int) -> None:
    """A typical reconciler: one waiting job for each thing."""
    DONE.append(thing)


@task(unique=True, when_failed=note_failure)
def prove(thing: int) -> None:
    """Is done when the engine says so."""
    if not PROOFS.get(thing):
        retry_in(30, "the name server does not answer it yet")
    DONE.append(thing)


@task(max_failures=3, when_failed=note_failure)
def stumble(thing: object) -> None:
    """Never succeeds."""
    raise ZeroDivisionError(f"cannot divide {thing}")


@task(when_failed=note_failure)
def hopeless(thing: object) -> None:
    """Knows that it never will."""
    give_up(f"{thing} is gone")


@task(takes_context=True)
def with_context(context: TaskContext, thing: object) -> int:
    """Sees its own attempt."""
    DONE.append(thing)
    return context.attempt


@task(transactional=True)
def deposit(number: int) -> None:
    """An effect in our own database."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (number) VALUES (%s)", [number])
    time.sleep(random.uniform(0, 0.004))


@task(transactional=True)
def deposit_and_stumble(number: int) -> None:
    """An effect that must be undone."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (number) VALUES (%s)", [number])
    raise ZeroDivisionError


def engine_log() -> Path:
    """What the engine was told, one call a line."""
    return config.home / "engine.log"


@task()
def tell_engine(number: int) -> None:
    """An effect elsewhere: told at least once, with a key by which the engine knows repetitions."""
    job = current_job()
    assert job is not None
    line = f"{number} {job.idempotency_key} {job.attempts}\n".encode()
    descriptor = os.open(engine_log(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
    time.sleep(random.uniform(0, 0.004))


@task(max_failures=3)
def kill_own_worker() -> None:
    """A job that takes its worker down each time, as one that eats all memory would."""
    os.kill(os.getpid(), 9)


@task()
def slow() -> None:
    """Takes until a file says "go", and says when it began and ended."""
    with engine_log().open("a") as log:
        log.write("begin\n")
        log.flush()
        while not (config.home / "go").exists():
            time.sleep(0.01)
        log.write("end\n")


@task(time_limit=0.3)
def hang() -> None:
    """Overruns its time."""
    time.sleep(60)


@periodic("test-nightly", at="03:00")
@task()
def nightly() -> None:
    """Once a day."""
    DONE.append("nightly")


@periodic("test-often", every=timedelta(minutes=5))
@task()
def often() -> None:
    """Every five minutes."""
    DONE.append("often")
