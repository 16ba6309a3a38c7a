"""How often something may happen: exact sliding windows, shared by all processes, apart from the main database.

    verdict = throttle(f"token:{token.pk}", limit=60, per=timedelta(minutes=1))
    if not verdict: ...

A counter is one row: the instants of the last `limit` admitted calls. A call is admitted when the one `limit` places
before it has left the window, decided and written by a single UPSERT. Refused calls are not written and so do not
count (API-25). With SQLite the counters live in a file of their own, so that they never wait for the main
database; with PostgreSQL in an unlogged table there, over a connection of their own, so that a rollback of the
request does not forget a failed sign-in. If the store fails, this process goes on counting in memory.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import struct
import threading
import time
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from kanton.config import config
from kanton.core import clock
from kanton.core.errors import TooMany

log = logging.getLogger("kanton.throttle")

FILE_NAME = "throttle.sqlite3"
RETRY_STORE_AFTER = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call is admitted, and what remains. `reset_in` counts the seconds until a place becomes free."""

    allowed: bool
    limit: int
    remaining: int
    reset_in: float

    def __bool__(self) -> bool:
        return self.allowed

    def or_refuse(self) -> Verdict:
        """The verdict itself, or TooMany (429) with the seconds to wait."""
        if not self.allowed:
            raise TooMany(seconds=max(1, int(self.reset_in + 0.999)))
        return self


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `limit` calls under `key` in any stretch of time as long as `per`."""

    key: str
    limit: int
    per: timedelta


def throttle(key: str, limit: int, per: timedelta, *, cost: int = 1) -> Verdict:
    """Count one call (or `cost` calls at once, all or none) under `key`, if the window has room for it."""
    return throttle_all([Rule(key, limit, per)], cost=cost)


def throttle_all(rules: Sequence[Rule], *, cost: int = 1) -> Verdict:
    """Count a call under several rules, or under none when one of them has no room. Returns the tightest verdict."""
    now = _microseconds()
    try:
        verdicts = _store().count(rules, cost, now)
    except (StoreFailed, sqlite3.Error) as trouble:
        verdicts = _fall_back(trouble).count(rules, cost, now)
    refused = [verdict for verdict in verdicts if not verdict.allowed]
    if refused:
        return max(refused, key=lambda verdict: verdict.reset_in)
    return min(verdicts, key=lambda verdict: verdict.remaining)


def peek(key: str, limit: int, per: timedelta) -> Verdict:
    """What `throttle` would answer now, without counting."""
    now = _microseconds()
    try:
        hits = _store().hits(key)
    except (StoreFailed, sqlite3.Error) as trouble:
        hits = _fall_back(trouble).hits(key)
    rule = Rule(key, limit, per)
    refused = _refused(hits, rule, 1, now)
    return _admitted(hits, rule, now) if refused is None else refused


def forget(key: str) -> None:
    """Start the counter afresh, as after a successful sign-in."""
    try:
        _store().forget([key])
    except (StoreFailed, sqlite3.Error) as trouble:
        _fall_back(trouble).forget([key])


def forget_old() -> int:
    """Remove counters whose window has passed; returns how many."""
    try:
        return _store().forget_old(_microseconds())
    except (StoreFailed, sqlite3.Error) as trouble:
        return _fall_back(trouble).forget_old(_microseconds())


def forget_everything() -> None:
    """Start all counters of this process's store afresh, between tests."""
    for store in (_present, _memory):
        if store is not None:
            store.forget_old(2**62)


def close() -> None:
    """Let go of the store, for tests and for processes that are about to fork."""
    global _present
    with _lock:
        if _present is not None:
            _present.close()
        _present = None


# The arithmetic, on rows of eight-byte instants, the oldest first.


def _microseconds() -> int:
    return int(clock.now().timestamp() * 1_000_000)


def _inside(hits: bytes, begin: int) -> tuple[int, ...]:
    instants: tuple[int, ...] = struct.unpack(f">{len(hits) // 8}Q", hits)
    return instants[bisect_right(instants, begin) :]


def _admitted(hits: bytes, rule: Rule, now: int) -> Verdict:
    begin = now - int(rule.per.total_seconds() * 1_000_000)
    inside = _inside(hits, begin)
    reset = (inside[0] - begin) / 1_000_000 if inside else 0.0
    return Verdict(True, rule.limit, max(0, rule.limit - len(inside)), reset)


def _refused(hits: bytes, rule: Rule, cost: int, now: int) -> Verdict | None:
    begin = now - int(rule.per.total_seconds() * 1_000_000)
    inside = _inside(hits, begin)
    excess = len(inside) + cost - rule.limit
    if excess <= 0:
        return None
    # What does not fit into an empty window never will; say the whole window then.
    until = inside[excess - 1] if excess <= len(inside) else now
    return Verdict(False, rule.limit, max(0, rule.limit - len(inside)), (until - begin) / 1_000_000)


class StoreFailed(Exception):
    """The counters cannot be reached."""


class Store(Protocol):
    """Where counters are kept."""

    def count(self, rules: Sequence[Rule], cost: int, now: int) -> list[Verdict]:
        """Count under all rules or none."""

    def hits(self, key: str) -> bytes:
        """The row of one counter."""

    def forget(self, keys: Iterable[str]) -> None:
        """Remove counters."""

    def forget_old(self, now: int) -> int:
        """Remove counters of past windows."""

    def close(self) -> None:
        """Let go."""


# `over` is by how many places the new calls exceed the limit. Only if the last of these places has left the window is
# the row written, without them; otherwise nothing is returned.
SQLITE_UPSERT = """
INSERT INTO counter (key, hits, ends) VALUES (:key, :new, :ends)
ON CONFLICT (key) DO UPDATE SET
  hits = CAST(substr(hits, 1 + 8 * max(0, length(hits) / 8 + :cost - :limit)) || excluded.hits AS BLOB),
  ends = excluded.ends
WHERE length(hits) / 8 + :cost <= :limit
   OR substr(hits, 8 * (length(hits) / 8 + :cost - :limit) - 7, 8) <= :begin
RETURNING hits
"""
POSTGRESQL_UPSERT = """
INSERT INTO kanton_counter AS c (key, hits, ends) VALUES (%(key)s, %(new)s, %(ends)s)
ON CONFLICT (key) DO UPDATE SET
  hits = substr(c.hits, 1 + 8 * greatest(0, length(c.hits) / 8 + %(cost)s - %(limit)s)) || excluded.hits,
  ends = excluded.ends
WHERE length(c.hits) / 8 + %(cost)s <= %(limit)s
   OR substr(c.hits, 8 * (length(c.hits) / 8 + %(cost)s - %(limit)s) - 7, 8) <= %(begin)s
RETURNING hits
"""


def _values(rule: Rule, cost: int, now: int) -> dict[str, Any]:
    window = int(rule.per.total_seconds() * 1_000_000)
    return {
        "key": rule.key,
        "new": struct.pack(">Q", now) * cost,
        "ends": now + window,
        "begin": struct.pack(">Q", now - window),
        "cost": cost,
        "limit": rule.limit,
    }


class SqliteStore:
    """Counters in one small file; lost when the machine dies, which only makes us generous for a minute."""

    def __init__(self, path: str | Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=2.0, isolation_level=None, check_same_thread=False, cached_statements=16
        )
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "temp_store=MEMORY", "wal_autocheckpoint=4000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS counter"
            " (key TEXT PRIMARY KEY, hits BLOB NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID"
        )

    def count(self, rules: Sequence[Rule], cost: int, now: int) -> list[Verdict]:
        """Count under all rules or none."""
        with self._lock:
            if len(rules) == 1:
                return [self._count(rules[0], cost, now)]
            self._connection.execute("BEGIN IMMEDIATE")
            verdicts = []
            try:
                for rule in rules:
                    verdicts.append(self._count(rule, cost, now))
            finally:
                is_good = len(verdicts) == len(rules) and all(verdicts)
                self._connection.execute("COMMIT" if is_good else "ROLLBACK")
            return verdicts

    def _count(self, rule: Rule, cost: int, now: int) -> Verdict:
        if cost <= rule.limit:
            row = self._connection.execute(SQLITE_UPSERT, _values(rule, cost, now)).fetchone()
            if row is not None:
                return _admitted(row[0], rule, now)
        refused = _refused(self._hits(rule.key), rule, cost, now)
        # None only when the row was forgotten at this very moment.
        return Verdict(False, rule.limit, 0, 0.0) if refused is None else refused

    def hits(self, key: str) -> bytes:
        """The row of one counter."""
        with self._lock:
            return self._hits(key)

    def _hits(self, key: str) -> bytes:
        row = self._connection.execute("SELECT hits FROM counter WHERE key = ?", (key,)).fetchone()
        return row[0] if row else b""

    def forget(self, keys: Iterable[str]) -> None:
        """Remove counters."""
        with self._lock:
            self._connection.executemany("DELETE FROM counter WHERE key = ?", [(key,) for key in keys])

    def forget_old(self, now: int) -> int:
        """Remove counters of past windows."""
        with self._lock:
            return self._connection.execute("DELETE FROM counter WHERE ends < ?", (now,)).rowcount

    def close(self) -> None:
        """Let go."""
        with self._lock:
            self._connection.close()


class PostgresqlStore:
    """Counters in an unlogged table, over one connection a process, outside every request's transaction."""

    def __init__(self) -> None:
        import psycopg

        self._error: type[Exception] = psycopg.Error
        self._lock = threading.Lock()
        database = config.database
        try:
            self._connection = psycopg.connect(
                dbname=database.name,
                host=database.host or None,
                port=database.port,
                user=database.user or None,
                password=database.password or None,
                autocommit=True,
                connect_timeout=5,
                options="-c synchronous_commit=off -c statement_timeout=2000",
            )
            # Two processes that create it at once collide; the second then finds it.
            with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
                self._connection.execute(
                    "CREATE UNLOGGED TABLE IF NOT EXISTS kanton_counter"
                    " (key text PRIMARY KEY, hits bytea NOT NULL, ends bigint NOT NULL)"
                )
        except psycopg.Error as error:
            raise StoreFailed(str(error)) from error

    def count(self, rules: Sequence[Rule], cost: int, now: int) -> list[Verdict]:
        """Count under all rules or none."""
        with self._lock:
            try:
                if len(rules) == 1:
                    return [self._count(rules[0], cost, now)]
                verdicts = []
                with self._connection.transaction(force_rollback=False) as transaction:
                    # Always in the same order, so that two processes never wait for each other.
                    for rule in sorted(rules, key=lambda rule: rule.key):
                        verdicts.append(self._count(rule, cost, now))
                    if not all(verdicts):
                        from psycopg import Rollback

                        raise Rollback(transaction)
                return verdicts
            except self._error as error:
                raise StoreFailed(str(error)) from error

    def _count(self, rule: Rule, cost: int, now: int) -> Verdict:
        if cost <= rule.limit:
            row = self._connection.execute(
                POSTGRESQL_UPSERT, _values(rule, cost, now), prepare=True, binary=True
            ).fetchone()
            if row is not None:
                return _admitted(bytes(row[0]), rule, now)
        refused = _refused(self._hits(rule.key), rule, cost, now)
        # None only when the row was forgotten at this very moment.
        return Verdict(False, rule.limit, 0, 0.0) if refused is None else refused

    def hits(self, key: str) -> bytes:
        """The row of one counter."""
        with self._lock:
            try:
                return self._hits(key)
            except self._error as error:
                raise StoreFailed(str(error)) from error

    def _hits(self, key: str) -> bytes:
        row = self._connection.execute("SELECT hits FROM kanton_counter WHERE key = %s", (key,)).fetchone()
        return bytes(row[0]) if row else b""

    def forget(self, keys: Iterable[str]) -> None:
        """Remove counters."""
        with self._lock:
            try:
                self._connection.execute("DELETE FROM kanton_counter WHERE key = ANY(%s)", (list(keys),))
            except self._error as error:
                raise StoreFailed(str(error)) from error

    def forget_old(self, now: int) -> int:
        """Remove counters of past windows."""
        with self._lock:
            try:
                return self._connection.execute("DELETE FROM kanton_counter WHERE ends < %s", (now,)).rowcount
            except self._error as error:
                raise StoreFailed(str(error)) from error

    def close(self) -> None:
        """Let go."""
        with self._lock:
            self._connection.close()


_lock = threading.Lock()
_present: Store | None = None
_present_of: tuple[int, str] | None = None
_memory: Store | None = None
_memory_until = 0.0


@cache
def _file_in(home: Path) -> str:
    return str(home / FILE_NAME)


def _store() -> Store:
    """This process's connection to the counters; in memory for a while after trouble."""
    global _present, _present_of
    where = _file_in(config.home) if config.database.is_sqlite else config.database.url
    if _memory is not None and time.monotonic() < _memory_until:
        return _memory
    if _present is None or _present_of != (os.getpid(), where):
        with _lock:
            if _present is None or _present_of != (os.getpid(), where):
                if _present is not None and _present_of is not None and _present_of[0] == os.getpid():
                    _present.close()
                _present = _open(Path(where)) if config.database.is_sqlite else PostgresqlStore()
                _present_of = (os.getpid(), where)
    return _present


def _open(path: Path) -> SqliteStore:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return SqliteStore(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        # A damaged file of counters is worth nothing: begin a new one.
        log.warning("%s was damaged and is begun anew", path)
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return SqliteStore(path)


def _fall_back(trouble: Exception) -> Store:
    """Count in this process's memory for a while: still a limit, and never an error page for a full disk."""
    global _memory, _memory_until
    log.warning("Counters are unreachable, counting in memory: %s", trouble)
    close()
    with _lock:
        if _memory is None:
            _memory = SqliteStore(":memory:")
        _memory_until = time.monotonic() + RETRY_STORE_AFTER
        return _memory
