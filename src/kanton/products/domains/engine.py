"""The port to the name servers: publish a zone, withdraw it, and have it proved by the server itself.

The embedded engine writes the store of `dns/` and asks that server; another engine (PowerDNS) only needs the
same four methods. Nothing here runs inside a transaction.
"""

from __future__ import annotations

import enum
import socket
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdataclass
import dns.rdatatype

from kanton.config import config
from kanton.products.domains import names
from kanton.products.domains.dns.store import RRset, Store
from kanton.products.domains.records import SOA_NUMBER, TYPES, Record
from kanton.products.domains.zonefile import Soa

MAX_ASKED = 40


@dataclass(frozen=True, slots=True)
class PublishedZone:
    """A zone as a name server needs it."""

    name: str
    soa: Soa
    records: tuple[Record, ...]

    def rrsets(self) -> list[RRset]:
        """Its record sets in wire form. Where TTLs of one set differ, the lowest counts (RFC 2181, 5.2)."""
        sets: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in self.records:
            sets[record.name, record.type].append(record)
        made = [RRset(names.to_wire(self.name), SOA_NUMBER, self.soa.ttl, (self.soa.wire,))]
        for (name, kind), group in sets.items():
            rdatas = tuple(sorted({record.wire for record in group}))
            ttl = min(record.ttl for record in group)
            made.append(RRset(names.to_wire(name), TYPES[kind].number, ttl, rdatas))
        return made


class Doubt(enum.StrEnum):
    """Why a zone is not proved."""

    SILENT = "silent"
    REFUSED = "refused"
    OLD = "old"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Proof:
    """What the name server itself said: nothing to doubt, or the reason with the name and type that differ."""

    doubt: Doubt | None = None
    serial: int | None = None
    about: str = ""

    def __bool__(self) -> bool:
        return self.doubt is None


class EngineTrouble(Exception):
    """The engine cannot be written to; the job tries again."""


class DnsEngine(Protocol):
    """What every engine of name servers can do. All of it may be repeated without harm."""

    def publish(self, zone: PublishedZone) -> None:
        """Have the zone answered exactly so."""

    def withdraw(self, name: str) -> None:
        """Have the zone answered no more."""

    def probe(self, zone: PublishedZone, changed: Collection[tuple[str, str]] = ()) -> Proof:
        """Ask the server for the zone's serial and for the changed record sets (name and type)."""

    def is_gone(self, name: str) -> bool:
        """Ask the server whether it answers the zone no more."""

    def look_up(self, name: str, kind: str) -> frozenset[bytes] | None:
        """What the server answers for a name and type, in wire form; None when it is silent."""


class EmbeddedEngine:
    """Our own name server: writes its store and asks it over UDP, and TCP where the answer is long."""

    def __init__(self, store: Path, host: str, port: int, *, patience: float = 1.0) -> None:
        self._path = store
        self._address = reachable(host), port
        self._patience = patience
        self._local = threading.local()

    def publish(self, zone: PublishedZone) -> None:
        """Have the zone answered exactly so."""
        self.publish_many([zone])

    def publish_many(self, zones: Sequence[PublishedZone]) -> None:
        """Publish many zones at once, as after a restore."""
        try:
            self._store().put_many((names.to_wire(z.name), z.soa.serial, z.rrsets()) for z in zones)
        except sqlite3.Error as error:
            raise EngineTrouble(str(error)) from error

    def withdraw(self, name: str) -> None:
        """Have the zone answered no more."""
        try:
            self._store().remove(names.to_wire(name))
        except sqlite3.Error as error:
            raise EngineTrouble(str(error)) from error

    def probe(self, zone: PublishedZone, changed: Collection[tuple[str, str]] = ()) -> Proof:
        """Ask the server for the zone's serial and for the changed record sets (name and type)."""
        soa = self._ask(zone.name, "SOA")
        if soa is None:
            return Proof(Doubt.SILENT)
        serial = _serial(soa, zone.name)
        if serial is None:
            return Proof(Doubt.REFUSED)
        if serial != zone.soa.serial:
            return Proof(Doubt.OLD, serial)
        wanted: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        owners: dict[str, set[str]] = defaultdict(set)
        for record in zone.records:
            wanted[record.name, record.type].add(record.wire)
            owners[record.name].add(record.type)
        for name, kind in sorted(changed)[:MAX_ASKED]:
            if _is_hidden(zone.name, owners, name, kind):
                continue
            answer = self.look_up(name, kind)
            if answer is None:
                return Proof(Doubt.SILENT, serial, f"{name} {kind}")
            if answer != wanted.get((name, kind), set()):
                return Proof(Doubt.DIFFERENT, serial, f"{name} {kind}")
        return Proof(serial=serial)

    def is_gone(self, name: str) -> bool:
        """Ask the server whether it answers the zone no more."""
        answer = self._ask(name, "SOA")
        return answer is not None and _serial(answer, name) is None

    def look_up(self, name: str, kind: str) -> frozenset[bytes] | None:
        """What the server answers for a name and type, in wire form; None when it is silent."""
        answer = self._ask(name, kind)
        return None if answer is None else _rdatas(answer, name, kind)

    def _ask(self, name: str, kind: str) -> dns.message.Message | None:
        query = dns.message.make_query(_absolute(name), kind, use_edns=0, payload=1232)
        query.flags &= ~dns.flags.RD
        host, port = self._address
        try:
            answer, _ = dns.query.udp_with_fallback(query, host, timeout=self._patience, port=port)
        except (dns.exception.DNSException, OSError):
            return None
        return answer

    def _store(self) -> Store:
        store: Store | None = getattr(self._local, "store", None)
        if store is None:
            try:
                store = Store(self._path)
            except (OSError, sqlite3.Error) as error:
                raise EngineTrouble(str(error)) from error
            self._local.store = store
        return store


def _absolute(name: str) -> dns.name.Name:
    return dns.name.from_text(name + ".")


def _is_hidden(zone: str, owners: dict[str, set[str]], name: str, kind: str) -> bool:
    """Whether the server rightly answers something else for a set.

    That is so at and below a delegation, below a DNAME, and where an alias or a wildcard steps in for a
    record that is gone.
    """
    for above in names.ancestors(name):
        types = owners.get(above, set())
        if "NS" in types and above != zone and not (kind == "DS" and above == name):
            return True
        if "DNAME" in types and above != name:
            return True
        if above == zone:
            break
    here = owners.get(name, set())
    if kind in here:
        return False
    return "CNAME" in here or any(f"*.{above}" in owners for above in names.ancestors(name))


def _serial(answer: dns.message.Message, zone: str) -> int | None:
    if not answer.flags & dns.flags.AA:
        return None
    found = answer.get_rrset(answer.answer, _absolute(zone), dns.rdataclass.IN, dns.rdatatype.SOA)
    return int(next(iter(found)).serial) if found else None


def _rdatas(answer: dns.message.Message, name: str, kind: str) -> frozenset[bytes]:
    number = dns.rdatatype.from_text(kind)
    found = answer.get_rrset(answer.answer, _absolute(name), dns.rdataclass.IN, number)
    return frozenset(rdata.to_wire() for rdata in found) if found else frozenset()


def reachable(host: str) -> str:
    """The address to ask: a server on all addresses is asked on the loopback."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104
        return "::1" if host == "::" and socket.has_ipv6 else "127.0.0.1"
    return host


def store_path() -> Path:
    """Where the embedded server's store is."""
    return config.home / "dns" / "zones.sqlite3"


_engine: list[DnsEngine] = []


def engine() -> DnsEngine:
    """The configured engine."""
    if not _engine:
        _engine.append(EmbeddedEngine(store_path(), config.dns.host, config.dns.port))
    return _engine[0]


def use_engine(new: DnsEngine | None) -> None:
    """Put another engine in its place (None: the configured one), for tests and third-party engines."""
    _engine[:] = [] if new is None else [new]
