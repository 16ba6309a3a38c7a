"""Every change of carts, orders and payments."""

from kanton.billing.actions.carts import add_to_cart, change_cart_line, open_cart, remove_from_cart
from kanton.billing.actions.orders import (
    cancel_order,
    choose_transfer,
    finish_order,
    note_delay,
    order_cart,
    place_order,
    start_line,
)
from kanton.billing.actions.payments import (
    cancel_payment,
    confirm_payment,
    decline_payment,
    expire_payment,
    note_refund,
    pay_invoice,
    take_in,
    top_up,
)

__all__ = [
    "add_to_cart",
    "cancel_order",
    "cancel_payment",
    "change_cart_line",
    "choose_transfer",
    "confirm_payment",
    "decline_payment",
    "expire_payment",
    "finish_order",
    "note_delay",
    "note_refund",
    "open_cart",
    "order_cart",
    "pay_invoice",
    "place_order",
    "remove_from_cart",
    "start_line",
    "take_in",
    "top_up",
]
