"""The tables of the bank."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kanton.billing.bank.models import (
    BankItem,
    Destination,
    ItemState,
    Outcome,
    Statement,
    Tier,
    Transfer,
    TransferFile,
    TransferPurpose,
    TransferState,
)
from kanton.billing.bank.words import WHY
from kanton.ui.tables import (
    ChoiceColumn,
    Column,
    DateColumn,
    Empty,
    Filter,
    MoneyColumn,
    NumberColumn,
    RowAction,
    Table,
    YesNoColumn,
)

ITEM_KINDS = {ItemState.NEW: "waiting", ItemState.OPEN: "waiting", ItemState.SETTLED: "done"}
TIER_KINDS = {Tier.CERTAIN: "done", Tier.PROPOSED: "note", Tier.UNKNOWN: "waiting"}
TRANSFER_KINDS = {
    TransferState.ASKED: "waiting",
    TransferState.ORDERED: "waiting",
    TransferState.DONE: "done",
    TransferState.RETURNED: "failed",
}


def _who(item: BankItem) -> str:
    return item.name or item.text or item.bank_entry.text or item.bank_entry.bank_reference or "–"


def _guess(item: BankItem) -> str:
    if item.state == ItemState.SETTLED:
        return str(Outcome(item.outcome).label)
    return str(item.invoice.label if item.invoice else item.organization or "")


def _why(item: BankItem) -> str:
    if item.state == ItemState.SETTLED and item.invoice:
        return item.invoice.label
    return str(WHY.get(item.why, ""))


class ItemTable(Table[BankItem]):
    """Payments of statements: what waits for somebody first."""

    who = Column(
        gettext_lazy("From or to"),
        value=_who,
        link=lambda item: reverse("bank:item", args=[item.pk]),
        below=lambda item: item.reference or item.text,
    )
    amount = MoneyColumn(gettext_lazy("Amount"))
    booked_on = DateColumn(gettext_lazy("Booked"), value="bank_entry.booked_on", relative=False, wide=True)
    tier = ChoiceColumn(gettext_lazy("Match"), choices=Tier.choices, kinds=TIER_KINDS, wide=True)
    guess = Column(gettext_lazy("What for"), value=_guess, below=_why, wide=True)
    state = ChoiceColumn(gettext_lazy("State"), choices=ItemState.choices, kinds=ITEM_KINDS)
    search = ("name", "text", "reference", "iban", "end_to_end", "bank_entry__bank_reference")
    filters = (
        Filter("state", gettext_lazy("State"), ItemState.choices),
        Filter("tier", gettext_lazy("Match"), Tier.choices),
        Filter("outcome", gettext_lazy("Outcome"), Outcome.choices),
    )
    default_sort = "-pk"
    file_name = "bank-payments"
    empty = Empty(
        gettext_lazy("Nothing from the bank yet"),
        gettext_lazy(
            "Take in a camt.053 or camt.054 file: what is certain settles itself, the rest waits here."
        ),
        icon="building-bank",
    )


class StatementTable(Table[Statement]):
    """Statements that were taken in."""

    name = Column(
        gettext_lazy("File"), value=str, main=True, below=lambda each: f"{each.kind}.001.{each.version}"
    )
    account = Column(gettext_lazy("Account"), wide=True)
    entries = NumberColumn(gettext_lazy("Entries"))
    new_entries = NumberColumn(pgettext_lazy("entries of a statement", "New"))
    adds_up = YesNoColumn(gettext_lazy("Adds up"), wide=True)
    imported_at = DateColumn(gettext_lazy("Taken in"))
    search = ("file_name", "message", "account")
    default_sort = "-pk"
    file_name = "bank-statements"
    empty = Empty(
        gettext_lazy("No statements yet"),
        gettext_lazy("Take in the first file of your bank."),
        icon="file-import",
    )


class TransferTable(Table[Transfer]):
    """Transfers that go out."""

    name = Column(gettext_lazy("Recipient"), main=True, below=lambda each: each.account_hint)
    organization = Column(gettext_lazy("Organization"), wide=True)
    amount = MoneyColumn(gettext_lazy("Amount"))
    purpose = ChoiceColumn(gettext_lazy("Purpose"), choices=TransferPurpose.choices, wide=True)
    state = ChoiceColumn(gettext_lazy("State"), choices=TransferState.choices, kinds=TRANSFER_KINDS)
    asked_at = DateColumn(gettext_lazy("Asked for"), wide=True)
    search = ("name", "account", "key", "organization__name")
    filters = (
        Filter("state", gettext_lazy("State"), TransferState.choices),
        Filter("destination", gettext_lazy("To"), Destination.choices),
    )
    default_sort = "-pk"
    file_name = "transfers"
    empty = Empty(
        gettext_lazy("No transfers yet"),
        gettext_lazy("Withdrawals of customers and payments sent back wait here for the next payment file."),
        icon="arrow-up-right",
    )

    def row_actions(self, row: Transfer) -> Sequence[RowAction]:
        """What can be done by hand."""
        if row.state == TransferState.ASKED and row.destination == Destination.PAYPAL:
            return (
                RowAction(_("It was sent"), reverse("bank:transfer_done", args=[row.pk]), "check", post=True),
            )
        if row.state == TransferState.ORDERED and row.purpose == TransferPurpose.WITHDRAWAL:
            url = reverse("bank:transfer_returned", args=[row.pk])
            return (RowAction(_("The bank did not carry it out"), url, "arrow-back-up", post=True),)
        return ()


class FileTable(Table[TransferFile]):
    """Payment files."""

    message = Column(gettext_lazy("File"), link=lambda each: reverse("bank:transfer_file", args=[each.pk]))
    count = NumberColumn(gettext_lazy("Transfers"))
    amount = MoneyColumn(gettext_lazy("Total"), value="total")
    made_at = DateColumn(gettext_lazy("Made"))
    default_sort = "-pk"
    file_name = "payment-files"
    prefix = "files"
    empty = Empty(
        gettext_lazy("No payment files yet"),
        gettext_lazy("A file holds all transfers of one currency that wait."),
        icon="file-export",
    )


class WithdrawalTable(Table[Transfer]):
    """An organization's withdrawals."""

    account_hint = Column(gettext_lazy("To"), main=True, below=lambda each: each.name)
    amount = MoneyColumn(gettext_lazy("Amount"))
    state = ChoiceColumn(gettext_lazy("State"), choices=TransferState.choices, kinds=TRANSFER_KINDS)
    asked_at = DateColumn(gettext_lazy("Asked for"))
    default_sort = "-pk"
    file_name = "withdrawals"

    def row_actions(self, row: Transfer) -> Sequence[RowAction]:
        """Take back what the bank does not have."""
        if row.state != TransferState.ASKED:
            return ()
        assert row.organization is not None
        url = reverse("bank:cancel_withdrawal", args=[row.organization.slug, row.pk])
        return (RowAction(_("Cancel"), url, "x", post=True, decision=self.context["may_withdraw"]),)
