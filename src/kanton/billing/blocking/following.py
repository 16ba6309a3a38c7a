"""What blocked orders do when something happens elsewhere: an order is placed or cancelled, a case moves on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from kanton.billing.blocking.actions import REASON, block_order, held_order, release_order
from kanton.billing.blocking.activity import Happened
from kanton.billing.blocking.grounds import ground_for
from kanton.billing.blocking.models import LEAST_LEFT, Block, Ending
from kanton.billing.models import Order, OrderLine
from kanton.core import clock
from kanton.core.action import record
from kanton.core.actor import Actor, System
from kanton.support.actions.identity import end_identity_check
from kanton.support.models import IdentityCheck
from kanton.support.reasons import Reason, register


def look_at(actor: Actor, order: Order, lines: Sequence[OrderLine]) -> None:
    """A new order: block it where a ground applies. Without a person behind it there is nobody to ask."""
    if order.person_id is not None and (ground := ground_for(order, lines)):
        block_order(System("billing"), order, ground=ground)


def cancelled(actor: Actor, order: Order) -> None:
    """A blocked order was cancelled by its customer: the block and its case end."""
    for block in Block.objects.select_related("case").filter(order=order, ended_at=None):
        block.ended_at, block.ending = clock.now(), Ending.CANCELLED
        block.save(update_fields=["ended_at", "ending"])
    for block in Block.objects.select_related("case").filter(order=order, case__isnull=False):
        if block.case is not None and block.case.is_open:
            end_identity_check(System("billing"), block.case)


def connect() -> None:
    """Tell support what a case about an order does."""
    register(
        Reason(
            REASON,
            _("A blocked order"),
            accept=_accepted,
            refuse=_refused,
            submitted=_stands_still,
            lapsed=_lapsed,
            hold=_hold,
            is_public=False,
            order=5,
            effect=_("The order is released: it is set up as soon as it is paid."),
        )
    )


def _number(case: IdentityCheck) -> int:
    number = case.about.removeprefix("order:")
    return int(number) if number.isdecimal() else 0


def _hold(case: IdentityCheck) -> None:
    """The order of `settling`: the bill and its order before the block and its case, as who cancels does."""
    if order := Order.objects.filter(pk=_number(case)).first():
        held_order(order)


def _block_of(case: IdentityCheck) -> Block | None:
    return (
        Block.objects.select_for_update(of=("self",))
        .select_related("order__organization")
        .filter(order=_number(case), ended_at=None)
        .first()
    )


def _accepted(actor: Actor, case: IdentityCheck) -> None:
    block = _block_of(case)
    if block is not None:
        release_order(System("billing"), block.order)


def _stands_still(actor: Actor, case: IdentityCheck) -> None:
    block = _block_of(case)
    if block is not None:
        block.stop()
        block.save(update_fields=["left", "ends_at"])
        record(System("billing"), Happened.CLOCK_STOPPED, block.order)


def _refused(actor: Actor, case: IdentityCheck) -> None:
    """With what was left: who sends documents that prove nothing gains no time (SUP-48)."""
    _goes_on(case, least=timedelta(0))


def _lapsed(actor: Actor, case: IdentityCheck) -> None:
    """We did not look in time: there are 72 hours at least to send them again (BIL-31)."""
    _goes_on(case, least=LEAST_LEFT)


def _goes_on(case: IdentityCheck, *, least: timedelta) -> None:
    block = _block_of(case)
    if block is not None:
        block.go_on(least=least)
        block.save(update_fields=["left", "ends_at"])
        record(System("billing"), Happened.CLOCK_WENT_ON, block.order, until=str(block.ends_at))
