"""Mails a second that the embedded SMTP server takes for good: on the disk, in the mailbox, before it says 250."""

import smtplib
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.house import House

SENDERS = 4
BODY = (
    "From: lea@kunde.example\r\nTo: info@acme.example\r\nSubject: bench\r\nMessage-ID: <{n}@kunde.example>\r\n\r\n"
    + "Guten Tag\r\n" * 300
)


@dataclass(frozen=True)
class Taken:
    """How many mails, in how many seconds."""

    mails: int
    seconds: float

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.seconds


def measure(house: House, *, seconds: float) -> Taken:
    """Send by several connections at once; afterwards every mail must lie in the mailbox."""
    where = house.endpoints["smtp"]
    store = house.home / "mail" / "store"
    before = _count(store)
    counts = [0] * SENDERS
    until = time.perf_counter() + seconds

    def send(number: int) -> None:
        with smtplib.SMTP(where["host"], where["port"], timeout=30) as server:
            while time.perf_counter() < until:
                body = BODY.format(n=f"{number}-{counts[number]}")
                server.sendmail("lea@kunde.example", ["info@acme.example"], body)
                counts[number] += 1

    started = time.perf_counter()
    threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    arrived = _count(store) - before
    if arrived != sum(counts) or not arrived:
        raise RuntimeError(f"{sum(counts)} mails were accepted and {arrived} lie in the mailbox")
    return Taken(arrived, took)


def _count(store: Path) -> int:
    return sum(1 for path in store.rglob("*") if path.parent.name in ("new", "cur"))
