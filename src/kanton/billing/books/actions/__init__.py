"""Every change of the books."""

from kanton.billing.books.actions.bookkeeping import (
    add_tax_rate,
    close_period,
    credit_invoice,
    left_to_credit,
)
from kanton.billing.books.actions.refunds import (
    DOUBTABLE,
    credit_refund_instead,
    doubt_refund,
    note_refund_done,
    note_refund_failed,
    note_refund_returned,
    note_return_failed,
    refund_top_up,
    refundable_of,
    repeat_refund,
)

__all__ = [
    "DOUBTABLE",
    "add_tax_rate",
    "close_period",
    "credit_invoice",
    "credit_refund_instead",
    "doubt_refund",
    "left_to_credit",
    "note_refund_done",
    "note_refund_failed",
    "note_refund_returned",
    "note_return_failed",
    "refund_top_up",
    "refundable_of",
    "repeat_refund",
]
