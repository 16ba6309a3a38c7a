"""The reasons of tiers and outcomes in words: for staff, and for the customer's mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.billing.models import Invoice
from kanton.ui import formats

#: Why a payment is certain, proposed or unknown.
WHY: Mapping[str, Any] = {
    "our_transfer": gettext_lazy("It is a transfer of ours: the end-to-end id is known."),
    "reference": gettext_lazy("The payment reference is right and known."),
    "reference_in_text": gettext_lazy("A payment reference stands in the message."),
    "top_up": gettext_lazy("It is the reference of a top-up."),
    "number_in_text": gettext_lazy("The number of an open invoice stands in the message."),
    "amount_and_payer": gettext_lazy(
        "The amount is that of an open invoice, and this account has paid for it before."
    ),
    "amount_and_name": gettext_lazy("The amount is that of an open invoice, and the payer’s name fits."),
    "known_payer": gettext_lazy("This account has paid for this organization before."),
    "reference_wrong": gettext_lazy("The reference fails its check digits: somebody mistyped it."),
    "reference_unknown": gettext_lazy("The reference is well formed, but none of ours."),
    "references_many": gettext_lazy("There is more than one reference."),
    "nothing_known": gettext_lazy("Neither reference, number, amount nor payer say what it is for."),
    "without_details": gettext_lazy(
        "The bank has booked a sum; the notice with its payments is still missing."
    ),
    "difference": gettext_lazy(
        "The payments of this entry do not come to its amount; this is the difference."
    ),
    "went_out": gettext_lazy("Money that went out and is no transfer of ours: charges, for example."),
    "reversal": gettext_lazy("The bank took an earlier entry back. Please look at it by hand."),
}

#: Why a file is refused.
REFUSED: Mapping[str, Any] = {
    "too_large": gettext_lazy("it is larger than allowed."),
    "empty": gettext_lazy("it is empty."),
    "not_xml": gettext_lazy("it is not well-formed XML."),
    "forbidden": gettext_lazy("it contains a DTD, entities or binary data, which no bank sends."),
    "encoding": gettext_lazy("it is not written in UTF-8."),
    "not_camt": gettext_lazy("it is not camt.053 or camt.054 in version 02, 04 or 08."),
    "no_statement": gettext_lazy("there is no statement in it."),
    "no_account": gettext_lazy("it does not say of which account it is."),
    "no_amount": gettext_lazy("an entry has no amount."),
    "no_date": gettext_lazy("an entry has no booking date."),
    "amount": gettext_lazy("an amount cannot be read."),
    "date": gettext_lazy("a date cannot be read."),
    "currency": gettext_lazy("it is in a currency that is not used here."),
    "too_many": gettext_lazy("it has more entries than allowed."),
}


def why_credited(why: str, invoice: Invoice | None) -> str:
    """To the customer: why the money is on the prepaid account and did not pay the invoice."""
    words = {
        "invoice": invoice.label if invoice else "",
        "expected": formats.money(invoice.total) if invoice else "",
        "currency": invoice.currency if invoice else "",
    }
    return {
        "underpaid": _(
            "It carried the reference of %(invoice)s, which is over %(expected)s. A different amount does not settle "
            "an invoice, so %(invoice)s stays open; pay it from the prepaid account, and the rest in another way."
        ),
        "overpaid": _(
            "%(invoice)s is over %(expected)s and is paid; this is what you transferred in addition."
        ),
        "wrong_currency": _(
            "It carried the reference of %(invoice)s, which is to be paid in %(currency)s. Nothing is converted "
            "without being asked, so %(invoice)s stays open."
        ),
        "paid_before": _(
            "It carried the reference of %(invoice)s, which had already been paid in another way."
        ),
        "standing_order": _(
            "It carried the reference of %(invoice)s, which an earlier transfer has paid. A standing order repeats an "
            "old reference and so does not pay the current invoice: please use the reference of each invoice."
        ),
        "cancelled": _(
            "It carried the reference of %(invoice)s, which was cancelled before the money arrived. You can order "
            "again and pay from the balance."
        ),
    }.get(why, _("We could not link it to an open invoice.")) % words
