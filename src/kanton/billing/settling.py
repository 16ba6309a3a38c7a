"""What follows when money arrives: the bill is settled, the order goes on. Called within actions only.

Everybody locks in this order, whatever they do (docs/decisions/0063-one-order-of-locks.md). So two at the same moment
wait for each other and never block each other:

    bank item · bill · its order, block and case · the renewals on it · services · payment, refund · prepaid account ·
    number series · heads of activity chains

Of several of a kind, the lower number first. Start from `held` when you have a bill, and look up the bills of a service
before you lock it. What `record` remembers is kept when the action ends, so heads of chains come last by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kanton.billing import emails, invoicing, ledger
from kanton.billing.activity import Happened
from kanton.billing.errors import AlreadyPaid, NotPayable, TransitionRefused
from kanton.billing.models import (
    Account,
    AccountKind,
    Invoice,
    InvoiceStatus,
    Order,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
)
from kanton.billing.prepaid import end_reservation
from kanton.core import clock
from kanton.core.action import after_commit, record
from kanton.core.actor import Actor

PREPAID = "prepaid"
TRANSFER = "transfer"
#: What the bank reported and nobody has settled yet waits on this suspense account.
FROM_BANK = "bank"

#: What rooms lock beside an invoice, since its settlement changes it.
WHEN_HELD: list[Callable[[Invoice], None]] = []
#: What follows when a bill is paid, besides its order: rooms add themselves when the app starts.
WHEN_SETTLED: list[Callable[[Actor, Invoice], None]] = []
#: What looks at a new order before it can be paid, and what follows when one is cancelled.
WHEN_PLACED: list[Callable[[Actor, Order, Sequence[OrderLine]], None]] = []
WHEN_CANCELLED: list[Callable[[Actor, Order], None]] = []
#: What follows when a provider (its code) says that a refund (its key) did not reach the payer after all.
WHEN_REFUND_FAILED: list[Callable[[Actor, str, str], None]] = []
#: What follows when an open bill for renewals is withdrawn: what it had reserved is free again.
WHEN_WITHDRAWN: list[Callable[[Actor, Invoice], None]] = []

_TOLD = {
    OrderState.PAID: Happened.ORDER_PAID,
    OrderState.BEING_SET_UP: Happened.ORDER_SET_UP_BEGUN,
    OrderState.ACTIVE: Happened.ORDER_ACTIVE,
    OrderState.CANCELLED: Happened.ORDER_CANCELLED,
}


def held(number: int) -> Invoice:
    """The invoice and what its settlement changes, locked until the commit."""
    locked = Invoice.objects.select_for_update(of=("self",)).select_related("organization", "order")
    invoice = locked.get(pk=number)
    for hold in WHEN_HELD:
        hold(invoice)
    return invoice


def locked_open(invoice: Invoice) -> Invoice:
    """The invoice, held until the commit, if it still waits for money."""
    invoice = held(invoice.pk)
    if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED):
        raise AlreadyPaid
    if not invoice.is_open:
        raise NotPayable
    return invoice


def settle_invoice(actor: Actor, invoice: Invoice, payment: Payment | None) -> None:
    """The locked, open invoice is paid: number it, book it, and let its order go on.

    `payment` has just succeeded; None is for an invoice over nothing (BIL-42).
    """
    invoicing.settle(invoice)
    if payment is not None:
        _book_payment(invoice, payment)
    record(actor, Happened.INVOICE_ISSUED, invoice, total=str(invoice.total))
    if invoice.order_id is not None:
        order = Order.objects.select_related("organization").get(pk=invoice.order_id)
        if order.state != OrderState.BLOCKED:  # else it is set up when it is released (BIL-30)
            change_state(actor, order, OrderState.PAID)
            _set_up(actor, order)
    for follow in WHEN_SETTLED:
        follow(actor, invoice)
    emails.invoice_paid(invoice)


def go_on(actor: Actor, order: Order) -> None:
    """The locked, blocked order is free: it waits to be paid, or is set up if it is paid already."""
    if order.invoice.is_open:
        change_state(actor, order, OrderState.AWAITING_PAYMENT)
        return
    change_state(actor, order, OrderState.PAID)
    _set_up(actor, order)


def change_state(actor: Actor, order: Order, state: OrderState) -> None:
    """Move an order on, as the table allows, and remember who did it when (BIL-21)."""
    refuse_change(order, state)
    order.state, order.changed_at = state, clock.now()
    order.save(update_fields=["state", "changed_at"])
    if kind := _TOLD.get(state):
        record(actor, kind, order, total=str(order.invoice.total))


def refuse_change(order: Order, state: OrderState) -> None:
    """Raise when the table of states does not allow this change."""
    if not order.may_become(state):
        raise TransitionRefused(
            order=order.number, state=OrderState(order.state).label, wanted=OrderState(state).label
        )


def release_pending(invoice: Invoice) -> None:
    """End the attempt to pay that is running, if there is one, and free what it reserved."""
    for payment in Payment.objects.select_for_update().filter(invoice=invoice, state=PaymentState.PENDING):
        end_payment(payment, PaymentState.CANCELLED)


def end_payment(payment: Payment, state: PaymentState, reason: str = "") -> None:
    """The locked payment did not succeed: its reservation is released in the same transaction (BIL-59)."""
    payment.state, payment.reason, payment.settled_at = state, reason[:200], clock.now()
    payment.save(update_fields=["state", "reason", "settled_at"])
    end_reservation(payment)


def book_received(payment: Payment, against: Account, kind: str) -> None:
    """Money of a charge is on its way from the provider; `against` says whose it is. Once per charge."""
    ledger.book(
        kind,
        f"payment:{payment.pk}:received",
        {source_of(payment): payment.amount, against: -payment.amount},
        organization=payment.organization,
    )


def source_of(payment: Payment) -> Account:
    """Where the money of a charge comes from: its provider, or what the bank has reported."""
    if payment.provider == TRANSFER:
        return ledger.account(AccountKind.SUSPENSE, payment.currency, detail=FROM_BANK)
    return ledger.account(AccountKind.IN_TRANSIT, payment.currency, detail=payment.provider)


def _book_payment(invoice: Invoice, payment: Payment) -> None:
    receivable = ledger.account(AccountKind.RECEIVABLE, invoice.currency, organization=invoice.organization)
    if payment.prepaid_part:
        prepaid = ledger.account(AccountKind.PREPAID, invoice.currency, organization=invoice.organization)
        ledger.book(
            "prepaid_payment",
            f"payment:{payment.pk}:prepaid",
            {prepaid: payment.prepaid_part, receivable: -payment.prepaid_part},
            organization=invoice.organization,
        )
    if payment.amount:
        book_received(payment, receivable, "payment")


def _set_up(actor: Actor, order: Order) -> None:
    """One job per line; each sets up its service exactly once, however often it runs."""
    from kanton.billing.tasks import set_up_line, watch_order

    lines = list(order.lines.all())
    if not lines:
        return
    change_state(actor, order, OrderState.BEING_SET_UP)
    for line in lines:
        after_commit(set_up_line, line.pk, unique_key=f"set-up:{line.service_key}")
    after_commit(watch_order, order.pk, unique_key=f"watch-order:{order.pk}")
