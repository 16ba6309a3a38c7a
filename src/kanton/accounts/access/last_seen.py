"""When each session was last used: noted once a minute at most, and written a little later, many at once.

A write for every first request of a session would make reading as slow as writing; what a crash loses here is three
seconds of “last activity”.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, transaction

from kanton.accounts.sessions import unused_until
from kanton.core import clock

log = logging.getLogger("kanton.accounts")

EVERY = 60.0
MOST = 10_000
LATER = 3.0
HOUR = timedelta(hours=1)
USED = "UPDATE usersessions_usersession SET last_seen_at = %s, ip = %s WHERE session_key = %s"
PROLONGED = "UPDATE django_session SET expire_date = %s WHERE session_key = %s AND expire_date < %s"


class Use(NamedTuple):
    """A use of a session that is not written yet."""

    at: datetime
    ip: str
    until: datetime | None


class LastSeen:
    """The notes of one process. `at_once` writes without delay, for tests and whoever has one request at a time."""

    def __init__(self, *, at_once: bool) -> None:
        self.at_once = at_once
        self._noted: OrderedDict[str, float] = OrderedDict()
        self._waiting: dict[str, Use] = {}
        self._lock = threading.Lock()

    def note(self, session: Any, address: str) -> None:
        """This session was used from this address."""
        session_key, now = session.session_key, time.monotonic()
        with self._lock:
            if now - self._noted.get(session_key, -EVERY) < EVERY:
                return
            self._noted[session_key] = now
            self._noted.move_to_end(session_key)
            while len(self._noted) > MOST:
                self._noted.popitem(last=False)
            is_first = not self._waiting
            self._waiting[session_key] = Use(clock.now(), address or "::", unused_until(session))
        if self.at_once:
            self.write()
        elif is_first:
            timer = threading.Timer(LATER, self._write_safely)
            timer.daemon = True
            timer.start()

    def write(self) -> None:
        """Write what waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        moment = connection.ops.adapt_datetimefield_value
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(USED, [(moment(use.at), use.ip, key) for key, use in waiting.items()])
            # Used again, so it lives on; an hour more or less is not worth a write.
            until = [(use.until, key) for key, use in waiting.items() if use.until is not None]
            cursor.executemany(PROLONGED, [(moment(end), key, moment(end - HOUR)) for end, key in until])

    def _write_safely(self) -> None:
        try:
            self.write()
        except DatabaseError as trouble:
            log.warning("When sessions were last used could not be written: %s", trouble)
        finally:
            connection.close()


last_seen = LastSeen(at_once=True)
