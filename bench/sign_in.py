"""What a sign-in costs besides checking the password, measured in a process of its own that prints JSON.

A page that signs in should cost one argon2 verification and little more. Processor time is measured, not the clock on
the wall, sign-in and bare verification in turn, so that a busy moment hits both.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.house import ROOT, environment

LOGIN, PASSWORD = "ana@acme.example", "seven quiet cranes over Thun"


@dataclass(frozen=True)
class Cost:
    """Processor milliseconds of a sign-in and of one verification, and the queries of a sign-in."""

    whole: list[float]
    hash: list[float]
    queries: int


def measure(folder: Path, *, times: int) -> Cost:
    """Sign in so many times, in a fresh installation."""
    home = folder / "home"
    home.mkdir()
    settings = environment(home, {"DEMO": "false"}) | {"DJANGO_SETTINGS_MODULE": "kanton.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.sign_in", str(times)],
        env=settings, cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout.decode().splitlines()[-1])
    return Cost(found["whole"], found["hash"], found["queries"])


def _inside(times: int) -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from kanton.accounts.models import Person
    from kanton.core import clock, schema

    schema.create_all()
    person = Person.objects.create_user(LOGIN, PASSWORD, confirmed_at=clock.now())
    client = Client(headers={"host": "localhost"})

    def sign_in() -> None:
        answer = client.post("/login", {"email": LOGIN, "password": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, "/"), answer.status_code
        client.post("/logout")

    sign_in()
    with CaptureQueriesContext(connection) as queries:
        assert client.post("/login", {"email": LOGIN, "password": PASSWORD}).status_code == 302
    counted = len([query for query in queries if "SAVEPOINT" not in query["sql"]])
    client.post("/logout")
    whole, bare = [], []
    for _ in range(times):
        begin = time.process_time()
        client.post("/login", {"email": LOGIN, "password": PASSWORD})
        whole.append((time.process_time() - begin) * 1000)
        client.post("/logout")
        begin = time.process_time()
        assert person.check_password(PASSWORD)
        bare.append((time.process_time() - begin) * 1000)
    print(json.dumps({"whole": whole, "hash": bare, "queries": counted}))


def share(cost: Cost) -> float:
    """How much of a sign-in is the verification."""
    return statistics.median(cost.hash) / statistics.median(cost.whole)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    _inside(int(sys.argv[1]))
