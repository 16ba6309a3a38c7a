"""The whole product as one process tree: started, asked, hurt, backed up, stopped."""

import contextlib
import hashlib
import imaplib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

KANTON = [sys.executable, "-m", "kanton.run.cli"]
PORTS = [
    "WEB_PORT",
    "DNS_PORT",
    "SMTP_PORT",
    "SMTP_SUBMISSION_PORT",
    "SMTP_SUBMISSIONS_PORT",
    "IMAP_PORT",
    "IMAP_TLS_PORT",
]


class Installation:
    """A home, and the Kanton that runs in it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KANTON_")}
        source = str(Path(__file__).parents[2] / "src")
        self.environment = (
            inherited
            | {
                "KANTON_HOME": str(home),
                "KANTON_DEMO": "false",
                "PYTHONPATH": source,
                "KANTON_RUN_GRACE": "3",
            }
            | {f"KANTON_{name}": "0" for name in PORTS}
            | settings
        )
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """Start it, wait until it says that it runs, and return its endpoints."""
        self.output = self.home.with_suffix(".out")
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*KANTON, "run"],
                env=self.environment,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        # The promise of a quick start is measured in bench/; here several starts may share two cores.
        self.wait_for(lambda: "Kanton runs" in self.said or self.process_ended, 240)
        assert not self.process_ended, self.said
        return self.endpoints

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def process_ended(self) -> bool:
        assert self.process is not None
        return self.process.poll() is not None

    @property
    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "endpoints.json").read_text())
        return found

    def wait_for(
        self, condition: Callable[[], bool], seconds: float = 240, said: Callable[[], str] | None = None
    ) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, said() if said else self.said
            time.sleep(0.05)

    def wait_for_text(self, path: Path, text: str) -> None:
        until = time.monotonic() + 240
        while text not in path.read_text():
            assert time.monotonic() < until, path.read_text()
            time.sleep(0.02)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*KANTON, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def family(self) -> list[int]:
        """Every process that has this home in its environment."""
        found = []
        needle = f"KANTON_HOME={self.home}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if needle in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def child(self, *words: str) -> int:
        """The child of the supervisor whose command line has these words."""
        assert self.process is not None
        for pid in self.family():
            try:
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if parent == self.process.pid and all(word in line for word in words):
                return pid
        raise AssertionError(words)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@contextmanager
def installation(home: Path, **settings: str) -> Iterator[Installation]:
    made = Installation(home, **settings)
    try:
        yield made
    finally:
        # By groups, because Dovecot's own processes do not carry our environment.
        for pid in made.family():
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(pid) != os.getpgrp():
                    os.killpg(os.getpgid(pid), signal.SIGKILL)
                else:
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(home, ignore_errors=True)


def status_of(address: str) -> int:
    with urllib.request.urlopen(address, timeout=120) as answer:
        return int(answer.status)


def test_it_starts_answers_everywhere_survives_blows_and_stops_without_a_trace(tmp_path: Path) -> None:
    with installation(tmp_path / "home") as kanton:
        found = kanton.start()
        assert status_of(f"{found['web']}/login") == 200
        for name in ("smtp", "submission", "submissions", "imap", "imaps", "dns"):
            with socket.create_connection((found[name]["host"], found[name]["port"]), timeout=60):
                pass
        examined = json.loads(kanton.run("doctor", "--json").stdout)
        answers = {
            each["text"].split()[0]: each["level"]
            for each in examined["findings"]
            if each["area"] == "processes"
        }
        assert {
            name: answers[name] for name in ("web", "dns", "smtp", "submission", "imap")
        } == dict.fromkeys(("web", "dns", "smtp", "submission", "imap"), "ok")

        second = kanton.run("run")
        assert second.returncode == 69 and "already runs" in second.stdout and found["web"] in second.stdout

        fallen = kanton.child("kanton.products.domains.dns")
        os.kill(fallen, signal.SIGKILL)
        kanton.wait_for(lambda: "dns is up again" in kanton.said)
        assert kanton.child("kanton.products.domains.dns") != fallen

        pids = kanton.family()
        assert len(pids) >= 6
        assert kanton.stop() == 0
        assert "Stopped." in kanton.said
        assert kanton.family() == []
        assert kanton.endpoints["pid"] is None


def test_when_its_supervisor_is_killed_nothing_stays_and_the_next_start_works(tmp_path: Path) -> None:
    with installation(tmp_path / "home") as kanton:
        before = kanton.start()["ports"]
        assert kanton.process is not None
        kanton.process.kill()
        kanton.process.wait()
        kanton.environment |= {
            f"KANTON_{name}": str(before[key]) for name, key in (("WEB_PORT", "web.port"),)
        }
        kanton.start()
        assert kanton.endpoints["ports"]["web.port"] == before["web.port"]
        assert kanton.stop() == 0
        assert kanton.family() == []


def test_each_process_that_is_killed_comes_back_and_after_the_death_of_all_the_next_start_works(
    tmp_path: Path,
) -> None:
    with installation(tmp_path / "home") as kanton:
        kanton.start()

        def state(name: str) -> tuple[int, bool]:
            told = json.loads((kanton.home / "processes.json").read_text())["processes"][name]
            return told["pid"], told["is_ready"]

        for name in ("web", "worker", "dns", "smtp", "imap"):
            killed, _ready = state(name)
            os.kill(killed, signal.SIGKILL)
            kanton.wait_for(lambda: state(name)[0] not in (0, killed) and state(name)[1])  # noqa: B023
        # What a process has started itself: a worker of the web server, and Dovecot's own where it is.
        for parent in ("web", "imap"):
            for child in children(state(parent)[0]):
                os.kill(child, signal.SIGKILL)
                kanton.wait_for(lambda: all(state(name)[1] for name in ("web", "imap")))
        kanton.wait_for(lambda: answers(kanton))

        everybody = [*kanton.family(), *(child for pid in kanton.family() for child in children(pid))]
        for pid in dict.fromkeys(everybody):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert kanton.process is not None
        kanton.process.wait()
        kanton.wait_for(lambda: kanton.family() == [])
        kanton.start()
        kanton.wait_for(lambda: answers(kanton))
        assert kanton.stop() == 0
        assert kanton.family() == []


def children(pid: int) -> list[int]:
    """Who was started by this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return found


def answers(kanton: Installation) -> bool:
    """Whether the doctor finds every server well."""
    found = json.loads(kanton.run("doctor", "--json").stdout)["findings"]
    levels = [each["level"] for each in found if each["area"] == "processes"]
    return len(levels) == 6 and set(levels) == {"ok"}


def other_program() -> socket.socket:
    """Something that listens below the ports from which the system serves those who connect: the next port is tried
    instead of this one, and must not be given to a client of another test before the start is through."""
    for port in random.sample(range(20_000, 30_000), 50):
        with contextlib.suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    raise AssertionError("no free port")


def test_taken_ports_are_told_and_replaced_for_good(tmp_path: Path) -> None:
    with installation(tmp_path / "home") as kanton, other_program() as other:
        taken = other.getsockname()[1]
        kanton.environment["KANTON_WEB_PORT"] = str(taken)
        chosen = kanton.start()["ports"]["web.port"]
        assert chosen != taken
        assert f"Port {taken} (web.port) is taken by another program. Using {chosen} instead." in kanton.said
        assert status_of(f"http://localhost:{chosen}/login") == 200
        kanton.stop()
        kanton.environment["KANTON_PORTS"] = "exact"
        refused = kanton.run("run")
        assert refused.returncode == 69 and f"web.port is {taken}" in refused.stdout


def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    with installation(tmp_path / "home", KANTON_WEB_WORKERS="many") as kanton:
        refused = kanton.run("run")
        assert refused.returncode == 78
        assert "web.workers is not right" in refused.stderr and "from 1 to 64" in refused.stderr
        assert kanton.family() == []


def messages(home: Path) -> dict[str, str]:
    """Digest of every message by mailbox and unchanging name."""
    store = home / "mail" / "store"
    return {
        f"{path.relative_to(store).parts[:2]} {path.name.partition(':2,')[0]}": hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in store.rglob("*")
        if path.parent.name in ("cur", "new")
    }


def inbox(found: dict[str, Any], login: str, password: str) -> list[bytes]:
    """The subjects that a mail program sees."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with imaplib.IMAP4_SSL(
        found["imaps"]["host"], found["imaps"]["port"], ssl_context=context, timeout=120
    ) as imap:
        imap.login(login, password)
        imap.select("INBOX", readonly=True)
        _, answer = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        return sorted(part[1].strip() for part in answer if isinstance(part, tuple))


def rows(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables that belong to organizations, without what the clock measures while the program runs."""
    with contextlib.closing(sqlite3.connect(home / "kanton.sqlite3")) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in names:
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
            if "organization_id" in columns and not name.startswith("core_"):
                told = ", ".join(f'"{column}"' for column in columns if not column.startswith("storage_"))
                found[name] = database.execute(f'SELECT {told} FROM "{name}" ORDER BY 1').fetchall()
        return found


def test_the_demo_is_complete_and_lives_again_elsewhere_from_a_backup(tmp_path: Path) -> None:
    with (
        installation(tmp_path / "home", KANTON_DEMO="true") as kanton,
        installation(tmp_path / "other", KANTON_DEMO="true") as other,
    ):
        found = kanton.start()
        logins = {each["login"]: each["password"] for each in found["logins"]}
        assert set(logins) >= {"ana@acme.example", "ben@acme.example", "sam@alpenhost.example"}
        assert all(login in kanton.said and password in kanton.said for login, password in logins.items())
        password = logins["ana@acme.example"]
        subjects = inbox(found, "info@acme.example", password)
        assert len(subjects) == 3

        token = kanton.run("token", "create", "ana@acme.example", "--scope", "all").stdout.strip()
        asked = urllib.request.Request(
            f"{found['api']}/1/product", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=120) as answer:
            products = json.load(answer)["data"]
        assert {product["customer_name"] for product in products} >= {
            "acme.example",
            "acme-werkstatt.example",
        }

        made = kanton.run("backup", str(tmp_path / "b.tar.gz"))
        assert made.returncode == 0, made.stderr
        before = messages(kanton.home)
        kanton.stop()
        restored = other.run("restore", str(tmp_path / "b.tar.gz"))
        assert restored.returncode == 0 and "every digest right" in restored.stdout, restored.stderr
        assert other.run("restore", str(tmp_path / "b.tar.gz")).returncode == 1

        assert len(before) >= 4 and messages(other.home) == before
        kept = rows(other.home)
        assert sum(map(len, kept.values())) > 30 and kept["organizations_membership"]
        after = rows(kanton.home)
        for name in (
            "organizations_membership",
            "billing_entry",
            "billing_invoice",
            "domains_zonerecord",
            "mail_mailbox",
        ):
            if name in kept:
                assert kept[name] == after[name] != []
        for name in ("django-secret-key", "field-encryption-keys", "activity-hmac-key"):
            key = (other.home / "secrets" / name).read_bytes()
            assert key and key == (kanton.home / "secrets" / name).read_bytes()

        found = other.start()
        assert "Loading the demo provider" not in other.said
        assert status_of(f"{found['web']}/login") == 200
        assert inbox(found, "info@acme.example", password) == subjects
        verified = other.run("activity", "verify")
        assert verified.returncode == 0, verified.stdout
        assert other.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_during_the_start_is_calm(tmp_path: Path, number: signal.Signals) -> None:
    with installation(tmp_path / "home") as kanton:
        with (tmp_path / "out").open("w") as output:
            process = subprocess.Popen(
                [*KANTON, "run"], env=kanton.environment, stdout=output, stderr=output, start_new_session=True
            )
        # Before the first line nothing has been started, and the system's own way of ending it is good enough.
        kanton.wait_for_text(tmp_path / "out", "home ")
        # The servers that need no program are up, and the program is being loaded: the most crowded moment.
        kanton.wait_for((kanton.home / "log" / "imap.log").exists, said=(tmp_path / "out").read_text)
        process.send_signal(number)
        assert process.wait(120) == 130
        kanton.wait_for(lambda: kanton.family() == [], said=(tmp_path / "out").read_text)
        told = (tmp_path / "out").read_text()
        assert "Traceback" not in told and told.endswith("Stopped before it was up.\n")
