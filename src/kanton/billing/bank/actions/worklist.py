"""What staff do with payments that are not certain: one click each."""

from __future__ import annotations

from stdnum import iban as iban_check
from stdnum.exceptions import ValidationError

from kanton.billing import ledger
from kanton.billing.bank import settling
from kanton.billing.bank.activity import Happened
from kanton.billing.bank.errors import (
    BadIban,
    NoAccountToSendTo,
    NoProposal,
    OnlyIncoming,
    UnknownProvider,
)
from kanton.billing.bank.models import (
    BankItem,
    Outcome,
    Transfer,
    TransferPurpose,
)
from kanton.billing.models import AccountKind, Invoice
from kanton.billing.payments.contract import provider_called
from kanton.core.action import action, record
from kanton.core.actor import Actor
from kanton.core.rights import STAFF
from kanton.organizations.models import Organization


@action(right=STAFF)
def confirm_proposal(actor: Actor, item: BankItem) -> BankItem:
    """Settle a payment as proposed: it pays the invoice, or is credited to the organization."""
    item = _incoming(item)
    if item.invoice is not None:
        settling.pay_with(actor, item, item.invoice)
    elif item.organization is not None:
        settling.credit(actor, item, item.organization, "unlinked")
    else:
        raise NoProposal
    return _told(actor, item)


@action(right=STAFF)
def assign_to_invoice(actor: Actor, item: BankItem, *, invoice: Invoice) -> BankItem:
    """This payment is for that invoice. Another amount or currency goes to the prepaid account, as always (BIL-71)."""
    item = _incoming(item)
    settling.pay_with(actor, item, invoice)
    return _told(actor, item)


@action(right=STAFF)
def assign_to_prepaid(actor: Actor, item: BankItem, *, organization: Organization) -> BankItem:
    """This payment is that organization's, for no invoice: it is credited to its prepaid account (BIL-55)."""
    item = _incoming(item)
    item.invoice = None
    settling.credit(actor, item, organization, "unlinked")
    return _told(actor, item)


@action(right=STAFF)
def send_back(actor: Actor, item: BankItem, *, account: str = "", name: str = "") -> Transfer:
    """Send a payment back to where it came from; it waits for the next payment file."""
    item = _incoming(item)
    to = "".join((account or item.iban).split()).upper()
    if not to:
        raise NoAccountToSendTo
    transfer = Transfer.objects.create(
        purpose=TransferPurpose.SENT_BACK,
        item=item,
        currency=item.bank_entry.currency,
        minor=item.minor,
        name=(name or item.name or "-")[:70],
        account=checked_iban(to),
        text=(item.reference or item.text)[:100],
        person_id=actor.person_id,
    )
    transfer.key = f"K{transfer.pk:09d}"
    transfer.save(update_fields=["key"])
    transit = ledger.account(AccountKind.IN_TRANSIT, transfer.currency, detail="transfers")
    settling.book(item, "sent_back", transit)
    item.invoice = None
    settling.done(actor, item, Outcome.SENT_BACK)
    record(actor, Happened.SENDING_BACK, item, amount=str(transfer.amount))
    return transfer


@action(right=STAFF)
def book_charges(actor: Actor, item: BankItem) -> BankItem:
    """This is what the bank charges (or pays): it goes to the account of fees."""
    item = settling.locked(item)
    settling.book(item, "charges", ledger.account(AccountKind.FEES, item.bank_entry.currency, detail="bank"))
    item.invoice = None
    settling.done(actor, item, Outcome.CHARGES)
    return _told(actor, item)


@action(right=STAFF)
def book_provider_payout(actor: Actor, item: BankItem, *, provider: str) -> BankItem:
    """A payment provider hands over what it took for us: it is no longer in transit."""
    try:
        provider_called(provider)
    except KeyError:
        raise UnknownProvider from None
    item = settling.locked(item)
    settling.book(
        item, "provider", ledger.account(AccountKind.IN_TRANSIT, item.bank_entry.currency, detail=provider)
    )
    item.invoice = None
    settling.done(actor, item, Outcome.PROVIDER)
    return _told(actor, item)


def checked_iban(text: str) -> str:
    """The IBAN without spaces, or BadIban."""
    try:
        return str(iban_check.validate(text))
    except ValidationError:
        raise BadIban from None


def _incoming(item: BankItem) -> BankItem:
    item = settling.locked(item)
    if not item.is_credit:
        raise OnlyIncoming
    return item


def _told(actor: Actor, item: BankItem) -> BankItem:
    record(actor, Happened.ITEM_ASSIGNED, item, outcome=item.outcome)
    return item
