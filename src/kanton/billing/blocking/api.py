"""The API of blocked orders."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.billing.api import BUY, ORDERS, READ
from kanton.billing.blocking.actions import block_order, release_order, resend_procedure
from kanton.billing.blocking.errors import NotBlocked, UnderExamination, UnknownGround
from kanton.billing.blocking.grounds import BY_STAFF
from kanton.billing.blocking.models import Block
from kanton.billing.blocking.queries import all_orders, any_order, blocks_of, blocks_on
from kanton.billing.errors import TransitionRefused
from kanton.billing.models import Order
from kanton.billing.queries import order_of
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Lists, MoneyOut, Router, Rows, Timestamp, money_out
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Cart and orders")
STAFF_ORDERS = "/2/staff/orders"


class BlockOut(TypedDict):
    """A blocked order. `cancelled_at` is when it will be cancelled; null while documents are examined."""

    order_id: int
    blocked_at: Timestamp
    cancelled_at: Timestamp | None
    is_examined: bool


def _out(block: Block) -> BlockOut:
    return {
        "order_id": block.order_id,
        "blocked_at": clock.timestamp(block.blocked_at) or 0,
        "cancelled_at": clock.timestamp(block.ends_at),
        "is_examined": block.ends_at is None,
    }


@router.get(ORDERS + "/blocked", scopes=READ, lists=Lists(order={"order_id": "order_id"}, default="order_id"))
@exposes(blocks_of)
def list_blocked(request: ApiRequest, account: int) -> Rows[BlockOut]:
    """List the orders that are blocked until an identity is proved."""
    return Rows(blocks_of(request.actor, organization_by_id(request.actor, account)), _out)


@router.post(ORDERS + "/{order}/procedure", scopes=BUY, errors=(NotBlocked, UnderExamination))
@exposes(resend_procedure)
def create_procedure(request: ApiRequest, account: int, order: int) -> BlockOut:
    """Send the procedure of a blocked order again, to the login address of who ordered."""
    found = order_of(request.actor, organization_by_id(request.actor, account), order)
    return _out(resend_procedure(request.actor, found))


class BlockIn(Body):
    """Why it is blocked: one of the grounds (`brand`, `spam`, `fraud`, `staff`), and a note for the staff."""

    ground: Annotated[str, Field(max_length=40)] = BY_STAFF
    note: Annotated[str, Field(max_length=500)] = ""


class StaffBlockOut(BlockOut):
    """A block as the staff see it: with its ground, and how it ended."""

    ground: str
    note: str
    case_id: int | None
    ended_at: Timestamp | None
    ending: str


class StaffOrderOut(TypedDict):
    """An order of any customer."""

    id: int
    account_id: int
    state: str
    placed_at: Timestamp
    ordered_by: str | None
    invoice_id: int
    total: MoneyOut
    names: list[str]


class OneStaffOrderOut(StaffOrderOut):
    """An order of any customer with its blocks."""

    blocks: list[StaffBlockOut]


def _staff_order(order: Order) -> StaffOrderOut:
    return {
        "id": order.pk,
        "account_id": order.organization_id,
        "state": order.state,
        "placed_at": clock.timestamp(order.placed_at) or 0,
        "ordered_by": order.person.email if order.person else None,
        "invoice_id": order.invoice.pk,
        "total": money_out(order.invoice.total),
        "names": [str(line) for line in order.lines.all()],
    }


def _staff_block(block: Block) -> StaffBlockOut:
    return {
        **_out(block),
        "ground": block.ground,
        "note": block.note,
        "case_id": block.case_id,
        "ended_at": clock.timestamp(block.ended_at),
        "ending": block.ending,
    }


@router.get(
    STAFF_ORDERS,
    scopes=("staff",),
    lists=Lists(
        order={"id": "pk", "placed_at": "placed_at"},
        default="-placed_at",
        search=("organization__name", "person__email"),
        always_paged=True,
    ),
)
@exposes(all_orders)
def list_all_orders(request: ApiRequest) -> Rows[StaffOrderOut]:
    """List the orders of all customers, newest first. For the provider’s staff."""
    return Rows(all_orders(request.actor), _staff_order)


@router.get(STAFF_ORDERS + "/{order}", scopes=("staff",))
@exposes(any_order, blocks_on)
def read_any_order(request: ApiRequest, order: int) -> OneStaffOrderOut:
    """Read an order of any customer with its blocks. For the provider’s staff."""
    found = any_order(request.actor, order)
    blocks = [_staff_block(each) for each in blocks_on(request.actor, found)]
    return {**_staff_order(found), "blocks": blocks}


@router.post(
    STAFF_ORDERS + "/{order}/block",
    scopes=("staff",),
    status=201,
    errors=(TransitionRefused, UnknownGround),
    example={"ground": "fraud", "note": "Card from elsewhere"},
)
@exposes(block_order)
def create_block(request: ApiRequest, order: int, data: BlockIn) -> StaffBlockOut:
    """Block an order before its set-up begins, on a ground. For the provider’s staff."""
    return _staff_block(block_order(request.actor, any_order(request.actor, order), **data.model_dump()))


@router.delete(STAFF_ORDERS + "/{order}/block", scopes=("staff",), errors=(NotBlocked,))
@exposes(release_order)
def remove_block(request: ApiRequest, order: int) -> bool:
    """Release a blocked order. For the provider’s staff."""
    release_order(request.actor, any_order(request.actor, order))
    return True
