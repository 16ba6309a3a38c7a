"""Reading what banks report, and refusing what only looks like it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanton.billing.bank import camt
from kanton.billing.bank.camt import BadStatement, Head, Movement
from kanton.billing.bank.tests.bank_files import IBAN, PAYER, Entry, Pay, pay
from kanton.billing.bank.tests.bank_files import camt as written
from kanton.core.money import Money

LIMIT = 10 * 1024 * 1024
RF, QRR = "RF18539007547034", "210000000003139471430009017"


def read(content: bytes, limit: int = LIMIT) -> list[Head | Movement]:
    return list(camt.read(io.BytesIO(content), most_bytes=limit))


@pytest.mark.parametrize("version", ["02", "04", "08"])
@pytest.mark.parametrize("kind", ["053", "054"])
def test_both_messages_in_all_versions_say_the_same(kind: str, version: str) -> None:
    entry = Entry(
        "110.00", "B1", (Pay("100", RF, "danke", end_to_end="E1"), Pay("10.00", QRR, name="Ben & Söhne"))
    )
    out = Entry("5.50", "B2", out=True, text="Gebühren")
    head, first, second = read(
        written(entry, out, Entry("9", "B3", status="PDNG"), kind=kind, version=version)
    )
    assert head == Head(f"camt.{kind}", version, "M1/S1", IBAN)
    assert isinstance(first, Movement) and isinstance(second, Movement)
    assert (first.amount, first.bank_reference, first.count) == (Money.of("110", "CHF"), "B1", 2)
    one, two = first.details
    assert (one.amount, one.reference, one.text, one.name, one.iban, one.end_to_end) == (
        Money.of("100", "CHF"), RF, "danke", "Acme", PAYER, "E1",
    )  # fmt: skip
    assert (two.reference, two.name, two.end_to_end) == (QRR, "Ben & Söhne", "")
    assert (second.amount, second.text, second.details) == (Money.of("-5.50", "CHF"), "Gebühren", ())


VARIANTS = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02 camt.054.001.02.ch.01.xsd">
<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>M9</MsgId><CreDtTm>2026-11-20T22:00:00</CreDtTm></GrpHdr><Ntfctn><Id>N1</Id>
<CreDtTm>2026-11-20T22:00:00</CreDtTm><Acct><Id><IBAN>CH4431999123000889012</IBAN></Id></Acct>
<Ntry><NtryRef>010001456</NtryRef><Amt Ccy="CHF">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-11-20</Dt></BookgDt><ValDt><Dt>2026-11-21</Dt></ValDt><AcctSvcrRef>B-1</AcctSvcrRef><BkTxCd/>
<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Refs/><AmtDtls><TxAmt><Amt Ccy="CHF">100.00</Amt></TxAmt></AmtDtls>
<RmtInf><Strd><CdtrRefInf><Ref>210000000003139471430009017</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
<TxDtls><Refs><AcctSvcrRef>D-2</AcctSvcrRef></Refs><AmtDtls><TxAmt><Amt Ccy="CHF">50.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Ben</Nm></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="CHF">50.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>1</RvslInd><Sts>BOOK</Sts>
<BookgDt><DtTm>2026-11-21T00:30:00+01:00</DtTm></BookgDt><BkTxCd/><AddtlNtryInf>Storno</AddtlNtryInf></Ntry>
</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""


@pytest.mark.spec("BIL-63", "BIL-70")
def test_a_swiss_notice_of_version_02_with_a_batch_and_a_reversal() -> None:
    head, batch, reversal = read(VARIANTS.encode())
    assert head == Head("camt.054", "02", "M9/N1", "CH4431999123000889012")
    assert isinstance(batch, Movement) and isinstance(reversal, Movement)
    assert (batch.amount, batch.count, batch.is_reversal) == (Money.of("150", "CHF"), 2, False)
    assert (str(batch.booked_on), str(batch.valued_on)) == ("2026-11-20", "2026-11-21")
    assert [
        (each.amount, each.reference, each.name, each.end_to_end, each.bank_reference)
        for each in batch.details
    ] == [(Money.of("100", "CHF"), QRR, "", "", ""), (Money.of("50", "CHF"), "", "Ben", "", "D-2")]
    assert (reversal.amount, reversal.is_reversal) == (Money.of("-50", "CHF"), True)
    assert (reversal.bank_reference, reversal.text, reversal.details) == ("", "Storno", ())
    assert str(reversal.booked_on) == "2026-11-21"


def test_balances_are_read_and_several_statements_stand_in_one_file() -> None:
    (head, _entry) = read(written(pay("7.00", RF), balances=("10.00", "17.00")))
    assert isinstance(head, Head)
    assert (head.opening, head.closing) == (Money.of("10", "CHF"), Money.of("17", "CHF"))
    one = written(pay("1.00", RF)).decode()
    inner = one[one.index("<Stmt>") : one.index("</BkToCstmrStmt>")]
    both = one.replace("</BkToCstmrStmt>", inner + "</BkToCstmrStmt>").encode()
    assert [type(each).__name__ for each in read(both)] == ["Head", "Movement"] * 2
    # A day without any movement has a statement, too.
    assert [type(each).__name__ for each in read(written())] == ["Head"]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
GOOD = written(pay("7.00", RF))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"not xml", "not_xml"),
        (GOOD[:-30], "not_xml"),
        (b"<Document/>", "not_camt"),
        (GOOD.replace(b"camt.053.001.08", b"camt.053.001.09"), "not_camt"),
        (GOOD.replace(b"camt.053", b"pain.001"), "not_camt"),
        (BOMB + GOOD.partition(b"\n")[2].replace(b"Gutschrift", b"&b;"), "forbidden"),
        (GOOD.replace(b"Gutschrift", b"&b;"), "not_xml"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + GOOD.partition(b"\n")[2], "forbidden"),
        (GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "forbidden"),
        (GOOD.replace(b'encoding="UTF-8"', b'encoding="IBM037"'), "encoding"),
        (GOOD.replace(b"7.00", b"7.001"), "amount"),
        (GOOD.replace(b"7.00", b"-7.00"), "amount"),
        (GOOD.replace(b"7.00", b"NaN"), "amount"),
        (GOOD.replace(b"7.00", b"9" * 40), "amount"),
        (GOOD.replace(b"7.00", b""), "no_amount"),
        (GOOD.replace(b'"CHF"', b'"USD"'), "currency"),
        (GOOD.replace(b"2026-11-20</Dt></BookgDt>", b"2026-02-30</Dt></BookgDt>"), "date"),
        (GOOD.replace(b"<BookgDt>", b"<X>").replace(b"</BookgDt>", b"</X>"), "no_date"),
        (GOOD.replace(IBAN.encode(), b""), "no_account"),
        (GOOD.replace(b"<Nm>", b"<a>" * 400 + b"<Nm>"), "not_xml"),
    ],
)
def test_what_is_not_a_statement_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    with pytest.raises(BadStatement) as refused:
        read(content)
    assert refused.value.reason == reason


def test_a_file_larger_than_allowed_is_refused_while_it_is_read() -> None:
    with pytest.raises(BadStatement, match="too_large"):
        read(GOOD, limit=len(GOOD) - 1)
    read(GOOD, limit=len(GOOD))


class Endless(io.RawIOBase):
    """A file of as many entries as one likes, made while it is read."""

    def __init__(self, entries: int) -> None:
        start, _found, end = GOOD.partition(b"<Ntry>")
        body, _found, end = (b"<Ntry>" + end).partition(b"</Ntry>")
        self.pieces: Iterator[bytes] = iter([start, *[body + b"</Ntry>"] * entries, end])
        self.left = b""

    def read(self, size: int = -1) -> bytes:
        while len(self.left) < size and (piece := next(self.pieces, b"")):
            self.left += piece
        piece, self.left = self.left[:size], self.left[size:]
        return piece


def test_no_more_of_a_file_is_kept_than_the_piece_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    movement = camt._movement

    def counting(element: Any, prefix: str) -> Movement | None:
        kept.append(len(element.getparent()))
        return movement(element, prefix)

    monkeypatch.setattr(camt, "_movement", counting)
    found = list(camt.read(cast("BinaryIO", Endless(2_000)), most_bytes=1 << 40))
    assert len(found) == 2_001 and len(kept) == 2_000
    a_piece = camt.PIECE_BYTES // len(GOOD.partition(b"<Ntry>")[2].partition(b"</Ntry>")[0])
    assert max(kept) <= a_piece + 3


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damaged_file_does_anything_but_be_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(written(pay("7.00", RF), Entry("5", "x", out=True), balances=("1.00", "3.00")))
    for _turn in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "put", "twice"])):
            case "flip":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 60))]
            case "put":
                content[at:at] = data.draw(st.binary(max_size=12))
            case _:
                content[at:at] = content[at : at + 80]
        if not content:
            break
    try:
        found = read(bytes(content))
    except BadStatement:
        return
    assert all(isinstance(each, Head | Movement) for each in found)
    for each in found:
        if isinstance(each, Movement):
            assert abs(each.amount.minor) < camt.MOST_MINOR
