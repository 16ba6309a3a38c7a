"""The bank over the API: statements and the work list for staff, withdrawals for customers."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.web import require_staff
from kanton.billing.api import INVOICING, PAY, READ
from kanton.billing.bank import queries
from kanton.billing.bank.actions import (
    ask_withdrawal,
    assign_to_invoice,
    assign_to_prepaid,
    book_charges,
    book_provider_payout,
    cancel_withdrawal,
    confirm_proposal,
    import_statement,
    make_transfer_file,
    mark_transfer_done,
    mark_transfer_returned,
    send_back,
    top_up_by_transfer,
)
from kanton.billing.bank.errors import (
    BadIban,
    BadPaypal,
    NoAccountToSendTo,
    NoProposal,
    NothingToTransfer,
    NotOurAccount,
    NotToBeChanged,
    OnlyIncoming,
    SettledBefore,
    TooLittle,
    UnknownProvider,
    Unreadable,
)
from kanton.billing.bank.models import BankItem, Statement, TopUpReference, Transfer, TransferFile
from kanton.billing.errors import NotEnoughMoney
from kanton.billing.schemas import Currency, FileOut, MoneyIn
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Id, Lists, MoneyOut, Query, Router, Rows, Timestamp, money_out
from kanton.core.parity import exposes
from kanton.organizations.queries import organization_by_id

router = Router("Bank")
STAFF = ("staff",)
BANK = "/2/staff/bank"
PAYMENT = BANK + "/payments/{number}"
States = Literal["new", "open", "settled"]
Tiers = Literal["certain", "proposed", "unknown"]
TransferStates = Literal["asked", "ordered", "done", "returned", "cancelled"]


class HealthOut(TypedDict):
    """What waits at the bank, and what the ledger holds of it."""

    waiting: int
    proposed: int
    being_matched: int
    transfers: int
    odd_statements: int
    suspense: list[MoneyOut]


@router.get(BANK, scopes=STAFF)
@exposes(queries.bank_health)
def read_bank(request: ApiRequest) -> HealthOut:
    """Tell what waits for staff at the bank."""
    found = queries.bank_health(request.actor)
    return {
        "waiting": found.waiting,
        "proposed": found.proposed,
        "being_matched": found.being_matched,
        "transfers": found.transfers,
        "odd_statements": found.odd_statements,
        "suspense": [money_out(each) for each in found.suspense],
    }


class StatementOut(TypedDict):
    """A statement that was taken in. `adds_up` is false when its balances and its entries disagree."""

    id: int
    kind: str
    version: str
    file_name: str
    account: str
    entries: int
    new_entries: int
    adds_up: bool
    imported_at: Timestamp


def _statement_out(each: Statement) -> StatementOut:
    return {
        "id": each.pk,
        "kind": each.kind,
        "version": each.version,
        "file_name": each.file_name,
        "account": each.account,
        "entries": each.entries,
        "new_entries": each.new_entries,
        "adds_up": each.adds_up,
        "imported_at": clock.timestamp(each.imported_at) or 0,
    }


class StatementIn(Body):
    """A file of the bank in base64. Larger ones go through the page or the watched folder."""

    name: Annotated[str, Field(max_length=120)] = ""
    content: Annotated[str, Field(min_length=1, max_length=2_700_000)]


@router.get(
    BANK + "/statements", scopes=STAFF, lists=Lists(order={"id": "pk"}, default="-id", always_paged=True)
)
@exposes(queries.statements)
def list_statements(request: ApiRequest) -> Rows[StatementOut]:
    """List the statements that were taken in, newest first."""
    return Rows(queries.statements(request.actor), _statement_out)


@router.post(
    BANK + "/statements", scopes=STAFF, status=201, errors=(Unreadable, NotOurAccount),
    example={"name": "camt053.xml", "content": "PERvY3VtZW50Lz4="},
)  # fmt: skip
@exposes(import_statement)
def create_statement(request: ApiRequest, data: StatementIn) -> list[StatementOut]:
    """Take in a camt.053 or camt.054 file. The same file, or an entry of it, again counts once."""
    require_staff(request.actor)
    try:
        content = base64.b64decode(data.content, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable(reason="Base64.", code="base64", detail="") from None
    found = import_statement(request.actor, None, file=io.BytesIO(content), file_name=data.name)
    return [_statement_out(each) for each in found]


class PaymentOut(TypedDict):
    """A payment of a statement; money in is positive. `why` says why the match is certain, proposed or unknown."""

    id: int
    amount: MoneyOut
    booked_on: str
    name: str
    iban: str
    reference: str
    text: str
    end_to_end_id: str
    bank_reference: str
    state: States
    tier: Tiers | None
    why: str | None
    outcome: str | None
    invoice_id: int | None
    account_id: int | None
    settled_at: Timestamp | None


def _payment_out(item: BankItem) -> PaymentOut:
    return {
        "id": item.pk,
        "amount": money_out(item.amount),
        "booked_on": item.bank_entry.booked_on.isoformat(),
        "name": item.name,
        "iban": item.iban,
        "reference": item.reference,
        "text": item.text,
        "end_to_end_id": item.end_to_end,
        "bank_reference": item.bank_entry.bank_reference,
        "state": cast("Any", item.state),
        "tier": cast("Any", item.tier or None),
        "why": item.why or None,
        "outcome": item.outcome or None,
        "invoice_id": item.invoice_id,
        "account_id": item.organization_id,
        "settled_at": clock.timestamp(item.settled_at),
    }


class PaymentFilter(Query):
    """Which payments."""

    state: States | None = None
    tier: Tiers | None = None


class PaymentsQuery(Query):
    """The query of the list of payments."""

    filter: PaymentFilter = PaymentFilter()


@router.get(
    BANK + "/payments",
    scopes=STAFF,
    lists=Lists(
        order={"id": "pk"}, default="-id", search=("name", "reference", "text", "iban"), always_paged=True
    ),
)
@exposes(queries.bank_items)
def list_payments(request: ApiRequest, query: PaymentsQuery) -> Rows[PaymentOut]:
    """List the payments of all statements, newest first."""
    found = queries.bank_items(request.actor)
    if query.filter.state:
        found = found.filter(state=query.filter.state)
    if query.filter.tier:
        found = found.filter(tier=query.filter.tier)
    return Rows(found, _payment_out)


@router.get(PAYMENT, scopes=STAFF)
@exposes(queries.bank_item)
def read_payment(request: ApiRequest, number: int) -> PaymentOut:
    """Read one payment of a statement."""
    return _payment_out(queries.bank_item(request.actor, number))


class CandidatesQuery(Query):
    """What to look for: a number, a reference, an amount, a name."""

    search_for: Annotated[str, Field(max_length=100)] = ""


class CandidateOut(TypedDict):
    """An invoice that a payment could settle."""

    invoice_id: int
    account_id: int
    label: str
    customer: str
    status: str
    total: MoneyOut


class CustomerOut(TypedDict):
    """An organization that a payment could be credited to."""

    account_id: int
    name: str


class CandidatesOut(TypedDict):
    """What was found."""

    invoices: list[CandidateOut]
    customers: list[CustomerOut]


@router.get(BANK + "/candidates", scopes=STAFF)
@exposes(queries.invoices_for, queries.organizations_for)
def list_candidates(request: ApiRequest, query: CandidatesQuery) -> CandidatesOut:
    """Look for invoices and customers that a payment could be for; at most 20 of each."""
    return {
        "invoices": [
            {
                "invoice_id": each.pk,
                "account_id": each.organization_id,
                "label": each.label,
                "customer": each.organization.name,
                "status": each.status,
                "total": money_out(each.total),
            }
            for each in queries.invoices_for(request.actor, query.search_for)
        ],
        "customers": [
            {"account_id": each.pk, "name": each.name}
            for each in queries.organizations_for(request.actor, query.search_for)
        ],
    }


@router.post(PAYMENT + "/confirmation", scopes=STAFF, errors=(SettledBefore, NoProposal, OnlyIncoming))
@exposes(confirm_proposal)
def create_confirmation(request: ApiRequest, number: int) -> PaymentOut:
    """Settle a payment as proposed."""
    return _payment_out(confirm_proposal(request.actor, queries.bank_item(request.actor, number)))


class InvoiceChosen(Body):
    """The invoice that a payment is for."""

    invoice_id: Id


@router.post(
    PAYMENT + "/invoice", scopes=STAFF, errors=(SettledBefore, OnlyIncoming), example={"invoice_id": 17}
)
@exposes(assign_to_invoice)
def pay_invoice_with(request: ApiRequest, number: int, data: InvoiceChosen) -> PaymentOut:
    """Settle an invoice with a payment. Another amount or currency goes to the prepaid account."""
    item = queries.bank_item(request.actor, number)
    invoice = queries.payable_invoice(request.actor, data.invoice_id)
    return _payment_out(assign_to_invoice(request.actor, item, invoice=invoice))


class CustomerChosen(Body):
    """The organization that a payment is credited to."""

    account_id: Id


@router.post(
    PAYMENT + "/prepaid", scopes=STAFF, errors=(SettledBefore, OnlyIncoming), example={"account_id": 17}
)
@exposes(assign_to_prepaid)
def credit_with(request: ApiRequest, number: int, data: CustomerChosen) -> PaymentOut:
    """Credit a payment to an organization's prepaid account."""
    item = queries.bank_item(request.actor, number)
    organization = queries.any_organization(request.actor, data.account_id)
    return _payment_out(assign_to_prepaid(request.actor, item, organization=organization))


class SendBackIn(Body):
    """Where to; without an account, where it came from."""

    account: Annotated[str, Field(max_length=42)] = ""
    name: Annotated[str, Field(max_length=70)] = ""


class TransferOut(TypedDict):
    """A transfer that goes out. `account` is shortened."""

    id: int
    purpose: str
    destination: str
    account_id: int | None
    amount: MoneyOut
    name: str
    account: str
    state: TransferStates
    file_id: int | None
    asked_at: Timestamp
    changed_at: Timestamp


def _transfer_out(each: Transfer) -> TransferOut:
    return {
        "id": each.pk,
        "purpose": each.purpose,
        "destination": each.destination,
        "account_id": each.organization_id,
        "amount": money_out(each.amount),
        "name": each.name,
        "account": each.account_hint,
        "state": cast("Any", each.state),
        "file_id": each.file_id,
        "asked_at": clock.timestamp(each.asked_at) or 0,
        "changed_at": clock.timestamp(each.changed_at) or 0,
    }


@router.post(
    PAYMENT + "/return",
    scopes=STAFF,
    status=201,
    errors=(SettledBefore, OnlyIncoming, NoAccountToSendTo, BadIban),
    example={"account": "CH9300762011623852957", "name": "Ana Keller"},
)
@exposes(send_back)
def create_return(request: ApiRequest, number: int, data: SendBackIn) -> TransferOut:
    """Send a payment back with the next payment file."""
    item = queries.bank_item(request.actor, number)
    return _transfer_out(send_back(request.actor, item, account=data.account, name=data.name))


@router.post(PAYMENT + "/charges", scopes=STAFF, errors=(SettledBefore,))
@exposes(book_charges)
def create_charges(request: ApiRequest, number: int) -> PaymentOut:
    """Book a payment as bank charges."""
    return _payment_out(book_charges(request.actor, queries.bank_item(request.actor, number)))


class ProviderChosen(Body):
    """The payment provider whose payout this is."""

    provider: Annotated[str, Field(min_length=1, max_length=40)]


@router.post(
    PAYMENT + "/payout", scopes=STAFF, errors=(SettledBefore, UnknownProvider), example={"provider": "stripe"}
)
@exposes(book_provider_payout)
def create_payout(request: ApiRequest, number: int, data: ProviderChosen) -> PaymentOut:
    """Book a payment as the payout of a payment provider."""
    item = queries.bank_item(request.actor, number)
    return _payment_out(book_provider_payout(request.actor, item, provider=data.provider))


# --- what goes out ----------------------------------------------------------------------------------------------


@router.get(
    BANK + "/transfers", scopes=STAFF, lists=Lists(order={"id": "pk"}, default="-id", always_paged=True)
)
@exposes(queries.transfers)
def list_transfers(request: ApiRequest) -> Rows[TransferOut]:
    """List the transfers that go out, newest first."""
    return Rows(queries.transfers(request.actor), _transfer_out)


@router.post(BANK + "/transfers/{number}/done", scopes=STAFF, errors=(NotToBeChanged,))
@exposes(mark_transfer_done)
def create_done(request: ApiRequest, number: int) -> TransferOut:
    """Note that a transfer to PayPal was sent by hand."""
    return _transfer_out(mark_transfer_done(request.actor, queries.transfer(request.actor, number)))


@router.post(BANK + "/transfers/{number}/returned", scopes=STAFF, errors=(NotToBeChanged,))
@exposes(mark_transfer_returned)
def create_returned(request: ApiRequest, number: int) -> TransferOut:
    """Note that the bank did not carry a transfer out: it is credited again."""
    return _transfer_out(mark_transfer_returned(request.actor, queries.transfer(request.actor, number)))


class FileInfo(TypedDict):
    """A payment file."""

    id: int
    name: str
    count: int
    total: MoneyOut
    made_at: Timestamp


def _file_out(each: TransferFile) -> FileInfo:
    return {
        "id": each.pk,
        "name": each.message,
        "count": each.count,
        "total": money_out(each.total),
        "made_at": clock.timestamp(each.made_at) or 0,
    }


class FileIn(Body):
    """Of which currency."""

    currency: Currency


@router.get(BANK + "/files", scopes=STAFF, lists=Lists(order={"id": "pk"}, default="-id", always_paged=True))
@exposes(queries.transfer_files)
def list_files(request: ApiRequest) -> Rows[FileInfo]:
    """List the payment files, newest first."""
    return Rows(queries.transfer_files(request.actor), _file_out)


@router.post(
    BANK + "/files", scopes=STAFF, status=201, errors=(NothingToTransfer,), example={"currency": "CHF"}
)
@exposes(make_transfer_file)
def create_file(request: ApiRequest, data: FileIn) -> FileInfo:
    """Put all transfers of a currency that wait into one pain.001 file."""
    require_staff(request.actor)
    return _file_out(make_transfer_file(request.actor, None, currency=data.currency))


@router.get(BANK + "/files/{number}", scopes=STAFF)
@exposes(queries.transfer_file)
def read_file(request: ApiRequest, number: int) -> FileOut:
    """Read a payment file (pain.001.001.09) for the bank."""
    found = queries.transfer_file(request.actor, number)
    content = bytes(found.content)
    return {
        "name": f"{found.message}.xml",
        "type": "application/xml",
        "size": len(content),
        "content": base64.b64encode(content).decode(),
    }


# --- customers --------------------------------------------------------------------------------------------------


class WithdrawalIn(Body):
    """How much, where to, and your password again. `account` is an IBAN, or the PayPal address."""

    amount: MoneyIn
    destination: Literal["bank", "paypal"] = "bank"
    account: Annotated[str, Field(min_length=1, max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=70)]
    password: Annotated[str, Field(max_length=128)]


class AvailableOut(TypedDict):
    """What may be withdrawn in one currency."""

    currency: str
    available: MoneyOut


@router.get(INVOICING + "/withdrawal/available", scopes=READ)
@exposes(queries.withdrawable)
def read_withdrawable(request: ApiRequest, account: int) -> list[AvailableOut]:
    """Tell how much could be withdrawn, by currency."""
    organization = organization_by_id(request.actor, account)
    return [
        {"currency": each.balance.currency, "available": money_out(each.available)}
        for each in queries.withdrawable(request.actor, organization)
    ]


@router.get(INVOICING + "/withdrawal/list", scopes=READ, lists=Lists(order={"id": "pk"}, default="-id"))
@exposes(queries.withdrawals_of)
def list_withdrawals(request: ApiRequest, account: int) -> Rows[TransferOut]:
    """List the withdrawals of an organization, newest first."""
    organization = organization_by_id(request.actor, account)
    return Rows(queries.withdrawals_of(request.actor, organization), _transfer_out)


@router.post(
    INVOICING + "/withdrawal",
    scopes=PAY,
    status=201,
    errors=(NotEnoughMoney, TooLittle, BadIban, BadPaypal),
    example={
        "amount": {"amount": "50.00", "currency": "CHF"},
        "account": "CH9300762011623852957",
        "name": "Acme GmbH",
        "password": "…",
    },
)
@exposes(ask_withdrawal)
def create_withdrawal(request: ApiRequest, account: int, data: WithdrawalIn) -> TransferOut:
    """Withdraw money from the prepaid account, as an owner and with the password. All owners are mailed."""
    organization = organization_by_id(request.actor, account)
    return _transfer_out(
        ask_withdrawal(
            request.actor,
            organization,
            amount=data.amount.money,
            destination=data.destination,
            account=data.account,
            name=data.name,
            password=data.password,
        )
    )


@router.delete(INVOICING + "/withdrawal/{number}", scopes=PAY, errors=(NotToBeChanged,))
@exposes(cancel_withdrawal, queries.withdrawal_of)
def remove_withdrawal(request: ApiRequest, account: int, number: int) -> TransferOut:
    """Cancel a withdrawal that the bank does not have yet."""
    organization = organization_by_id(request.actor, account)
    found = queries.withdrawal_of(request.actor, organization, number)
    return _transfer_out(cancel_withdrawal(request.actor, found))


class ReferenceOut(TypedDict):
    """How to top up by bank transfer."""

    iban: str
    reference: str
    currency: str


@router.post(INVOICING + "/prepaid/transfer", scopes=PAY)
@exposes(top_up_by_transfer)
def create_reference(request: ApiRequest, account: int) -> ReferenceOut:
    """Get account and reference by which the prepaid account is filled by bank transfer; the same every time."""
    found: TopUpReference = top_up_by_transfer(request.actor, organization_by_id(request.actor, account))
    return {"iban": found.account, "reference": found.reference or "", "currency": found.currency}
