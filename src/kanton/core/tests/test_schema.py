"""An empty database gets its tables at once; migrations, one after the other, would have led to the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kanton.testing_postgres import Cluster

SOURCES = str(Path(__file__).parents[3])
PROGRAM = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from kanton.core import schema
assert schema.is_empty()
if sys.argv[1] == "at once":
    schema.create_all()
else:
    # Up to a moment of the past at which guards stood on tables that were rebuilt since, and from there on.
    call_command("migrate", "billing", "0002", verbosity=0, interactive=False)
    call_command("migrate", verbosity=0, interactive=False)
assert not schema.is_empty()
look = connection.introspection
found = {}
with connection.cursor() as cursor:
    for table in sorted(look.table_names(cursor)):
        columns = sorted(tuple(map(str, column)) for column in look.get_table_description(cursor, table))
        constraints = sorted(
            # Migrations that rebuild a table on SQLite leave constraints without their names.
            [repr(sorted((k, v) for k, v in one.items() if k != "orders" or v)), name if one["index"] else ""]
            for name, one in look.get_constraints(cursor, table).items()
        )
        found[table] = [columns, constraints]
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') ORDER BY 1")
    else:
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        )
    found["written out"] = [list(row) for row in cursor.fetchall()]
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY 1, 2")
    found["migrations"] = [list(row) for row in cursor.fetchall()]
print(json.dumps(found, default=str))
"""


def made(how: str, home: Path, url: str) -> dict[str, Any]:
    """The schema of a new database, made in a process of its own."""
    home.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
    environment = inherited | {
        "KANTON_HOME": str(home), "DJANGO_SETTINGS_MODULE": "kanton.settings", "PYTHONPATH": SOURCES,
    }  # fmt: skip
    if url:
        environment["KANTON_DATABASE_URL"] = url
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, how],
        env=environment, stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.engine("postgres"))])
def test_tables_made_at_once_are_those_that_migrations_make(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    urls = {"at once": "", "step by step": ""}
    if engine == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres")
        urls = {how: cluster.create_database(f"schema_{how.replace(' ', '_')}_{os.getpid()}") for how in urls}
    at_once, stepwise = (made(how, tmp_path / how.split()[0], url) for how, url in urls.items())
    assert at_once.keys() == stepwise.keys() and len(at_once) > 100
    different = {table for table, each in at_once.items() if each != stepwise[table]}
    # On PostgreSQL, Django's own migrations number the rows of this one with more bits than its models say.
    assert different <= {"auth_group_permissions"}
