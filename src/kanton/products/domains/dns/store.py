"""The name server's own store: published zones in one SQLite file, and a doorbell that tells of changes.

Publishers (the job worker) write whole zones; name servers read one zone at a time, when it is first asked
for. A zone is kept as one packed blob, so that a million zones cost a disk read each and nothing at start.
"""

from __future__ import annotations

import mmap
import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS zones (
    id INTEGER PRIMARY KEY,
    -- the labels from the root downwards, so that a zone stands before those below it
    key BLOB NOT NULL UNIQUE,
    change INTEGER NOT NULL,         -- number of the change that wrote this row
    serial INTEGER NOT NULL,
    content BLOB                     -- packed record sets; NULL once withdrawn
);
CREATE INDEX IF NOT EXISTS zones_by_change ON zones (change);
"""
_FORMAT = 2
_EMPTY = f"DELETE FROM zones; PRAGMA user_version = {_FORMAT};"  # noqa: S608 - a number of ours
_SIZES = struct.Struct(">II")  # how many record sets, how many records
_SET = struct.Struct(">BHIH")  # length of the owner's relative name, type, TTL, count of records
_LENGTH = struct.Struct(">H")


class RRset(NamedTuple):
    """Records of one name and type, all in uncompressed wire form; `owner` is the full name in lower case."""

    owner: bytes
    type: int
    ttl: int
    rdatas: tuple[bytes, ...]


def pack(name: bytes, rrsets: Iterable[RRset]) -> bytes:
    """Record sets of a zone as one blob, in an order that does not depend on theirs.

    First the fixed sizes of all sets and the lengths of all records, then the names and records themselves:
    so the numbers are read at the speed of C.
    """
    sets, lengths, content = bytearray(), bytearray(), bytearray()
    ordered = sorted(rrsets, key=lambda s: (s.owner, s.type))
    for rrset in ordered:
        if not rrset.owner.endswith(name):
            raise ValueError("A record set is outside of its zone.")
        relative = rrset.owner[: -len(name)]
        sets += _SET.pack(len(relative), rrset.type, rrset.ttl, len(rrset.rdatas))
        content += relative
        for rdata in sorted(rrset.rdatas):
            lengths += _LENGTH.pack(len(rdata))
            content += rdata
    return _SIZES.pack(len(ordered), len(lengths) // 2) + sets + lengths + content


def unpack_relative(content: bytes) -> Iterator[tuple[bytes, int, int, tuple[bytes, ...]]]:
    """The record sets of a blob made by `pack`: relative name, type, TTL, records."""
    set_count, record_count = _SIZES.unpack_from(content)
    view = memoryview(content)
    first_length = 8 + 9 * set_count
    at = first_length + 2 * record_count
    lengths = _LENGTH.iter_unpack(view[first_length:at])
    for owner_length, kind, ttl, count in _SET.iter_unpack(view[8:first_length]):
        end = at + owner_length
        owner = content[at:end]
        if count == 1:
            at = end + next(lengths)[0]
            yield owner, kind, ttl, (content[end:at],)
            continue
        at = end
        rdatas = []
        for _ in range(count):
            end = at + next(lengths)[0]
            rdatas.append(content[at:end])
            at = end
        yield owner, kind, ttl, tuple(rdatas)


def unpack(name: bytes, content: bytes) -> Iterator[RRset]:
    """The record sets of a blob made by `pack`."""
    for relative, kind, ttl, rdatas in unpack_relative(content):
        yield RRset(relative + name, kind, ttl, rdatas)


def key_of(name: bytes) -> bytes:
    """The sorting key of a wire name: its labels from the root downwards, each with its length before it."""
    key = b""
    at = 0
    while length := name[at]:
        key = name[at : at + 1 + length] + key
        at += 1 + length
    return key


def _shared(key: bytes, other: bytes) -> bytes:
    """The labels that two keys begin with."""
    at = 0
    while at < len(key):
        end = at + 1 + key[at]
        if key[at:end] != other[at:end]:
            break
        at = end
    return key[:at]


def parent_of(key: bytes) -> bytes:
    """A key without its last label."""
    at = last = 0
    while at < len(key):
        last = at
        at += 1 + key[at]
    return key[:last]


class Doorbell:
    """A few shared bytes that publishers overwrite at each change, so that servers see it without asking the
    disk.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < 16:
                os.pwrite(descriptor, bytes(16), 0)
            self._memory = mmap.mmap(descriptor, 16)
        finally:
            os.close(descriptor)

    def ring(self) -> None:
        """Tell everyone that something changed."""
        self._memory[:] = os.urandom(16)

    def state(self) -> bytes:
        """Another value after each ring."""
        return self._memory[:]

    def close(self) -> None:
        """Let go of the shared bytes."""
        self._memory.close()


class Store:
    """The file of published zones. One instance belongs to one thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=20, isolation_level=None, cached_statements=16)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A publication is acknowledged to the customer: it must outlive a power cut.
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA cache_size=-2048")
        self._db.executescript(_SCHEMA)
        if self._db.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
            # Another version of Kanton packed its zones in another way; they are published again from the database.
            self._db.executescript(f"BEGIN IMMEDIATE; {_EMPTY} COMMIT;")
        self._bell = Doorbell(path.with_name(path.name + ".bell"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
        self._bell.close()

    def put(self, name: bytes, serial: int, rrsets: Iterable[RRset]) -> bool:
        """Publish a zone; false when it stood there already exactly so."""
        return self.put_many([(name, serial, rrsets)]) == 1

    def put_many(self, zones: Iterable[tuple[bytes, int, Iterable[RRset]]]) -> int:
        """Publish zones in one transaction; tells how many were new or different."""
        written = 0
        self._db.execute("BEGIN IMMEDIATE")
        try:
            change = self._last_change()
            for name, serial, rrsets in zones:
                content = pack(name, rrsets)
                key = key_of(name)
                known = self._db.execute("SELECT serial, content FROM zones WHERE key = ?", (key,)).fetchone()
                if known == (serial, content):
                    continue
                change += 1
                written += 1
                self._db.execute(
                    "INSERT INTO zones (key, change, serial, content) VALUES (?, ?, ?, ?) ON CONFLICT (key)"
                    " DO UPDATE SET change = excluded.change, serial = excluded.serial, content = "
                    "excluded.content",
                    (key, change, serial, content),
                )
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        if written:
            self._bell.ring()
        return written

    def remove(self, name: bytes) -> bool:
        """Withdraw a zone; false when it was not there. A row stays behind, so that servers learn of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            change = self._last_change() + 1
            removed = self._db.execute(
                "UPDATE zones SET content = NULL, change = ? WHERE key = ? AND content IS NOT NULL",
                (change, key_of(name)),
            ).rowcount
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        if removed:
            self._bell.ring()
        return bool(removed)

    def closest(self, key: bytes) -> tuple[bytes, bytes] | None:
        """The published zone that holds the name of a key, with its content: the longest of the keys it
        begins with.

        Keys are sorted so that whatever lies between a zone and a name in it lies in that zone too. One step
        is enough unless there are zones beside the name.
        """
        upper = key
        while upper:
            row = self._db.execute(
                "SELECT key, content FROM zones WHERE key <= ? ORDER BY key DESC LIMIT 1", (upper,)
            ).fetchone()
            if row is None:
                return None
            found, content = row
            if content is not None and key.startswith(found):
                return found, content
            upper = _shared(key, found)
            if upper == found:
                # It is withdrawn: go on with the one above.
                upper = parent_of(found)
        return None

    def below(self, key: bytes, limit: int) -> frozenset[bytes] | None:
        """The keys of the zones published below a zone, or None when they are more than `limit`."""
        rows = self._db.execute(
            "SELECT key FROM zones WHERE key > ? AND key < ? AND content IS NOT NULL LIMIT ?",
            (key, key + b"\xff", limit + 1),
        ).fetchall()
        return None if len(rows) > limit else frozenset(row[0] for row in rows)

    def serial(self, name: bytes) -> int | None:
        """The serial of a published zone."""
        row = self._db.execute(
            "SELECT serial FROM zones WHERE key = ? AND content IS NOT NULL", (key_of(name),)
        ).fetchone()
        return row[0] if row else None

    def rrsets(self, name: bytes) -> list[RRset] | None:
        """The record sets of a published zone."""
        row = self._db.execute(
            "SELECT content FROM zones WHERE key = ? AND content IS NOT NULL", (key_of(name),)
        ).fetchone()
        return list(unpack(name, row[0])) if row else None

    def count(self) -> int:
        """How many zones are published."""
        (count,) = self._db.execute("SELECT count(*) FROM zones WHERE content IS NOT NULL").fetchone()
        return int(count)

    def last_change(self) -> int:
        """The number of the newest change."""
        return self._last_change()

    def changed_since(self, change: int, limit: int) -> list[bytes] | None:
        """The keys of zones that changed after a change, or None when they are more than `limit`."""
        rows = self._db.execute(
            "SELECT key FROM zones WHERE change > ? LIMIT ?", (change, limit + 1)
        ).fetchall()
        return None if len(rows) > limit else [row[0] for row in rows]

    def bell_state(self) -> bytes:
        """Another value after each change."""
        return self._bell.state()

    def _last_change(self) -> int:
        (change,) = self._db.execute("SELECT coalesce(max(change), 0) FROM zones").fetchone()
        return int(change)
