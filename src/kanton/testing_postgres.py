"""A throw-away PostgreSQL for tests: its own cluster in a temporary folder, on a unix socket only, gone afterwards.

In pytest, the fixture `postgres` (through `pytest_plugins = ["kanton.testing_postgres"]`). On the command line:

    python -m kanton.testing_postgres                 # prints KANTON_DATABASE_URL, runs until Ctrl-C
    python -m kanton.testing_postgres -- bin/test     # runs the command with KANTON_DATABASE_URL (for programs)
                                                      # and KANTON_TEST_DATABASE_URL (for pytest) set

PostgreSQL refuses to run as root, so root starts it as the user `postgres`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

USER = "kanton"
START_SECONDS = 240


class PostgresMissing(RuntimeError):
    """There is no PostgreSQL on this machine."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster with the superuser `kanton` and no password."""

    folder: Path
    binaries: Path

    def url(self, database: str = "postgres") -> str:
        """The address as `database.url` wants it."""
        return f"postgresql://{USER}@{quote(str(self.folder), safe='')}/{database}"

    def create_database(self, name: str) -> str:
        """A new empty database; returns its address."""
        self._psql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and throw out who is connected to it."""
        self._psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _psql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(
            host=str(self.folder), user=USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


def find_binaries() -> Path:
    """The folder with initdb and postgres, the newest version found; raises PostgresMissing."""
    for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True):
        if (path / "initdb").exists():
            return path
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    raise PostgresMissing("PostgreSQL is not installed (Debian: apt install postgresql)")


def _version(path: Path) -> float:
    try:
        return float(path.parent.name)
    except ValueError:
        return 0.0


@contextlib.contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """Start a cluster and remove it without trace afterwards, even when the block fails. With PostgreSQL's settings."""
    binaries = find_binaries()
    # A short path: the name of a unix socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="kanton-pg-", dir="/tmp"))
    as_user: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_user |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
    log = folder / "log"
    data = folder / "data"
    server: subprocess.Popen[bytes] | None = None
    try:
        folder.chmod(0o755)
        initialised = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
            env=environment, capture_output=True, text=True, check=False, **as_user,
        )  # fmt: skip
        if initialised.returncode:
            raise RuntimeError(f"initdb failed: {initialised.stderr}")
        options = {
            "listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200",
            "shared_buffers": "32MB", "timezone": "UTC",
        } | settings  # fmt: skip
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, *arguments],
                env=environment, stdout=output, stderr=output, start_new_session=True, **as_user,
            )  # fmt: skip
        found = Cluster(folder, binaries)
        _await(found, server, log)
        yield found
    finally:
        if server is not None:
            server.terminate()
            try:
                server.wait(3)
            except subprocess.TimeoutExpired:
                # Somebody is still connected: SIGQUIT ends them too.
                server.send_signal(3)
                server.wait(120)
        shutil.rmtree(folder, ignore_errors=True)


def _await(found: Cluster, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(found.folder), user=USER, dbname="postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}") from error
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A cluster for this test session. Tests that use it say `@pytest.mark.engine("postgres")`."""
    with cluster() as found:
        yield found


def main(arguments: list[str]) -> int:
    """Run a command beside a cluster, or wait for Ctrl-C."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    with cluster() as found:
        url = found.create_database("kanton")
        if command:
            names = {"KANTON_DATABASE_URL": url, "KANTON_TEST_DATABASE_URL": url}
            return subprocess.run(command, env=os.environ | names, check=False).returncode
        sys.stdout.write(f"KANTON_DATABASE_URL={url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
