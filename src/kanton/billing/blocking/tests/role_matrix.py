"""Who blocks and releases, and who has the procedure sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kanton.billing.blocking.actions import (
    block_order,
    lapse_block,
    release_order,
    remind_of_block,
    resend_procedure,
)
from kanton.billing.models import Order
from kanton.billing.tests.role_matrix import order
from kanton.core.actor import System
from kanton.organizations.rights import ACCOUNTING
from kanton.testing_matrix import (
    ADMINISTRATORS,
    GRANTED,
    NOBODY,
    SIGNED_IN,
    STAFF_ONLY,
    Cast,
    Line,
    Who,
    act,
    api,
    page,
)

NOT_THERE = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}


def blocked(cast: Cast) -> Order:
    """An order of Acme that is blocked."""
    return block_order(System("matrix"), order(cast)).order


def ordered(cast: Cast) -> Mapping[str, Any]:
    return {"number": order(cast).pk}


def address(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "order": blocked(cast).pk}


LINES: list[Line] = [
    act("billing.block_order", lambda actor, cast: block_order(actor, order(cast)), allowed=STAFF_ONLY),
    act("billing.release_order", lambda actor, cast: release_order(actor, blocked(cast)), allowed=STAFF_ONLY),
    act(
        "billing.resend_procedure",
        lambda actor, cast: resend_procedure(actor, blocked(cast)),
        allowed=ADMINISTRATORS,
    ),
    act(
        "billing.remind_of_block",
        lambda actor, cast: remind_of_block(actor, blocked(cast).blocks.get()),
        allowed=NOBODY,
    ),
    act(
        "billing.lapse_block",
        lambda actor, cast: lapse_block(actor, blocked(cast).blocks.get()),
        allowed=NOBODY,
    ),
    page(
        "/o/<slug:organization>/orders/<int:number>/procedure",
        post={},
        fill=lambda cast: {"number": blocked(cast).pk},
        allowed=ADMINISTRATORS,
    ),
    api(
        "GET",
        "/1/order/{account}/blocked",
        fill=address,
        allowed=ADMINISTRATORS | GRANTED,
        right=ACCOUNTING,
        but=FOREIGN,
    ),
    api("POST", "/1/order/{account}/{order}/procedure", fill=address, allowed=ADMINISTRATORS, but=FOREIGN),
    page("/staff/orders", allowed=STAFF_ONLY, but=NOT_THERE),
    page("/staff/orders/<int:number>", fill=ordered, allowed=STAFF_ONLY, but=NOT_THERE),
    page("/staff/orders/<int:number>/block", fill=ordered, allowed=STAFF_ONLY, but=NOT_THERE),
    page(
        "/staff/orders/<int:number>/release",
        post={},
        fill=lambda cast: {"number": blocked(cast).pk},
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    api("GET", "/2/staff/orders", allowed=STAFF_ONLY, but=NOT_THERE),
    api(
        "GET",
        "/2/staff/orders/{order}",
        fill=lambda cast: {"order": order(cast).pk},
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    api(
        "POST",
        "/2/staff/orders/{order}/block",
        data={"ground": "fraud"},
        fill=lambda cast: {"order": order(cast).pk},
        status=201,
        allowed=STAFF_ONLY,
        but=NOT_THERE,
    ),
    api("DELETE", "/2/staff/orders/{order}/block", fill=address, allowed=STAFF_ONLY, but=NOT_THERE),
]
