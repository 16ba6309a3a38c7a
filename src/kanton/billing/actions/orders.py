"""Orders: placed once, changed only as the table of states allows, set up exactly once per line."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from kanton.billing import emails, promoting
from kanton.billing.activity import Happened
from kanton.billing.errors import AddressMissing, CartEmpty, LineProblem, PriceChanged
from kanton.billing.invoicing import has_address, make_invoice
from kanton.billing.models import Cart, Invoice, InvoiceStatus, Order, OrderLine, OrderState
from kanton.billing.quotes import Item, Quote, cart_items, quote, tax_for
from kanton.billing.settling import (
    WHEN_CANCELLED,
    WHEN_PLACED,
    change_state,
    locked_open,
    refuse_change,
    release_pending,
    settle_invoice,
)
from kanton.billing.terms import first_term
from kanton.core import clock
from kanton.core.action import action, note_cost, record
from kanton.core.actor import Actor, System
from kanton.core.money import Money
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.core.secrets import new_token
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING, ORDER
from kanton.products.actions import start_service
from kanton.products.models import Service
from kanton.ui import formats


@action(right=ORDER, may_be_silent=True)
def place_order(
    actor: Actor,
    organization: Organization,
    *,
    items: Sequence[Item],
    expected_total: Money | None = None,
    request_key: str = "",
) -> Order:
    """Order these things for the organization. It is charged nothing yet: the order waits to be paid.

    `expected_total` is what the customer saw, VAT included; any other total is refused with both prices (BIL-22).
    The same `request_key` again returns the order it made the first time.
    """
    key = f"{organization.pk}:{request_key or new_token()}"[:80]
    if known := Order.objects.filter(request_key=key).first():
        return known
    offered = quote(items, organization.currency, organization)
    _check(offered, organization, expected_total)
    order = Order(
        organization=organization,
        person_id=actor.person_id,
        state=OrderState.AWAITING_PAYMENT,
        currency=organization.currency,
        request_key=key,
    )
    try:
        with transaction.atomic():
            order.save()
    except IntegrityError:  # the same page sent twice at the same moment
        return Order.objects.get(request_key=key)
    with override(organization.language):  # the words of the invoice
        lines = _write_lines(order, offered)
    for each in promoting.registered():
        each.when_placed(actor, order, lines, offered)
    taken = [line.price.discounts if line.price else () for line in offered.lines]
    invoice = make_invoice(order, lines, offered.totals, tax_for(organization, clock.today()), taken)
    names = ", ".join(str(line) for line in lines)
    record(actor, Happened.ORDER_PLACED, order, lines=names, total=str(invoice.total))
    note_cost(_("Total with VAT"), invoice.total)
    for look_at in WHEN_PLACED:
        look_at(actor, order, lines)
    if invoice.total:
        emails.order_placed(order, invoice)
    else:
        settle_invoice(actor, invoice, None)
    return order


@action(right=ORDER, may_be_silent=True)
def order_cart(
    actor: Actor,
    organization: Organization,
    *,
    cart: Cart,
    expected_total: Money | None = None,
    request_key: str = "",
) -> Order:
    """Order what is in the cart for the organization shown, and empty the cart (BIL-17)."""
    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    known = Order.objects.filter(request_key=f"{organization.pk}:{request_key}"[:80]).first()
    items = [] if known and request_key else cart_items(cart)
    order = place_order(
        actor, organization, items=items, expected_total=expected_total, request_key=request_key
    )
    cart.lines.filter(pk__in=[item.cart_line.pk for item in items if item.cart_line]).delete()
    return order


@action(right=ACCOUNTING)
def choose_transfer(actor: Actor, invoice: Invoice) -> Invoice:
    """Pay by bank transfer: the pro-forma invoice with the QR-bill goes out by mail (BIL-85)."""
    invoice = locked_open(invoice)
    record(actor, Happened.TRANSFER_CHOSEN, invoice, total=str(invoice.total))
    emails.pro_forma(invoice)
    return invoice


@action(right=ORDER)
def cancel_order(actor: Actor, order: Order) -> Order:
    """Cancel an order that is not paid yet, or is blocked. What was reserved or paid for it is free again."""
    invoice = Invoice.objects.select_for_update().get(order=order)
    order = Order.objects.select_for_update().select_related("organization").get(pk=order.pk)
    refuse_change(order, OrderState.CANCELLED)
    if not invoice.is_open:  # blocked, and paid: the money goes back by the method it came (BIL-28)
        from kanton.billing.books.actions import credit_invoice

        credit_invoice(System("billing"), invoice)
        order.refresh_from_db()
    release_pending(invoice)
    Invoice.objects.filter(pk=invoice.pk, status=InvoiceStatus.OPEN).update(status=InvoiceStatus.CANCELLED)
    for each in promoting.registered():
        each.when_cancelled(order)
    if order.state != OrderState.CANCELLED:
        change_state(actor, order, OrderState.CANCELLED)
    for follow in WHEN_CANCELLED:
        follow(actor, order)
    return order


@internal("Billing starts it when an order is paid; customers pay instead.")
@action(right=SYSTEM)
def start_line(actor: Actor, line: OrderLine) -> Service:
    """Set up what a paid line bought. Called again, it returns the service that was made the first time (BIL-23)."""
    today = clock.today()
    service = start_service(
        actor,
        line.order.organization,
        order_line=line.service_key,
        product=line.product,
        plan=line.plan.code,
        name=line.name or line.title,
        options=line.merged_options,
        starts_on=today,
        ends_on=first_term(today, line.months).ends_on,
        period_months=line.months,
        is_guaranteed=line.is_guaranteed,
    )
    if line.problem:
        OrderLine.objects.filter(pk=line.pk).update(problem="")
    return service


@internal("Billing notes it when the set-up of a paid line does not get on.")
@action(right=SYSTEM)
def note_delay(actor: Actor, line: OrderLine, *, reason: str) -> None:
    """Say that a line's set-up is delayed: on the order, to the customer, and to the operator (BIL-23)."""
    OrderLine.objects.filter(pk=line.pk).update(problem=reason[:300])
    record(actor, Happened.LINE_FAILED, line.order, line=str(line), reason=reason[:300])
    emails.set_up_delayed(line, reason)


@internal("Billing notes it when every service of the order is proved.")
@action(right=SYSTEM, may_be_silent=True)
def finish_order(actor: Actor, order: Order) -> Order:
    """Everything the order bought is confirmed by its engine: the order is active."""
    order = Order.objects.select_for_update().select_related("organization").get(pk=order.pk)
    if order.state == OrderState.BEING_SET_UP:
        change_state(actor, order, OrderState.ACTIVE)
    return order


def _check(offered: Quote, organization: Organization, expected: Money | None) -> None:
    if not offered.lines:
        raise CartEmpty
    for line in offered.lines:
        if line.problem:
            raise LineProblem(line=line.name or line.title, problem=line.problem)
    if not has_address(organization):
        raise AddressMissing
    if expected is not None and expected != offered.totals.total:
        raise PriceChanged(old=formats.money(expected), new=formats.money(offered.totals.total))


def _write_lines(order: Order, offered: Quote) -> list[OrderLine]:
    lines = []
    for position, line in enumerate(offered.lines, start=1):
        assert line.price is not None
        lines.append(
            OrderLine.objects.create(
                order=order,
                position=position,
                plan=line.item.plan,
                product=line.item.plan.product,
                title=line.title,
                name=line.name,
                options=dict(line.options),
                quantity=line.item.quantity,
                months=line.item.months,
                unit_minor=line.price.unit.minor,
                net_minor=line.price.net.minor,
                is_guaranteed=line.item.is_guaranteed and line.item.plan.may_be_guaranteed,
            )
        )
    return lines
