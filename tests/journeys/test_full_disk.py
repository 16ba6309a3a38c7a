"""A full disk: nothing is acknowledged that could not be kept, nothing acknowledged is lost, and life goes on after."""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.test_running import Installation, inbox, installation, status_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk of its own")

SIZE = "192m"
ZONE = "acme.example"
BOX = "info@acme.example"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


class Customer:
    """Ana of Acme with a token, and somebody who writes to her."""

    def __init__(self, kanton: Installation) -> None:
        self.endpoints = kanton.endpoints
        self.token = kanton.run("token", "create", "ana@acme.example", "--scope", "all").stdout.strip()
        self.password = next(
            each["password"] for each in self.endpoints["logins"] if each["login"] == "ana@acme.example"
        )

    def call(self, method: str, path: str, data: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Status and answer of an API call."""
        asked = urllib.request.Request(
            self.endpoints["api"] + path,
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(asked, timeout=240) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def add_record(self, name: str) -> int:
        """Status of adding a TXT record of some length: below 300 only when the answer says success."""
        record = {"source": name, "type": "TXT", "target": "x" * 200, "ttl": 3600}
        status, answer = self.call("POST", f"/2/zones/{ZONE}/records", record)
        assert (answer["result"] == "success") == (status < 300), answer
        return status

    def records(self) -> set[str]:
        """The names of the TXT records we added."""
        _, answer = self.call("GET", f"/2/zones/{ZONE}/records")
        return {each["source"] for each in answer["data"] if each["source"].startswith("try-")}

    def write(self, subject: str) -> int:
        """The code with which the server answers a message of 300 KB."""
        text = f"Subject: {subject}\r\nFrom: zoe@globex.example\r\nTo: {BOX}\r\n\r\n" + "nothing\r\n" * 33_000
        at = self.endpoints["smtp"]
        with smtplib.SMTP(at["host"], at["port"], timeout=240) as smtp:
            smtp.ehlo("mail.globex.example")
            code, _ = smtp.mail("zoe@globex.example")
            if code == 250:
                code, _ = smtp.rcpt(BOX)
            if code == 250:
                with contextlib.suppress(smtplib.SMTPDataError):
                    code, _ = smtp.data(text)
            return code


def fill(disk: Path) -> Path:
    """Use up the last byte."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 65536):
            pass
    with contextlib.suppress(OSError), (disk / "ballast-2").open("wb", buffering=0) as file:
        while file.write(b"\0" * 512):
            pass
    return ballast


def test_what_was_acknowledged_survives_a_full_disk(small_disk: Path) -> None:
    with installation(small_disk / "home", KANTON_DEMO="true") as kanton:
        kanton.start()
        ana = Customer(kanton)
        records = {name for name in ("try-1", "try-2") if ana.add_record(name) < 300}
        mails = {subject for subject in ("Mail 1", "Mail 2") if ana.write(subject) == 250}
        assert records == {"try-1", "try-2"} and mails == {"Mail 1", "Mail 2"}

        ballast = fill(small_disk)
        # The last free page may still take one or two; each that is not kept is refused, in words programs understand.
        for number in range(3, 43):
            status = ana.add_record(f"try-{number}")
            if status < 300:
                records.add(f"try-{number}")
        assert status in (500, 503), status
        for number in range(3, 6):
            code = ana.write(f"Mail {number}")
            if code == 250:
                mails.add(f"Mail {number}")
        assert code in (451, 452), code
        assert status_of(f"{ana.endpoints['web']}/login") == 200
        assert ana.records() == records

        ballast.unlink()
        (small_disk / "ballast-2").unlink(missing_ok=True)
        assert ana.add_record("try-after") < 300
        assert ana.write("Mail after") == 250
        assert ana.records() == records | {"try-after"}
        kanton.wait_for(lambda: b"Subject: Mail after" in inbox(ana.endpoints, BOX, ana.password))
        subjects = {
            subject.decode().removeprefix("Subject: ") for subject in inbox(ana.endpoints, BOX, ana.password)
        }
        assert {subject for subject in subjects if subject.startswith("Mail ")} == mails | {"Mail after"}
        assert kanton.run("activity", "verify").returncode == 0
        assert not kanton.process_ended
        assert kanton.stop() == 0
