"""What the API of billing takes and gives. Amounts are text with a currency, days are `2026-12-31`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core.api import Body, Id, MoneyOut, Query, Timestamp
from kanton.core.money import Money

Currency = Literal["CHF", "EUR"]
Day = Annotated[str, Field(description="A day in the provider’s time zone, such as 2026-12-31.")]
Secret = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(max_length=253)]
OrderStates = Literal[
    "draft", "awaiting_payment", "blocked", "paid", "being_set_up", "active", "cancelled", "refunded"
]
InvoiceStates = Literal["open", "paid", "cancelled", "refunded"]
PaymentStates = Literal["pending", "succeeded", "declined", "expired", "cancelled", "refunded"]


class MoneyIn(Body):
    """An amount as text, such as "54.05", and its currency."""

    amount: Annotated[str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,2})?$")]
    currency: Currency

    @property
    def money(self) -> Money:
        """The amount as money."""
        return Money.of(self.amount, self.currency)


class ItemIn(Body):
    """One thing to order: an offer, for how many months, how many, and what its `fields` ask."""

    plan: Annotated[str, Field(min_length=1, max_length=60)]
    months: Annotated[int, Field(ge=1, le=120)]
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    options: Annotated[dict[str, Text], Field(max_length=20)] = {}
    is_guaranteed: bool = False


class ItemsIn(Body):
    """Things to price."""

    items: Annotated[list[ItemIn], Field(min_length=1, max_length=50)]


class OrderIn(ItemsIn):
    """Things to order. With `expected_total`, VAT included, any other price is refused."""

    expected_total: MoneyIn | None = None


class CartOrderIn(Body):
    """A cart to order."""

    cart: Secret
    expected_total: MoneyIn | None = None


class CartIn(Body):
    """A new cart."""

    currency: Currency = "CHF"


class CartLineIn(ItemIn):
    """What goes into the cart; `account_id` says for which organization, so that its currency and VAT hold."""

    account_id: Id | None = None


class CartLineChange(Body):
    """What changes of a line."""

    quantity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    months: Annotated[int, Field(ge=1, le=120)] | None = None
    is_guaranteed: bool | None = None
    account_id: Id | None = None


class CartQuery(Query):
    """For which organization to price it; without one there is no VAT yet."""

    account_id: Id | None = None


class VatOut(TypedDict):
    """The VAT of one rate. `treatment` says why: standard, reverse_charge or outside."""

    country: str
    rate: str
    treatment: str
    base: MoneyOut
    amount: MoneyOut


class QuotedLineOut(TypedDict):
    """A thing with its price without VAT, or the reason why it cannot be ordered."""

    id: int | None
    plan: str
    title: str
    name: str
    options: dict[str, str]
    quantity: int
    months: int
    is_guaranteed: bool
    unit: MoneyOut | None
    net: MoneyOut | None
    problem: str | None


class QuoteOut(TypedDict):
    """What everything costs today. `has_vat` is false while it is not known who buys."""

    currency: str
    lines: list[QuotedLineOut]
    net: MoneyOut
    vat: list[VatOut]
    total: MoneyOut
    has_vat: bool
    is_orderable: bool


class CartOut(QuoteOut):
    """A cart. `cart` is the secret by which it is found; whoever has it has the cart."""

    cart: str


class OrderLineOut(TypedDict):
    """A line of an order. `problem` says why its set-up is delayed; `product_id` is what it became."""

    id: int
    product: str
    plan: str
    title: str
    name: str
    quantity: int
    months: int
    is_guaranteed: bool
    unit: MoneyOut
    net: MoneyOut
    problem: str | None
    product_id: NotRequired[int | None]


class OrderOut(TypedDict):
    """An order; what is to be paid stands in its invoice."""

    id: int
    account_id: int
    state: OrderStates
    placed_at: Timestamp
    changed_at: Timestamp
    ordered_by: str | None
    currency: str
    net: MoneyOut
    total: MoneyOut
    invoice_id: int
    lines: list[OrderLineOut]


class PartyOut(TypedDict):
    """Who is named on the document."""

    name: str
    street: str
    postal_code: str
    city: str
    country: str
    vat_number: str


class InvoiceLineOut(TypedDict):
    """A line of a billing document."""

    position: int
    product: str
    plan: str
    title: str
    detail: str
    quantity: int
    months: int
    unit: MoneyOut
    net: MoneyOut
    starts_on: Day | None
    ends_on: Day | None


class InvoiceOut(TypedDict):
    """A billing document. Until it is paid it is a pro forma: `number` and `issued_on` come with the payment."""

    id: int
    account_id: int
    order_id: int | None
    kind: Literal["invoice", "credit_note"]
    status: InvoiceStates
    number: str | None
    label: str
    reference: str | None
    dated_on: Day
    due_on: Day | None
    holds_until: Day | None
    issued_on: Day | None
    paid_at: Timestamp | None
    currency: str
    net: MoneyOut
    vat: list[VatOut]
    total: MoneyOut
    corrects_id: int | None


class FullInvoiceOut(InvoiceOut):
    """A billing document with its lines and parties as they are printed; `iban` is where a transfer goes.

    `payment_id` is the payment in progress, which keeps others out.
    """

    payment_id: str | None
    iban: str
    language: str
    seller: PartyOut
    customer: PartyOut
    lines: list[InvoiceLineOut]


class FileOut(TypedDict):
    """A file; `content` is in base64."""

    name: str
    type: str
    size: int
    content: str


class PaymentOut(TypedDict):
    """An attempt to pay. While it is pending, the payer finishes it where `…/checkout` says."""

    id: str
    account_id: int
    invoice_id: int | None
    purpose: Literal["invoice", "top_up"]
    method: str
    state: PaymentStates
    reason: str | None
    total: MoneyOut
    prepaid: MoneyOut
    rest: MoneyOut
    started_at: Timestamp
    expires_at: Timestamp
    settled_at: Timestamp | None


class PayIn(Body):
    """How to pay: so much from the prepaid account, and the rest by a method."""

    prepaid: MoneyIn | None = None
    method: Annotated[str, Field(max_length=40)] = ""


class TopUpIn(Body):
    """How much to credit, and by which method."""

    amount: MoneyIn
    method: Annotated[str, Field(min_length=1, max_length=40)]


class CheckoutOut(TypedDict):
    """Where the payer goes."""

    url: str


class MethodOut(TypedDict):
    """A payment method."""

    code: str
    name: str
    description: str
    currencies: list[str]


class PrepaidOut(TypedDict):
    """The prepaid account in one currency: all of it, what is set aside for payments, and what may be used."""

    currency: str
    balance: MoneyOut
    reserved: MoneyOut
    available: MoneyOut
    pending: list[PaymentOut]


class EntryOut(TypedDict):
    """One movement on the prepaid account; money in is positive."""

    id: int
    booked_at: Timestamp
    kind: str
    amount: MoneyOut


class InvoicesQuery(Query):
    """Which documents: of these days, both included, in one status or in all."""

    start: date | None = None
    end: date | None = None
    status: InvoiceStates | None = None


class MethodsQuery(Query):
    """For which currency; the organization’s without it."""

    currency: Currency | None = None
