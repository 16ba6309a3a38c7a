"""The e-invoice inside an invoice: Factur-X 1.0 in the profile EN 16931 (a CrossIndustryInvoice). Pure.

`invoice_xml` writes it, the document's template puts it into the PDF, and `announce` says in the PDF's metadata that
it is there. A credit note bears positive amounts and the type 381, as the standard wants it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from lxml import etree

from kanton.billing.documents.model import DocumentKind, DocumentLine, InvoiceDocument, Party
from kanton.billing.vat import Tax, Treatment
from kanton.core.money import Money

FILE_NAME = "factur-x.xml"
PROFILE = "urn:cen.eu:en16931:2017"
_UN = "urn:un:unece:uncefact:data:standard:"
NAMESPACES: Mapping[str, str] = {
    "rsm": _UN + "CrossIndustryInvoice:100",
    "ram": _UN + "ReusableAggregateBusinessInformationEntity:100",
    "udt": _UN + "UnqualifiedDataType:100",
}
_TYPES = {DocumentKind.INVOICE: "380", DocumentKind.CREDIT_NOTE: "381"}
_XMP = """<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>
"""
_PROPERTIES = (
    ("DocumentFileName", "The name of the embedded XML document"),
    ("DocumentType", "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER"),
    ("Version", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "The conformance level of the embedded XML document"),
)
_SCHEMA = (
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
    "<pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    + "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{text}</pdfaProperty:description></rdf:li>"
        for name, text in _PROPERTIES
    )
    + "</rdf:Seq></pdfaSchema:property></rdf:li>"
)
_EXTENSION = (
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
    'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
    f"<pdfaExtension:schemas><rdf:Bag>{_SCHEMA}</rdf:Bag></pdfaExtension:schemas></rdf:Description>\n"
)


def bears_xml(document: InvoiceDocument) -> bool:
    """Whether the document is one that accounting reads: an invoice or a credit note, no pro forma, no receipt."""
    return document.kind in _TYPES


def invoice_xml(document: InvoiceDocument) -> bytes:
    """The invoice as EN 16931 wants it."""
    root = etree.Element(f"{{{NAMESPACES['rsm']}}}CrossIndustryInvoice", nsmap=dict(NAMESPACES))
    context = _add(
        _add(root, "rsm:ExchangedDocumentContext"), "ram:GuidelineSpecifiedDocumentContextParameter"
    )
    _add(context, "ram:ID", PROFILE)
    head = _add(root, "rsm:ExchangedDocument")
    _add(head, "ram:ID", document.number)
    _add(head, "ram:TypeCode", _TYPES[document.kind])
    _day(_add(head, "ram:IssueDateTime"), document.issued_on)
    trade = _add(root, "rsm:SupplyChainTradeTransaction")
    for number, line in enumerate(document.lines, start=1):
        _line(_add(trade, "ram:IncludedSupplyChainTradeLineItem"), number, line)
    agreement = _add(trade, "ram:ApplicableHeaderTradeAgreement")
    is_outside = any(each.tax.treatment is Treatment.OUTSIDE for each in document.totals.vat)
    _party(_add(agreement, "ram:SellerTradeParty"), document.seller, bears_vat_number=not is_outside)
    _party(_add(agreement, "ram:BuyerTradeParty"), document.customer, bears_vat_number=not is_outside)
    if document.order_number:
        order = _add(agreement, "ram:SellerOrderReferencedDocument")
        _add(order, "ram:IssuerAssignedID", document.order_number)
    _add(trade, "ram:ApplicableHeaderTradeDelivery")
    _settlement(_add(trade, "ram:ApplicableHeaderTradeSettlement"), document)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _line(item: etree._Element, number: int, line: DocumentLine) -> None:
    _add(_add(item, "ram:AssociatedDocumentLineDocument"), "ram:LineID", str(number))
    product = _add(item, "ram:SpecifiedTradeProduct")
    _add(product, "ram:Name", line.title)
    if line.detail:
        _add(product, "ram:Description", line.detail)
    price = _add(_add(item, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
    _add(price, "ram:ChargeAmount", _figure(line.unit))
    quantity = _add(_add(item, "ram:SpecifiedLineTradeDelivery"), "ram:BilledQuantity")
    quantity.text, quantity.attrib["unitCode"] = str(line.quantity * line.periods), "C62"
    settlement = _add(item, "ram:SpecifiedLineTradeSettlement")
    tax = _add(settlement, "ram:ApplicableTradeTax")
    _add(tax, "ram:TypeCode", "VAT")
    _add(tax, "ram:CategoryCode", _category(line.tax))
    _rate(tax, line.tax)
    if line.starts_on and line.ends_on:
        period = _add(settlement, "ram:BillingSpecifiedPeriod")
        _day(_add(period, "ram:StartDateTime"), line.starts_on)
        _day(_add(period, "ram:EndDateTime"), line.ends_on)
    for discount in line.discounts:
        _allowance(settlement, discount.off, discount.label or "Discount")
    gap = line.unit.times(line.quantity * line.periods) - line.net
    for discount in line.discounts:
        gap -= discount.off
    if gap.minor > 0:  # a share of a term: the rest was not charged
        _allowance(settlement, gap, "Pro rata")
    total = _add(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    _add(total, "ram:LineTotalAmount", _figure(line.net))


def _allowance(parent: etree._Element, amount: Money, reason: str) -> None:
    allowance = _add(parent, "ram:SpecifiedTradeAllowanceCharge")
    _add(_add(allowance, "ram:ChargeIndicator"), "udt:Indicator", "false")
    _add(allowance, "ram:ActualAmount", _figure(amount))
    _add(allowance, "ram:Reason", reason)


def _party(element: etree._Element, party: Party, *, bears_vat_number: bool) -> None:
    _add(element, "ram:Name", party.name)
    number = re.sub(r"[\s.-]|(MWST|TVA|IVA)$", "", party.vat_number)
    if number and not bears_vat_number:
        # Where no VAT number may stand, the seller is known by the number of the register (BR-O-02, BR-CO-26).
        legal = _add(_add(element, "ram:SpecifiedLegalOrganization"), "ram:ID", number)
        if number.startswith("CHE"):
            legal.attrib["schemeID"] = "0183"
    address = _add(element, "ram:PostalTradeAddress")
    if party.postal_code:
        _add(address, "ram:PostcodeCode", party.postal_code)
    for name, line in zip(("LineOne", "LineTwo", "LineThree"), party.street.splitlines(), strict=False):
        _add(address, f"ram:{name}", line)
    if party.city:
        _add(address, "ram:CityName", party.city)
    _add(address, "ram:CountryID", party.country)
    if party.email:
        uri = _add(_add(element, "ram:URIUniversalCommunication"), "ram:URIID", party.email)
        uri.attrib["schemeID"] = "EM"
    if number:
        tax = _add(_add(element, "ram:SpecifiedTaxRegistration"), "ram:ID", number)
        tax.attrib["schemeID"] = "VA" if bears_vat_number else "FC"


def _settlement(element: etree._Element, document: InvoiceDocument) -> None:
    totals = document.totals
    currency = totals.total.currency
    if document.reference:
        _add(element, "ram:PaymentReference", document.reference)
    _add(element, "ram:InvoiceCurrencyCode", currency)
    if document.is_payable:
        means = _add(element, "ram:SpecifiedTradeSettlementPaymentMeans")
        _add(means, "ram:TypeCode", "30")
        account = _add(means, "ram:PayeePartyCreditorFinancialAccount")
        _add(account, "ram:IBANID", document.account)
    for each in totals.vat:
        tax = _add(element, "ram:ApplicableTradeTax")
        _add(tax, "ram:CalculatedAmount", _figure(each.amount))
        _add(tax, "ram:TypeCode", "VAT")
        if reason := _exemption(each.tax):
            _add(tax, "ram:ExemptionReason", reason)
        _add(tax, "ram:BasisAmount", _figure(each.base))
        _add(tax, "ram:CategoryCode", _category(each.tax))
        _rate(tax, each.tax)
    terms = _add(element, "ram:SpecifiedTradePaymentTerms")
    _add(terms, "ram:Description", "-" if document.is_payable else "Paid")
    if document.due_on:
        _day(_add(terms, "ram:DueDateDateTime"), document.due_on)
    total = _add(element, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    _add(total, "ram:LineTotalAmount", _figure(totals.net))
    _add(total, "ram:TaxBasisTotalAmount", _figure(totals.net))
    vat = _add(total, "ram:TaxTotalAmount", _figure(totals.vat_total))
    vat.attrib["currencyID"] = currency
    _add(total, "ram:GrandTotalAmount", _figure(totals.total))
    _add(total, "ram:TotalPrepaidAmount", _figure(totals.total - document.open_amount))
    _add(total, "ram:DuePayableAmount", _figure(document.open_amount))
    if document.corrects:
        corrected = _add(element, "ram:InvoiceReferencedDocument")
        _add(corrected, "ram:IssuerAssignedID", document.corrects)


def _category(tax: Tax) -> str:
    """The code of UNCL5305: standard, zero, reverse charge, outside the scope."""
    if tax.treatment is Treatment.REVERSE_CHARGE:
        return "AE"
    if tax.treatment is Treatment.OUTSIDE:
        return "O"
    return "S" if tax.rate else "Z"


def _exemption(tax: Tax) -> str:
    return {"AE": "Reverse charge", "O": "Not subject to VAT"}.get(_category(tax), "")


def _rate(element: etree._Element, tax: Tax) -> None:
    if _category(tax) != "O":
        _add(element, "ram:RateApplicablePercent", f"{tax.rate.normalize():f}")


def _figure(amount: Money) -> str:
    return f"{amount.amount:.2f}"


def _day(element: etree._Element, day: date) -> None:
    _add(element, "udt:DateTimeString", f"{day:%Y%m%d}").attrib["format"] = "102"


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    prefix, _colon, local = name.partition(":")
    found = etree.SubElement(parent, f"{{{NAMESPACES[prefix]}}}{local}")
    # XML knows no control characters; a name or a text may hold one.
    found.text = None if text is None else "".join(c for c in text if c.isprintable() or c in "\n\t")
    return found


_METADATA = re.compile(
    rb"(\d+) 0 obj\n?<<[^>]*?/Type\s*/Metadata[^>]*?>>\s*stream\r?\n(.*?)\r?\nendstream", re.S
)
_TRAILER = re.compile(rb"trailer\s*<<(.*?)>>\s*startxref\s*(\d+)\s*%%EOF\s*$", re.S)


def announce(pdf: bytes) -> bytes:
    """The PDF with Factur-X named in its metadata: an update appended to the file, which PDF/A allows."""
    metadata = list(_METADATA.finditer(pdf))[-1]
    trailer = _TRAILER.search(pdf)
    assert trailer is not None
    number, packet = metadata.group(1), metadata.group(2).decode()
    if "<pdfaExtension:schemas>" in packet:
        packet = re.sub(
            r"(<pdfaExtension:schemas>\s*<rdf:Bag>)", lambda found: found.group(1) + _SCHEMA, packet, count=1
        )
        added = _XMP
    else:
        added = _EXTENSION + _XMP
    stream = packet.replace("</rdf:RDF>", added + "</rdf:RDF>", 1).encode()
    start = len(pdf) + 1
    written = b"%s 0 obj\n<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
        number, len(stream), stream,
    )  # fmt: skip
    table = b"xref\n%s 1\n%010d 00000 n \ntrailer\n<<%s/Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        number, start, trailer.group(1), trailer.group(2), start + len(written),
    )  # fmt: skip
    return pdf + b"\n" + written + table
