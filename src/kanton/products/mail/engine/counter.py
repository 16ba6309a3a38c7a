"""The 24-hour counter per address, shared by every process that sends (MAIL-43, MAIL-44)."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from kanton.products.mail.engine.files import make_private
from kanton.products.mail.limits import WINDOW_SECONDS, Allowance, Sent, allowance


class SendCounter:
    """A small SQLite file of its own; checking and counting are one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        make_private(path.parent)
        with closing(self._connect()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY, address TEXT NOT NULL,"
                " at REAL NOT NULL, recipients INTEGER NOT NULL)"
            )
            db.execute("CREATE INDEX IF NOT EXISTS sent_address_at ON sent (address, at)")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=20, isolation_level=None)

    def reserve(
        self, address: str, *, limit: int, recipients: int, now: float | None = None
    ) -> tuple[Allowance, int | None]:
        """Count a message if the limit allows it whole. Returns the allowance and the reservation to cancel."""
        moment = time.time() if now is None else now
        with self._lock, closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM sent WHERE address = ? AND at <= ?", (address, moment - WINDOW_SECONDS))
            found = allowance(self._sent(db, address), limit=limit, wanted=recipients, now=moment)
            reservation = None
            if found.allowed:
                reservation = db.execute(
                    "INSERT INTO sent (address, at, recipients) VALUES (?, ?, ?)",
                    (address, moment, recipients),
                ).lastrowid
            db.execute("COMMIT")
        return found, reservation

    def cancel(self, reservation: int | None) -> None:
        """Give back what a message that was not accepted after all had reserved."""
        if reservation is not None:
            with self._lock, closing(self._connect()) as db:
                db.execute("DELETE FROM sent WHERE id = ?", (reservation,))

    def allowance(self, address: str, *, limit: int, now: float | None = None) -> Allowance:
        """What the address has used and has left, without counting anything."""
        with closing(self._connect()) as db:
            return allowance(
                self._sent(db, address), limit=limit, wanted=1, now=time.time() if now is None else now
            )

    @staticmethod
    def _sent(db: sqlite3.Connection, address: str) -> list[Sent]:
        return [
            Sent(at, count)
            for at, count in db.execute("SELECT at, recipients FROM sent WHERE address = ?", (address,))
        ]
