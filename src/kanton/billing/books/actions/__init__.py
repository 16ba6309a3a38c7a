"""Every change of the books."""

from kanton.billing.books.actions.bookkeeping import (
    add_tax_rate,
    close_period,
    credit_invoice,
    left_to_credit,
)
from kanton.billing.books.actions.refunds import (
    credit_refund_instead,
    note_refund_done,
    note_refund_failed,
    refund_top_up,
    refundable_of,
    repeat_refund,
)

__all__ = [
    "add_tax_rate",
    "close_period",
    "credit_invoice",
    "credit_refund_instead",
    "left_to_credit",
    "note_refund_done",
    "note_refund_failed",
    "refund_top_up",
    "refundable_of",
    "repeat_refund",
]
