"""What a billing document says, frozen: everything `render` needs and nothing it would have to look up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kanton.billing.pricing import DiscountTaken, Totals
from kanton.billing.vat import Tax
from kanton.core.money import Money


class DocumentKind(StrEnum):
    """The documents a customer may get."""

    PRO_FORMA = "pro_forma"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    RECEIPT = "receipt"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with a postal address: the seller or the customer."""

    name: str
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "CH"
    vat_number: str = ""
    email: str = ""
    attention: str = ""

    @property
    def has_postal_address(self) -> bool:
        """Whether a bank would accept it as an address."""
        return bool(self.name and self.postal_code and self.city and self.country)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line: what, for which time, how many at which price, and what it comes to without VAT."""

    title: str
    quantity: int
    unit: Money
    net: Money
    tax: Tax
    detail: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    periods: int = 1
    discounts: tuple[DiscountTaken, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentShown:
    """Money that already came: when, by which method in the customer's words, how much."""

    on: date
    method: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Reminding:
    """What a reminder says about itself and about the bill that is overdue."""

    level: int
    is_last: bool
    dated_on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """A billing document with all its words and figures.

    `number` is the number of the invoice series, or of the order for a pro forma (BIL-86). `open_amount` above
    zero with an `account` brings the QR-bill part, which asks for exactly that amount (BIL-64).
    `ends_on` of a line is the last day it covers.
    """

    kind: DocumentKind
    language: str
    seller: Party
    customer: Party
    number: str
    issued_on: date
    lines: tuple[DocumentLine, ...]
    totals: Totals
    open_amount: Money
    customer_number: str = ""
    order_number: str = ""
    due_on: date | None = None
    holds_until: date | None = None
    payments: tuple[PaymentShown, ...] = ()
    account: str = ""
    reference: str = ""
    corrects: str = ""
    reminding: Reminding | None = None

    @property
    def is_payable(self) -> bool:
        """Whether the document asks for money and says where to send it."""
        return self.open_amount.minor > 0 and bool(self.account and self.reference)
