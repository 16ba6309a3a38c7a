"""What happens between the bank and us."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of the bank."""

    STATEMENT_IMPORTED = (
        "bank.statement_imported",
        _("%(actor)s took in the bank statement %(target)s: %(new)s new entries of %(entries)s"),
    )
    TRANSFER_RECEIVED = "bank.transfer_received", _("A bank transfer of %(amount)s paid %(invoice)s")
    TRANSFER_CREDITED = (
        "bank.transfer_credited",
        _("A bank transfer of %(amount)s was credited to the prepaid account"),
    )
    ITEM_KEPT = "bank.item_kept", _("A bank transfer of %(amount)s is kept for the operator")
    ITEM_ASSIGNED = "bank.item_assigned", _("%(actor)s settled the bank payment %(target)s: %(outcome)s")
    SENDING_BACK = "bank.sending_back", _("%(actor)s sends the bank payment of %(amount)s back")
    WITHDRAWAL_ASKED = "bank.withdrawal_asked", _("%(actor)s withdrew %(amount)s to %(account)s")
    WITHDRAWAL_CANCELLED = "bank.withdrawal_cancelled", _("%(actor)s cancelled the withdrawal of %(amount)s")
    WITHDRAWAL_ORDERED = "bank.withdrawal_ordered", _("The transfer of %(amount)s is with the bank")
    WITHDRAWAL_DONE = "bank.withdrawal_done", _("The transfer of %(amount)s has left our account")
    WITHDRAWAL_RETURNED = (
        "bank.withdrawal_returned",
        _("The transfer of %(amount)s came back and is on the prepaid account again"),
    )
    FILE_MADE = (
        "bank.file_made",
        _("%(actor)s made the payment file %(target)s: %(count)s transfers, %(total)s"),
    )
    TOP_UP_REFERENCE = (
        "bank.top_up_reference",
        _("%(actor)s asked how to top up %(currency)s by bank transfer"),
    )
