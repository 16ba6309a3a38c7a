"""Zone files (RFC 1035 section 5): text to records and back. Pure; made for text that strangers send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kanton.products.domains import names, records
from kanton.products.domains.problems import Problem, Reason
from kanton.products.domains.records import Record, Word

MAX_BYTES = 1024 * 1024
MAX_LINES = 30_000
MAX_WORDS = 2_000
MAX_PROBLEMS = 100

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+)
      | (?P<end>\n)
      | ;[^\n]*
      | (?P<paren>[()])
      | "(?P<quoted>(?:[^"\\\n]|\\[^\n])*)"(?=[\s();]|\Z)
      | (?P<plain>(?:[^\s();"\\]|\\[^\n])+)
    """,
    re.VERBOSE,
)
_TTL = re.compile(r"(?:[0-9]{1,10}[smhdw])*(?:[0-9]{1,10})?\Z", re.IGNORECASE)
_TTL_PART = re.compile(r"([0-9]+)([smhdw]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CLASSES = frozenset({"IN", "CH", "CS", "HS"})
# What a zone file may hold that is made by us: it is read over, and the reader is told.
MADE_BY_US = frozenset({"SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY"})
_KNOWN = MADE_BY_US | frozenset(records.TYPES)
_TYPE = re.compile(r"[A-Z][A-Z0-9-]{0,15}\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line: the number of its first line, whether it starts with white space, and its words."""

    number: int
    indented: bool
    words: list[Word]


@dataclass(slots=True)
class ZoneText:
    """What a zone text says: records, lines read over because we make those records ourselves, and problems
    by line.
    """

    records: list[Record] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    problems: list[tuple[int, Problem]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Soa:
    """The start of authority: who runs the zone and how long others may keep what they learnt."""

    primary: str
    contact: str
    serial: int
    refresh: int = 10_800
    retry: int = 3600
    expire: int = 1_209_600
    negative_ttl: int = 900
    ttl: int = 3600

    @property
    def numbers(self) -> tuple[int, int, int, int, int]:
        """The five numbers in their order on the wire."""
        return (self.serial, self.refresh, self.retry, self.expire, self.negative_ttl)

    @property
    def text(self) -> str:
        """The target in zone-file form."""
        return f"{self.primary}. {self.contact}. " + " ".join(map(str, self.numbers))

    @property
    def wire(self) -> bytes:
        """The data in wire form."""
        numbers = b"".join(number.to_bytes(4, "big") for number in self.numbers)
        return names.to_wire(self.primary) + names.to_wire(self.contact) + numbers


def read_zone(text: str, zone: str) -> ZoneText:
    """Everything that a zone text says about a zone. Wrong lines are listed, the good ones still read."""
    found = ZoneText()
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        found.problems.append((0, Problem(Reason.TEXT_TOO_LONG, length=len(text), maximum=MAX_BYTES)))
        return found
    reader = _Reader(zone, found)
    try:
        for place, line in enumerate(scan(text)):
            if place == MAX_LINES:
                found.problems.append(
                    (line.number, Problem(Reason.ZONE_TOO_BIG, maximum=records.MAX_RECORDS))
                )
                break
            reader.take(line)
            if len(found.problems) >= MAX_PROBLEMS or len(found.records) > records.MAX_RECORDS:
                break
    except _Torn as torn:
        found.problems.append((torn.line, torn.problem))
    if len(found.records) > records.MAX_RECORDS:
        found.problems.append((0, Problem(Reason.ZONE_TOO_BIG, maximum=records.MAX_RECORDS)))
    return found


class _Torn(Exception):
    """The text cannot be cut into lines from here on."""

    def __init__(self, line: int, problem: Problem) -> None:
        super().__init__(line)
        self.line, self.problem = line, problem


def scan(text: str) -> Iterator[Line]:
    """The logical lines of a zone text; parentheses join lines, semicolons start comments."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    at, number, depth = 0, 1, 0
    first, indented, words = 1, False, list[Word]()
    fresh = True
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _Torn(number, Problem(Reason.QUOTES if text[at] == '"' else Reason.ESCAPE, text="\\"))
        at = match.end()
        kind = match.lastgroup
        if kind == "end":
            number += 1
            if depth == 0:
                if words:
                    yield Line(first, indented, words)
                words, indented, fresh = [], False, True
            continue
        if fresh:
            first, fresh = number, False
            indented = kind == "space"
        if kind == "paren":
            depth += 1 if match["paren"] == "(" else -1
            if depth not in (0, 1):
                raise _Torn(number, Problem(Reason.PARENTHESES))
        elif len(words) == MAX_WORDS:
            raise _Torn(first, Problem(Reason.TEXT_TOO_LONG, length=len(text), maximum=records.MAX_TEXT))
        elif kind == "quoted":
            words.append(Word(match["quoted"], quoted=True))
        elif kind == "plain":
            words.append(Word(match["plain"]))
    if depth:
        raise _Torn(first, Problem(Reason.PARENTHESES))
    if words:
        yield Line(first, indented, words)


class _Reader:
    """Reads lines in order, for each may depend on the origin, the TTL and the owner before it."""

    def __init__(self, zone: str, found: ZoneText) -> None:
        self.zone, self.found = zone, found
        self.origin = zone
        self.default_ttl: int | None = None
        self.last_ttl: int | None = None
        self.owner: str | None = None

    def take(self, line: Line) -> None:
        try:
            if line.words[0].text.startswith("$") and not line.indented:
                self._directive(line.words)
            else:
                self._record(line)
        except Problem as problem:
            self.found.problems.append((line.number, problem))

    def _directive(self, words: list[Word]) -> None:
        name = words[0].text.upper()
        if name == "$ORIGIN" and len(words) == 2:
            origin = self._name(words[1], "source")
            self.origin = origin
        elif name == "$TTL" and len(words) == 2 and _TTL.match(words[1].text):
            self.default_ttl = _seconds(words[1].text)
        else:
            raise Problem(Reason.DIRECTIVE, "source", text=names.shortened(words[0].text))

    def _record(self, line: Line) -> None:
        words = list(line.words)
        if not line.indented:
            self.owner = None  # a wrong name must not hand its records to the name before it
            self.owner = self._name(words.pop(0), "source")
        owner = self.owner
        if owner is None:
            raise Problem(Reason.NO_OWNER, "source")
        ttl, kind, rest = self._ttl_and_type(words)
        if kind in MADE_BY_US:
            self.found.skipped.append((line.number, kind))
            return
        if not names.is_in_zone(owner, self.zone):
            raise Problem(Reason.OUTSIDE_ZONE, "source", name=owner, zone=self.zone)
        record_type = records.read_type(kind)
        try:
            target = record_type.read(rest, self.origin)
        except Problem as problem:
            raise problem.at("target") from problem
        self.found.records.append(Record(owner, kind, target, records.read_ttl(ttl)))
        self.found.lines.append(line.number)

    def _ttl_and_type(self, words: list[Word]) -> tuple[int | None, str, list[Word]]:
        ttl: int | None = None
        for place, word in enumerate(words[:3]):
            text = word.text.upper()
            if word.quoted:
                break
            if _TTL.match(text) and text[0].isdigit():
                ttl = _seconds(text)
            elif text in _CLASSES:
                if text != "IN":
                    raise Problem(Reason.CLASS, "type", text=text)
            elif _TYPE.match(text):
                if ttl is None:
                    ttl = self.default_ttl if self.default_ttl is not None else self.last_ttl
                elif self.default_ttl is None:
                    self.last_ttl = ttl
                return ttl, text, words[place + 1 :]
            else:
                break
        raise Problem(Reason.NO_TYPE, "type")

    def _name(self, word: Word, where: str) -> str:
        text = word.text
        if text == "@":
            return self.origin
        try:
            name = names.normal_name(text, wildcard=True)
            full = name if text.endswith((".", "。")) else f"{name}.{self.origin}"
            if len(full) > names.MAX_NAME:
                raise Problem(Reason.NAME_TOO_LONG, length=len(full))
        except Problem as problem:
            raise problem.at(where) from problem
        return full


def _seconds(text: str) -> int:
    return sum(int(number) * _SECONDS[unit.lower()] for number, unit in _TTL_PART.findall(text))


def write_zone(zone: str, soa: Soa | None, zone_records: Iterable[Record]) -> str:
    """The zone as text that any name server reads, the zone's own records first, then branch by branch."""
    ordered = sorted(zone_records, key=lambda r: (names.sort_key(r.name), _TYPE_ORDER[r.type], r.target))
    lines = [f"$ORIGIN {zone}.", f"$TTL {records.DEFAULT_TTL}"]
    if soa is not None:
        lines.append(f"@ {soa.ttl} IN SOA {soa.text}")
    for record in ordered:
        source = names.source_in(record.name, zone)
        owner = "@" if source == "." else source
        lines.append(f"{owner} {record.ttl} IN {record.type} {record.zone_target}")
    return "\n".join(lines) + "\n"


_TYPE_ORDER = {kind: place for place, kind in enumerate(("NS", *(t for t in records.TYPES if t != "NS")))}


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes between two lists of records: removed, added, and those that only get another TTL (before,
    after).
    """

    removed: list[Record]
    added: list[Record]
    retimed: list[tuple[Record, Record]]

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.retimed)


def difference(before: Iterable[Record], after: Iterable[Record]) -> Difference:
    """The difference between two lists of records."""
    old = {(r.name, r.type, r.target): r for r in before}
    new = {(r.name, r.type, r.target): r for r in after}
    return Difference(
        removed=sorted(old[key] for key in old.keys() - new.keys()),
        added=sorted(new[key] for key in new.keys() - old.keys()),
        retimed=sorted(
            (old[key], new[key]) for key in old.keys() & new.keys() if old[key].ttl != new[key].ttl
        ),
    )
