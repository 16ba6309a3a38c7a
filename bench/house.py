"""A running Kanton in a home of its own, and what it weighs."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PORTS = [
    "WEB_PORT",
    "DNS_PORT",
    "SMTP_PORT",
    "SMTP_SUBMISSION_PORT",
    "SMTP_SUBMISSIONS_PORT",
    "IMAP_PORT",
    "IMAP_TLS_PORT",
]


def environment(home: Path, settings: dict[str, str] | None = None) -> dict[str, str]:
    """The environment of a Kanton in this home, with free ports and these settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
    paths = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", "KANTON_HOME": str(home)}
    return clean | paths | {f"KANTON_{name}": "0" for name in PORTS} | (settings or {})


@dataclass
class House:
    """A running Kanton."""

    process: subprocess.Popen[bytes]
    home: Path
    seconds: float
    output: Path

    @property
    def endpoints(self) -> dict[str, Any]:
        """How to reach it."""
        found: dict[str, Any] = json.loads((self.home / "endpoints.json").read_text())
        return found

    def processes(self) -> dict[int, tuple[str, float, float]]:
        """Name, PSS and RSS in MB of every process. PSS counts shared pages once over all who share them."""
        found = {}
        for pid in family(self.process.pid):
            with contextlib.suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                sizes = dict(re.findall(r"^(Pss|Rss):\s+(\d+) kB", rollup, re.MULTILINE))
                line = (
                    Path(f"/proc/{pid}/cmdline")
                    .read_bytes()
                    .replace(b"\0", b" ")
                    .decode(errors="replace")
                    .strip()
                )
                found[pid] = (line[-60:], int(sizes["Pss"]) / 1024, int(sizes["Rss"]) / 1024)
        return found


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and all its descendants have used."""
    total = 0.0
    for each in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return found


@contextlib.contextmanager
def running(
    home: Path,
    settings: dict[str, str] | None = None,
    *,
    command: list[str] | None = None,
    cwd: Path | None = None,
) -> Iterator[House]:
    """Start a Kanton and wait until it says that it runs; `seconds` is how long that took."""
    output = home.with_name(home.name + ".out")
    started = time.perf_counter()
    with output.open("wb") as file:
        process = subprocess.Popen(
            command or [sys.executable, "-m", "kanton.run.cli", "run"],
            env=environment(home, settings),
            cwd=cwd,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        while "Kanton runs" not in output.read_text("utf-8", "replace"):
            if process.poll() is not None or time.perf_counter() - started > 300:
                raise RuntimeError(f"Kanton did not start:\n{output.read_text('utf-8', 'replace')}")
            time.sleep(0.02)
        yield House(process, home, time.perf_counter() - started, output)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for this run, on the disk of the system's temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="kanton-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
