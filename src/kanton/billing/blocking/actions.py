"""Blocking orders and what ends a block (BIL-24…31)."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from kanton.billing.actions import cancel_order
from kanton.billing.blocking import emails
from kanton.billing.blocking.activity import Happened
from kanton.billing.blocking.errors import NotBlocked, UnderExamination, UnknownGround
from kanton.billing.blocking.grounds import BY_STAFF, all_grounds
from kanton.billing.blocking.models import CLOCK, Block, Ending
from kanton.billing.models import Invoice, Order, OrderState
from kanton.billing.settling import change_state, go_on
from kanton.core import clock
from kanton.core.action import action, record
from kanton.core.actor import Actor, System
from kanton.core.parity import internal
from kanton.core.rights import STAFF, SYSTEM
from kanton.organizations.rights import ORDER
from kanton.support.actions.identity import open_identity_check
from kanton.support.models import CheckState

REASON = "order"


@action(right=STAFF)
def block_order(actor: Actor, order: Order, *, ground: str = BY_STAFF, note: str = "") -> Block:
    """Block an order before its set-up begins, on a ground: the procedure goes to who ordered (BIL-24, BIL-25).

    `note` is for the staff only.
    """
    if ground not in {each.code for each in all_grounds()}:
        raise UnknownGround
    order = held_order(order)
    change_state(actor, order, OrderState.BLOCKED)
    try:
        with transaction.atomic():
            block = Block.objects.create(
                organization=order.organization,
                order=order,
                person=order.person,
                ground=ground,
                note=note.strip()[:500],
                ends_at=clock.now() + CLOCK,
            )
    except IntegrityError:  # pragma: no cover - the table of states refused it first
        raise NotBlocked from None
    record(actor, Happened.ORDER_BLOCKED, order)
    _send(block)
    return block


@action(right=ORDER)
def resend_procedure(actor: Actor, order: Order) -> Block:
    """Send the procedure with its QR code again to who ordered; earlier links are void (BIL-26)."""
    block = _open(held_order(order))
    if block.case is not None and block.case.state == CheckState.SUBMITTED:
        raise UnderExamination
    record(actor, Happened.PROCEDURE_SENT, block.order)
    _send(block)
    return block


@action(right=STAFF)
def release_order(actor: Actor, order: Order) -> Order:
    """Release a blocked order: it waits to be paid, or is set up if it is paid (BIL-27)."""
    order = held_order(order)
    block = _open(order)
    _end(block, Ending.RELEASED)
    record(actor, Happened.ORDER_RELEASED, order)
    go_on(System("billing"), order)
    return order


@internal("The clock does it after seven days.")
@action(right=SYSTEM, may_be_silent=True)
def remind_of_block(actor: Actor, block: Block) -> Block:
    """Seven of the ten days are over without documents: who ordered is told until when there is time, once (SUP-48)."""
    held_order(block.order)
    block = (
        Block.objects.select_for_update(of=("self",)).select_related("order__organization").get(pk=block.pk)
    )
    now = clock.now()
    if block.ended_at or block.reminded_at or not block.is_to_be_reminded(now):
        return block
    block.reminded_at = now
    block.save(update_fields=["reminded_at"])
    record(actor, Happened.BLOCK_REMINDED, block.order, until=str(block.ends_at))
    emails.still_blocked(block)
    return block


@internal("The clock does it after ten days.")
@action(right=SYSTEM, may_be_silent=True)
def lapse_block(actor: Actor, block: Block) -> Block:
    """Nobody reacted for 240 hours: the order is cancelled, and what was paid goes back to the method used (BIL-28)."""
    order = held_order(block.order)
    block = Block.objects.select_for_update().get(pk=block.pk)
    if block.ended_at or block.ends_at is None or block.ends_at > clock.now():
        return block
    _end(block, Ending.LAPSED)
    record(actor, Happened.BLOCK_LAPSED, order)
    cancel_order(actor, order)
    emails.lapsed(block)
    return block


def _send(block: Block) -> None:
    if block.person is None:
        return
    block.case = open_identity_check(
        System("billing"),
        block.person,
        reason=REASON,
        about=f"order:{block.order_id}",
        about_label=block.order.number,
    )
    block.save(update_fields=["case"])


def _end(block: Block, ending: Ending) -> None:
    block.ended_at, block.ending = clock.now(), ending
    block.save(update_fields=["ended_at", "ending"])


def held_order(order: Order) -> Order:
    """The order, held until the commit; its bill first, the order of `settling`."""
    list(Invoice.objects.select_for_update().filter(order=order))
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("organization", "person")
        .get(pk=order.pk)
    )


def _open(order: Order) -> Block:
    block = (
        Block.objects.select_for_update(of=("self",))
        .select_related("order__organization", "person", "case")
        .filter(order=order, ended_at=None)
        .first()
    )
    if block is None:
        raise NotBlocked
    return block
