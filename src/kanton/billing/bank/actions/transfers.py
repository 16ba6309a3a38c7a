"""Money that leaves by bank transfer: withdrawals, payments sent back, and the files for the bank."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from kanton.accounts.models import Person
from kanton.accounts.passwords import password_again
from kanton.billing import ledger, prepaid
from kanton.billing.bank import emails, settling
from kanton.billing.bank.actions.worklist import checked_iban
from kanton.billing.bank.activity import Happened
from kanton.billing.bank.errors import BadPaypal, NothingToTransfer, NotToBeChanged, TooLittle
from kanton.billing.bank.models import (
    BankItem,
    Destination,
    ItemState,
    Outcome,
    TopUpReference,
    Transfer,
    TransferFile,
    TransferPurpose,
    TransferState,
)
from kanton.billing.bank.pain001 import write
from kanton.billing.models import Account, AccountKind
from kanton.billing.references import reference_for
from kanton.config import config
from kanton.core import clock
from kanton.core.action import action, note_cost, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.core.rights import STAFF
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING, WITHDRAW
from kanton.ui import formats

LEAST_WITHDRAWAL = 1_00
#: Numbers of top-up references lie far above those of invoices, so that the two never meet.
TOP_UP_NUMBERS = 10**15


@action(right=WITHDRAW)
def ask_withdrawal(
    actor: Actor,
    organization: Organization,
    *,
    amount: Money,
    account: str,
    name: str,
    password: str,
    destination: str = Destination.BANK,
) -> Transfer:
    """Withdraw money from the prepaid account: it is set aside at once and all owners are mailed (BIL-54, BIL-62)."""
    assert actor.person_id is not None
    person = Person.objects.get(pk=actor.person_id)
    password_again(person, password)
    if destination == Destination.PAYPAL:
        to = _checked_paypal(account)
    else:
        destination, to = Destination.BANK, checked_iban(account)
    if amount.minor < LEAST_WITHDRAWAL:
        raise TooLittle(least=formats.money(Money(LEAST_WITHDRAWAL, amount.currency)))
    purse = prepaid.locked(organization, amount.currency)
    prepaid.check_available(purse, amount, field="amount")
    transfer = Transfer.objects.create(
        purpose=TransferPurpose.WITHDRAWAL,
        destination=destination,
        organization=organization,
        currency=amount.currency,
        minor=amount.minor,
        name=name[:70],
        account=to,
        text=config.operator.name[:100],
        person=person,
    )
    transfer.key = f"K{transfer.pk:09d}"
    transfer.save(update_fields=["key"])
    _book(transfer, "withdrawal", {purse.account: amount, transit_of(transfer): -amount})
    note_cost(_("From the prepaid account"), amount)
    note_irreversible(_("Once the transfer is with the bank, it cannot be stopped."))
    record(actor, Happened.WITHDRAWAL_ASKED, transfer, amount=str(amount), account=transfer.account_hint)
    emails.withdrawal_asked(transfer)
    return transfer


@action(right=WITHDRAW)
def cancel_withdrawal(actor: Actor, transfer: Transfer) -> Transfer:
    """Take a withdrawal back while the bank does not have it. The money is on the prepaid account again."""
    transfer = _locked(transfer, TransferState.ASKED)
    _credit_again(transfer, "withdrawal_cancelled")
    _move(transfer, TransferState.CANCELLED)
    record(actor, Happened.WITHDRAWAL_CANCELLED, transfer, amount=str(transfer.amount))
    return transfer


@action(right=STAFF)
def make_transfer_file(actor: Actor, target: None, *, currency: str) -> TransferFile:
    """Put all transfers of a currency that wait into one pain.001 file for the bank. Each is in one file only."""
    waiting = list(
        Transfer.objects.select_for_update(of=("self",))
        .filter(state=TransferState.ASKED, currency=currency, destination=Destination.BANK)
        .order_by("pk")[:10_000]
    )
    if not waiting:
        raise NothingToTransfer(currency=currency)
    total = Money.sum((each.amount for each in waiting), currency)
    file = TransferFile.objects.create(
        message=f"K-{clock.now():%Y%m%d%H%M%S}-{waiting[0].pk}"[:35],
        currency=currency,
        count=len(waiting),
        minor=total.minor,
        content=b"",
        person_id=actor.person_id,
    )
    file.content = write(file.message, file.made_at, clock.today(), currency, waiting)
    file.save(update_fields=["content"])
    for transfer in waiting:
        transfer.file = file
        _move(transfer, TransferState.ORDERED)
        if transfer.organization is not None:
            record(actor, Happened.WITHDRAWAL_ORDERED, transfer, amount=str(transfer.amount))
    record(actor, Happened.FILE_MADE, file, count=file.count, total=str(file.total))
    return file


@action(right=STAFF)
def mark_transfer_done(actor: Actor, transfer: Transfer) -> Transfer:
    """A transfer to PayPal was sent by hand. One by bank is done when the statement shows it."""
    transfer = _locked(transfer, TransferState.ASKED)
    if transfer.destination != Destination.PAYPAL:
        raise NotToBeChanged(state=TransferState(transfer.state).label)
    paypal = ledger.account(AccountKind.IN_TRANSIT, transfer.currency, detail="paypal")
    _book(transfer, "withdrawal_done", {transit_of(transfer): transfer.amount, paypal: -transfer.amount})
    _move(transfer, TransferState.DONE)
    record(actor, Happened.WITHDRAWAL_DONE, transfer, amount=str(transfer.amount))
    return transfer


@action(right=STAFF)
def mark_transfer_returned(actor: Actor, transfer: Transfer, *, item: BankItem | None = None) -> Transfer:
    """A transfer came back: its money is on the prepaid account again, with a mail (BIL-62).

    `item` is the payment by which it came back; without one, the bank never sent it and it is given up.
    """
    transfer = _locked(transfer, TransferState.ORDERED, TransferState.DONE)
    if transfer.purpose != TransferPurpose.WITHDRAWAL or (
        item is None and transfer.state == TransferState.DONE
    ):
        raise NotToBeChanged(state=TransferState(transfer.state).label)
    if item is None:
        _credit_again(transfer, "withdrawal_returned")
    else:
        item = settling.locked(item)
        if item.amount != transfer.amount:
            raise NotToBeChanged(state=TransferState(transfer.state).label)
        _come_back(actor, item, transfer)
    _returned(actor, transfer)
    return transfer


@action(right=ACCOUNTING)
def top_up_by_transfer(actor: Actor, organization: Organization) -> TopUpReference:
    """The reference by which the prepaid account is filled by bank transfer, the same every time (BIL-61)."""
    currency = organization.currency
    account = config.operator.qr_iban if currency == "CHF" else config.operator.iban
    found, _is_new = TopUpReference.objects.get_or_create(
        organization=organization, currency=currency, defaults={"account": account}
    )
    if found.reference is None:
        found.reference = reference_for(TOP_UP_NUMBERS + found.pk, account=found.account)
        found.save(update_fields=["reference"])
    record(actor, Happened.TOP_UP_REFERENCE, organization, currency=currency)
    return found


def meet(actor: Actor, item: BankItem, transfer: Transfer) -> None:
    """The statement shows a transfer of ours: it has left, or it came back. `item` is locked."""
    transfer = Transfer.objects.select_for_update(of=("self",)).get(pk=transfer.pk)
    if item.is_credit:
        if transfer.organization is None or transfer.state == TransferState.RETURNED:
            item.state = ItemState.OPEN
            item.save()
            return
        _come_back(actor, item, transfer)
        _returned(actor, transfer)
        return
    settling.book(item, "transfer", transit_of(transfer), organization=transfer.organization)
    settling.done(actor, item, Outcome.TRANSFER, transfer.organization)
    if transfer.state == TransferState.ORDERED:
        _move(transfer, TransferState.DONE)
    record(actor, Happened.WITHDRAWAL_DONE, transfer, amount=str(transfer.amount))


def transit_of(transfer: Transfer) -> Account:
    """Where money waits between our books and the bank's."""
    return ledger.account(AccountKind.IN_TRANSIT, transfer.currency, detail="transfers")


def _come_back(actor: Actor, item: BankItem, transfer: Transfer) -> None:
    """The money is back on our bank account: from there to the prepaid account."""
    assert transfer.organization is not None
    purse = prepaid.locked(transfer.organization, transfer.currency)
    if transfer.state == TransferState.ORDERED:
        # It came back before the debit was seen: what was set aside is what came back.
        settling.book(item, "returned", transit_of(transfer), organization=transfer.organization)
        _credit_again(transfer, "withdrawal_returned")
    else:
        settling.book(item, "returned", purse.account, organization=transfer.organization)
    settling.done(actor, item, Outcome.RETURNED, transfer.organization)


def _credit_again(transfer: Transfer, kind: str) -> None:
    assert transfer.organization is not None
    purse = prepaid.locked(transfer.organization, transfer.currency)
    _book(transfer, kind, {transit_of(transfer): transfer.amount, purse.account: -transfer.amount})


def _returned(actor: Actor, transfer: Transfer) -> None:
    _move(transfer, TransferState.RETURNED)
    record(actor, Happened.WITHDRAWAL_RETURNED, transfer, amount=str(transfer.amount))
    emails.withdrawal_returned(transfer)


def _book(transfer: Transfer, kind: str, movements: dict[Account, Money]) -> None:
    ledger.book(kind, f"transfer:{transfer.pk}:{kind}", movements, organization=transfer.organization)


def _locked(transfer: Transfer, *states: TransferState) -> Transfer:
    found = (
        Transfer.objects.select_for_update(of=("self",)).select_related("organization").get(pk=transfer.pk)
    )
    if found.state not in states:
        raise NotToBeChanged(state=TransferState(found.state).label)
    return found


def _move(transfer: Transfer, state: TransferState) -> None:
    transfer.state, transfer.changed_at = state, clock.now()
    transfer.save(update_fields=["state", "changed_at", "file"])


def _checked_paypal(address: str) -> str:
    address = re.sub(r"\s", "", address)
    try:
        validate_email(address)
    except DjangoValidationError:
        raise BadPaypal from None
    return address[:254]
