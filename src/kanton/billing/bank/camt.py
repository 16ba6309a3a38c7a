"""Reading what banks report: camt.053 statements and camt.054 notices, versions 02, 04 and 08. Pure, no database.

Such files come from outside, so nothing in them is believed: no DTD, no entities, no other encoding than UTF-8, a
limit on every size. A file of any length is read piece by piece; at no time more than one entry is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from lxml import etree

from kanton.core.money import CURRENCIES, Money

PIECE_BYTES = 64 * 1024
MOST_ENTRIES = 500_000
MOST_DETAILS = 100_000
MOST_MINOR = 10**15
NAMESPACE = re.compile(r"^urn:iso:std:iso:20022:tech:xsd:(camt\.05[34])\.001\.(02|04|08)$")
# A byte order mark of UTF-16 or a NUL would hide a DTD from the look at the first bytes.
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY", b"\x00")


class BadStatement(ValueError):
    """The file is not a bank statement that can be read. `reason` is one short word of `REASONS`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail[:200]
        super().__init__(f"{reason}: {detail}" if detail else reason)


@dataclass(frozen=True, slots=True)
class Head:
    """What a statement says of itself. Balances are there in camt.053 only; debit balances are negative."""

    kind: str
    version: str
    message: str
    account: str
    opening: Money | None = None
    closing: Money | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """One payment within an entry: money in is positive. `reference` is the structured one, as written."""

    amount: Money
    reference: str = ""
    text: str = ""
    name: str = ""
    iban: str = ""
    end_to_end: str = ""
    bank_reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """One booked entry: money in is positive. `count` is how many payments the bank says are in it."""

    amount: Money
    booked_on: date
    valued_on: date
    bank_reference: str
    entry_reference: str
    text: str
    is_reversal: bool
    count: int
    batch: str
    details: tuple[Detail, ...]


def read(stream: BinaryIO, *, most_bytes: int) -> Iterator[Head | Movement]:
    """Each statement's head, followed by its booked entries. Raises BadStatement as soon as something is wrong."""
    reader = _Reader()
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    taken, tail = 0, b""
    try:
        while piece := stream.read(PIECE_BYTES):
            taken += len(piece)
            if taken > most_bytes:
                raise BadStatement("too_large")
            _refuse_tricks(tail + piece, is_first=taken == len(piece))
            tail = piece[-10:]
            parser.feed(piece)
            yield from reader.take(parser)
        if not taken:
            raise BadStatement("empty")
        parser.close()
        yield from reader.take(parser)
    except etree.XMLSyntaxError as error:
        raise BadStatement("not_xml", str(error.msg or "")) from None
    if not reader.heads:
        raise BadStatement("no_statement")


def _refuse_tricks(piece: bytes, *, is_first: bool) -> None:
    if any(trick in piece for trick in _FORBIDDEN):
        raise BadStatement("forbidden")
    if is_first:
        declared = re.search(
            rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([^"']+)""", piece.removeprefix(b"\xef\xbb\xbf")
        )
        if declared and declared.group(1).upper() not in (b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII"):
            raise BadStatement("encoding", declared.group(1).decode("ascii", "replace"))


class _Reader:
    """Turns the parser's events into heads and movements, and forgets each element once it is read."""

    def __init__(self) -> None:
        self.prefix = ""
        self.kind = self.version = self.message = ""
        self.heads = self.entries = 0
        self.is_head_out = False

    def take(self, parser: etree.XMLPullParser) -> Iterator[Head | Movement]:
        for event, element in parser.read_events():
            if not isinstance(element, etree._Element) or not isinstance(element.tag, str):
                raise BadStatement("forbidden")
            parent = element.getparent()
            if not self.prefix:
                self._begin(element)
            name = element.tag.removeprefix(self.prefix)
            if event == "start":
                if name == "Ntry" and not self.is_head_out:
                    yield self._head(parent)
            elif name in ("Stmt", "Ntfctn"):
                if not self.is_head_out:
                    yield self._head(element)
                self.is_head_out = False
                element.clear()
            elif name == "MsgId":
                self.message = _short(element.text, 60)
            elif name == "Ntry":
                self.entries += 1
                if self.entries > MOST_ENTRIES:
                    raise BadStatement("too_many")
                movement = _movement(element, self.prefix)
                _forget(element)
                if movement is not None:
                    yield movement
            elif name == "TxDtls" and parent is not None and len(parent) > MOST_DETAILS:
                raise BadStatement("too_many")

    def _begin(self, root: etree._Element) -> None:
        qname = etree.QName(root)
        known = NAMESPACE.match(qname.namespace or "")
        if qname.localname != "Document" or not known:
            raise BadStatement("not_camt", qname.namespace or qname.localname)
        if root.getroottree().docinfo.internalDTD is not None:
            raise BadStatement("forbidden")
        self.kind, self.version = known.groups()
        self.prefix = f"{{{qname.namespace}}}"

    def _head(self, statement: etree._Element | None) -> Head:
        if statement is None:
            raise BadStatement("not_camt")
        self.heads, self.is_head_out = self.heads + 1, True
        at = _At(statement, self.prefix)
        account = "".join(at.text("Acct/Id/IBAN").split()).upper() or at.text("Acct/Id/Othr/Id")
        if not account:
            raise BadStatement("no_account")
        balances = {at.of(each).text("Tp/CdOrPrtry/Cd"): at.of(each) for each in at.all("Bal")}
        return Head(
            self.kind,
            self.version,
            f"{self.message}/{at.text('Id')}"[:100],
            account[:34],
            _balance(balances.get("OPBD") or balances.get("PRCD")),
            _balance(balances.get("CLBD")),
        )


class _At:
    """Reads below one element by paths without namespaces."""

    def __init__(self, element: etree._Element, prefix: str) -> None:
        self.element, self.prefix = element, prefix

    def of(self, element: etree._Element) -> _At:
        return _At(element, self.prefix)

    def all(self, path: str) -> list[etree._Element]:
        return list(self.element.findall("/".join(self.prefix + step for step in path.split("/"))))

    def text(self, *paths: str, most: int = 140) -> str:
        """The text at the first of these paths that has one."""
        for path in paths:
            for found in self.all(path):
                if text := _short(found.text, most):
                    return text
        return ""


def _movement(element: etree._Element, prefix: str) -> Movement | None:
    """The entry, or None while it is only announced."""
    at = _At(element, prefix)
    if at.text("Sts/Cd", "Sts") != "BOOK":
        return None
    amount = _signed(at)
    if amount is None:
        raise BadStatement("no_amount")
    booked = _day(at, "BookgDt")
    if booked is None:
        raise BadStatement("no_date")
    found = at.all("NtryDtls/TxDtls")
    details = [_detail(at.of(each), amount, only=len(found) == 1) for each in found]
    count = at.text("NtryDtls/Btch/NbOfTxs")
    return Movement(
        amount=amount,
        booked_on=booked,
        valued_on=_day(at, "ValDt") or booked,
        bank_reference=at.text("AcctSvcrRef", most=60),
        entry_reference=at.text("NtryRef", most=60),
        text=at.text("AddtlNtryInf", most=300),
        is_reversal=at.text("RvslInd") in ("true", "1"),
        count=min(int(count), 10**6) if count.isascii() and count.isdigit() else len(found),
        batch=at.text("NtryDtls/Btch/PmtInfId", most=60),
        # Details that do not all say how much they are cannot be told apart: the entry is taken as a whole.
        details=()
        if None in details
        else tuple(each for each in details if each is not None and each.amount),
    )


def _detail(at: _At, whole: Money, *, only: bool) -> Detail | None:
    amount = _signed(at) or _signed(at, "AmtDtls/TxAmt/Amt")
    # A single detail is the whole entry; its own amount may be the one before charges or conversion.
    if only or amount is None or amount.currency != whole.currency:
        if not only:
            return None
        amount = whole
    elif not at.text("CdtDbtInd") and whole.minor < 0:
        amount = -amount
    references = {
        "".join(found.split()).upper()
        for each in at.all("RmtInf/Strd/CdtrRefInf/Ref")
        if (found := _short(each.text, 60))
    }
    role, account = ("Dbtr", "DbtrAcct") if amount.minor > 0 else ("Cdtr", "CdtrAcct")
    return Detail(
        amount=amount,
        # Two references in one payment point nowhere: somebody has to look.
        reference=references.pop() if len(references) == 1 else "",
        text=" ".join(
            [_short(each.text, 140) for each in at.all("RmtInf/Ustrd")] + sorted(references)
        ).strip()[:500],
        name=at.text(f"RltdPties/{role}/Pty/Nm", f"RltdPties/{role}/Nm", f"RltdPties/Ultmt{role}/Nm"),
        iban="".join(at.text(f"RltdPties/{account}/Id/IBAN", most=42).split()).upper()[:34],
        end_to_end=at.text("Refs/EndToEndId", most=35).replace("NOTPROVIDED", ""),
        bank_reference=at.text("Refs/AcctSvcrRef", most=60),
        reason=at.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry", most=35),
    )


def _signed(at: _At, path: str = "Amt") -> Money | None:
    found = at.all(path)
    if not found or not (found[0].text or "").strip():
        return None
    currency = found[0].get("Ccy", "")
    if currency not in CURRENCIES:
        raise BadStatement("currency", currency)
    try:
        money = Money.of(Decimal((found[0].text or "").strip()), currency)
    except (ValueError, InvalidOperation):
        raise BadStatement("amount", (found[0].text or "")) from None
    if not 0 <= money.minor < MOST_MINOR:
        raise BadStatement("amount", str(money))
    return -money if at.text("CdtDbtInd") == "DBIT" else money


def _balance(at: _At | None) -> Money | None:
    return None if at is None else _signed(at)


def _day(at: _At, path: str) -> date | None:
    text = at.text(f"{path}/Dt", f"{path}/DtTm")
    if not text:
        return None
    try:
        # A time of day is the bank's own; the day it writes is the day it means.
        return date.fromisoformat(text[:10]) if len(text) != 8 else datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        raise BadStatement("date", text) from None


def _short(text: str | None, most: int) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text or "").split())[:most]


def _forget(element: etree._Element) -> None:
    """Free the entry and what was read before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
