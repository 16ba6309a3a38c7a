"""The real mail processes inside a test: SMTP and one of the two IMAP servers on free ports."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import imaplib
import itertools
import shutil
import smtplib
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kanton.products.mail.engine.credentials import hash_password
from kanton.products.mail.engine.embedded import EmbeddedMailEngine
from kanton.products.mail.engine.imap_process import ImapProcess, start_imap
from kanton.products.mail.engine.port import DomainState, MailboxState
from kanton.products.mail.engine.settings import EngineSettings
from kanton.products.mail.engine.smtp_process import SmtpProcess, start_smtp

PASSWORD = "Fjord-Kiesel-417-Wolke"
HASH = hash_password(PASSWORD)


def box(local: str, number: int, **fields: Any) -> MailboxState:
    """A mailbox with PASSWORD."""
    values: dict[str, Any] = {"password_hash": HASH, "sending_limit": 100} | fields
    return MailboxState(local, f"acme.example/{local}~{number}", **values)


ACME = DomainState(
    "acme.example",
    mailboxes=(box("info", 1), box("ben", 2)),
    aliases={"sales": "info"},
    redirects={"all": ("info@acme.example", "ben@acme.example"), "out": ("lea@elsewhere.example",)},
    administrators=("info@acme.example",),
)


@dataclasses.dataclass
class Running:
    """What a test talks to."""

    settings: EngineSettings
    engine: EmbeddedMailEngine
    smtp_process: SmtpProcess
    imap_process: ImapProcess | None
    call: Callable[[Any], Any]

    def smtp(self) -> smtplib.SMTP:
        """A connection to the reception port."""
        client = smtplib.SMTP("127.0.0.1", self.settings.smtp_port, "client.example", timeout=60)
        client.ehlo()
        return client

    def submission(self, login: str = "info@acme.example", password: str = PASSWORD) -> smtplib.SMTP:
        """A logged-in connection to the submission port, under TLS."""
        client = smtplib.SMTP("127.0.0.1", self.settings.submission_port, "client.example", timeout=60)
        client.starttls()
        client.login(login, password)
        return client

    def imap(self, login: str = "info@acme.example", password: str = PASSWORD) -> imaplib.IMAP4:
        """A logged-in IMAP connection of an unmodified client."""
        client = _FromNewAddress("127.0.0.1", self.settings.imap_port, timeout=60)
        client.starttls(untrusting())
        client.login(login, password)
        return client

    def inbox(self, login: str = "info@acme.example", folder: str = "INBOX") -> list[bytes]:
        """The raw messages of a folder, over IMAP."""
        client = self.imap(login)
        client.select(folder, readonly=True)
        numbers = client.search(None, "ALL")[1][0].split()
        messages = []
        for number in numbers:
            answer = client.fetch(number, "(BODY.PEEK[])")[1][0]
            assert isinstance(answer, tuple)
            messages.append(answer[1])
        client.logout()
        return messages

    def publish(self, state: DomainState) -> None:
        """Make the engine know this."""
        self.engine.publish_domain(state)

    def until(self, condition: Callable[[], Any], seconds: float = 120.0) -> Any:
        """Wait for a condition; its value."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)
        return found


_addresses = itertools.count(2)


class _FromNewAddress(imaplib.IMAP4):
    """Comes from another loopback address each time: Dovecot makes addresses wait that sent wrong passwords."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        number = next(_addresses)
        source = f"127.9.{number // 250}.{number % 250 + 1}"
        return socket.create_connection((self.host, self.port), timeout, source_address=(source, 0))


def untrusting() -> ssl.SSLContext:
    """TLS with whatever certificate the server shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextlib.contextmanager
def running(
    state: DomainState = ACME, *, imap: str = "", watch_seconds: float = 0.2, **options: Any
) -> Iterator[Running]:
    """Start the processes in a loop of their own, publish `state`, and end all of it afterwards. `imap` is "dovecot",
    "python" or "" for none."""
    home = Path(tempfile.mkdtemp(prefix="kanton-mail-"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def call(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)

    settings = EngineSettings(home=home, hostname="mail.acme.example", imap_server=imap or "auto", **options)
    EmbeddedMailEngine(settings).publish_domain(state)
    smtp_process = call(start_smtp(settings))
    imap_process = call(start_imap(settings, watch_seconds=watch_seconds)) if imap else None
    settings = dataclasses.replace(
        settings,
        smtp_port=smtp_process.ports["smtp"],
        submission_port=smtp_process.ports["submission"],
        submissions_port=smtp_process.ports["submissions"],
        **(
            {"imap_port": imap_process.ports["imap"], "imaps_port": imap_process.ports["imaps"]}
            if imap_process
            else {}
        ),
    )
    try:
        yield Running(settings, EmbeddedMailEngine(settings), smtp_process, imap_process, call)
    finally:
        if imap_process is not None:
            call(imap_process.stop())
        call(smtp_process.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        tempfile.tempdir = None
        shutil.rmtree(home, ignore_errors=True)
