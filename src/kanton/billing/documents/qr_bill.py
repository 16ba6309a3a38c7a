"""The Swiss QR-bill: its payload (checked by the qrbill library) and the drawing of its code."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from qrbill import QRBill
from qrbill.bill import LABELS, SCISSORS_SVG_PATH

from kanton.billing.documents import qr_code
from kanton.billing.documents.model import InvoiceDocument, Party

SIDE_MM = 46
CROSS_MM = 7
#: The QR-bill is written in the languages of its standard; Spanish readers get the English one.
LANGUAGES = {"en": "en", "de": "de", "fr": "fr", "it": "it"}
_EXTRA = "ȘșȚț€"
_LABELS = (
    "Payment part",
    "Account / Payable to",
    "Reference",
    "Additional information",
    "Currency",
    "Amount",
    "Receipt",
    "Acceptance point",
    "Payable by",
    "Payable by (name/address)",
)


def qr_bill(document: InvoiceDocument) -> QRBill:
    """The QR-bill that asks for the document's open amount. ValueError where the standard forbids a field."""
    return QRBill(
        account=document.account,
        creditor=_address(document.seller),
        debtor=_address(document.customer) if document.customer.has_postal_address else None,
        amount=f"{document.open_amount.amount:.2f}",
        currency=document.open_amount.currency,
        reference_number=document.reference,
        additional_information=plain(document.number, 140),
        language=LANGUAGES.get(document.language, "en"),
    )


def payload(document: InvoiceDocument) -> str:
    """The text inside the code, as banking apps read it."""
    return str(qr_bill(document).qr_data())


def labels(language: str) -> dict[str, str]:
    """The headings of the payment part, word by word as the standard gives them."""
    written = LANGUAGES.get(language, "en")
    return {label: str(LABELS.get(label, {}).get(written, label)) for label in _LABELS}


def code_svg(text: str) -> str:
    """The code with the Swiss cross in its middle, 46 mm wide, without a quiet zone."""
    rows = qr_code.modules(text)
    modules = len(rows)
    path = "".join(
        f"M{run.start()} {y}h{len(run[0])}v1h-{len(run[0])}z"
        for y, row in enumerate(rows)
        for run in re.finditer("1+", row)
    )
    centre, unit = modules / 2, modules * CROSS_MM / SIDE_MM / 36  # the cross sign is drawn on 36 × 36 units

    def square(width: float, height: float, fill: str) -> str:
        w, h = width * unit, height * unit
        return (
            f'<rect x="{centre - w / 2:.3f}" y="{centre - h / 2:.3f}" width="{w:.3f}" '
            f'height="{h:.3f}" fill="{fill}"/>'
        )

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {modules} {modules}" shape-rendering="crispEdges">'
        f'<path d="{path}"/>{square(36, 36, "#fff")}{square(32, 32, "#000")}'
        f"{square(6, 20, '#fff')}{square(20, 6, '#fff')}</svg>"
    )


@lru_cache(maxsize=1)
def scissors_svg() -> str:
    """The scissors on the cutting line."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.5 -1.3 9.2 6.4"><path d="{SCISSORS_SVG_PATH}"/></svg>'


def _address(party: Party) -> dict[str, str]:
    address = {
        "name": plain(party.name, 70),
        "pcode": plain(party.postal_code, 16),
        "city": plain(party.city, 35),
        "country": party.country,
    }
    if party.street:
        address["street"] = plain(party.street, 70)
    return address


def plain(text: str, longest: int) -> str:
    """The text in the characters that the standard allows, cut to the length that it allows."""
    kept = []
    for character in unicodedata.normalize("NFC", " ".join(text.split())):
        if _is_allowed(character):
            kept.append(character)
        else:
            base = unicodedata.normalize("NFKD", character)[0]
            kept.append(base if _is_allowed(base) else "?")
    return "".join(kept)[:longest].strip()


def _is_allowed(character: str) -> bool:
    return " " <= character <= "~" or "\u00a0" <= character <= "\u017f" or character in _EXTRA
