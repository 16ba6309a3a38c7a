"""When app passwords were last used: noted by the mail processes, at most once in ten minutes each.

    1795746600 5fbda72a949e18fe

The mark is the beginning of the published hash, which says nothing to anybody who does not have the password.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from kanton.products.mail.engine.files import make_private

log = logging.getLogger("kanton.mail.uses")

MARK = 16
PAUSE_SECONDS = 600
REMEMBERED_MAX = 50_000


class Uses:
    """The notes of one process."""

    def __init__(self, mail: Path) -> None:
        self._path = mail / "app-password-uses"
        self._noted: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, mark: str) -> bool:
        """Note a use now; False when the last note is younger than ten minutes."""
        mark, now = mark[:MARK], time.time()
        with self._lock:
            if now - self._noted.get(mark, 0.0) < PAUSE_SECONDS:
                return False
            if len(self._noted) > REMEMBERED_MAX:
                self._noted.clear()
            self._noted[mark] = now
        try:
            make_private(self._path.parent)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, f"{int(now)} {mark}\n".encode())
            finally:
                os.close(handle)
        except OSError as error:  # a login does not fail because a note cannot be written
            log.error("the use of an app password was not noted: %s", error)
        return True

    def take(self) -> dict[str, int]:
        """What all processes noted since the last time: the latest second for each mark. It is told once."""
        taken = self._path.with_name(f"{self._path.name}.taken")
        with suppress(FileNotFoundError):
            if not taken.exists():  # else a job died between taking and telling
                self._path.rename(taken)
        found: dict[str, int] = {}
        with suppress(FileNotFoundError):
            for line in taken.read_text().splitlines():
                second, _space, mark = line.partition(" ")
                if second.isdigit() and len(mark) == MARK:
                    found[mark] = max(found.get(mark, 0), int(second))
        return found

    def told(self) -> None:
        """What `take` returned is kept elsewhere now."""
        self._path.with_name(f"{self._path.name}.taken").unlink(missing_ok=True)
