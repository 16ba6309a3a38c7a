"""Who may take in statements, settle payments and send money away."""

from __future__ import annotations

import base64
import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

from kanton.billing import ledger, prepaid
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
    match_item,
    send_back,
    top_up_by_transfer,
)
from kanton.billing.bank.models import BankEntry, BankItem, Statement, Transfer, TransferFile
from kanton.billing.bank.tests.bank_files import PAYER, camt, pay
from kanton.billing.models import AccountKind, Invoice, InvoiceLine
from kanton.core.money import Money
from kanton.organizations.rights import ACCOUNTING
from kanton.testing import PASSWORD
from kanton.testing_matrix import (
    ADMINISTRATORS,
    GRANTED,
    NOBODY,
    OWNER_ONLY,
    SIGNED_IN,
    STAFF_ONLY,
    Cast,
    Fill,
    Line,
    Who,
    act,
    api,
    page,
)

NOT_THERE = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)
FOREIGN = {Who.STRANGER: 404, Who.STAFF: 404}
KEEPERS = ADMINISTRATORS | GRANTED
ORG, PAYMENT, BANK = "/o/<slug:organization>", "/staff/bank/payments/<int:number>", "/2/staff/bank"
API_PAYMENT, INVOICING = "/2/staff/bank/payments/{number}", "/1/invoicing/{account}"
TEN = Money.of("10", "CHF")
CONTENT = camt(pay("10.00", text="matrix"))


def item(cast: Cast, *, state: str = "open") -> BankItem:
    """A payment of ten francs that nobody has settled, proposed for Acme."""
    statement = Statement.objects.create(digest="matrix", kind="camt.053", version="08", account=PAYER)
    entry = BankEntry.objects.create(
        key="matrix", statement=statement, account=PAYER, currency="CHF", minor=10_00,
        booked_on=dt.date(2026, 11, 20), valued_on=dt.date(2026, 11, 20),
    )  # fmt: skip
    return BankItem.objects.create(
        bank_entry=entry, minor=10_00, name="Matrix", iban=PAYER, state=state, tier="proposed",
        organization=cast.acme,
    )  # fmt: skip


def invoice(cast: Cast) -> Invoice:
    """An open invoice of Acme over ten francs."""
    made = Invoice.objects.create(
        organization=cast.acme,
        currency="CHF",
        net_minor=10_00,
        total_minor=10_00,
        reference="RF18539007547034",
    )
    InvoiceLine.objects.create(
        invoice=made, position=1, product="mail", plan="mail", title="Mail", quantity=1, months=12,
        unit_minor=10_00, net_minor=10_00,
    )  # fmt: skip
    return made


def with_money(cast: Cast) -> None:
    """Ten francs on Acme's prepaid account."""
    account = prepaid.prepaid_account(cast.acme, "CHF").account
    ledger.book("top_up", "matrix", {ledger.account(AccountKind.BANK, "CHF"): TEN, account: -TEN})


def transfer(cast: Cast, *, state: str = "asked", destination: str = "bank") -> Transfer:
    """A withdrawal of Acme."""
    with_money(cast)
    made: Transfer = ask_withdrawal(
        cast.owner, cast.acme, amount=TEN, account=PAYER if destination == "bank" else "a@acme.example",
        name="Acme", destination=destination, password=PASSWORD,
    )  # fmt: skip
    if state == "ordered":
        make_transfer_file(cast.actor(Who.STAFF), None, currency="CHF")
        made.refresh_from_db()
    return made


def file(cast: Cast) -> TransferFile:
    """A payment file."""
    transfer(cast)
    return make_transfer_file(cast.actor(Who.STAFF), None, currency="CHF")


def number(make: Any, **more: Any) -> Fill:
    return lambda cast: {"number": make(cast, **more).pk}


def _invoice_too(cast: Cast) -> Mapping[str, Any]:
    return {"number": item(cast).pk, "invoice": invoice(cast).pk}


def _customer_too(cast: Cast) -> Mapping[str, Any]:
    return {"number": item(cast).pk, "customer": cast.acme.pk}


def _account(cast: Cast) -> Mapping[str, Any]:
    with_money(cast)
    return {"account": cast.acme.pk}


def _withdrawal(cast: Cast) -> Mapping[str, Any]:
    return {"account": cast.acme.pk, "number": transfer(cast).pk}


def staff_page(route: str, fill: Fill | None = None, **more: Any) -> Line:
    return page(route, allowed=STAFF_ONLY, but=NOT_THERE, fill=fill, **more)


def staff_api(method: str, route: str, fill: Fill | None = None, **more: Any) -> Line:
    return api(method, route, allowed=STAFF_ONLY, but=NOT_THERE, fill=fill, **more)


def take(actor: Any, _cast: Cast) -> object:
    return import_statement(actor, None, file=io.BytesIO(CONTENT))


def withdraw(actor: Any, cast: Cast) -> object:
    with_money(cast)
    return ask_withdrawal(actor, cast.acme, amount=TEN, account=PAYER, name="Acme", password=PASSWORD)


WITHDRAWAL = {
    "amount": {"amount": "10.00", "currency": "CHF"},
    "account": PAYER,
    "name": "A",
    "password": PASSWORD,
}

LINES: list[Line] = [
    act("billing.import_statement", take, allowed=STAFF_ONLY),
    act("billing.match_item", lambda actor, cast: match_item(actor, item(cast)), allowed=NOBODY),
    act("billing.confirm_proposal", lambda a, cast: confirm_proposal(a, item(cast)), allowed=STAFF_ONLY),
    act(
        "billing.assign_to_invoice",
        lambda actor, cast: assign_to_invoice(actor, item(cast), invoice=invoice(cast)),
        allowed=STAFF_ONLY,
    ),
    act(
        "billing.assign_to_prepaid",
        lambda actor, cast: assign_to_prepaid(actor, item(cast), organization=cast.acme),
        allowed=STAFF_ONLY,
    ),
    act("billing.send_back", lambda actor, cast: send_back(actor, item(cast)), allowed=STAFF_ONLY),
    act("billing.book_charges", lambda actor, cast: book_charges(actor, item(cast)), allowed=STAFF_ONLY),
    act(
        "billing.book_provider_payout",
        lambda actor, cast: book_provider_payout(actor, item(cast), provider="test"),
        allowed=STAFF_ONLY,
    ),
    act("billing.ask_withdrawal", withdraw, allowed=OWNER_ONLY),
    act("billing.cancel_withdrawal", lambda a, cast: cancel_withdrawal(a, transfer(cast)), allowed=OWNER_ONLY),
    act(
        "billing.make_transfer_file",
        lambda actor, cast: (transfer(cast), make_transfer_file(actor, None, currency="CHF")),
        allowed=STAFF_ONLY,
    ),
    act(
        "billing.mark_transfer_done",
        lambda actor, cast: mark_transfer_done(actor, transfer(cast, destination="paypal")),
        allowed=STAFF_ONLY,
    ),
    act(
        "billing.mark_transfer_returned",
        lambda actor, cast: mark_transfer_returned(actor, transfer(cast, state="ordered")),
        allowed=STAFF_ONLY,
    ),
    act("billing.top_up_by_transfer", lambda a, cast: top_up_by_transfer(a, cast.acme), allowed=KEEPERS),
    staff_page("/staff/bank"),
    staff_page("/staff/bank/import"),
    staff_page("/staff/bank/statements"),
    staff_page(PAYMENT, number(item)),
    staff_page(PAYMENT + "/confirm", number(item), post={}),
    staff_page(PAYMENT + "/invoices/<int:invoice>", _invoice_too, post={}),
    staff_page(PAYMENT + "/customers/<int:customer>", _customer_too, post={}),
    staff_page(PAYMENT + "/charges", number(item), post={}),
    staff_page(PAYMENT + "/payout", number(item), post={"provider": "test"}),
    staff_page(PAYMENT + "/send-back", number(item)),
    staff_page("/staff/bank/transfers"),
    staff_page("/staff/bank/transfers/file", post={"currency": "CHF"}),
    staff_page(
        "/staff/bank/transfers/<int:number>/done", number(transfer, destination="paypal"), post={}
    ),
    staff_page("/staff/bank/transfers/<int:number>/returned", number(transfer, state="ordered"), post={}),
    staff_page("/staff/bank/files/<int:number>", number(file)),
    page(f"{ORG}/prepaid/withdrawals", allowed=KEEPERS, right=ACCOUNTING),
    page(f"{ORG}/prepaid/withdraw", allowed=OWNER_ONLY),
    page(f"{ORG}/prepaid/withdrawals/<int:number>/cancel", post={}, fill=number(transfer), allowed=OWNER_ONLY),
    page(f"{ORG}/prepaid/transfer", allowed=KEEPERS, right=ACCOUNTING),
    staff_api("GET", BANK),
    staff_api("GET", BANK + "/statements"),
    staff_api(
        "POST", BANK + "/statements", data={"content": base64.b64encode(CONTENT).decode()}, status=201
    ),
    staff_api("GET", BANK + "/payments"),
    staff_api("GET", BANK + "/candidates"),
    staff_api("GET", API_PAYMENT, number(item)),
    staff_api("POST", API_PAYMENT + "/confirmation", number(item)),
    staff_api("POST", API_PAYMENT + "/invoice", number(item), data={"invoice_id": 999999}, status=404),
    staff_api("POST", API_PAYMENT + "/prepaid", number(item), data={"account_id": 999999}, status=404),
    staff_api("POST", API_PAYMENT + "/return", number(item), data={}, status=201),
    staff_api("POST", API_PAYMENT + "/charges", number(item)),
    staff_api("POST", API_PAYMENT + "/payout", number(item), data={"provider": "test"}),
    staff_api("GET", BANK + "/transfers"),
    staff_api("POST", BANK + "/transfers/{number}/done", number(transfer, destination="paypal")),
    staff_api("POST", BANK + "/transfers/{number}/returned", number(transfer, state="ordered")),
    staff_api("GET", BANK + "/files"),
    staff_api("POST", BANK + "/files", data={"currency": "CHF"}, status=409),
    staff_api("GET", BANK + "/files/{number}", number(file)),
    api(
        "GET", INVOICING + "/withdrawal/available", allowed=KEEPERS, right=ACCOUNTING, fill=_account, but=FOREIGN
    ),
    api("GET", INVOICING + "/withdrawal/list", allowed=KEEPERS, right=ACCOUNTING, fill=_account, but=FOREIGN),
    api(
        "POST", INVOICING + "/withdrawal", allowed=OWNER_ONLY, fill=_account, but=FOREIGN, data=WITHDRAWAL,
        status=201,
    ),
    api("DELETE", INVOICING + "/withdrawal/{number}", allowed=OWNER_ONLY, fill=_withdrawal, but=FOREIGN),
    api(
        "POST", INVOICING + "/prepaid/transfer", allowed=KEEPERS, right=ACCOUNTING, fill=_account, but=FOREIGN
    ),
]  # fmt: skip
