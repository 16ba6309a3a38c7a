"""The journal of messages (MAIL-100): one JSON line for each recipient and result, a file per day, kept 30 days.

    {"at": …, "way": "in", "sender": "…", "recipient": "…", "local": "info@acme.ch", "size": …, "result": "sent", …}

Never a subject, never content.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from kanton.products.mail.engine.files import make_private

KEPT_DAYS = 30


class Way(StrEnum):
    """Which way a message went, seen from us."""

    IN = "in"
    OUT = "out"


class Result(StrEnum):
    """What became of it."""

    DELIVERED = "delivered"
    QUEUED = "queued"
    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    BOUNCED = "bounced"
    REDIRECTED = "redirected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `local` is the address of ours that it concerns."""

    way: Way
    sender: str
    recipient: str
    local: str
    size: int
    result: Result
    words: str = ""
    message: str = ""
    at: float = 0.0


class Journal:
    """Appends lines; each is one `write`, so several processes can share a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_private(folder)

    def note(self, entry: Entry) -> None:
        """Write one line. A full disk must not stop the mail, so failures are silent here and seen by the doctor."""
        moment = entry.at or time.time()
        day = dt.datetime.fromtimestamp(moment, tz=dt.UTC).date()
        line = json.dumps(
            asdict(entry) | {"at": round(moment, 3), "words": entry.words[:300]}, ensure_ascii=False
        )
        try:
            handle = os.open(self.folder / f"{day}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode("utf-8", "replace") + b"\n")
            finally:
                os.close(handle)
        except OSError:
            return

    def days(self) -> list[str]:
        """The days that have a file, oldest first."""
        return sorted(path.stem for path in self.folder.glob("????-??-??.jsonl"))

    def size(self, day: str) -> int:
        """The bytes of a day's file."""
        try:
            return (self.folder / f"{dt.date.fromisoformat(day)}.jsonl").stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, day: str, offset: int = 0) -> Iterator[tuple[int, Entry]]:
        """The complete lines of a day from a byte offset on, each with the offset behind it."""
        path = self.folder / f"{dt.date.fromisoformat(day)}.jsonl"
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                offset += len(line)
                try:
                    value = json.loads(line)
                    entry = Entry(**(value | {"way": Way(value["way"]), "result": Result(value["result"])}))
                except (ValueError, TypeError, KeyError):
                    continue
                yield offset, entry

    def forget_old(self, today: dt.date) -> None:
        """Delete the files of days that are no longer kept."""
        for day in self.days():
            if dt.date.fromisoformat(day) < today - dt.timedelta(days=KEPT_DAYS):
                (self.folder / f"{day}.jsonl").unlink(missing_ok=True)
