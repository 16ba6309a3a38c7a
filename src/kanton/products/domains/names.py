"""Names: what a label may be, A-labels and U-labels, and where a name stands in its zone. Pure: no database,
no clock.

A name's normal form is lower-case A-labels without the final dot (`xn--bcher-kva.example`); that form is
stored and compared.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Iterator

import idna

from kanton.products.domains.problems import Problem, Reason

MAX_NAME = 253
MAX_LABEL = 63

_ASCII_LABEL = re.compile(r"[a-z0-9_-]+\Z")
# Longer input is refused before IDNA sees it: its tables are slow on hostile text, and 253 octets never
# need more characters.
_MAX_INPUT = 1000
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})


def normal_name(text: str, *, underscore: bool = True, wildcard: bool = False) -> str:
    """The normal form of a name, from A-labels, U-labels or a mixture, with or without the final dot."""
    text = text.strip().translate(_DOTS)
    if not text or text == ".":
        raise Problem(Reason.EMPTY)
    if len(text) > _MAX_INPUT:
        raise Problem(Reason.NAME_TOO_LONG, length=len(text))
    if "\\" in text:
        raise Problem(Reason.ESCAPE, text=shortened(text))
    labels = text.removesuffix(".").split(".")
    name = ".".join(
        _label(label, underscore=underscore, wildcard=wildcard and place == 0)
        for place, label in enumerate(labels)
    )
    if len(name) > MAX_NAME:
        raise Problem(Reason.NAME_TOO_LONG, length=len(name))
    return name


def _label(text: str, *, underscore: bool, wildcard: bool) -> str:
    if not text:
        raise Problem(Reason.LABEL_EMPTY)
    if text == "*":
        if wildcard:
            return text
        raise Problem(Reason.WILDCARD_PLACE)
    label = text.lower() if text.isascii() else _a_label(text)
    if len(label) > MAX_LABEL:
        raise Problem(Reason.LABEL_TOO_LONG, label=shortened(text))
    if "*" in label:
        raise Problem(Reason.WILDCARD_PLACE)
    if not _ASCII_LABEL.match(label):
        raise Problem(Reason.LABEL_CHARACTER, label=shortened(text))
    if "_" in label and not underscore:
        raise Problem(Reason.UNDERSCORE, label=label)
    if label[0] == "-" or label[-1] == "-":
        raise Problem(Reason.LABEL_HYPHEN, label=label)
    if label.startswith("xn--"):
        _u_label(label)
    return label


def _a_label(text: str) -> str:
    if len(text) > MAX_LABEL:
        raise Problem(Reason.LABEL_TOO_LONG, label=shortened(text))
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        if mapped.isascii():
            return mapped
        return idna.alabel(mapped).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError, IndexError) as error:
        raise Problem(Reason.NOT_IDN, label=shortened(text)) from error


def _u_label(label: str) -> str:
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError, ValueError, IndexError) as error:
        raise Problem(Reason.NOT_IDN, label=shortened(label)) from error


def display_name(name: str) -> str:
    """The name as people write it (U-labels); a label that cannot be shown stays as it is."""
    if "xn--" not in name:
        return name
    shown = []
    for label in name.split("."):
        try:
            shown.append(_u_label(label) if label.startswith("xn--") else label)
        except Problem:
            shown.append(label)
    return ".".join(shown)


def domain_name(text: str) -> str:
    """The normal form of a name that can be a domain or a host's domain: at least two labels, letters,
    digits, hyphens.
    """
    name = normal_name(text, underscore=False)
    if "." not in name or _is_address(name) or name.rpartition(".")[2].isdigit():
        raise Problem(Reason.NOT_A_DOMAIN, name=shortened(text.strip()))
    return name


def host_name(text: str, *, underscore: bool = False) -> str:
    """The normal form of a name that records point to; an IP address is refused with its own reason."""
    if _is_address(text.strip().removesuffix(".")):
        raise Problem(Reason.ADDRESS_AS_NAME, text=shortened(text.strip()))
    return normal_name(text, underscore=underscore)


def owner_name(text: str | None, zone: str) -> str:
    """The full name that a record's source stands for in its zone: empty, "." and "@" are the zone itself; a
    full name is taken as such.
    """
    text = (text or "").strip().translate(_DOTS)
    if text in ("", ".", "@"):
        return zone
    name = normal_name(text, wildcard=True)
    if name == zone or name.endswith("." + zone):
        return name
    if text.endswith("."):
        raise Problem(Reason.OUTSIDE_ZONE, name=shortened(name), zone=zone)
    full = f"{name}.{zone}"
    if len(full) > MAX_NAME:
        raise Problem(Reason.NAME_TOO_LONG, length=len(full))
    return full


def source_in(name: str, zone: str) -> str:
    """The name relative to its zone, with "." for the zone itself."""
    return "." if name == zone else name.removesuffix("." + zone)


def is_in_zone(name: str, zone: str) -> bool:
    """Whether a name is the zone's own or below it."""
    return name == zone or name.endswith("." + zone)


def ancestors(name: str) -> Iterator[str]:
    """The name itself, then each name above it, down to a single label."""
    while name:
        yield name
        _, _, name = name.partition(".")


def registered_domain(name: str, extensions: Collection[str]) -> str | None:
    """The domain directly below the longest known extension ("co.uk" before "uk"), or None for an extension
    itself or an unknown one.
    """
    labels = name.split(".")
    for place in range(1, len(labels)):
        if ".".join(labels[place:]) in extensions:
            return ".".join(labels[place - 1 :])
    return None


def sort_key(name: str) -> tuple[str, ...]:
    """Orders names as a zone is read: the zone first, then each branch together."""
    return tuple(reversed(name.split(".")))


def to_wire(name: str) -> bytes:
    """The name in wire form; "" and "." are the root."""
    if name in ("", "."):
        return b"\0"
    return b"".join(bytes((len(label),)) + label.encode("ascii") for label in name.split(".")) + b"\0"


def from_wire(wire: bytes) -> str:
    """The text of an uncompressed wire name made by `to_wire`."""
    labels = []
    at = 0
    while wire[at]:
        end = at + 1 + wire[at]
        labels.append(wire[at + 1 : end].decode("ascii"))
        at = end
    return ".".join(labels)


def shortened(text: str, length: int = 60) -> str:
    """Text for an error sentence: without control characters and not endless."""
    clean = "".join("�" if unicodedata.category(c)[0] == "C" else c for c in text[: length + 1])
    return clean if len(clean) <= length else clean[:length] + "…"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
