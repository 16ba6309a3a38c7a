"""Answers a second of the embedded name server, beside PowerDNS without its packet cache, on the same zones."""

import contextlib
import random
import select
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.query
import dns.rcode

from bench.house import ROOT, cpu_seconds, environment

ZONES = 10_000
HOSTS = ("", "www", "mail", "shop", "api")
WINDOW = 64
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
SCHEMA_TOO = Path("/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql")


@dataclass
class NameServer:
    """One of the two, and what was measured of it."""

    name: str
    port: int
    pid: int
    rates: list[float] = field(default_factory=list)
    cpu_micros: list[float] = field(default_factory=list)
    answers: int = 0

    @property
    def rate(self) -> float:
        """Answers a second, the median of all turns."""
        return statistics.median(self.rates)


def zone(number: int) -> str:
    """The name of a zone."""
    return f"zone-{number}.example"


def free_port() -> int:
    """A port that is free by UDP and TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[NameServer]:
    """The embedded server on a store with all zones."""
    from kanton.products.domains import records
    from kanton.products.domains.dns.store import RRset, Store
    from kanton.products.domains.names import to_wire

    store = Store(folder / "zones.sqlite3")
    soa = (
        to_wire("ns1.example")
        + to_wire("hostmaster.example")
        + b"".join(value.to_bytes(4, "big") for value in (1, 3600, 600, 604800, 300))
    )
    assert records

    def content(number: int) -> tuple[bytes, int, list[RRset]]:
        name = to_wire(zone(number))
        sets = [
            RRset(name, 6, 3600, (soa,)),
            RRset(name, 2, 3600, (to_wire("ns1.example"), to_wire("ns2.example"))),
        ]
        for host in HOSTS:
            owner = to_wire(f"{host}.{zone(number)}") if host else name
            sets.append(RRset(owner, 1, 3600, (bytes([192, 0, 2, number % 250]),)))
        return name, 1, sets

    store.put_many(content(number) for number in range(ZONES))
    store.close()
    port = free_port()
    command = [sys.executable, "-m", "kanton.products.domains.dns", "--store", str(folder / "zones.sqlite3")]
    process = subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{port}"],
        env=environment(folder),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    with _stopping(process, port):
        yield NameServer("Kanton", port, process.pid)


@contextlib.contextmanager
def powerdns(folder: Path) -> Iterator[NameServer]:
    """Debian's pdns-server on its SQLite backend, packet cache off."""
    program = shutil.which("pdns_server", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    schema = next((path for path in (SCHEMA, SCHEMA_TOO) if path.exists()), None)
    if program is None or schema is None:
        raise RuntimeError("PowerDNS is not installed (Debian: apt install pdns-server pdns-backend-sqlite3)")
    path = folder / "pdns.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(schema.read_text())
        soa = "ns1.example hostmaster.example 1 3600 600 604800 300"
        database.executemany(
            "INSERT INTO domains (id, name, type) VALUES (?, ?, 'NATIVE')",
            [(i + 1, zone(i)) for i in range(ZONES)],
        )
        rows = []
        for number in range(ZONES):
            rows += [
                (number + 1, zone(number), "SOA", soa),
                (number + 1, zone(number), "NS", "ns1.example"),
                (number + 1, zone(number), "NS", "ns2.example"),
            ]
            for host in HOSTS:
                owner = f"{host}.{zone(number)}" if host else zone(number)
                rows.append((number + 1, owner, "A", f"192.0.2.{number % 250}"))
        database.executemany(
            "INSERT INTO records (domain_id, name, type, content, ttl, disabled, auth) VALUES (?, ?, ?, ?, 3600, 0, 1)",
            rows,
        )
        database.execute("ANALYZE")
        database.commit()
    port = free_port()
    options = {
        "config-dir": folder, "socket-dir": folder, "launch": "gsqlite3", "gsqlite3-database": path,
        "local-address": "127.0.0.1", "local-port": port, "cache-ttl": 0, "daemon": "no", "guardian": "no",
        "loglevel": 3, "disable-syslog": "yes",
    }  # fmt: skip
    (folder / "pdns.conf").write_text("")
    process = subprocess.Popen(
        [program, *(f"--{name}={value}" for name, value in options.items())],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with _stopping(process, port):
        yield NameServer("PowerDNS", port, process.pid)


@contextlib.contextmanager
def _stopping(process: subprocess.Popen[bytes], port: int) -> Iterator[None]:
    try:
        until = time.monotonic() + 30
        question = dns.message.make_query(f"www.{zone(7)}.", "A")
        while True:
            with contextlib.suppress(Exception):
                answer = dns.query.udp(question, "127.0.0.1", port=port, timeout=0.5)
                if answer.rcode() == dns.rcode.NOERROR and "192.0.2.7" in answer.to_text():
                    break
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError("the name server does not answer")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def compare(folder: Path, *, seconds: float, turns: int) -> tuple[NameServer, NameServer]:
    """Ask both in turns, with questions drawn uniformly from all names."""
    chance = random.Random(3)
    questions = []
    for _ in range(50_000):
        number, host = chance.randrange(ZONES), chance.choice(HOSTS)
        name = f"{host}.{zone(number)}" if host else zone(number)
        wire = dns.message.make_query(name, "A").to_wire()
        questions.append((wire[2:], number % 250))
    for part in ("ours", "theirs"):
        (folder / part).mkdir()
    with ours(folder / "ours") as first, powerdns(folder / "theirs") as second:
        for server in (first, second):
            _turn(server, questions, 1.0)
            server.rates.clear()
            server.cpu_micros.clear()
        for turn in range(turns):
            for server in (first, second) if turn % 2 == 0 else (second, first):
                _turn(server, questions, seconds)
    return first, second


def _turn(server: NameServer, questions: list[tuple[bytes, int]], seconds: float) -> None:
    """Keep a window of questions in flight; an answer counts when it is the right one."""
    cpu = cpu_seconds(server.pid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        asking.connect(("127.0.0.1", server.port))
        asking.setblocking(False)
        sent = answered = wrong = lost = 0
        expected: dict[int, int] = {}
        started = time.perf_counter()
        until = started + seconds
        count = len(questions)

        def ask() -> None:
            nonlocal sent
            number = sent & 0xFFFF
            tail, last = questions[sent % count]
            expected[number] = last
            asking.send(number.to_bytes(2, "big") + tail)
            sent += 1

        for _ in range(WINDOW):
            ask()
        while (now := time.perf_counter()) < until:
            if not select.select([asking], [], [], 1.0)[0]:
                lost += len(expected)
                expected.clear()
                for _ in range(WINDOW):
                    ask()
                continue
            for _ in range(WINDOW):
                try:
                    answer = asking.recv(1500)
                except BlockingIOError:
                    break
                last = expected.pop(int.from_bytes(answer[:2], "big"), None)
                if last is None:
                    continue
                if answer[3] & 15 == 0 and answer[-5:-1] != b"" and bytes([192, 0, 2, last]) in answer:
                    answered += 1
                else:
                    wrong += 1
                ask()
        took = now - started
    if wrong or lost > answered / 100 or not answered:
        raise RuntimeError(f"{server.name}: {answered} answers, {wrong} wrong, {lost} lost")
    server.answers += answered
    server.rates.append(answered / took)
    server.cpu_micros.append((cpu_seconds(server.pid) - cpu) / answered * 1e6)
