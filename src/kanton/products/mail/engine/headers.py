"""The header block of a message as bytes: read, looked up, and cut, without touching what it says."""

from __future__ import annotations

import datetime as dt
import email.policy
import email.utils
import re
from email.errors import HeaderParseError, InvalidHeaderDefect
from email.headerregistry import AddressHeader, HeaderRegistry
from pathlib import Path

HEADER_BYTES_MAX = 1_000_000
RECEIVED_MAX = 50
_MENTIONED = re.compile(r"[^\s<>()\[\],;:\"\\]+@[^\s<>()\[\],;:\"\\@]+")
_FIELD = re.compile(rb"(?im)^([!-9;-~]+)[ \t]*:(.*(?:\r\n[ \t].*)*)\r\n")


class HeadersTooLong(ValueError):
    """No empty line within the first megabyte."""


def header_block(path: Path) -> bytes:
    """The header lines up to and without the empty line; the whole of a message that has no body."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES_MAX)
    if start.startswith(b"\r\n"):
        return b""
    end = start.find(b"\r\n\r\n")
    if end < 0:
        if len(start) == HEADER_BYTES_MAX:
            raise HeadersTooLong
        return start
    return start[: end + 2]


def fields(block: bytes, name: str) -> list[bytes]:
    """The raw values of all fields with this name, in order."""
    wanted = name.lower().encode("ascii")
    return [found.group(2).strip() for found in _FIELD.finditer(block) if found.group(1).lower() == wanted]


def without(block: bytes, *names: str) -> bytes:
    """The block without the fields of these names."""
    unwanted = {name.lower().encode("ascii") for name in names}
    return _FIELD.sub(lambda found: b"" if found.group(1).lower() in unwanted else found.group(0), block)


def from_addresses(block: bytes) -> list[str]:
    """Every address that a program could show as the author's; empty when From is missing or not to be understood.

    Of a field with faults that is each word with an @ too: other programs read it otherwise than Python does.
    """
    registry = HeaderRegistry()
    addresses: list[str] = []
    for raw in fields(block, "From"):
        text = raw.decode("utf-8", "replace").replace("\r\n", "")
        try:
            header = registry("from", text)
            assert isinstance(header, AddressHeader)
            addresses += [one.addr_spec for one in header.addresses]
            is_clear = not any(isinstance(one, InvalidHeaderDefect) for one in header.defects)
        except (IndexError, AttributeError, TypeError, ValueError, HeaderParseError):
            return []  # faults of the parser, each of them met
        if not is_clear:
            addresses += _MENTIONED.findall(text)
    return addresses


def hops(block: bytes) -> int:
    """How many servers the message has passed."""
    return len(fields(block, "Received"))


def date_now() -> str:
    """The Date field's value now."""
    return email.utils.format_datetime(dt.datetime.now(dt.UTC))


def received(
    *, by: str, protocol: str, queue_id: str, client: str = "", helo: str = "", recipient: str = ""
) -> bytes:
    """Our Received field. Without `client` it does not tell where the sender was."""
    origin = f"from {_printable(helo) or 'unknown'} ([{client}])\r\n\t" if client else ""
    target = f"\r\n\tfor <{recipient}>" if recipient and recipient.isascii() else ""
    return f"Received: {origin}by {by} (Kanton) with {protocol} id {queue_id}{target};\r\n\t{date_now()}\r\n".encode()


def _printable(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.:\[\]_-]", "?", text)[:255]
