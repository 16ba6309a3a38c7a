"""Tests that need a real server say so: `@pytest.mark.engine("dovecot")`. Without it they are left out, and told.

With KANTON_ENGINES=all, as in CI, a missing server is a failure instead.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

PREFIX = "left out: "


@dataclass(frozen=True)
class Engine:
    """A server that some tests talk to: how to find it, and how to get it."""

    title: str
    remedy: str
    find: Callable[[], str | None]


def _program(*names: str) -> Callable[[], str | None]:
    # Debian keeps servers where only root's PATH looks.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return lambda: next((found for name in names if (found := shutil.which(name, path=path))), None)


def _postgres() -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return str(found[-1].parent) if found else _program("initdb")()


ENGINES = {
    "dovecot": Engine("Dovecot", "apt install dovecot-imapd", _program("dovecot")),
    "postgres": Engine("PostgreSQL", "apt install postgresql", _postgres),
    "chromium": Engine("Chromium", "apt install chromium", _program("chromium", "chromium-browser")),
    "pdns": Engine("PowerDNS", "apt install pdns-server pdns-backend-sqlite3", _program("pdns_server")),
    "dig": Engine("dig", "apt install bind9-dnsutils", _program("dig")),
    "zbar": Engine("zbar", "apt install zbar-tools", _program("zbarimg")),
    "poppler": Engine("Poppler", "apt install poppler-utils", _program("pdftotext")),
}


def lacking(item: pytest.Item) -> str | None:
    """The first engine that this test needs and this machine has not."""
    for mark in item.iter_markers("engine"):
        for name in mark.args:
            if name not in ENGINES:
                raise pytest.UsageError(
                    f"{item.nodeid}: no engine is called {name}. Known: {', '.join(ENGINES)}"
                )
            if ENGINES[name].find() is None:
                return str(name)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out, or fail, a test whose server is missing."""
    name = lacking(item)
    if name is None:
        return
    engine = ENGINES[name]
    if os.environ.get("KANTON_ENGINES") == "all":
        pytest.fail(
            f"{engine.title} is missing, and KANTON_ENGINES=all asks for it: {engine.remedy}", pytrace=False
        )
    pytest.skip(f"{PREFIX}{engine.title} is not installed ({engine.remedy})")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly what was not tried."""
    counted: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple) and PREFIX in report.longrepr[2]:
            counted[report.longrepr[2].partition(PREFIX)[2]] += 1
    for reason, number in sorted(counted.items()):
        terminalreporter.write_line(f"{number} tests were left out: {reason}", yellow=True)
