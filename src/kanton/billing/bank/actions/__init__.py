"""Every change between the bank and us."""

from kanton.billing.bank.actions.statements import import_statement, match_item
from kanton.billing.bank.actions.transfers import (
    ask_withdrawal,
    cancel_withdrawal,
    make_transfer_file,
    mark_transfer_done,
    mark_transfer_returned,
    top_up_by_transfer,
)
from kanton.billing.bank.actions.worklist import (
    assign_to_invoice,
    assign_to_prepaid,
    book_charges,
    book_provider_payout,
    confirm_proposal,
    send_back,
)

__all__ = [
    "ask_withdrawal",
    "assign_to_invoice",
    "assign_to_prepaid",
    "book_charges",
    "book_provider_payout",
    "cancel_withdrawal",
    "confirm_proposal",
    "import_statement",
    "make_transfer_file",
    "mark_transfer_done",
    "mark_transfer_returned",
    "match_item",
    "send_back",
    "top_up_by_transfer",
]
