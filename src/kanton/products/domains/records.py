"""Records: what each type is made of, its checks, its normal text and its wire form. Pure: no database, no
clock.

A target's normal form is zone-file text without the type, host names in full and without the final dot, TXT
in quotes: `10 mail.example.ch`, `0 issue "letsencrypt.org"`, `"v=spf1 -all"`. It is what is stored, compared
and sent by the API.
"""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kanton.products.domains import names
from kanton.products.domains.problems import Problem, Reason

MIN_TTL = 60
MAX_TTL = 86_400
DEFAULT_TTL = 3600
MAX_TEXT = 8_000
MAX_RRSET = 50_000
MAX_RECORDS = 10_000

_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_HEX = re.compile(r"(?:[0-9a-f]{2})+\Z")
_TAG = re.compile(r"[a-z0-9]{1,15}\Z")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.)+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(?:([0-9]{3})|(.))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of zone text; escapes are still in it."""

    text: str
    quoted: bool = False


class Part(Protocol):
    """One part of a record's target, as the priority of an MX."""

    @property
    def name(self) -> str: ...

    def read(self, word: Word, origin: str | None) -> str:
        """The normal text of the part, or a Problem. Names are relative to `origin`; None means a person
        wrote them.
        """

    def wire(self, text: str) -> bytes:
        """The wire form of a normal text."""


@dataclass(frozen=True, slots=True)
class Number:
    """An unsigned number of one or two bytes."""

    name: str
    size: int = 2

    def read(self, word: Word, origin: str | None) -> str:
        if not _NUMBER.match(word.text) or word.quoted:
            raise Problem(Reason.NOT_A_NUMBER, text=names.shortened(word.text), part=self.name)
        maximum = 256**self.size - 1
        if int(word.text) > maximum:
            raise Problem(Reason.NUMBER_RANGE, text=word.text, part=self.name, maximum=maximum)
        return str(int(word.text))

    def wire(self, text: str) -> bytes:
        return int(text).to_bytes(self.size, "big")


@dataclass(frozen=True, slots=True)
class IPv4:
    """An IPv4 address."""

    name: str = "address"

    def read(self, word: Word, origin: str | None) -> str:
        try:
            return str(ipaddress.IPv4Address(word.text))
        except ValueError:
            reason = Reason.IPV6_AS_A if _is_ipv6(word.text) else Reason.NOT_IPV4
            raise Problem(reason, text=names.shortened(word.text)) from None

    def wire(self, text: str) -> bytes:
        return ipaddress.IPv4Address(text).packed


@dataclass(frozen=True, slots=True)
class IPv6:
    """An IPv6 address; a zone index ("%eth0") is none of DNS's business."""

    name: str = "address"

    def read(self, word: Word, origin: str | None) -> str:
        if not _is_ipv6(word.text):
            reason = Reason.IPV4_AS_AAAA if _is_ipv4(word.text) else Reason.NOT_IPV6
            raise Problem(reason, text=names.shortened(word.text))
        return str(ipaddress.IPv6Address(word.text))

    def wire(self, text: str) -> bytes:
        return ipaddress.IPv6Address(text).packed


@dataclass(frozen=True, slots=True)
class Host:
    """A host name. `computer` forbids underscores, as mail and name servers must have real host names; `null`
    allows the root.
    """

    name: str = "target"
    computer: bool = False
    null: bool = False

    def read(self, word: Word, origin: str | None) -> str:
        text = word.text
        if text == ".":
            if self.null:
                return "."
            raise Problem(Reason.EMPTY)
        if text == "@" and origin is not None:
            return origin
        name = names.host_name(text, underscore=not self.computer)
        if origin is None or text.endswith((".", "。")):
            return name
        full = f"{name}.{origin}"
        if len(full) > names.MAX_NAME:
            raise Problem(Reason.NAME_TOO_LONG, length=len(full))
        return full

    def wire(self, text: str) -> bytes:
        return names.to_wire(text)


@dataclass(frozen=True, slots=True)
class Hex:
    """A fingerprint in hexadecimal; it may be written in several words."""

    name: str = "fingerprint"

    def read(self, word: Word, origin: str | None) -> str:
        text = word.text.lower()
        if word.quoted or not _HEX.match(text):
            raise Problem(Reason.NOT_HEX)
        if len(text) > MAX_TEXT:
            raise Problem(Reason.TEXT_TOO_LONG, length=len(text) // 2, maximum=MAX_TEXT // 2)
        return text

    def wire(self, text: str) -> bytes:
        return bytes.fromhex(text)


@dataclass(frozen=True, slots=True)
class Tag:
    """The property of a CAA record."""

    name: str = "tag"

    def read(self, word: Word, origin: str | None) -> str:
        tag = word.text.lower()
        if not _TAG.match(tag):
            raise Problem(Reason.CAA_TAG, text=names.shortened(word.text))
        return tag

    def wire(self, text: str) -> bytes:
        return bytes((len(text),)) + text.encode("ascii")


@dataclass(frozen=True, slots=True)
class Value:
    """The rest of a CAA record: bytes without a length of their own."""

    name: str = "value"

    def read(self, word: Word, origin: str | None) -> str:
        content = unescaped(word.text)
        if len(content) > MAX_TEXT:
            raise Problem(Reason.TEXT_TOO_LONG, length=len(content), maximum=MAX_TEXT)
        return quoted(content)

    def wire(self, text: str) -> bytes:
        return unescaped(text[1:-1])


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record type: its number, its parts, and the shape shown to people."""

    name: str
    number: int
    parts: tuple[Part, ...]

    @property
    def shape(self) -> str:
        """How a target of this type is written, for error sentences and help."""
        return " ".join(part.name for part in self.parts)

    def read(self, words: Sequence[Word], origin: str | None) -> str:
        """The normal form of a target."""
        words = list(words)
        last = self.parts[-1]
        if isinstance(last, Hex) and len(words) > len(self.parts) and not any(w.quoted for w in words):
            place = len(self.parts) - 1
            words[place:] = [Word("".join(word.text for word in words[place:]))]
        if len(words) < len(self.parts):
            missing = self.parts[len(words)].name
            raise Problem(Reason.MISSING_PART, part=missing, shape=self.shape)
        if len(words) > len(self.parts):
            extra = names.shortened(words[len(self.parts)].text)
            raise Problem(Reason.EXTRA_PART, text=extra, shape=self.shape)
        texts = [part.read(word, origin) for part, word in zip(self.parts, words, strict=True)]
        if isinstance(last, Hex):
            _check_digest(self.name, texts)
        return " ".join(texts)

    def values(self, target: str) -> list[str]:
        """The parts of a normal target."""
        return target.split(" ", len(self.parts) - 1)

    def wire(self, target: str) -> bytes:
        """The wire form of a normal target."""
        return b"".join(part.wire(text) for part, text in zip(self.parts, self.values(target), strict=True))


@dataclass(frozen=True, slots=True)
class TextType(RecordType):
    """TXT: any number of strings of up to 255 bytes."""

    def read(self, words: Sequence[Word], origin: str | None) -> str:
        strings = []
        for word in words:
            string = unescaped(word.text)
            if len(string) > 255:
                raise Problem(Reason.STRING_TOO_LONG, length=len(string))
            strings.append(string)
        if not strings:
            raise Problem(Reason.EMPTY)
        if (length := sum(map(len, strings))) > MAX_TEXT:
            raise Problem(Reason.TEXT_TOO_LONG, length=length, maximum=MAX_TEXT)
        return " ".join(map(quoted, strings))

    def values(self, target: str) -> list[str]:
        return [target]

    def wire(self, target: str) -> bytes:
        return b"".join(bytes((len(string),)) + string for string in text_strings(target))


_NAME = (Host("host"),)
_TLSA: tuple[Part, ...] = (
    Number("usage", 1),
    Number("selector", 1),
    Number("matching_type", 1),
    Hex("fingerprint"),
)

TYPES: dict[str, RecordType] = {
    kind.name: kind
    for kind in (
        RecordType("A", 1, (IPv4(),)),
        RecordType("AAAA", 28, (IPv6(),)),
        RecordType("CAA", 257, (Number("flags", 1), Tag(), Value())),
        RecordType("CNAME", 5, _NAME),
        RecordType("DNAME", 39, _NAME),
        RecordType(
            "DS", 43, (Number("key_tag"), Number("algorithm", 1), Number("digest_type", 1), Hex("digest"))
        ),
        RecordType("MX", 15, (Number("priority"), Host("host", computer=True, null=True))),
        RecordType("NS", 2, (Host("host", computer=True),)),
        RecordType("SMIMEA", 53, _TLSA),
        RecordType(
            "SRV",
            33,
            (Number("priority"), Number("weight"), Number("port"), Host("host", computer=True, null=True)),
        ),
        RecordType("SSHFP", 44, (Number("algorithm", 1), Number("fingerprint_type", 1), Hex("fingerprint"))),
        RecordType("TLSA", 52, _TLSA),
        TextType("TXT", 16, (Value("text"),)),
    )
}
SOA_NUMBER = 6

_DIGEST_BYTES: dict[tuple[str, str], int] = {
    ("DS", "1"): 20, ("DS", "2"): 32, ("DS", "4"): 48,
    ("SSHFP", "1"): 20, ("SSHFP", "2"): 32,
    ("TLSA", "1"): 32, ("TLSA", "2"): 64, ("SMIMEA", "1"): 32, ("SMIMEA", "2"): 64,
}  # fmt: skip


def _check_digest(kind: str, texts: Sequence[str]) -> None:
    expected = _DIGEST_BYTES.get((kind, texts[-2]))
    if expected is not None and len(texts[-1]) != expected * 2:
        raise Problem(Reason.DIGEST_LENGTH, expected=expected * 2, length=len(texts[-1]))


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """A checked record in normal form. `name` is the full name of its owner."""

    name: str
    type: str
    target: str
    ttl: int = DEFAULT_TTL

    @property
    def wire(self) -> bytes:
        """Its data in wire form."""
        return TYPES[self.type].wire(self.target)

    @property
    def host(self) -> str | None:
        """The host that it points to, when its type points to one."""
        kind = TYPES[self.type]
        return kind.values(self.target)[-1] if isinstance(kind.parts[-1], Host) else None

    @property
    def zone_target(self) -> str:
        """The target as zone-file text: host names end with a dot, so that no origin is added to them."""
        return self.target + "." if self.host not in (None, ".") else self.target


def read_record(zone: str, *, source: str | None, type: str, ttl: int | None, target: str) -> Record:
    """A record as a person or a program writes it, checked by itself; a Problem names the field that is
    wrong.
    """
    kind = read_type(type)
    try:
        name = names.owner_name(source, zone)
    except Problem as problem:
        raise problem.at("source") from problem
    return Record(name, kind.name, read_target(zone, kind.name, target), read_ttl(ttl))


def read_type(text: str) -> RecordType:
    """The record type of that name."""
    kind = TYPES.get(text.strip().upper())
    if kind is None:
        allowed = ", ".join(TYPES)
        raise Problem(Reason.UNSUPPORTED_TYPE, "type", type=names.shortened(text, 12), allowed=allowed)
    return kind


def read_ttl(ttl: int | None) -> int:
    """The TTL, within the limits; None is the default."""
    if ttl is None:
        return DEFAULT_TTL
    if not MIN_TTL <= ttl <= MAX_TTL:
        raise Problem(Reason.TTL_RANGE, "ttl", minimum=MIN_TTL, maximum=MAX_TTL)
    return ttl


def read_target(zone: str, type: str, text: str) -> str:
    """The normal form of a target that a person or a program wrote, with or without final dots and quotes.

    A host of one label without a dot ("mail") and "@" are relative to the zone; all others are taken as full
    names.
    """
    kind = TYPES[type]
    text = text.strip()
    try:
        if not text:
            raise Problem(Reason.EMPTY)
        if isinstance(kind, TextType):
            return _read_text(text)
        words = list(split_words(text))
        if isinstance(kind.parts[-1], Host) and len(words) == len(kind.parts):
            words[-1] = _completed(words[-1], zone)
        return kind.read(words, None)
    except Problem as problem:
        raise problem.at("target") from problem


def _completed(word: Word, zone: str) -> Word:
    if word.text == "@":
        return Word(zone)
    if "." in word.text or "。" in word.text or _is_ipv6(word.text):
        return word
    return Word(f"{word.text}.{zone}")


def _read_text(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise Problem(Reason.LINE_BREAK)
    if not text.startswith('"'):
        return split_text(text.encode("utf-8", "replace"))
    if len(text) > 4 * MAX_TEXT:
        raise Problem(Reason.TEXT_TOO_LONG, length=len(text), maximum=MAX_TEXT)
    words = list(split_words(text))
    if not all(word.quoted for word in words):
        raise Problem(Reason.QUOTES)
    if len(words) == 1:
        return split_text(unescaped(words[0].text))
    return TYPES["TXT"].read(words, None)


def split_text(content: bytes) -> str:
    """A TXT target of these bytes, split into strings of 255."""
    if len(content) > MAX_TEXT:
        raise Problem(Reason.TEXT_TOO_LONG, length=len(content), maximum=MAX_TEXT)
    return " ".join(quoted(content[at : at + 255]) for at in range(0, len(content) or 1, 255))


def text_strings(target: str) -> list[bytes]:
    """The strings of a normal TXT target."""
    return [unescaped(word.text) for word in split_words(target)]


def text_value(target: str) -> str:
    """What a TXT target says, joined and without quotes, as people read it."""
    return b"".join(text_strings(target)).decode("utf-8", "backslashreplace")


def split_words(text: str) -> Iterator[Word]:
    """The words of a target; quotation marks hold a word together."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _WORD.match(text, at)
        if match is None:
            if text[at] == "\\":
                raise Problem(Reason.ESCAPE, text="\\")
            raise Problem(Reason.QUOTES)
        at = match.end()
        if match[1] is not None and at < len(text) and not text[at].isspace():
            raise Problem(Reason.QUOTES)
        yield Word(match[1] if match[1] is not None else match[2], quoted=match[1] is not None)


def unescaped(text: str) -> bytes:
    """The bytes that a word stands for: \\DDD is one byte, \\X is X."""
    if "\\" not in text:
        return text.encode("utf-8", "replace")
    out = bytearray()
    at = 0
    for match in _ESCAPED.finditer(text):
        out += text[at : match.start()].encode("utf-8", "replace")
        at = match.end()
        if match[1] is not None and int(match[1]) <= 255:
            out.append(int(match[1]))
        elif match[2] is not None and not match[2].isdigit():
            out += match[2].encode("utf-8", "replace")
        else:
            raise Problem(Reason.ESCAPE, text=names.shortened(text))
    return bytes(out) + text[at:].encode("utf-8", "replace")


def quoted(content: bytes) -> str:
    """Bytes as a word in quotation marks, everything unprintable as \\DDD."""
    return '"' + "".join(_QUOTED[byte] for byte in content) + '"'


_QUOTED = [
    f"\\{chr(byte)}" if chr(byte) in '"\\' else chr(byte) if 32 <= byte < 127 else f"\\{byte:03d}"
    for byte in range(256)
]


def check_zone(zone: str, records: Iterable[Record]) -> list[tuple[Record | None, Problem]]:
    """What is wrong with these records together; empty when they can be served. Each problem comes with the
    record to mend.
    """
    found: list[tuple[Record | None, Problem]] = []
    nodes: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    seen: set[tuple[str, str, str]] = set()
    count = 0
    for record in records:
        count += 1
        key = (record.name, record.type, record.target)
        if key in seen:
            found.append((record, Problem(Reason.DUPLICATE, "target")))
            continue
        seen.add(key)
        if not names.is_in_zone(record.name, zone):
            found.append((record, Problem(Reason.OUTSIDE_ZONE, "source", name=record.name, zone=zone)))
            continue
        nodes[record.name][record.type].append(record)
    if count > MAX_RECORDS:
        found.append((None, Problem(Reason.ZONE_TOO_BIG, maximum=MAX_RECORDS)))
    dnames = [name for name, types in nodes.items() if "DNAME" in types]
    for name, types in nodes.items():
        found += _node_problems(zone, name, types)
        found += _target_problems(types, nodes)
        for owner in dnames:
            if name != owner and names.is_in_zone(name, owner):
                problem = Problem(Reason.BELOW_DNAME, "source", name=name, owner=owner)
                found.append((next(iter(types.values()))[0], problem))
    if "NS" not in nodes[zone]:
        found.append((None, Problem(Reason.APEX_NS_NEEDED)))
    return found


def _node_problems(
    zone: str, name: str, types: dict[str, list[Record]]
) -> Iterator[tuple[Record | None, Problem]]:
    if cnames := types.get("CNAME"):
        others = sorted(kind for kind in types if kind != "CNAME")
        if name == zone:
            yield cnames[0], Problem(Reason.CNAME_AT_APEX, "type")
        elif others:
            listed = ", ".join(others)
            yield cnames[0], Problem(Reason.CNAME_BESIDE_OTHERS, "type", name=name, types=listed)
        elif len(cnames) > 1:
            yield cnames[1], Problem(Reason.CNAME_BESIDE_OTHERS, "type", name=name, types="CNAME")
    if (dnames := types.get("DNAME")) and (len(dnames) > 1 or "CNAME" in types):
        yield dnames[-1], Problem(Reason.DNAME_CONFLICT, "type", name=name)
    if name == zone and (keys := types.get("DS")):
        yield keys[0], Problem(Reason.DS_AT_APEX, "type")
    mx = types.get("MX", ())
    if len(mx) > 1:
        for record in mx:
            if record.host == ".":
                yield record, Problem(Reason.NULL_MX_BESIDE_MX, "target", name=name)
    for kind, records in types.items():
        if len(records) > 20 and sum(len(record.wire) + 12 for record in records) > MAX_RRSET:
            yield records[-1], Problem(Reason.RRSET_TOO_BIG, "target", type=kind, name=name)


def _target_problems(
    types: dict[str, list[Record]], nodes: dict[str, dict[str, list[Record]]]
) -> Iterator[tuple[Record | None, Problem]]:
    for kind in ("MX", "NS", "SRV"):
        for record in types.get(kind, ()):
            host = record.host or ""
            if host in nodes and (cnames := nodes[host].get("CNAME")):
                suggestion = cnames[0].target
                problem = Problem(
                    Reason.TARGET_IS_CNAME, "target", target=host, type=kind, suggestion=suggestion
                )
                yield record, problem


def describe(record: Record) -> dict[str, str | int]:
    """The parts of a record's target by name, numbers as numbers."""
    kind = TYPES[record.type]
    return {
        part.name: int(text) if isinstance(part, Number) else text
        for part, text in zip(kind.parts, kind.values(record.target), strict=True)
    }


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False
