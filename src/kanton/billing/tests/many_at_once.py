"""A process of its own that pays, withdraws and takes in statements with many threads at once, on the database of its
environment.

Run by test_many_at_once.py as `python -m kanton.billing.tests.many_at_once ROUNDS`; prints what happened as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from kanton.testing_at_once import names, together

THREADS = 50


def at_once(number: int, do: Callable[[int], object]) -> Counter[str]:
    """Run `do(0)` … `do(number - 1)` in threads that start together; count their results and errors by class."""
    return Counter(names(together([partial(do, index) for index in range(number)])))


def main(rounds: int) -> dict[str, Any]:
    """Prepare an organization with money, then pay at once in three ways, `rounds` times each."""
    import django

    django.setup()
    from kanton.billing import ledger, prepaid, proof
    from kanton.billing.actions import confirm_payment, pay_invoice, take_in, top_up
    from kanton.billing.bank.actions import ask_withdrawal, cancel_withdrawal, import_statement
    from kanton.billing.bank.models import BankEntry, BankItem, Transfer
    from kanton.billing.bank.tasks import match_all
    from kanton.billing.bank.tests.bank_files import PAYER, camt, pay
    from kanton.billing.books.actions import refund_top_up
    from kanton.billing.models import Invoice, Payment
    from kanton.billing.payments.contract import Notification, Outcome
    from kanton.billing.tests.conftest import Kites, make_plan, order_kites
    from kanton.core import schema
    from kanton.core.actor import System
    from kanton.core.money import Money
    from kanton.products.contract import register
    from kanton.testing import PASSWORD, acting, make_organization, make_person

    schema.create_all()

    register(Kites())
    ana = make_person("ana@acme.example", "Ana", "Keller")
    acme = make_organization("Acme", "acme", ana)
    kite = make_plan()

    sam = make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True)

    def fill(amount: str) -> Payment:
        payment = top_up(acting(ana), acme, amount=Money.of(amount, "CHF"), method="test")
        return confirm_payment(System("test"), payment, charge=f"ch_{payment.pk}", amount=payment.amount)

    def pay_one_of(bills: list[int], index: int) -> object:
        invoice = Invoice.objects.get(pk=bills[index % len(bills)])
        return pay_invoice(acting(ana), invoice, prepaid_part=invoice.total)

    found: dict[str, Any] = {
        "one_invoice": [], "one_charge": [], "one_purse": [], "two_withdrawals": [], "withdrawal_or_payment": [],
        "two_refunds": [], "refund_or_withdrawal": [], "statements": [], "by_bank": [],
    }  # fmt: skip
    for turn in range(rounds):
        # One invoice, fifty payers.
        fill("500")
        one = order_kites(acting(ana), acme, kite, "one").invoice.pk
        found["one_invoice"].append(dict(at_once(THREADS, partial(pay_one_of, [one]))))

        # One charge, reported fifty times under twenty-five names.
        paid = pay_invoice(acting(ana), order_kites(acting(ana), acme, kite, "two").invoice, method="test")

        def report(index: int, paid: Payment = paid, turn: int = turn) -> object:
            event = f"evt_{turn}_{index % 25}"
            message = Notification(event, paid.key, Outcome.SUCCEEDED, f"same_{turn}", paid.amount)
            return take_in(System("test"), "test", message)

        found["one_charge"].append(dict(at_once(THREADS, report)))

        # Money for exactly eight invoices, twelve of them paid at once.
        available = prepaid.standing(acme, "CHF").available
        spare = available - Money.of("54.05", "CHF").times(8)
        if spare.minor > 0:
            bill = order_kites(
                acting(ana), acme, make_plan(f"rest-{turn}", prices={("CHF", 12): spare}), "rest"
            )
            pay_invoice(acting(ana), bill.invoice, prepaid_part=spare, method="test")
        bills = [order_kites(acting(ana), acme, kite, f"kite {n}").invoice.pk for n in range(12)]
        found["one_purse"].append(dict(at_once(12, partial(pay_one_of, bills))))

        # Two withdrawals of all there is, and a payment that wants it too: one of the three has it.
        free = prepaid.standing(acme, "CHF").available
        fill("60") if free < Money.of("60", "CHF") else None
        free = prepaid.standing(acme, "CHF").available
        wanted = order_kites(
            acting(ana), acme, make_plan(f"all-{turn}", prices={("CHF", 12): Money.of("50", "CHF")}), "all"
        ).invoice

        def withdraw(index: int, free: Money = free) -> object:
            return ask_withdrawal(
                acting(ana), acme, amount=free, account=PAYER, name="Acme", password=PASSWORD
            )

        found["two_withdrawals"].append(dict(at_once(2, withdraw)))
        for transfer in Transfer.objects.filter(state="asked"):
            cancel_withdrawal(acting(ana), transfer)

        def withdraw_or_pay(index: int, bill: Invoice = wanted, free: Money = free) -> object:
            if index == 0:
                return pay_invoice(acting(ana), Invoice.objects.get(pk=bill.pk), prepaid_part=bill.total)
            return withdraw(index, free)

        found["withdrawal_or_payment"].append(dict(at_once(2, withdraw_or_pay)))
        for transfer in Transfer.objects.filter(state="asked"):
            cancel_withdrawal(acting(ana), transfer)

        # Two refunds of one top-up, then one beside a withdrawal of everything: one of the two has the money.
        filled = fill("70")
        found["two_refunds"].append(
            dict(at_once(2, lambda _index, filled=filled: refund_top_up(acting(sam), filled)))  # type: ignore[misc]
        )
        filled = fill("70")
        everything = prepaid.standing(acme, "CHF").available

        def refund_or_withdraw(
            index: int, filled: Payment = filled, everything: Money = everything
        ) -> object:
            return (
                refund_top_up(acting(sam), filled, amount=filled.amount)
                if index
                else withdraw(index, everything)
            )

        found["refund_or_withdrawal"].append(dict(at_once(2, refund_or_withdraw)))
        for transfer in Transfer.objects.filter(state="asked"):
            cancel_withdrawal(acting(ana), transfer)

        # Two statements that share half of their entries, taken in and matched at the same moment, each twice.
        owed = [order_kites(acting(ana), acme, kite, f"by bank {turn} {n}").invoice for n in range(6)]
        entries = [pay("54.05", each.reference or "", f"bank-{turn}-{each.pk}") for each in owed]
        files = [camt(*entries[:4]), camt(*entries[2:], kind="054")]

        def take_file(index: int, files: list[bytes] = files) -> object:
            taken = import_statement(System("bank"), None, file=io.BytesIO(files[index % 2]))
            match_all()
            return taken

        found["statements"].append(dict(at_once(4, take_file)))
        match_all()
        found["by_bank"].append(
            [
                BankItem.objects.filter(invoice__in=owed).count(),
                Invoice.objects.filter(pk__in=[each.pk for each in owed], status="paid").count(),
            ]
        )

    trial = ledger.trial_balance("CHF")
    numbers = sorted(
        int(str(n).split("-")[1])
        for n in Invoice.objects.exclude(number=None).values_list("number", flat=True)
    )
    return found | {
        "difference": trial.difference.minor,
        "entries": BankEntry.objects.count(),
        "unbalanced": ledger.unbalanced_entries(),
        "problems": proof.problems(),
        "numbers": numbers,
        "balance": prepaid.standing(acme, "CHF").balance.minor,
        "settled": [
            Invoice.objects.filter(order__lines__name=name, status="paid").count() for name in ("one", "two")
        ],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))))
