"""Console and API against the yardstick of `bare.py`, on the same server and database, turn by turn."""

import contextlib
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.house import ROOT, cpu_seconds, environment, running

CONNECTIONS = 8
SAMPLES = 20_000
# As Kanton is shipped (`web.workers`, `web.threads`): both sides get the same.
WORKERS, THREADS = 4, 1


@dataclass
class Side:
    """One of the two that are compared, and what was measured of it."""

    name: str
    kind: str
    address: str
    path: str
    rates: list[float] = field(default_factory=list)
    pid: int = 0
    cpu_micros: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    requests: int = 0
    bytes_each: int = 0

    @property
    def rate(self) -> float:
        """Requests a second, the median of all turns."""
        return statistics.median(self.rates)


@contextlib.contextmanager
def bare_server(database: Path, workers: int, threads: int) -> Iterator[tuple[str, int]]:
    """The yardstick on granian with the same processes and threads as Kanton's web server."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["--workers", str(workers), "--blocking-threads", str(threads), "--log-level", "warning"]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), *options]
    process = subprocess.Popen(
        [*command, "bench.bare:application"],
        env=environment(database.parent) | {"BENCH_DATABASE": str(database)},
        cwd=ROOT,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/list")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def compare(folder: Path, organizations: int, *, seconds: int, turns: int) -> list[tuple[str, Side, Side]]:
    """Measure the API list and the console's list page, each beside its yardstick."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed (Debian: apt install wrk)")
    home = folder / f"home-{organizations}"
    home.mkdir()
    samples = folder / f"samples-{organizations}"
    env = environment(home, {"KANTON_DEMO": "false"})
    number = min(SAMPLES, organizations * 20)
    command = [sys.executable, "-m", "bench.seed", str(organizations), str(number), str(samples)]
    subprocess.run(command, env=env, cwd=ROOT, check=True)
    off = dict.fromkeys(("KANTON_DNS_ENABLED", "KANTON_SMTP_ENABLED", "KANTON_IMAP_ENABLED"), "false")
    limits = {"KANTON_API_REQUESTS_PER_MINUTE": "1000000"}
    with (
        running(home, {"KANTON_DEMO": "false"} | off | limits) as house,
        bare_server(home / "kanton.sqlite3", WORKERS, THREADS) as (bare, bare_pid),
    ):
        web = house.endpoints["web"].replace("localhost", "127.0.0.1")
        pairs = [
            ("API list", Side("Kanton", "api", web, "/1/products"), Side("by hand", "api", bare, "/list")),
            (
                "console list",
                Side("Kanton", "console", web, "/o/SLUG/domains"),
                Side("by hand", "page", bare, "/page"),
            ),
        ]
        for _title, ours, theirs in pairs:
            ours.pid, theirs.pid = house.process.pid, bare_pid
            for side in (ours, theirs):
                _look(side, samples)
                _turn(side, samples, 1, seed=0)
                for warm_up in (side.rates, side.p50, side.p99, side.cpu_micros):
                    warm_up.clear()
        for turn in range(turns):
            for _title, ours, theirs in pairs:
                for side in (ours, theirs) if turn % 2 == 0 else (theirs, ours):
                    _turn(side, samples, seconds, seed=turn + 1)
    return pairs


def _look(side: Side, samples: Path) -> None:
    """One answer, read: it must hold the three domains of its organization, and nobody else's."""
    token, session, slug = samples.read_text().splitlines()[0].split()
    number = int(slug.removeprefix("org-"))
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"kanton_session={session}; bench={token}"}
    if side.kind != "api":
        del headers["Authorization"]
    asked = urllib.request.Request(side.address + side.path.replace("SLUG", slug), headers=headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        text = answer.read().decode()
    for domain in range(number * 3 - 2, number * 3 + 1):
        assert f"domain-{domain}.example" in text, (
            f"{side.name} {side.path}: domain-{domain}.example is missing"
        )
    assert f"domain-{number * 3 + 1}.example" not in text


def _turn(side: Side, samples: Path, seconds: int, *, seed: int) -> None:
    script = Path(__file__).with_name("load.lua")
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(script),
        side.address,
    ]
    cpu = cpu_seconds(side.pid)
    done = subprocess.run(
        [*command, "--", side.kind, str(samples), side.path, str(seed)],
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, micros, failed, p50, p99, received = (int(part) for part in line.split()[1:])
    if failed or not requests:
        raise RuntimeError(f"{side.name} {side.path}: {failed} of {requests} requests failed\n{done.stdout}")
    side.cpu_micros.append((cpu_seconds(side.pid) - cpu) / requests * 1e6)
    side.rates.append(requests / micros * 1e6)
    side.p50.append(p50 / 1000)
    side.p99.append(p99 / 1000)
    side.requests += requests
    side.bytes_each = received // requests
