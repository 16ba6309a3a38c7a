"""The API of carts, orders, invoices, payments and the prepaid account: the shop and accounting for programs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from kanton.billing import queries
from kanton.billing.actions import (
    add_to_cart,
    cancel_order,
    cancel_payment,
    change_cart_line,
    choose_transfer,
    open_cart,
    order_cart,
    pay_invoice,
    place_order,
    remove_from_cart,
    top_up,
)
from kanton.billing.checkout import checkout_url
from kanton.billing.documents.assemble import document_of
from kanton.billing.documents.invoice_pdf import file_name, render
from kanton.billing.documents.model import InvoiceDocument
from kanton.billing.errors import (
    AddressMissing,
    AlreadyPaid,
    CartEmpty,
    CartFull,
    ChooseMethod,
    LineProblem,
    NotEnoughMoney,
    NotInCart,
    NotPayable,
    PaymentInProgress,
    PaymentSettled,
    PriceChanged,
    TopUpOutOfRange,
    TransitionRefused,
    UnknownMethod,
    WrongCurrency,
)
from kanton.billing.models import Cart, Invoice, InvoiceLine, Order, OrderLine, Payment
from kanton.billing.payments.contract import PaymentProvider, providers_for
from kanton.billing.pricing import VatAmount
from kanton.billing.quotes import Item, Quote, QuotedLine, cart_items, quote
from kanton.billing.schemas import (
    CartIn,
    CartLineChange,
    CartLineIn,
    CartOrderIn,
    CartOut,
    CartQuery,
    CheckoutOut,
    EntryOut,
    FileOut,
    FullInvoiceOut,
    InvoiceLineOut,
    InvoiceOut,
    InvoicesQuery,
    ItemIn,
    ItemsIn,
    MethodOut,
    MethodsQuery,
    MoneyIn,
    OrderIn,
    OrderLineOut,
    OrderOut,
    PartyOut,
    PayIn,
    PaymentOut,
    PrepaidOut,
    QuotedLineOut,
    QuoteOut,
    TopUpIn,
    VatOut,
)
from kanton.catalog.api import order_fields
from kanton.catalog.errors import NoPrice, NotForSale, QuantityOutOfRange
from kanton.catalog.models import Plan
from kanton.config import config
from kanton.core import clock
from kanton.core.api import ApiRequest, Lists, Router, Rows, money_out
from kanton.core.api.errors import not_among
from kanton.core.errors import NotFound
from kanton.core.money import CURRENCIES, Money
from kanton.core.parity import exposes
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id, require
from kanton.organizations.rights import ACCOUNTING, ORDER

cart_router = Router("Cart and orders")
router = Router("Invoices and payments")

BUY = ("order",)
READ = ("invoicing:read",)
PAY = ("invoicing",)
CART = "/1/carts/{cart}"
INVOICING = "/1/invoicing/{account}"
ORDERS = "/1/order/{account}"
PRICING_ERRORS = (NoPrice, NotForSale, QuantityOutOfRange)
ORDER_ERRORS = (LineProblem, AddressMissing, PriceChanged, WrongCurrency)
SAMPLE_ITEM = {"plan": "domain-ch", "months": 12, "options": {"name": "example.ch"}}


# --- carts ------------------------------------------------------------------------------------------------------


def _vat_out(each: VatAmount) -> VatOut:
    return {
        "country": each.tax.country,
        "rate": str(each.tax.rate),
        "treatment": each.tax.treatment.value,
        "base": money_out(each.base),
        "amount": money_out(each.amount),
    }


def _quoted_out(line: QuotedLine) -> QuotedLineOut:
    item = line.item
    asked = {each.name for each in order_fields(item.plan)}
    return {
        "id": item.cart_line.pk if item.cart_line else None,
        "plan": item.plan.code,
        "title": line.title,
        "name": line.name,
        "options": {name: str(value) for name, value in line.options.items() if name in asked},
        "quantity": item.quantity,
        "months": item.months,
        "is_guaranteed": item.is_guaranteed,
        "unit": money_out(line.price.unit) if line.price else None,
        "net": money_out(line.price.net) if line.price else None,
        "problem": line.problem or None,
    }


def quote_out(quoted: Quote) -> QuoteOut:
    """What everything costs."""
    return {
        "currency": quoted.currency,
        "lines": [_quoted_out(line) for line in quoted.lines],
        "net": money_out(quoted.totals.net),
        "vat": [_vat_out(each) for each in quoted.totals.vat] if quoted.knows_vat else [],
        "total": money_out(quoted.totals.total),
        "has_vat": quoted.knows_vat,
        "is_orderable": quoted.is_orderable,
    }


def _buyer(request: ApiRequest, account_id: int | None) -> Organization | None:
    if account_id is None:
        return None
    organization = organization_by_id(request.actor, account_id)
    require(request.actor, ORDER, organization)
    return organization


def _cart(secret: str) -> Cart:
    found = queries.cart_by_secret(secret)
    if found is None:
        raise NotFound(model="cart")
    return found


def _cart_out(cart: Cart, secret: str, organization: Organization | None) -> CartOut:
    currency = organization.currency if organization else cart.currency
    return {"cart": secret, **quote_out(quote(cart_items(cart), currency, organization))}


def _plans_of(items: Sequence[ItemIn]) -> dict[str, Plan]:
    codes = {item.plan for item in items}
    plans = {plan.code: plan for plan in Plan.objects.on_sale().filter(code__in=codes)}
    for item in items:
        plan = plans.get(item.plan)
        if plan is None or plan.sells is None:
            raise NotFound(model="plan")
        # What the plan itself fixes is not the customer's to say.
        allowed = [each.name for each in order_fields(plan)]
        for name in item.options:
            if name not in allowed:
                raise not_among("items.options", allowed)
    return plans


def _items(wanted: Sequence[ItemIn]) -> list[Item]:
    plans = _plans_of(wanted)
    return [
        Item(plans[item.plan], item.months, item.quantity, dict(item.options), item.is_guaranteed)
        for item in wanted
    ]


def _expected(given: MoneyIn | None, organization: Organization) -> Money | None:
    if given is not None and given.currency != organization.currency:
        raise WrongCurrency(wanted=organization.currency, given=given.currency)
    return given.money if given else None


@cart_router.post("/1/carts", scopes=BUY, status=201, example={"currency": "CHF"})
@exposes(open_cart)
def create_cart(request: ApiRequest, data: CartIn) -> CartOut:
    """Open an empty cart. Keep the secret `cart`: it is shown once, and the cart is found by it alone."""
    cart, secret = open_cart(request.actor, None, currency=data.currency)
    return _cart_out(cart, secret, None)


@cart_router.get(CART, scopes=BUY)
@exposes(queries.cart_by_secret)
def read_cart(request: ApiRequest, cart: str, query: CartQuery) -> CartOut:
    """Read a cart at today's prices; with `account_id`, in that organization's currency and with its VAT."""
    return _cart_out(_cart(cart), cart, _buyer(request, query.account_id))


@cart_router.post(CART + "/lines", scopes=BUY, errors=(*PRICING_ERRORS, CartFull), example=SAMPLE_ITEM)
@exposes(add_to_cart)
def add_line(request: ApiRequest, cart: str, data: CartLineIn) -> CartOut:
    """Put an offer into a cart. The same name of the same offer again replaces its line."""
    found, organization = _cart(cart), _buyer(request, data.account_id)
    _plans_of([data])
    add_to_cart(
        request.actor,
        found,
        plan=data.plan,
        months=data.months,
        quantity=data.quantity,
        options=dict(data.options),
        is_guaranteed=data.is_guaranteed,
        organization=organization,
    )
    return _cart_out(found, cart, organization)


@cart_router.put(
    CART + "/lines/{line}", scopes=BUY, errors=(*PRICING_ERRORS, NotInCart), example={"months": 24}
)
@exposes(change_cart_line)
def change_line(request: ApiRequest, cart: str, line: int, data: CartLineChange) -> CartOut:
    """Change the quantity, the billing period or the renewal guarantee of a line."""
    found, organization = _cart(cart), _buyer(request, data.account_id)
    change_cart_line(
        request.actor,
        found,
        line=line,
        quantity=data.quantity,
        months=data.months,
        is_guaranteed=data.is_guaranteed,
        organization=organization,
    )
    return _cart_out(found, cart, organization)


@cart_router.delete(CART + "/lines/{line}", scopes=BUY, errors=(NotInCart,))
@exposes(remove_from_cart)
def remove_line(request: ApiRequest, cart: str, line: int) -> bool:
    """Take a line out of a cart."""
    remove_from_cart(request.actor, _cart(cart), line=line)
    return True


# --- orders -----------------------------------------------------------------------------------------------------

ORDER_LISTS = Lists(
    order={
        "id": "pk",
        "placed_at": "placed_at",
        "changed_at": "changed_at",
        "state": "state",
        "total": "invoice__total_minor",
    },
    default="-id",
)


def _order_line_out(line: OrderLine) -> OrderLineOut:
    return {
        "id": line.pk,
        "product": line.product,
        "plan": line.plan.code,
        "title": line.title,
        "name": line.name,
        "quantity": line.quantity,
        "months": line.months,
        "is_guaranteed": line.is_guaranteed,
        "unit": money_out(line.unit),
        "net": money_out(line.net),
        "problem": line.problem or None,
    }


def _order_out(order: Order, lines: list[OrderLineOut]) -> OrderOut:
    return {
        "id": order.pk,
        "account_id": order.organization_id,
        "state": cast("Any", order.state),
        "placed_at": clock.timestamp(order.placed_at) or 0,
        "changed_at": clock.timestamp(order.changed_at) or 0,
        "ordered_by": order.person.display_name if order.person else None,
        "currency": order.currency,
        "net": money_out(order.invoice.net),
        "total": money_out(order.invoice.total),
        "invoice_id": order.invoice.pk,
        "lines": lines,
    }


def _full_order(request: ApiRequest, organization: Organization, number: int) -> OrderOut:
    order = queries.order_of(request.actor, organization, number)
    lines = []
    for each in queries.lines_with_services(request.actor, order):
        line = _order_line_out(each.line)
        line["product_id"] = each.service.pk if each.service and each.url else None
        lines.append(line)
    return _order_out(order, lines)


@cart_router.post(
    ORDERS + "/quote",
    scopes=BUY,
    errors=PRICING_ERRORS,
    example={"items": [{"plan": "mail", "months": 12, "quantity": 5, "options": {"name": "example.ch"}}]},
)
@exposes(quote)
def read_quote(request: ApiRequest, account: int, data: ItemsIn) -> QuoteOut:
    """Tell what things cost an organization today, with its VAT. Nothing is ordered or kept."""
    organization = organization_by_id(request.actor, account)
    require(request.actor, ORDER, organization)
    return quote_out(quote(_items(data.items), organization.currency, organization))


@cart_router.get(ORDERS + "/list", scopes=READ, lists=ORDER_LISTS)
@exposes(queries.orders_of)
def list_orders(request: ApiRequest, account: int) -> Rows[OrderOut]:
    """List the orders of an organization, the newest first."""
    organization = organization_by_id(request.actor, account)
    orders = queries.orders_of(request.actor, organization).prefetch_related(None)
    return Rows(
        orders.prefetch_related("lines__plan"),
        lambda order: _order_out(order, [_order_line_out(line) for line in order.lines.all()]),
    )


@cart_router.post(
    ORDERS,
    scopes=BUY,
    status=201,
    errors=(*PRICING_ERRORS, *ORDER_ERRORS),
    example={"items": [SAMPLE_ITEM], "expected_total": {"amount": "10.70", "currency": "CHF"}},
)
@exposes(place_order)
def create_order(request: ApiRequest, account: int, data: OrderIn) -> OrderOut:
    """Order things for an organization. Nothing is charged yet: pay the invoice next.

    With `?dry_run=1` you learn the price with VAT, and with `expected_total` no other price is accepted. Send an
    `Idempotency-Key`, so that a repetition orders nothing a second time.
    """
    organization = organization_by_id(request.actor, account)
    require(request.actor, ORDER, organization)
    made = place_order(
        request.actor,
        organization,
        items=_items(data.items),
        expected_total=_expected(data.expected_total, organization),
    )
    return _full_order(request, organization, made.pk)


@cart_router.post(
    ORDERS + "/cart",
    scopes=BUY,
    status=201,
    errors=(CartEmpty, *ORDER_ERRORS),
    example={"cart": "the secret of the cart", "expected_total": {"amount": "10.70", "currency": "CHF"}},
)
@exposes(order_cart)
def create_order_of_cart(request: ApiRequest, account: int, data: CartOrderIn) -> OrderOut:
    """Order what is in a cart for an organization, and empty the cart. As for items, nothing is charged yet."""
    organization = organization_by_id(request.actor, account)
    require(request.actor, ORDER, organization)
    made = order_cart(
        request.actor,
        organization,
        cart=_cart(data.cart),
        expected_total=_expected(data.expected_total, organization),
    )
    return _full_order(request, organization, made.pk)


@cart_router.get(ORDERS + "/{order}", scopes=READ)
@exposes(queries.order_of, queries.lines_with_services)
def read_order(request: ApiRequest, account: int, order: int) -> OrderOut:
    """Read an order with its lines; `product_id` is the product that a line became, if you may use it."""
    return _full_order(request, organization_by_id(request.actor, account), order)


@cart_router.delete(ORDERS + "/{order}", scopes=BUY, errors=(TransitionRefused,))
@exposes(cancel_order)
def remove_order(request: ApiRequest, account: int, order: int) -> OrderOut:
    """Cancel an order that is not paid. What was set aside for it on the prepaid account is free again."""
    organization = organization_by_id(request.actor, account)
    cancel_order(request.actor, queries.order_of(request.actor, organization, order))
    return _full_order(request, organization, order)


# --- invoices ---------------------------------------------------------------------------------------------------

INVOICE_LISTS = Lists(
    order={
        "id": "pk",
        "dated_on": "dated_on",
        "due_on": "due_on",
        "number": "number",
        "status": "status",
        "total": "total_minor",
    },
    default="-dated_on",
    search=("number", "reference"),
)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def invoice_out(invoice: Invoice) -> InvoiceOut:
    """A billing document."""
    return {
        "id": invoice.pk,
        "account_id": invoice.organization_id,
        "order_id": invoice.order_id,
        "kind": cast("Any", invoice.kind),
        "status": cast("Any", invoice.status),
        "number": invoice.number,
        "label": invoice.label,
        "reference": invoice.reference,
        "dated_on": invoice.dated_on.isoformat(),
        "due_on": _day(invoice.due_on),
        "holds_until": _day(invoice.holds_until) if invoice.is_open else None,
        "issued_on": _day(invoice.issued_on),
        "paid_at": clock.timestamp(invoice.paid_at),
        "currency": invoice.currency,
        "net": money_out(invoice.net),
        "vat": [_vat_out(VatAmount(tax, base, amount)) for tax, base, amount in invoice.taxes],
        "total": money_out(invoice.total),
        "corrects_id": invoice.corrects_id,
    }


def _invoice_line_out(line: InvoiceLine) -> InvoiceLineOut:
    return {
        "position": line.position,
        "product": line.product,
        "plan": line.plan,
        "title": line.title,
        "detail": line.detail,
        "quantity": line.quantity,
        "months": line.months,
        "unit": money_out(line.unit),
        "net": money_out(line.net),
        "starts_on": _day(line.starts_on),
        "ends_on": _day(line.ends_on),
    }


def _party_out(frozen: dict[str, Any]) -> PartyOut:
    return cast(
        "PartyOut",
        {name: str(frozen.get(name) or "") for name in PartyOut.__annotations__},
    )


def _full_invoice(invoice: Invoice) -> FullInvoiceOut:
    running = queries.running_payment(invoice) if invoice.is_open else None
    return {
        **invoice_out(invoice),
        "payment_id": running.key if running else None,
        "iban": invoice.account,
        "language": invoice.language,
        "seller": _party_out(invoice.seller),
        "customer": _party_out(invoice.customer),
        "lines": [_invoice_line_out(line) for line in invoice.lines.all()],
    }


def _invoice(request: ApiRequest, account: int, invoice: int) -> Invoice:
    return queries.invoice_of(request.actor, organization_by_id(request.actor, account), invoice)


@router.get(INVOICING + "/invoice/list", scopes=READ, lists=INVOICE_LISTS)
@exposes(queries.invoices_between)
def list_invoices(request: ApiRequest, account: int, query: InvoicesQuery) -> Rows[InvoiceOut]:
    """List the billing documents of an organization, the newest first: invoices, and pro-forma invoices to pay."""
    organization = organization_by_id(request.actor, account)
    found = queries.invoices_between(
        request.actor, organization, start=query.start, end=query.end, status=query.status or ""
    )
    return Rows(found, invoice_out)


@router.get(INVOICING + "/invoice/{invoice}", scopes=READ)
@exposes(queries.invoice_of, queries.running_payment)
def read_invoice(request: ApiRequest, account: int, invoice: int) -> FullInvoiceOut:
    """Read a billing document with its lines, and whom and where to pay."""
    return _full_invoice(_invoice(request, account, invoice))


@router.get(INVOICING + "/invoice/{invoice}/pdf", scopes=READ)
@exposes(queries.invoice_of)
def read_invoice_pdf(request: ApiRequest, account: int, invoice: int) -> FileOut:
    """Get a billing document as PDF, in base64: the invoice once it is paid, the pro forma with QR-bill before."""
    return pdf_out(document_of(_invoice(request, account, invoice)))


def pdf_out(document: InvoiceDocument) -> FileOut:
    """A document as PDF, in base64."""
    content = render(document)
    return {
        "name": file_name(document),
        "type": "application/pdf",
        "size": len(content),
        "content": base64.b64encode(content).decode("ascii"),
    }


@router.post(
    INVOICING + "/invoice/{invoice}/transfer", scopes=("invoicing", "order"), errors=(AlreadyPaid, NotPayable)
)
@exposes(choose_transfer)
def pay_by_transfer(request: ApiRequest, account: int, invoice: int) -> FullInvoiceOut:
    """Choose to pay by bank transfer: `iban` and `reference` say how, and the pro forma goes out by mail."""
    choose_transfer(request.actor, _invoice(request, account, invoice))
    return _full_invoice(_invoice(request, account, invoice))


# --- payments ---------------------------------------------------------------------------------------------------

PAYMENT_LISTS = Lists(order={"started_at": "started_at", "state": "state"}, default="-started_at")


def payment_out(payment: Payment) -> PaymentOut:
    """An attempt to pay."""
    return {
        "id": payment.key,
        "account_id": payment.organization_id,
        "invoice_id": payment.invoice_id,
        "purpose": cast("Any", payment.purpose),
        "method": payment.provider,
        "state": cast("Any", payment.state),
        "reason": payment.reason or None,
        "total": money_out(payment.total),
        "prepaid": money_out(payment.prepaid_part),
        "rest": money_out(payment.amount),
        "started_at": clock.timestamp(payment.started_at) or 0,
        "expires_at": clock.timestamp(payment.expires_at) or 0,
        "settled_at": clock.timestamp(payment.settled_at),
    }


def _method_out(provider: PaymentProvider) -> MethodOut:
    return {
        "code": provider.code,
        "name": str(provider.label),
        "description": str(provider.help_text),
        "currencies": [code for code in CURRENCIES if code in provider.currencies],
    }


def _payment(request: ApiRequest, account: int, payment: str) -> Payment:
    return queries.payment_of(request.actor, organization_by_id(request.actor, account), payment)


@router.get(INVOICING + "/payment_method/list", scopes=READ)
@exposes(providers_for)
def list_methods(request: ApiRequest, account: int, query: MethodsQuery) -> list[MethodOut]:
    """List the methods by which invoices can be paid and the prepaid account credited."""
    organization = organization_by_id(request.actor, account)
    require(request.actor, ACCOUNTING, organization)
    return [_method_out(each) for each in providers_for(query.currency or organization.currency)]


@router.post(
    INVOICING + "/invoice/{invoice}/payment",
    scopes=PAY,
    status=201,
    errors=(
        AlreadyPaid,
        NotPayable,
        PaymentInProgress,
        NotEnoughMoney,
        ChooseMethod,
        UnknownMethod,
        WrongCurrency,
    ),
    example={"prepaid": {"amount": "10.70", "currency": "CHF"}},
)
@exposes(pay_invoice)
def create_payment(request: ApiRequest, account: int, invoice: int, data: PayIn) -> PaymentOut:
    """Pay an invoice: from the prepaid account, in whole or in part, and the rest by a method.

    If the prepaid account covers it, it is paid at once; else the payer finishes it at the address of
    `…/payment/{payment}/checkout`. Send an `Idempotency-Key`. One attempt at a time, so nothing is charged twice.
    """
    found = _invoice(request, account, invoice)
    part = data.prepaid.money if data.prepaid else None
    return payment_out(pay_invoice(request.actor, found, prepaid_part=part, method=data.method))


@router.get(INVOICING + "/payment/list", scopes=READ, lists=PAYMENT_LISTS)
@exposes(queries.payments_of)
def list_payments(request: ApiRequest, account: int) -> Rows[PaymentOut]:
    """List the payments of an organization, also those that came to nothing, the newest first."""
    return Rows(queries.payments_of(request.actor, organization_by_id(request.actor, account)), payment_out)


@router.get(INVOICING + "/payment/{payment}", scopes=READ)
@exposes(queries.payment_of)
def read_payment(request: ApiRequest, account: int, payment: str) -> PaymentOut:
    """Read how a payment stands."""
    return payment_out(_payment(request, account, payment))


@router.get(INVOICING + "/payment/{payment}/checkout", scopes=PAY, errors=(PaymentSettled,))
def read_checkout(request: ApiRequest, account: int, payment: str) -> CheckoutOut:
    """Get the address at which a person finishes the payment in a browser. Asked again, nothing is charged twice."""
    found = _payment(request, account, payment)
    if not found.is_pending:
        raise PaymentSettled
    url = checkout_url(found)
    return {"url": f"{config.web.address}{url}" if url.startswith("/") else url}


@router.delete(INVOICING + "/payment/{payment}", scopes=PAY, errors=(PaymentSettled,))
@exposes(cancel_payment)
def remove_payment(request: ApiRequest, account: int, payment: str) -> PaymentOut:
    """Give up a payment in progress, to pay in another way. Money that still comes is booked all the same."""
    return payment_out(cancel_payment(request.actor, _payment(request, account, payment)))


# --- the prepaid account ----------------------------------------------------------------------------------------


@router.get(INVOICING + "/prepaid", scopes=READ)
@exposes(queries.prepaid_page)
def read_prepaid(request: ApiRequest, account: int) -> list[PrepaidOut]:
    """Read the prepaid account: in the organization's currency, and in any other that still holds money."""
    organization = organization_by_id(request.actor, account)
    return [
        {
            "currency": page.currency,
            "balance": money_out(page.standing.balance),
            "reserved": money_out(page.standing.reserved),
            "available": money_out(page.standing.available),
            "pending": [payment_out(payment) for payment in page.pending],
        }
        for page in queries.prepaid_page(request.actor, organization)
    ]


@router.get(
    INVOICING + "/prepaid/{currency}/entry/list",
    scopes=READ,
    lists=Lists(order={"id": "pk", "booked_at": "entry__booked_at"}, default="-booked_at"),
)
@exposes(queries.movements_of)
def list_entries(request: ApiRequest, account: int, currency: str) -> Rows[EntryOut]:
    """List what moved on the prepaid account in one currency, the newest first. Money in is positive."""
    organization = organization_by_id(request.actor, account)
    if currency not in CURRENCIES:
        raise NotFound(model="prepaid_account")
    return Rows(
        queries.movements_of(request.actor, organization, currency),
        lambda posting: {
            "id": posting.pk,
            "booked_at": clock.timestamp(posting.entry.booked_at) or 0,
            "kind": posting.entry.kind,
            "amount": money_out(-posting.amount),
        },
    )


@router.post(
    INVOICING + "/prepaid/top_up",
    scopes=PAY,
    status=201,
    errors=(TopUpOutOfRange, UnknownMethod, WrongCurrency),
    example={"amount": {"amount": "100.00", "currency": "CHF"}, "method": "test"},
)
@exposes(top_up)
def create_top_up(request: ApiRequest, account: int, data: TopUpIn) -> PaymentOut:
    """Credit the prepaid account. It counts once the payment is confirmed: a person finishes it at its checkout.

    Send an `Idempotency-Key`, so that a repetition begins no second payment.
    """
    organization = organization_by_id(request.actor, account)
    return payment_out(top_up(request.actor, organization, amount=data.amount.money, method=data.method))
