"""The daily run of renewals: how fast, how it grows, whether it survives being killed, and the proof of the books.

As part of `bin/bench` (parts "renewals" and "sqlite-renewals"), or step by step, in processes whose KANTON_HOME and
KANTON_DATABASE_URL name an empty database (none: SQLite). Each step prints what it found as JSON:

    python -m bench.renewals fill SERVICES DUE ROUNDS      services, of which so many end on each of the first days
    python -m bench.renewals run DUE ROUND [with-create]   one morning, and on PostgreSQL the yardsticks
    python -m bench.renewals killed DUE ROUND              one morning that is killed in the middle and begun again
    python -m bench.renewals prove                         the nightly proof, its time and its memory

The yardsticks write the rows of the same morning once more, in one transaction: bills with their lines, renewals,
payments, ledger entries with their postings, activity, and the jobs that tell the engines. By COPY into tables with the
same indexes; by COPY into tables with the same indexes and foreign keys; by `bulk_create` of Django.
"""

import gc
import io
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.report import Row

TABLES = (
    "billing_invoice", "billing_invoiceline", "renewals_renewal", "billing_payment", "billing_entry", "billing_posting",
    "activity_activity", "core_job",
)  # fmt: skip


def measure(folder: Path, _sizes: list[int], _seconds: int, turns: int) -> list[Row]:
    """On PostgreSQL: rate, share of the yardsticks, growth from 1,000 services to many, a killed run, the proof."""
    from kanton.testing_postgres import cluster

    large, due = (20_000, 3_000) if turns < 5 else (1_000_000, 30_000)
    with cluster(shared_buffers="512MB") as server:
        small = _Home(folder / "small", server.create_database("small"))
        many = _Home(folder / "many", server.create_database("many"))
        small.step("fill", 3_000, 1_000, 3)
        many.step("fill", large, due, 3)
        few = [small.step("run", 1_000, number) for number in range(3)]
        much = [
            many.step("run", due, number, *(["with-create"] if number == 0 else [])) for number in range(2)
        ]
        killed = many.step("killed", due, 2)
        proof = many.step("prove")
    name = f"of {large:,} services"
    return [
        Row(f"renewals on PostgreSQL, {name}", _median(much, "rate"), "/s", turns=_all(much, "rate")),
        Row(
            "renewals, share of a COPY of their rows", _share(much, "copy", "seconds"), "×", aim=0.3,
            turns=[each["copy"]["seconds"] / each["seconds"] for each in much],
        ),
        Row("the same in processor time", _share(much, "copy", "cpu"), "×"),
        Row("renewals, share of a COPY with foreign keys", _share(much, "copy_with_keys", "seconds"), "×"),
        Row("the same in processor time", _share(much, "copy_with_keys", "cpu"), "×"),
        Row("bulk_create of their rows, share of the COPY", _share(much[:1], "copy", "seconds", of="create"), "×"),
        Row("the same in processor time", _share(much[:1], "copy", "cpu", of="create"), "×"),
        *_common("PostgreSQL", large, few, much, killed, proof),
    ]  # fmt: skip


def measure_on_sqlite(folder: Path, _sizes: list[int], _seconds: int, turns: int) -> list[Row]:
    """On SQLite: rate, growth, a killed run, the proof. There is no COPY to compare with."""
    large, due = (20_000, 3_000) if turns < 5 else (1_000_000, 30_000)
    small, many = _Home(folder / "small"), _Home(folder / "many")
    small.step("fill", 3_000, 1_000, 3)
    many.step("fill", large, due, 3)
    few = [small.step("run", 1_000, number) for number in range(3)]
    much = [many.step("run", due, number) for number in range(2)]
    killed = many.step("killed", due, 2)
    proof = many.step("prove")
    name = f"renewals on SQLite, of {large:,} services"
    return [
        Row(name, _median(much, "rate"), "/s", turns=_all(much, "rate")),
        *_common("SQLite", large, few, much, killed, proof),
    ]


def _common(database: str, large: int, few: Any, much: Any, killed: Any, proof: Any) -> list[Row]:
    each = [one["cpu_each"] for one in much]
    return [
        Row(f"processor time for one renewal, {database}", statistics.median(each), "µs", turns=each),
        Row(
            f"processor time for one, {large:,} services to 3,000, {database}",
            statistics.median(each) / _median(few, "cpu_each"), "×", aim=1.2, is_upper=True,
        ),
        Row(f"renewals of a run that was killed after {killed['before']:,}, {database}", killed["renewals"], ""),
        Row(f"nightly proof over {proof['entries']:,} entries, {database}", proof["seconds"], "s"),
        Row(f"memory of the proof beyond the start, {database}", proof["memory"], "MB"),
    ]  # fmt: skip


def _all(found: list[dict[str, Any]], name: str) -> list[float]:
    return [each[name] for each in found]


def _median(found: list[dict[str, Any]], name: str) -> float:
    return statistics.median(_all(found, name))


def _share(found: list[dict[str, Any]], yardstick: str, name: str, *, of: str = "") -> float:
    shares: list[float] = [each[yardstick][name] / (each[of] if of else each)[name] for each in found]
    return statistics.median(shares)


@dataclass(frozen=True)
class _Home:
    """A home and a database for the steps of one size, each in a process of its own."""

    folder: Path
    url: str = ""

    def step(self, *arguments: object) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "bench.renewals", *map(str, arguments)],
            env=self.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        print(f"    {' '.join(map(str, arguments))}: {found}", flush=True)
        return found

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
        own = {"KANTON_HOME": str(self.folder), "PYTHONPATH": os.pathsep.join(sys.path)}
        return kept | own | ({"KANTON_DATABASE_URL": self.url} if self.url else {})


# ── The steps


def main(step: str, *arguments: str) -> dict[str, Any]:
    """One step, in the database of the environment."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kanton.settings")
    import django

    django.setup()
    if step == "fill":
        return fill(*map(int, arguments))
    if step == "prove":
        return prove()
    due, number = map(int, arguments[:2])
    from kanton.core import clock

    with clock.travel(_morning(number)):
        # As in a worker: what was loaded is no garbage (kanton/run/serve.py).
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        if step == "work":
            work(due)
            return {}
        return killed(due, number) if step == "killed" else run(due, with_create="with-create" in arguments)


def fill(services: int, due: int, rounds: int) -> dict[str, Any]:
    """The database, made and filled."""
    from bench import fill as filling
    from kanton.core import schema

    schema.create_all()
    started = time.perf_counter()
    first = filling.fill(services, due, rounds)
    (_home() / "first").write_text(first.isoformat())
    return {"services": services, "seconds": time.perf_counter() - started}


def run(due: int, *, with_create: bool) -> dict[str, Any]:
    """One morning: its time, and on PostgreSQL that of the yardsticks."""
    from django.db import connection

    before = _last_ids()
    cpu, started = _cpu(), time.perf_counter()
    work(due)
    seconds, cpu = time.perf_counter() - started, _cpu() - cpu
    made = _paid_since(before)
    assert made == due, f"{made} renewals were paid, not {due}"
    found: dict[str, Any] = {
        "seconds": seconds,
        "cpu": cpu,
        "rate": due / seconds,
        "cpu_each": cpu / due * 1e6,
    }
    if connection.vendor == "postgresql":
        rows = _copied_out(before)
        found["copy"] = _copy(rows, with_keys=False)
        found["copy_with_keys"] = _copy(rows, with_keys=True)
        if with_create:
            found["create"] = _create(before)
    return found


def work(due: int) -> None:
    """Plan the morning, then do every chunk as its job. What follows (mails, engines) waits."""
    from django.db import transaction

    from kanton.billing.renewals.tasks import plan_renewals, renew_chunk
    from kanton.core.jobs.execution import execute
    from kanton.core.jobs.models import Job

    with transaction.atomic():
        plan_renewals.call()
    waiting = Job.objects.filter(state="waiting", task=renew_chunk.module_path).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        Job.objects.filter(pk=pk).update(state="running", worker="bench", attempts=1)
        _outcome, error = execute(Job.objects.get(pk=pk))
        if error is not None:
            raise error


def killed(due: int, number: int) -> dict[str, Any]:
    """The morning in a process of its own, killed after half of it; then begun again, twice."""
    from django.db import connection

    from kanton.core.jobs.models import Job

    before = _last_ids()
    command = [sys.executable, "-m", "bench.renewals", "work", str(due), str(number)]
    process = subprocess.Popen(command)
    while (done := _paid_since(before)) < due // 2:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = _paid_since(before)
    for _again in range(2):
        # Whoever looks next finds the lease of the dead and gives its job another run.
        Job.objects.filter(state="running").update(state="waiting", lease_until=None)
        connection.close()
        subprocess.run(command, check=True)
    made = _paid_since(before)
    assert made == due, f"{made} renewals were paid, not {due}"
    return {"before": done, "renewals": made}


def prove() -> dict[str, Any]:
    """The nightly proof: nothing is found, and what it took."""
    from django.db import connection

    from kanton.billing import proof
    from kanton.billing.models import Entry

    entries, start = Entry.objects.count(), _memory()
    cpu, started = _cpu(), time.perf_counter()
    found = proof.run()
    seconds, cpu = time.perf_counter() - started, _cpu() - cpu
    assert not any(each.problems for each in found), [each.problems[:5] for each in found]
    checks = {each.check.code: round(each.seconds, 2) for each in found}
    return {
        "database": connection.vendor, "entries": entries, "seconds": seconds, "cpu": cpu,
        "memory": _memory() - start, "checks": checks,
    }  # fmt: skip


# ── What they need


def _home() -> Path:
    return Path(os.environ["KANTON_HOME"])


def _morning(number: int) -> Any:
    """The morning on which the services of this round are 14 days from their end."""
    from kanton.core import clock

    first = date.fromisoformat((_home() / "first").read_text()) - timedelta(days=14)
    return clock.now() + (first + timedelta(days=number) - clock.today())


def _memory() -> float:
    """The most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cpu() -> float:
    """Seconds of processor time of this process, and of the server's process that works for it."""
    from django.db import connection

    spent = time.process_time()
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        pid = connection.connection.info.backend_pid
        spent += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return spent


def _last_ids() -> dict[str, int]:
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            if table != "billing_entry":
                cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
                found[table] = cursor.fetchone()[0]
    return found


def _paid_since(before: dict[str, int]) -> int:
    from kanton.billing.renewals.models import Renewal

    return Renewal.objects.filter(pk__gt=before["renewals_renewal"], state="paid").count()


def _where(table: str, before: dict[str, int]) -> str:
    if table == "billing_entry":
        return f"id IN (SELECT entry_id FROM billing_posting WHERE id > {before['billing_posting']})"
    return f"id > {before[table]}"


def _copied_out(before: dict[str, int]) -> dict[str, bytes]:
    from django.db import connection

    rows = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            held = io.BytesIO()
            with cursor.copy(f"COPY (SELECT * FROM {table} WHERE {_where(table, before)}) TO STDOUT") as out:
                for part in out:
                    held.write(part)
            rows[table] = held.getvalue()
    return rows


class _Again:
    """Empty tables like ours, in a schema of their own, gone at the end."""

    def __init__(self, *, with_keys: bool = False) -> None:
        self.with_keys = with_keys

    def __enter__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA again")
            for table in TABLES:
                cursor.execute(f"CREATE TABLE again.{table} (LIKE public.{table} INCLUDING ALL)")
                if self.with_keys:
                    cursor.execute(
                        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                        " WHERE contype = 'f' AND conrelid = %s::regclass",
                        [f"public.{table}"],
                    )
                    for (definition,) in cursor.fetchall():
                        cursor.execute(f"ALTER TABLE again.{table} ADD {definition}")

    def __exit__(self, *_: object) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA again CASCADE")


def _copy(rows: dict[str, bytes], *, with_keys: bool) -> dict[str, float]:
    """Time to COPY these rows into empty tables, in one transaction."""
    from django.db import connection, transaction

    with _Again(with_keys=with_keys):
        cpu, started = _cpu(), time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            for table, content in rows.items():
                with cursor.copy(f"COPY again.{table} FROM STDIN") as into:
                    into.write(content)
        return {"seconds": time.perf_counter() - started, "cpu": _cpu() - cpu}


def _create(before: dict[str, int]) -> dict[str, float]:
    """Time to write the same rows by `bulk_create`, in one transaction."""
    from django.apps import apps
    from django.db import transaction

    models = {model._meta.db_table: model for model in apps.get_models()}
    with _Again():
        seconds = cpu = 0.0
        for table in TABLES:
            model = models[table]
            made = list(model._base_manager.extra(where=[_where(table, before)]))
            name, model._meta.db_table = model._meta.db_table, f'again"."{table}'
            try:
                spent, started = _cpu(), time.perf_counter()
                with transaction.atomic():
                    model._base_manager.bulk_create(made)
                seconds, cpu = seconds + time.perf_counter() - started, cpu + _cpu() - spent
            finally:
                model._meta.db_table = name
        return {"seconds": seconds, "cpu": cpu}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *sys.argv[2:])))
