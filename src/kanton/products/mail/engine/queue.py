"""The outgoing queue on disk: a folder per message, whole or not there, until every recipient is settled.

queue/<id>/message      the message; the first `skip` bytes (Return-Path) stay at home
queue/<id>/envelope     who, how often tried, when next; replaced in one step after each attempt
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kanton.products.mail.engine.files import make_private, read_json, sync_folder, write_json

BOUNCED_AFTER_SECONDS = 5 * 86400
_WAITS = (60, 300, 900, 1800, 3600, 7200, 4 * 3600)


@dataclass(slots=True)
class Waiting:
    """One recipient that is not settled yet."""

    address: str
    words: str = ""


@dataclass(slots=True)
class Envelope:
    """What the queue knows of one message."""

    id: str
    sender: str
    waiting: list[Waiting]
    local: str
    """The address of ours that sent or redirected it; "" for bounces."""
    size: int
    skip: int = 0
    needs_utf8: bool = False
    created_at: float = field(default_factory=time.time)
    next_at: float = 0.0
    attempts: int = 0

    @property
    def is_overdue(self) -> bool:
        """True when it has been tried long enough."""
        return time.time() - self.created_at > BOUNCED_AFTER_SECONDS

    def try_later(self) -> None:
        """Wait longer after each attempt."""
        self.attempts += 1
        wait = _WAITS[min(self.attempts, len(_WAITS)) - 1]
        self.next_at = time.time() + wait

    def as_json(self) -> dict[str, Any]:
        """How it is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Envelope:
        """The stored envelope."""
        return cls(**(value | {"waiting": [Waiting(**one) for one in value["waiting"]]}))


class Queue:
    """Messages on their way out. What `put` returned for survives a crash."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_private(folder)

    def put(
        self,
        message: Path,
        *,
        sender: str,
        recipients: list[str],
        local: str,
        skip: int = 0,
        needs_utf8: bool = False,
    ) -> str:
        """Queue a message that is on the disk (same file system). Durable when this returns."""
        queue_id = f"{time.time_ns():019d}-{secrets.token_hex(4)}"
        building = make_private(self.folder / f".{queue_id}")
        os.link(message, building / "message")
        envelope = Envelope(
            queue_id,
            sender,
            [Waiting(one) for one in recipients],
            local,
            message.stat().st_size - skip,
            skip=skip,
            needs_utf8=needs_utf8,
        )
        write_json(building / "envelope", envelope.as_json())
        building.rename(self.folder / queue_id)
        sync_folder(self.folder)
        return queue_id

    def ids(self) -> list[str]:
        """All queued messages, oldest first."""
        return sorted(entry.name for entry in os.scandir(self.folder) if not entry.name.startswith("."))

    def envelope(self, queue_id: str) -> Envelope | None:
        """The envelope, or None when the message is gone."""
        value = read_json(self.folder / queue_id / "envelope")
        return Envelope.from_json(value) if value is not None else None

    def save(self, envelope: Envelope) -> None:
        """Store what an attempt changed."""
        write_json(self.folder / envelope.id / "envelope", envelope.as_json())

    def message(self, queue_id: str) -> Path:
        """The message's file."""
        return self.folder / queue_id / "message"

    def remove(self, queue_id: str) -> None:
        """The message is settled."""
        leaving = self.folder / f".{queue_id}-done"
        try:
            (self.folder / queue_id).rename(leaving)
        except FileNotFoundError:
            return
        sync_folder(self.folder)
        shutil.rmtree(leaving, ignore_errors=True)

    def clean(self) -> None:
        """Remove what a crash left half built or half removed."""
        for entry in list(os.scandir(self.folder)):
            if entry.name.startswith("."):
                shutil.rmtree(entry.path, ignore_errors=True)
