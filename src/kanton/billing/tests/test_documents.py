"""Documents as a reader and a banking app see them: rendered, scanned, compared."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pypdf
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kanton.billing.documents import qr_bill
from kanton.billing.documents.invoice_pdf import file_name, render
from kanton.billing.documents.model import (
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    Party,
    PaymentShown,
)
from kanton.billing.pricing import Percent, price_line, totals
from kanton.billing.references import reference_for
from kanton.billing.vat import Tax, VatTable
from kanton.core.money import Money

TODAY = date(2026, 11, 22)
QR_IBAN, IBAN = "CH4431999123000889012", "CH9300762011623852957"
ALPENHOST = Party(
    "Alpenhost AG",
    "Kirchenfeldstrasse 12",
    "3005",
    "Bern",
    "CH",
    "CHE-123.456.788 MWST",
    "hello@alpenhost.example",
)
ACME = Party("Acme Röstigraben GmbH", "Marktgasse 1", "3011", "Bern", "CH")
SWISS = VatTable().tax_for("CH", TODAY)


def pro_forma(currency: str = "CHF", tax: Tax = SWISS, language: str = "en") -> InvoiceDocument:
    """An order of a domain and five mailboxes, not paid yet."""
    domain = price_line(Money.of("9.90", currency), tax=tax)
    mail = price_line(
        Money.of("1.50", currency), quantity=5, periods=12, discounts=[Percent(Decimal(20), "Start")], tax=tax
    )
    lines = (
        DocumentLine("Domain .ch", 1, domain.unit, domain.net, tax, "acme.ch", TODAY, date(2027, 11, 22)),
        DocumentLine("Mail", 5, mail.unit, mail.net, tax, "acme.ch", periods=12, discounts=mail.discounts),
    )
    foot = totals([(line.net, line.tax) for line in lines], currency)
    account = QR_IBAN if currency == "CHF" else IBAN
    return InvoiceDocument(
        kind=DocumentKind.PRO_FORMA,
        language=language,
        seller=ALPENHOST,
        customer=ACME,
        number="P-17",
        issued_on=TODAY,
        lines=lines,
        totals=foot,
        open_amount=foot.total,
        due_on=date(2026, 12, 2),
        account=account,
        reference=reference_for(17, account=account),
    )


def final(document: InvoiceDocument) -> InvoiceDocument:
    """The same, paid."""
    total = document.totals.total
    return replace(
        document,
        kind=DocumentKind.INVOICE,
        number="2026-000001",
        open_amount=Money.zero(total.currency),
        payments=(PaymentShown(TODAY, "Prepaid account", total),),
    )


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def pictures_of(pdf: bytes, folder: Path) -> list[Image.Image]:
    """The pages as another program draws them, at 200 dots an inch."""
    (folder / "document.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "200", "-png", "document.pdf", "page"], cwd=folder, check=True)
    return [Image.open(path).convert("L") for path in sorted(folder.glob("page*.png"))]


@pytest.mark.spec("BIL-63", "BIL-64")
@pytest.mark.parametrize("currency", ["CHF", "EUR"])
def test_the_printed_code_says_exactly_what_to_pay(currency: str, tmp_path: Path) -> None:
    document = pro_forma(currency)
    pages = pictures_of(render(document), tmp_path)
    (code,) = zxingcpp.read_barcodes(pages[-1])
    fields = code.text.split("\r\n")
    assert code.text == qr_bill.payload(document)
    assert fields[:4] == ["SPC", "0200", "1", document.account]
    assert fields[4:11] == ["S", "Alpenhost AG", "Kirchenfeldstrasse 12", "", "3005", "Bern", "CH"]
    assert fields[18:20] == ["88.53", currency]
    assert fields[20:27] == ["S", "Acme Röstigraben GmbH", "Marktgasse 1", "", "3011", "Bern", "CH"]
    assert fields[27:] == ["QRR" if currency == "CHF" else "SCOR", document.reference, "P-17", "EPD"]


def test_the_code_stands_where_the_standard_wants_it(tmp_path: Path) -> None:
    (page,) = pictures_of(render(pro_forma()), tmp_path)
    (code,) = zxingcpp.read_barcodes(page)
    millimetre = 200 / 25.4
    top = 297 - 105
    corner, opposite = code.position.top_left, code.position.bottom_right
    # From the top left of the bill: 67 mm to the right and 17 mm down, 46 mm a side.
    assert (corner.x / millimetre, corner.y / millimetre) == pytest.approx((67, top + 17), abs=0.5)
    assert (opposite.x / millimetre, opposite.y / millimetre) == pytest.approx(
        (67 + 46, top + 17 + 46), abs=0.5
    )


@pytest.mark.spec("BIL-84", "BIL-86")
def test_a_pro_forma_says_that_it_has_no_value_and_names_amount_and_reference() -> None:
    words = text_of(render(pro_forma()))
    assert "no legal, juridical, tax or accounting value" in " ".join(words.split())
    assert "CHF 88.53" in words.replace("\xa0", " ")
    assert "00 00000 00000 00000 00000 00173" in words


@pytest.mark.spec("BIL-75")
def test_a_final_invoice_says_it_is_paid_and_asks_for_nothing(tmp_path: Path) -> None:
    document = final(pro_forma())
    pdf = render(document)
    words = text_of(pdf).replace("\xa0", " ")
    assert "Paid on 22 Nov 2026" in words and "Prepaid account" in words
    assert all(not zxingcpp.read_barcodes(page) for page in pictures_of(pdf, tmp_path))


@pytest.mark.parametrize(
    ("language", "title", "amount"),
    [
        ("en", "Pro-forma invoice", "CHF 88.53"),
        ("de", "Proforma-Rechnung", "CHF 88.53"),
        ("fr", "Facture pro forma", "88,53 CHF"),
        ("it", "Fattura pro forma", "CHF 88.53"),
        ("es", "Factura pro forma", "88,53 CHF"),
    ],
)
def test_documents_speak_five_languages(language: str, title: str, amount: str) -> None:
    words = text_of(render(pro_forma(language=language))).replace("\xa0", " ").replace("\u202f", " ")
    assert title in words
    assert amount in words


def test_reverse_charge_and_no_vat_are_explained() -> None:
    table = VatTable()
    german = render(pro_forma("EUR", table.tax_for("DE", TODAY, vat_number="DE136695976")))
    assert "Reverse charge: the recipient" in " ".join(text_of(german).split())
    american = render(pro_forma("EUR", table.tax_for("US", TODAY)))
    assert "not subject to VAT" in " ".join(text_of(american).split())


def test_the_same_document_gives_the_same_bytes() -> None:
    assert render(pro_forma()) == render(pro_forma())


def test_it_is_an_archival_pdf_with_title_and_language() -> None:
    reader = pypdf.PdfReader(io.BytesIO(render(final(pro_forma(language="de")))))
    assert reader.metadata is not None and "2026-000001" in str(reader.metadata.title)
    assert str(reader.root_object["/Lang"]) == "de"
    assert reader.xmp_metadata is not None and b"pdfaid" in reader.xmp_metadata.stream.get_data()


def test_many_lines_take_many_pages_and_one_payment_part(tmp_path: Path) -> None:
    document = pro_forma()
    lines = document.lines * 30
    foot = totals([(line.net, line.tax) for line in lines], "CHF")
    long = replace(document, lines=lines, totals=foot, open_amount=foot.total)
    pages = pictures_of(render(long), tmp_path)
    assert len(pages) > 3
    assert [len(zxingcpp.read_barcodes(page)) for page in pages] == [0] * (len(pages) - 1) + [1]


def test_a_customer_without_an_address_writes_it_by_hand(tmp_path: Path) -> None:
    document = replace(pro_forma(), customer=Party("Zoe"))
    (code,) = zxingcpp.read_barcodes(pictures_of(render(document), tmp_path)[-1])
    assert code.text.split("\r\n")[20:27] == [""] * 7


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(min_size=1, max_size=120),
    street=st.text(max_size=120),
    city=st.text(min_size=1, max_size=60),
    minor=st.integers(1, 99_999_999_999),
)
def test_any_name_and_amount_make_a_valid_payload(name: str, street: str, city: str, minor: int) -> None:
    document = replace(
        pro_forma(),
        customer=Party(name, street, "3011", city, "CH"),
        open_amount=Money(minor, "CHF"),
    )
    if not all(qr_bill.plain(text, 70) for text in (name, city)):
        return
    fields = qr_bill.payload(document).split("\r\n")
    assert len(fields) == 31 and fields[18] == f"{minor // 100}.{minor % 100:02d}"


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_hostile_words_are_only_words(title: str, detail: str) -> None:
    document = pro_forma()
    line = replace(document.lines[0], title=title, detail=detail)
    assert render(replace(document, lines=(line,))).startswith(b"%PDF")


def test_every_character_that_is_let_through_is_drawn() -> None:
    from kanton.billing.documents.invoice_pdf import DRAWN

    alphabet = "".join(chr(code) for first, last in DRAWN for code in range(ord(first), ord(last) + 1))
    document = pro_forma()
    line = replace(
        document.lines[0], title="a", detail=" ".join(alphabet[i : i + 40] for i in range(0, 2000, 40))
    )
    assert render(replace(document, lines=(line,))).startswith(b"%PDF")


def test_the_file_name_is_plain() -> None:
    assert file_name(final(pro_forma())) == "invoice-2026-000001.pdf"
