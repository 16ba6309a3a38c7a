"""Billing documents as PDF/A: `render` is pure; the same document gives the same bytes."""

from __future__ import annotations

import json
import threading
import unicodedata
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst
from babel import Locale
from babel.numbers import format_decimal, format_percent
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from kanton.billing.documents import factur_x, qr_bill
from kanton.billing.documents.model import DocumentKind, DocumentLine, InvoiceDocument, Party
from kanton.billing.references import printed
from kanton.billing.vat import Tax, Treatment
from kanton.core.money import Money
from kanton.ui import assets, formats

TEMPLATE = Path(__file__).parent / "invoice.typ"
#: Put there by the front end's build; without it, the fonts of the system have to do.
FONTS = assets.DIST / "print"

#: What both fonts draw: Latin, Greek, Cyrillic, punctuation and signs. Other scripts need fonts of their own.
DRAWN = (
    (" ", "~"), ("\u00a0", "\u00ac"), ("\u00ae", "\u0148"), ("\u014a", "\u01c3"), ("\u01c5", "\u024f"),
    ("\u0384", "\u038a"), ("\u038c", "\u038c"), ("\u038e", "\u03a1"), ("\u03a3", "\u03ce"),
    ("\u0400", "\u045f"), ("\u0490", "\u0491"), ("\u1e00", "\u1e9b"), ("\u1ea0", "\u1ef9"),
    ("\u2010", "\u2027"), ("\u202f", "\u2055"), ("\u20a0", "\u20af"), ("\u2116", "\u2116"),
    ("\u2122", "\u2122"), ("\u2190", "\u2193"), ("\u2212", "\u2212"),
)  # fmt: skip

_compilers = threading.local()


def render(document: InvoiceDocument) -> bytes:
    """The document as a PDF/A-3b file in its own language, with the QR-bill part when it asks for money.

    Invoices and credit notes carry their Factur-X e-invoice inside.
    """
    with override(document.language):
        content = json.dumps(_printable(_content(document)), ensure_ascii=False)
    inputs = {"document": content}
    is_electronic = factur_x.bears_xml(document)
    if is_electronic:
        inputs["factur_x"] = factur_x.invoice_xml(document).decode()
    # A stamp from the document itself keeps the bytes the same whenever it is rendered.
    stamp = datetime.combine(document.issued_on, time(12), UTC)
    pdf = _compiler().compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3b"], timestamp=stamp)
    assert isinstance(pdf, bytes)
    return factur_x.announce(pdf) if is_electronic else pdf


def file_name(document: InvoiceDocument) -> str:
    """A file name that says what it is, in the document's language and plain ASCII."""
    with override(document.language):
        title = _title(document)
    words = f"{title} {document.number}".lower()
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in words).strip("-") + ".pdf"


def _compiler() -> typst.Compiler:
    """One compiler per thread: it keeps the parsed template and the layout of what repeats."""
    if not hasattr(_compilers, "invoice"):
        _compilers.invoice = typst.Compiler(
            input=TEMPLATE, root=TEMPLATE.parent, font_paths=_fonts(), ignore_system_fonts=True
        )
    found: typst.Compiler = _compilers.invoice
    return found


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    built = [str(FONTS)] if FONTS.is_dir() else []
    return typst.Fonts(include_system_fonts=not built, font_paths=built)


def _printable(content: Any) -> Any:
    """The content in characters that the fonts draw: PDF/A refuses a text with any other."""
    if isinstance(content, str):
        if content.isascii() and content.isprintable():
            return content
        return "".join(_drawn(character) for character in unicodedata.normalize("NFC", content))
    if isinstance(content, list):
        return [_printable(each) for each in content]
    if isinstance(content, dict):
        return {key: _printable(value) for key, value in content.items()}
    return content


@lru_cache(maxsize=4096)
def _drawn(character: str) -> str:
    """The character, its nearest letter, or a question mark; nothing for what has no picture at all."""
    if character == "\n" or any(first <= character <= last for first, last in DRAWN):
        return character
    if unicodedata.category(character)[0] == "C":
        return ""
    base = unicodedata.normalize("NFKD", character)[0]
    return base if any(first <= base <= last for first, last in DRAWN) else "?"


def _content(document: InvoiceDocument) -> dict[str, Any]:
    """Every word and figure of the page, written as the reader's language writes it."""
    currency = document.totals.total.currency
    return {
        "title": _title(document),
        "number": document.number,
        "language": document.language,
        "author": document.seller.name,
        "seller": _address_lines(document.seller, home=document.seller.country),
        "seller_name": document.seller.name,
        "seller_facts": _facts(document.seller),
        "customer": _address_lines(document.customer, home=document.seller.country),
        "sender_line": " · ".join(_address_lines(document.seller, home=document.seller.country)),
        "status": _status(document),
        "notice": _notice(document),
        "meta": _meta(document),
        "columns": [
            _("Product"),
            _("Quantity"),
            _("Unit price"),
            _("VAT"),
            _("Amount in %(currency)s") % {"currency": currency},
        ],
        "lines": [_line(line) for line in document.lines],
        "totals": _totals(document),
        "notes": _notes(document),
        "page_word": _("Page %(page)s of %(pages)s"),
        "payment": _payment_part(document) if document.is_payable else None,
    }


def _title(document: InvoiceDocument) -> str:
    if document.reminding:
        return _("Payment reminder %(level)s") % {"level": document.reminding.level}
    return {
        DocumentKind.PRO_FORMA: _("Pro-forma invoice"),
        DocumentKind.INVOICE: _("Invoice"),
        DocumentKind.CREDIT_NOTE: _("Credit note"),
        DocumentKind.RECEIPT: _("Receipt"),
    }[document.kind]


def _status(document: InvoiceDocument) -> dict[str, str] | None:
    if document.kind in (DocumentKind.PRO_FORMA, DocumentKind.REMINDER):
        if document.due_on:
            return {
                "tone": "waiting",
                "text": _("To pay by %(day)s") % {"day": formats.date(document.due_on)},
            }
        return {"tone": "waiting", "text": _("Not paid yet")}
    if document.kind is DocumentKind.INVOICE and not document.open_amount:
        if document.payments:
            day = max(payment.on for payment in document.payments)
            return {"tone": "done", "text": _("Paid on %(day)s") % {"day": formats.date(day)}}
        return {"tone": "done", "text": _("Paid")}
    return None


def _notice(document: InvoiceDocument) -> str:
    if document.kind is DocumentKind.PRO_FORMA:
        return _(
            "This pro-forma invoice has no legal, juridical, tax or accounting value. "
            "You receive the final invoice as soon as it is paid."
        )
    if document.kind is DocumentKind.CREDIT_NOTE and document.corrects:
        return _("This credit note corrects invoice %(number)s.") % {"number": document.corrects}
    if document.reminding:
        overdue = _(
            "%(number)s over %(amount)s was due on %(day)s, and we have not received the payment yet. "
            "If you have paid in the meantime, please ignore this reminder."
        ) % {
            "number": document.number,
            "amount": formats.money(document.open_amount),
            "day": formats.date(document.reminding.due_on),
        }
        return " ".join(
            [_("This is the last reminder."), overdue] if document.reminding.is_last else [overdue]
        )
    return ""


def _meta(document: InvoiceDocument) -> list[dict[str, str]]:
    facts = [(_("Date"), formats.date(document.issued_on))]
    if document.order_number:
        facts.append((_("Order number"), document.order_number))
    if document.customer_number:
        facts.append((_("Customer number"), document.customer_number))
    if document.customer.vat_number:
        facts.append((_("Your VAT number"), document.customer.vat_number))
    if document.holds_until:
        facts.append((_("Amount holds until"), formats.date(document.holds_until)))
    if document.reference and not document.is_payable:  # else the payment part shows it
        facts.append((_("Payment reference"), printed(document.reference)))
    return [{"label": label, "value": value} for label, value in facts]


def _line(line: DocumentLine) -> dict[str, Any]:
    details = [line.detail] if line.detail else []
    if line.starts_on and line.ends_on:
        details.append(f"{formats.date(line.starts_on)} – {formats.date(line.ends_on)}")
    if line.periods > 1:
        details.append(
            ngettext("%(n)s billing period", "%(n)s billing periods", line.periods) % {"n": line.periods}
        )
    return {
        "title": line.title,
        "details": details,
        "quantity": formats.number(line.quantity),
        "unit": _figure(line.unit),
        "vat": _rate(line.tax),
        "amount": _figure(line.net),
        "discounts": [
            {"label": each.label or _("Discount"), "amount": _figure(-each.off)} for each in line.discounts
        ],
    }


def _totals(document: InvoiceDocument) -> list[dict[str, str]]:
    totals = document.totals
    if document.kind is DocumentKind.RECEIPT:
        return [{"label": _("Received"), "amount": formats.money(totals.total), "kind": "due"}]
    if document.reminding:
        bill = _("Pro-forma invoice %(number)s of %(day)s") % {
            "number": document.number,
            "day": formats.date(document.reminding.dated_on),
        }
        amount = formats.money(document.open_amount)
        return [
            {"label": bill, "amount": amount, "kind": "plain"},
            {"label": _("To pay"), "amount": amount, "kind": "due"},
        ]
    rows = [{"label": _("Total without VAT"), "amount": formats.money(totals.net), "kind": "plain"}]
    for each in totals.vat:
        words = {"rate": _rate(each.tax), "base": formats.money(each.base), "country": each.tax.country}
        if each.tax.treatment is Treatment.REVERSE_CHARGE:
            label = _("VAT %(rate)s on %(base)s (reverse charge)") % words
        elif each.tax.treatment is Treatment.OUTSIDE:
            label = _("No VAT on %(base)s") % words
        else:
            label = _("VAT %(country)s %(rate)s on %(base)s") % words
        rows.append({"label": label, "amount": formats.money(each.amount), "kind": "plain"})
    if not document.payments and document.kind is DocumentKind.PRO_FORMA:
        return [*rows, {"label": _("To pay"), "amount": formats.money(totals.total), "kind": "due"}]
    rows.append({"label": _("Total"), "amount": formats.money(totals.total), "kind": "total"})
    for payment in document.payments:
        paid = _("Paid on %(day)s: %(method)s") % {"day": formats.date(payment.on), "method": payment.method}
        rows.append({"label": paid, "amount": f"− {formats.money(payment.amount)}", "kind": "plain"})
    if document.payments:
        rows.append({"label": _("To pay"), "amount": formats.money(document.open_amount), "kind": "due"})
    return rows


def _notes(document: InvoiceDocument) -> list[str]:
    notes = []
    if document.kind is DocumentKind.RECEIPT:
        notes.append(_("A top-up bears no VAT; the invoices paid from it do."))
    if any(each.tax.treatment is Treatment.REVERSE_CHARGE for each in document.totals.vat):
        notes.append(_("Reverse charge: the recipient of the service owes the VAT."))
    if any(each.tax.treatment is Treatment.OUTSIDE for each in document.totals.vat):
        notes.append(_("Services to customers abroad: not subject to VAT here."))
    if document.is_payable:
        notes.append(
            _(
                "Please pay exactly %(amount)s in one transfer and with the reference shown. Another amount or an "
                "old reference cannot be matched; such a payment goes to your prepaid account."
            )
            % {"amount": formats.money(document.open_amount)}
        )
    if document.seller.email:
        notes.append(_("Questions? Write to %(address)s.") % {"address": document.seller.email})
    return notes


def _payment_part(document: InvoiceDocument) -> dict[str, Any]:
    bill = qr_bill.qr_bill(document)
    return {
        "labels": qr_bill.labels(document.language),
        "code": qr_bill.code_svg(str(bill.qr_data())),
        "scissors": qr_bill.scissors_svg(),
        "account": _grouped(str(bill.account)),
        "creditor": list(bill.creditor.as_paragraph()),
        "debtor": list(bill.debtor.as_paragraph()) if bill.debtor else None,
        "reference": printed(document.reference),
        "message": bill.additional_information,
        "currency": bill.currency,
        # The standard writes amounts with a space between thousands, in every language.
        "amount": f"{document.open_amount.amount:,.2f}".replace(",", " "),
        "alt": _("QR code with the payment data of this bill"),
    }


def _address_lines(party: Party, *, home: str) -> list[str]:
    town = " ".join(part for part in (party.postal_code, party.city) if part)
    lines = [party.name, party.attention, *party.street.splitlines(), town]
    if party.country and party.country != home:
        locale: Locale = formats.locale()
        lines.append(str(locale.territories.get(party.country, party.country)))
    return [line.strip() for line in lines if line.strip()]


def _facts(party: Party) -> list[str]:
    facts = []
    if party.vat_number:
        facts.append(_("VAT number %(number)s") % {"number": party.vat_number})
    if party.email:
        facts.append(party.email)
    return facts


def _figure(amount: Money) -> str:
    """The amount without its currency, which stands in the column's head."""
    written: str = format_decimal(amount.amount, "#,##0.00", locale=formats.locale())
    return written.replace("’", "'").replace("-", "−")


def _rate(tax: Tax) -> str:
    written: str = format_percent(tax.rate / 100, decimal_quantization=False, locale=formats.locale())
    return written


def _grouped(account: str) -> str:
    return " ".join(account[i : i + 4] for i in range(0, len(account), 4))
