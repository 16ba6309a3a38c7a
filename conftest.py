"""What every test gets: a home of its own, the cast, and the lines of the specification in the report."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

# Before anything reads the configuration: tests never touch a real installation.
_home = tempfile.mkdtemp(prefix="kanton-test-")
for _name in [name for name in os.environ if name.startswith("KANTON_") and name != "KANTON_ENGINES"]:
    if not _name.startswith("KANTON_TEST_"):
        del os.environ[_name]
os.environ["KANTON_HOME"] = _home
os.environ["KANTON_DEMO"] = "false"
(Path(_home) / "static").mkdir()  # whitenoise warns at every client otherwise
# No engine listens in unit tests, and a Kanton that runs on this machine is not theirs to talk to.
for _name in ("DNS", "SMTP", "SMTP_SUBMISSION", "SMTP_SUBMISSIONS", "IMAP", "IMAP_TLS"):
    os.environ[f"KANTON_{_name}_PORT"] = "0"
if _url := os.environ.get("KANTON_TEST_DATABASE_URL"):
    os.environ["KANTON_DATABASE_URL"] = _url

# Here and not in pyproject.toml, which pytest-django reads before this file: it would load the settings of ./var.
os.environ["DJANGO_SETTINGS_MODULE"] = "kanton.settings"

# A shell that starts us in the background has SIGINT ignored, and every process that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import shutil
from collections.abc import Iterator

import argon2
import django
import django.conf
import hypothesis
import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from kanton.core import throttle

django.setup()  # now, so that pytest-django finds the settings loaded and the rooms' own conftests find the models
# The worker processes of xdist inherit the environment. With this name in it pytest-django would load the settings
# there before this file has run, hence with the home of the parent: all workers would count in one file of counters.
del os.environ["DJANGO_SETTINGS_MODULE"]

from kanton.products.mail.engine import credentials

# As the real hashes in everything but effort, of which the whole run would spend minutes.
django.conf.settings.PASSWORD_HASHERS = ["kanton.testing_passwords.QuickArgon2"]
credentials.HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# Otherwise each test client looks through all static files before its first request.
django.conf.settings.WHITENOISE_AUTOREFRESH = True

# A busy machine makes examples slowly. That says nothing about the property. The same tree gives the same result, so
# examples are the same each time; `bin/test --hypothesis-profile=explore` looks for new ones.
for _name, _derandomize in {"kanton": True, "explore": False}.items():
    hypothesis.settings.register_profile(
        _name,
        deadline=None,
        derandomize=_derandomize,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("kanton")

pytest_plugins = ["kanton.testing", "kanton.testing_engines", "kanton.testing_postgres"]


@pytest.fixture(autouse=True)
def _strict(settings: object) -> None:
    """Every action must record something."""
    settings.KANTON_STRICT_ACTIONS = True  # type: ignore[attr-defined]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Copy `@pytest.mark.spec("BIL-24")` into the JUnit report, where spec_status reads it. On PostgreSQL, leave out
    what never asks the database: it was tried on SQLite."""
    if _url:
        left = [item for item in items if not _touches_database(item)]
        items[:] = [item for item in items if _touches_database(item)]
        config.hook.pytest_deselected(items=left)
    for item in items:
        for mark in item.iter_markers("spec"):
            item.user_properties += [("spec", name) for name in mark.args]


def _touches_database(item: pytest.Item) -> bool:
    asked = {"db", "transactional_db", "live_server"}.intersection(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """On PostgreSQL, counters live beside the tables: in this process's own test database, not in the one that all
    processes of a run were given, where each would begin the others' counters afresh."""
    from django.db import connection

    from kanton.config import config, overriding

    if config.database.is_sqlite:
        yield
        return
    own = urlsplit(config.database.url)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    with overriding(database={"url": own}):
        yield
        throttle.close()  # an open connection would keep the database from being dropped


def _rows_without_order_come_the_other_way(connection: BaseDatabaseWrapper, **_named: object) -> None:
    """PostgreSQL promises nothing to a query that asks for no order, and mostly keeps to that of entry. So that nobody
    relies on it by mistake, SQLite gives the contrary one in tests."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA reverse_unordered_selects = ON")


connection_created.connect(_rows_without_order_come_the_other_way)


@pytest.fixture(scope="session", autouse=True)
def _home_is_removed() -> Iterator[None]:
    yield
    shutil.rmtree(Path(_home), ignore_errors=True)
