"""Threads that do things at the same moment, in a process of its own on a real database.

SQLite in memory cannot be shared by threads, and a test's transaction hides what happens between two. So a module does
the work as a program, on a SQLite file or on PostgreSQL, prints what it found as JSON, and a test judges that:

    pytest_plugins = ["kanton.testing_postgres"], and the fixture `real_database` below
    found = run_program("kanton.billing.tests.many_at_once", real_database, tmp_path)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kanton.testing_postgres import Cluster

SOURCE = Path(__file__).resolve().parents[1]


def together(doings: Sequence[Callable[[], object]]) -> list[object]:
    """Do all of it in threads that start together. What each returned or raised, in order."""
    from django.db import connection

    gate = threading.Barrier(len(doings))
    found: list[object] = [None] * len(doings)

    def run(index: int) -> None:
        try:
            gate.wait()
            found[index] = doings[index]()
        except Exception as error:  # noqa: BLE001 - any error is judged by the test
            found[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(doings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return found


def names(found: Sequence[object]) -> list[str]:
    """What came out, by class, in the order of the alphabet: who was first is chance."""
    return sorted(type(each).__name__ for each in found)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engine("postgres"))])
def real_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database; nothing for a SQLite file in the program's own home."""
    if request.param == "sqlite":
        yield ""
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"at_once_{uuid.uuid4().hex[:12]}"
    yield cluster.create_database(name)
    cluster.drop_database(name)


def run_program(module: str, database: str, folder: Path, *words: str) -> Any:
    """Run the module on this database, with a home of its own; what it printed as JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")} | {
        "KANTON_HOME": str(folder / "home"),
        "KANTON_DEMO": "true",
        "DJANGO_SETTINGS_MODULE": "kanton.settings",
        "PYTHONPATH": str(SOURCE),
    }
    if database:
        environment["KANTON_DATABASE_URL"] = database
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
