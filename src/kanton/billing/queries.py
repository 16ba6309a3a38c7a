"""Reads of carts, orders, invoices and money. What is not yours is not there; accounting needs its right (BIL-8)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Prefetch, Q, QuerySet

from kanton.billing.models import (
    Cart,
    Entry,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Order,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
    Posting,
    PrepaidAccount,
    Purpose,
)
from kanton.billing.prepaid import Standing, standing
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden
from kanton.core.money import Money
from kanton.core.prepared import PreparedList, PreparedRows
from kanton.core.query import get_or_not_found
from kanton.core.rights import Right
from kanton.core.secrets import token_hash
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING, ORDER
from kanton.products.models import Service


def cart_by_secret(secret: str) -> Cart | None:
    """The cart that this browser or program has, if it has one."""
    if not secret:
        return None
    return Cart.objects.annotate(size=Count("lines")).filter(digest=token_hash(secret)).first()


def orders_of(actor: Actor, organization: Organization) -> QuerySet[Order]:
    """The organization's orders, newest first, for those who may order or keep the accounts."""
    _require(actor, organization, ORDER, ACCOUNTING)
    return (
        Order.objects.filter(organization=organization)
        .select_related("invoice", "person", "organization")
        .prefetch_related("lines")
        .order_by("-placed_at", "-pk")
    )


_orders = PreparedList(
    lambda organization_id: (
        Order.objects.filter(organization=organization_id)
        .select_related("invoice", "person")
        .prefetch_related("lines")
    ),
    int,
)


def order_rows(actor: Actor, organization: Organization) -> PreparedRows[Order]:
    """`orders_of` for the list."""
    _require(actor, organization, ORDER, ACCOUNTING)
    return _orders.of(organization.pk, organization=organization)


def order_of(actor: Actor, organization: Organization, pk: int) -> Order:
    """One order with its lines, or NotFound."""
    lines = OrderLine.objects.select_related("plan", "order")
    orders = orders_of(actor, organization).prefetch_related(None).prefetch_related(Prefetch("lines", lines))
    return get_or_not_found(orders, pk=pk)


@dataclass(frozen=True, slots=True)
class LineInOrder:
    """A line of an order with the service it became."""

    line: OrderLine
    service: Service | None
    url: str = ""

    @property
    def may_open(self) -> bool:
        """Whether the reader may use the product, and so gets a link."""
        return bool(self.url)


def lines_with_services(actor: Actor, order: Order) -> list[LineInOrder]:
    """The order's lines with their services; a link only for those who may use the product (BIL-12)."""
    from kanton.products.contract import product_called

    lines = list(order.lines.all())
    services = {
        service.order_line: service
        for service in Service.objects.filter(
            order_line__in=[line.service_key for line in lines]
        ).select_related("organization")
    }
    found = []
    for line in lines:
        service = services.get(line.service_key)
        url = ""
        if service is not None:
            with suppress(KeyError):  # a product that is no longer installed has no page
                product = product_called(service.product)
                if actor.has_right(product.use_right, service):
                    url = product.service_url(service)
        found.append(LineInOrder(line, service, url))
    return found


def invoices_of(actor: Actor, organization: Organization) -> QuerySet[Invoice]:
    """All billing documents of the organization, newest first (BIL-76), for those who keep the accounts (BIL-8)."""
    _require(actor, organization, ACCOUNTING)
    return (
        Invoice.objects.filter(organization=organization)
        .select_related("organization", "order")
        .order_by("-dated_on", "-pk")
    )


_invoices = PreparedList(
    lambda organization_id: Invoice.objects.filter(organization=organization_id).select_related("order"), int
)


def invoice_rows(actor: Actor, organization: Organization) -> PreparedRows[Invoice]:
    """`invoices_of` for the list."""
    _require(actor, organization, ACCOUNTING)
    return _invoices.of(organization.pk, organization=organization)


def invoice_of(actor: Actor, organization: Organization, pk: int) -> Invoice:
    """One document with its lines, or NotFound."""
    lines = InvoiceLine.objects.select_related("invoice")
    return get_or_not_found(
        invoices_of(actor, organization).prefetch_related(Prefetch("lines", lines)), pk=pk
    )


def invoices_between(
    actor: Actor, organization: Organization, *, start: date | None, end: date | None, status: str = ""
) -> QuerySet[Invoice]:
    """The documents of these days, both included, in one status or in all (BIL-77, BIL-82)."""
    found = invoices_of(actor, organization)
    if start:
        found = found.filter(dated_on__gte=start)
    if end:
        found = found.filter(dated_on__lte=end)
    return found.filter(status=status) if status in InvoiceStatus.values else found


def payment_of(actor: Actor, organization: Organization, key: str) -> Payment:
    """A payment by its key, or NotFound."""
    _require(actor, organization, ACCOUNTING)
    payments = Payment.objects.filter(organization=organization).select_related("organization", "invoice")
    return get_or_not_found(payments, key=key)


def payments_of(actor: Actor, organization: Organization) -> QuerySet[Payment]:
    """All payments of the organization, newest first."""
    _require(actor, organization, ACCOUNTING)
    return (
        Payment.objects.filter(organization=organization)
        .select_related("invoice", "organization")
        .order_by("-started_at", "-pk")
    )


def running_payment(invoice: Invoice) -> Payment | None:
    """The attempt to pay this invoice that is in progress."""
    return invoice.payments.filter(state=PaymentState.PENDING).select_related("organization").first()


@dataclass(frozen=True, slots=True)
class PrepaidPage:
    """The prepaid account in one currency: what is on it, what moved, what is on its way."""

    currency: str
    standing: Standing
    pending: list[Payment]


def prepaid_page(actor: Actor, organization: Organization) -> list[PrepaidPage]:
    """The organization's prepaid accounts: the one in its currency, and any other that still holds money (BIL-7)."""
    _require(actor, organization, ACCOUNTING)
    known = PrepaidAccount.objects.filter(organization=organization).values_list("currency", flat=True)
    pages = []
    for currency in sorted({organization.currency, *known}, key=lambda code: code != organization.currency):
        what = standing(organization, currency)
        if currency == organization.currency or what.balance:
            pending = Payment.objects.filter(
                organization=organization,
                currency=currency,
                purpose=Purpose.TOP_UP,
                state=PaymentState.PENDING,
            ).order_by("-started_at")
            pages.append(PrepaidPage(currency, what, list(pending)))
    return pages


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement on a prepaid account as its owner sees it: money in is positive."""

    posting: Posting
    entry: Entry
    amount: Money


def movements_of(actor: Actor, organization: Organization, currency: str) -> QuerySet[Posting]:
    """The postings on the prepaid account, newest first."""
    _require(actor, organization, ACCOUNTING)
    return (
        Posting.objects.filter(
            account__organization=organization, account__kind="prepaid", account__currency=currency
        )
        .select_related("entry", "account")
        .order_by("-entry__booked_at", "-pk")
    )


def unpaid_invoices(actor: Actor, organization: Organization) -> QuerySet[Invoice]:
    """What waits to be paid, the most urgent first."""
    return invoices_of(actor, organization).filter(status=InvoiceStatus.OPEN).order_by("due_on", "pk")


def open_orders(organization: Organization) -> QuerySet[Order]:
    """Orders that still need something: money or set-up."""
    return Order.objects.filter(
        Q(organization=organization),
        state__in=[OrderState.AWAITING_PAYMENT, OrderState.BLOCKED, OrderState.BEING_SET_UP],
    )


def _require(actor: Actor, organization: Organization, *rights: Right) -> None:
    """One of these rights, or Forbidden: the organization is visible, its accounts are not (BIL-8)."""
    decisions = [actor.decide(right, organization) for right in rights]
    if not any(decisions):
        raise Forbidden(decisions[0])
