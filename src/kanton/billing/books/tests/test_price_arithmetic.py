"""What the cart says is what the order costs, the ledger books and a credit note gives back: in CHF and in EUR."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from kanton.billing import ledger, prepaid, proof
from kanton.billing.actions import (
    add_to_cart,
    confirm_payment,
    open_cart,
    order_cart,
    pay_invoice,
    top_up,
)
from kanton.billing.books.actions import credit_invoice, left_to_credit
from kanton.billing.models import AccountKind, Invoice
from kanton.billing.promotions.actions import apply_code, choose_method, issue_code
from kanton.billing.quotes import cart_items, quote
from kanton.billing.renewals.tests.conftest import _demo, _kites
from kanton.billing.tests.conftest import make_plan
from kanton.core import throttle
from kanton.core.actor import System
from kanton.core.money import Money
from kanton.testing import acting, make_organization, make_person

__all__ = ["_demo", "_kites"]
pytestmark = pytest.mark.django_db
ROUNDS = int(os.environ.get("KANTON_TEST_ROUNDS", "8"))
CENT = Decimal("0.01")
#: Country of the customer, its currency, and the rate that a private person there pays.
PLACES = [("CH", "CHF", Decimal("8.1")), ("DE", "EUR", Decimal(19)), ("LU", "EUR", Decimal(17))]


@dataclass(frozen=True)
class Wanted:
    """A line of a cart: the price of a year, how many, and a code's percentage."""

    minor: int
    quantity: int
    percentage: Decimal | None


LINES = st.lists(
    st.builds(
        Wanted,
        minor=st.integers(1, 40_000),
        quantity=st.integers(1, 10),
        percentage=st.none() | st.decimals("0.01", 99, places=2),
    ),
    min_size=1,
    max_size=3,
)


def rounded(amount: Decimal) -> Decimal:
    """Half-up to the Rappen or cent: commercial rounding, as BIL-5 wants it."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def reckoned(lines: list[Wanted], rate: Decimal) -> tuple[list[Decimal], Decimal]:
    """By hand: the net of each line, and the total with VAT. What is rounded is what is left after the discount."""
    nets = []
    for line in lines:
        full = Decimal(line.minor) / 100 * line.quantity
        nets.append(rounded(full * (100 - line.percentage) / 100) if line.percentage else full)
    return nets, sum(nets, Decimal(0)) + rounded(sum(nets, Decimal(0)) * rate / 100)


@pytest.mark.spec("BIL-1", "BIL-2", "BIL-5", "BIL-41", "BIL-80")
@pytest.mark.parametrize(("country", "currency", "rate"), PLACES)
@settings(max_examples=ROUNDS, deadline=None)
@given(lines=LINES, shares=st.lists(st.integers(1, 99), max_size=3))
def test_cart_order_ledger_and_credit_notes_agree_to_the_minor_unit(
    country: str, currency: str, rate: Decimal, lines: list[Wanted], shares: list[int]
) -> None:
    with transaction.atomic():
        throttle.forget_everything()  # the codes that one person tries are counted, over all examples
        check(country, currency, rate, lines, shares)
        transaction.set_rollback(True)


def check(country: str, currency: str, rate: Decimal, lines: list[Wanted], shares: list[int]) -> None:
    """Order these lines there, pay, and credit them in parts: so many percent of what is left, then the rest."""
    ana = make_person("ana@acme.example", "Ana", "Keller")
    owner = acting(ana)
    staff = acting(make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True))
    acme = make_organization("Acme", "acme", ana, country=country, currency=currency)
    nets, total = reckoned(lines, rate)

    cart, _secret = open_cart(owner, None)
    for number, line in enumerate(lines):
        prices = {(each, 12): Money(line.minor, each) for each in ("CHF", "EUR")}
        plan = make_plan(f"kite-{number}", prices=prices)
        add_to_cart(
            owner, cart, plan=plan.code, months=12, quantity=line.quantity, options={"name": f"kite {number}"}
        )
    choose_method(owner, acme, cart=cart, method="prepaid")
    for number, line in enumerate(lines):
        if line.percentage:
            issue_code(
                staff, None, code=f"CODE{number}X", product="kites", plan=f"kite-{number}", percentage=line.percentage
            )  # fmt: skip
            apply_code(owner, acme, cart=cart, code=f"CODE{number}X")
    offered = quote(cart_items(cart), currency, acme)
    assert [line.price.net.amount for line in offered.lines if line.price] == nets
    assert offered.totals.total == Money(int(total * 100), currency)

    order = order_cart(owner, acme, cart=cart, expected_total=offered.totals.total)
    invoice = Invoice.objects.get(order=order)
    assert [line.net.amount for line in invoice.lines.order_by("position")] == nets
    assert (invoice.total.amount, invoice.currency) == (total, currency)
    filled = Money.of("9000", currency)
    paid = top_up(owner, acme, amount=filled, method="test")
    confirm_payment(System("test"), paid, charge="ch_1", amount=filled)
    if invoice.is_open:  # over nothing, it is paid already (BIL-42)
        pay_invoice(owner, invoice, prepaid_part=invoice.total)
    assert prepaid.standing(acme, currency).balance == filled - invoice.total

    given_back = Money.zero(currency)
    for share in [*shares, 100]:
        invoice.refresh_from_db()
        parts = {
            position: Money(left.minor * share // 100, currency)
            for position, left in left_to_credit(invoice).items()
            if left.minor * share // 100
        }
        if parts:
            note = credit_invoice(staff, invoice, amounts=parts)
            assert note.net == -Money.sum(parts.values(), currency)
            given_back -= note.total
    assert given_back == invoice.total and not any(left_to_credit(invoice).values())
    assert prepaid.standing(acme, currency).balance == filled
    trial = ledger.trial_balance(currency)
    zero = Money.zero(currency)
    assert all(
        trial.by_kind.get(kind, zero) == zero
        for kind in (AccountKind.REVENUE, AccountKind.VAT, AccountKind.RECEIVABLE)
    )
    assert ledger.unbalanced_entries() == [] and proof.problems() == []
