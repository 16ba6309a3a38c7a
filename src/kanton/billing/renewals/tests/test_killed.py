"""The daily run killed with SIGKILL at random moments: each renewal exactly once, each mail once, the books balance."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanton.testing_postgres import Cluster

KILLS = int(os.environ.get("KANTON_TEST_KILLS", "4"))
SERVICES = int(os.environ.get("KANTON_TEST_SERVICES", "80"))
SOURCE = Path(__file__).resolve().parents[4]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engine("postgres"))])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database; nothing for a SQLite file in the process's own home."""
    if request.param == "sqlite":
        yield ""
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"renewals_{uuid.uuid4().hex[:12]}"
    yield cluster.create_database(name)
    cluster.drop_database(name)


@pytest.mark.spec("BIL-96")
def test_a_killed_run_renews_each_service_once(database: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")} | {
        "KANTON_HOME": str(tmp_path / "home"),
        "KANTON_DEMO": "true",
        "DJANGO_SETTINGS_MODULE": "kanton.settings",
        "PYTHONPATH": str(SOURCE),
    }
    if database:
        environment["KANTON_DATABASE_URL"] = database
    done = subprocess.run(
        [sys.executable, "-m", "kanton.billing.renewals.tests.run_harness", str(KILLS), "7", str(SERVICES)],
        env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    half = SERVICES // 2
    assert json.loads(done.stdout) == {
        "paid": half,
        "open": half,
        "once": True,
        "tries": [1],
        "invoices": SERVICES,
        "sales": half,
        "ends": ["0", "1"],
        "mails": SERVICES,
        "left": 0,
        "difference": 0,
        "problems": [],
    }
