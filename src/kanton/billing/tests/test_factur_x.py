"""The e-invoice inside the PDF: valid against the schema of EN 16931, and the same figures as on paper."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import facturx
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from kanton.billing.documents import factur_x
from kanton.billing.documents.invoice_pdf import render
from kanton.billing.documents.model import DocumentKind, DocumentLine, InvoiceDocument, Party
from kanton.billing.pricing import Fixed, Percent, price_line, totals
from kanton.billing.tests.test_documents import ACME, TODAY, final, pro_forma
from kanton.billing.vat import Tax, Treatment
from kanton.core.money import Money

NS = dict(factur_x.NAMESPACES)
SOURCE = Path(__file__).resolve().parents[3]
GERMAN, REVERSE = Tax("DE", Decimal("19")), Tax("FR", Decimal(0), Treatment.REVERSE_CHARGE)
OUTSIDE = Tax("US", Decimal(0), Treatment.OUTSIDE)


def credit_note() -> InvoiceDocument:
    return replace(
        final(pro_forma()),
        kind=DocumentKind.CREDIT_NOTE,
        number="C-2026-000001",
        corrects="2026-000001",
        payments=(),
    )


def root(pdf: bytes) -> Any:
    return pypdf.PdfReader(io.BytesIO(pdf), strict=True).trailer["/Root"]


def parsed(xml: bytes) -> Any:
    return etree.fromstring(xml)


def is_valid(xml: bytes) -> bool:
    return bool(facturx.xml_check_xsd(xml, flavor="factur-x", level="en16931"))


def figures(xml: bytes, path: str) -> list[Decimal]:
    return [Decimal(text) for text in parsed(xml).xpath(f"{path}/text()", namespaces=NS)]


def figure(xml: bytes, name: str) -> Decimal:
    (found,) = figures(xml, f"//ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:{name}")
    return found


def adds_up(xml: bytes) -> None:
    """The rules BR-CO-10 to BR-CO-16 of EN 16931, and BR-S-08 and BR-CO-17 for each rate."""
    lines = figures(xml, "//ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount")
    assert figure(xml, "LineTotalAmount") == figure(xml, "TaxBasisTotalAmount") == sum(lines)
    taxes = figures(xml, "//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CalculatedAmount")
    assert figure(xml, "TaxTotalAmount") == sum(taxes)
    assert figure(xml, "GrandTotalAmount") == figure(xml, "TaxBasisTotalAmount") + sum(taxes)
    assert figure(xml, "DuePayableAmount") == figure(xml, "GrandTotalAmount") - figure(
        xml, "TotalPrepaidAmount"
    )
    for item in parsed(xml).xpath("//ram:IncludedSupplyChainTradeLineItem", namespaces=NS):
        price, quantity, net = (
            Decimal(item.xpath(f"string({path})", namespaces=NS))
            for path in (".//ram:ChargeAmount", ".//ram:BilledQuantity", ".//ram:LineTotalAmount")
        )
        off = [Decimal(text) for text in item.xpath(".//ram:ActualAmount/text()", namespaces=NS)]
        assert net == price * quantity - sum(off)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(final(pro_forma()), id="swiss"),
        pytest.param(final(pro_forma("EUR", GERMAN)), id="german"),
        pytest.param(final(pro_forma("EUR", REVERSE)), id="reverse charge"),
        pytest.param(final(pro_forma("EUR", OUTSIDE)), id="outside"),
        pytest.param(
            replace(final(pro_forma()), customer=Party("Ana", country="LI")), id="without an address"
        ),
        pytest.param(credit_note(), id="credit note"),
    ],
)
def test_the_e_invoice_is_valid_adds_up_and_is_found_in_the_pdf(document: InvoiceDocument) -> None:
    xml = factur_x.invoice_xml(document)
    assert is_valid(xml)
    adds_up(xml)
    assert figure(xml, "GrandTotalAmount") == document.totals.total.amount
    pdf = render(document)
    name, found = facturx.get_xml_from_pdf(pdf, check_xsd=True)
    assert (name, etree.tostring(etree.fromstring(found))) == (
        "factur-x.xml",
        etree.tostring(etree.fromstring(xml)),
    )
    assert pdf == render(document)
    metadata = etree.fromstring(root(pdf)["/Metadata"].get_data())
    text = etree.tostring(metadata).decode()
    assert (
        "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in text
        and text.count("pdfaExtension:schemas>") == 2
    )
    assert "<pdfaid:part>3</pdfaid:part>" in text and "Factur-X PDFA Extension Schema" in text
    (file,) = root(pdf)["/AF"]
    assert file.get_object()["/AFRelationship"] == "/Alternative"


def test_the_e_invoices_break_no_rule_of_en_16931(tmp_path: Path) -> None:
    abroad = replace(ACME, country="FR", vat_number="FR40303265045")
    made = {
        "swiss": final(pro_forma()),
        "german": final(pro_forma("EUR", GERMAN)),
        "reverse": replace(final(pro_forma("EUR", REVERSE)), customer=abroad),
        "outside": final(pro_forma("EUR", OUTSIDE)),
        "credit": credit_note(),
        "broken": final(pro_forma("EUR", REVERSE)),  # without the customer's VAT number
    }
    for name, document in made.items():
        (tmp_path / name).write_bytes(factur_x.invoice_xml(document))
    done = subprocess.run(
        [sys.executable, "-m", "kanton.billing.tests.schematron", *(str(tmp_path / name) for name in made)],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = {Path(name).name: broken for name, broken in json.loads(done.stdout).items()}
    assert found == {name: ["BR-AE-02"] if name == "broken" else [] for name in made}


def test_a_credit_note_says_which_invoice_it_corrects() -> None:
    tree = parsed(factur_x.invoice_xml(credit_note()))
    assert tree.xpath("string(//rsm:ExchangedDocument/ram:TypeCode)", namespaces=NS) == "381"
    path = "string(//ram:InvoiceReferencedDocument/ram:IssuerAssignedID)"
    assert tree.xpath(path, namespaces=NS) == "2026-000001"


def test_a_pro_forma_is_no_e_invoice() -> None:
    pdf = render(pro_forma())
    assert b"factur-x" not in pdf and "/AF" not in root(pdf)


WORDS = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "")


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.tuples(
            WORDS, st.integers(0, 10**7), st.integers(1, 400), st.integers(1, 12), st.integers(0, 100),
            st.integers(0, 10**5), st.sampled_from([Tax("CH", Decimal("8.1")), Tax("CH", Decimal("2.6")), GERMAN]),
        ),
        min_size=1, max_size=8,
    ),
    name=WORDS,
)  # fmt: skip
def test_any_names_and_any_figures_make_a_valid_e_invoice(
    lines: list[tuple[str, int, int, int, int, int, Tax]], name: str
) -> None:
    shown = []
    for title, minor, quantity, periods, percent, fixed, tax in lines:
        discounts: list[Percent | Fixed] = [Percent(Decimal(percent), "%"), Fixed(Money(fixed, "CHF"), "fix")]
        line = price_line(
            Money(minor, "CHF"), quantity=quantity, periods=periods, discounts=discounts, tax=tax
        )
        shown.append(
            DocumentLine(
                title,
                quantity,
                line.unit,
                line.net,
                tax,
                title,
                TODAY,
                date(2027, 11, 21),
                periods,
                line.discounts,
            )
        )
    foot = totals([(line.net, line.tax) for line in shown], "CHF")
    document = replace(
        final(pro_forma()),
        lines=tuple(shown),
        totals=foot,
        customer=replace(ACME, name=name, street=name),
        payments=(),
    )
    xml = factur_x.invoice_xml(document)
    assert is_valid(xml)
    adds_up(xml)
