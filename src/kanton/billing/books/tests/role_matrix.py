"""Who keeps the books: the provider's staff alone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from kanton.billing import ledger
from kanton.billing.actions import confirm_payment
from kanton.billing.books.actions import (
    add_tax_rate,
    close_period,
    credit_invoice,
    credit_refund_instead,
    doubt_refund,
    note_refund_done,
    note_refund_failed,
    note_refund_returned,
    note_return_failed,
    refund_top_up,
    repeat_refund,
)
from kanton.billing.books.models import Refund
from kanton.billing.invoicing import seller_details, settle
from kanton.billing.models import AccountKind, Invoice, InvoiceLine, Payment
from kanton.core import clock
from kanton.core.actor import System
from kanton.core.money import Money
from kanton.testing_matrix import NOBODY, SIGNED_IN, STAFF_ONLY, Cast, Fill, Line, act, api, page

NOT_THERE = dict.fromkeys(SIGNED_IN - STAFF_ONLY, 404)
BOOKS, INVOICES = "/2/staff/books", "/2/staff/invoices"
TEN = Money.of("10", "CHF")
TAX = {"country": "CH", "rate": "0", "treatment": "standard"}


def paid(cast: Cast) -> Invoice:
    """A paid invoice of Acme over ten francs."""
    made = Invoice.objects.create(
        organization=cast.acme, currency="CHF", net_minor=10_00, total_minor=10_00,
        vat=[TAX | {"base": 10_00, "amount": 0}], seller=seller_details(), customer={"name": "Acme"},
    )  # fmt: skip
    InvoiceLine.objects.create(
        invoice=made, position=1, product="mail", plan="mail", title="Mail", quantity=1, months=12,
        unit_minor=10_00, net_minor=10_00, tax=TAX,
    )  # fmt: skip
    return settle(made)


def refund(cast: Cast, *, state: str = "pending") -> Refund:
    """A refund of ten francs on its way, or refused by the provider."""
    payment = Payment.objects.create(
        organization=cast.acme,
        purpose="top_up",
        provider="test",
        currency="CHF",
        minor=10_00,
        state="succeeded",
    )
    suspense = ledger.account(AccountKind.SUSPENSE, "CHF", detail="returns")
    ledger.book("test", "matrix", {ledger.account(AccountKind.BANK, "CHF"): TEN, suspense: -TEN})
    return Refund.objects.create(
        credit_note=paid(cast), payment=payment, minor=10_00, key="matrix", state=state,
        is_refused=state == "failed",
    )  # fmt: skip


def top_up(cast: Cast) -> Payment:
    """Ten francs that Acme paid into its prepaid account."""
    payment = Payment.objects.create(
        organization=cast.acme, purpose="top_up", provider="test", currency="CHF", minor=10_00
    )
    return confirm_payment(System("test"), payment, charge="matrix-top-up")


def number(make: Any, **more: Any) -> Fill:
    return lambda cast: {"number": make(cast, **more).pk}


def yesterday() -> dt.date:
    return clock.today() - dt.timedelta(days=1)


def add_rate(actor: Any, _cast: Cast) -> object:
    day = clock.today() + dt.timedelta(days=9)
    return add_tax_rate(actor, None, country="CH", since=day, percentage=Decimal("8.5"))


def staff_page(route: str, fill: Fill | None = None, **more: Any) -> Line:
    return page(route, allowed=STAFF_ONLY, but=NOT_THERE, fill=fill, **more)


def staff_api(method: str, route: str, fill: Fill | None = None, **more: Any) -> Line:
    return api(method, route, allowed=STAFF_ONLY, but=NOT_THERE, fill=fill, **more)


LINES: list[Line] = [
    act("billing.credit_invoice", lambda actor, cast: credit_invoice(actor, paid(cast)), allowed=STAFF_ONLY),
    act("billing.note_refund_done", lambda a, cast: note_refund_done(a, refund(cast)), allowed=NOBODY),
    act("billing.doubt_refund", lambda a, cast: doubt_refund(a, refund(cast)), allowed=NOBODY),
    act(
        "billing.note_refund_returned",
        lambda a, cast: note_refund_returned(a, refund(cast), reason="no", seen=clock.now()),
        allowed=NOBODY,
    ),
    act(
        "billing.note_return_failed",
        lambda a, cast: note_return_failed(a, refund(cast).payment),
        allowed=NOBODY,
    ),
    act(
        "billing.note_refund_failed",
        lambda actor, cast: note_refund_failed(actor, refund(cast), reason="no"),
        allowed=NOBODY,
    ),
    act(
        "billing.credit_refund_instead",
        lambda actor, cast: credit_refund_instead(actor, refund(cast, state="failed")),
        allowed=STAFF_ONLY,
    ),
    act(
        "billing.repeat_refund",
        lambda actor, cast: repeat_refund(actor, refund(cast, state="failed")),
        allowed=STAFF_ONLY,
    ),
    act("billing.refund_top_up", lambda actor, cast: refund_top_up(actor, top_up(cast)), allowed=STAFF_ONLY),
    act(
        "billing.close_period",
        lambda actor, _cast: close_period(actor, None, through=yesterday()),
        allowed=STAFF_ONLY,
    ),
    act("billing.add_tax_rate", add_rate, allowed=STAFF_ONLY),
    staff_page("/staff/books"),
    staff_page("/staff/books/trial-balance"),
    staff_page("/staff/books/journal"),
    staff_page("/staff/books/revenue"),
    staff_page("/staff/books/vat"),
    staff_page("/staff/books/ageing"),
    staff_page("/staff/books/deferred"),
    staff_page("/staff/books/closings"),
    staff_page("/staff/books/tax-rates"),
    staff_page("/staff/books/refunds"),
    staff_page("/staff/books/refunds/<int:number>/instead", number(refund, state="failed"), post={}),
    staff_page("/staff/books/refunds/<int:number>/again", number(refund, state="failed"), post={}),
    staff_page("/staff/books/top-ups"),
    staff_page("/staff/books/top-ups/<int:number>/refund", number(top_up)),
    staff_page("/staff/invoices"),
    staff_page("/staff/invoices/<int:number>", number(paid)),
    staff_page("/staff/invoices/<int:number>/pdf", number(paid)),
    staff_page("/staff/invoices/<int:number>/credit", number(paid)),
    staff_api("GET", BOOKS + "/proofs"),
    staff_api("GET", BOOKS + "/trial-balance"),
    staff_api("GET", BOOKS + "/journal"),
    staff_api("GET", BOOKS + "/revenue"),
    staff_api("GET", BOOKS + "/vat"),
    staff_api("GET", BOOKS + "/ageing"),
    staff_api("GET", BOOKS + "/deferred-revenue"),
    staff_api("GET", BOOKS + "/closings"),
    staff_api("POST", BOOKS + "/closings", data={"through": "2020-12-31"}, status=201),
    staff_api("GET", BOOKS + "/tax-rates"),
    staff_api(
        "POST",
        BOOKS + "/tax-rates",
        data={"country": "CH", "percentage": "8.5", "since": "2099-01-01"},
        status=201,
    ),
    staff_api("GET", BOOKS + "/refunds"),
    staff_api("POST", BOOKS + "/refunds/{number}/instead", number(refund, state="failed")),
    staff_api("POST", BOOKS + "/refunds/{number}/again", number(refund, state="failed")),
    staff_api("GET", BOOKS + "/top-ups"),
    staff_api("GET", BOOKS + "/top-ups/{number}", number(top_up)),
    staff_api("POST", BOOKS + "/top-ups/{number}/refund", number(top_up), data={}, status=201),
    staff_api("GET", INVOICES),
    staff_api("GET", INVOICES + "/{number}", number(paid)),
    staff_api("POST", INVOICES + "/{number}/credit-note", number(paid), data={}, status=201),
]
