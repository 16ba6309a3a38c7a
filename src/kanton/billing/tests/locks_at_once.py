"""A process of its own in which threads do, at the same moment, what locks the same rows from different ends.

Run by test_lock_order.py as `python -m kanton.billing.tests.locks_at_once ROUNDS`; prints what came out as JSON.
Without the one order of locks (decision 0063) PostgreSQL ends one of a pair as a deadlock.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from functools import partial
from typing import Any

from kanton.testing_at_once import names, together


def main(rounds: int) -> dict[str, Any]:
    """Let each pair meet `rounds` times, on an organization of its own; the classes of their results and errors."""
    import django

    django.setup()
    from kanton.billing import ledger, proof
    from kanton.billing.actions import cancel_order, confirm_payment, pay_invoice, top_up
    from kanton.billing.blocking.actions import block_order
    from kanton.billing.cancellation.actions import confirm_cancellation
    from kanton.billing.cancellation.models import Cancellation
    from kanton.billing.renewals.actions import change_period, renew_due, renew_services
    from kanton.billing.renewals.models import Renewal
    from kanton.billing.renewals.plan import Choice
    from kanton.billing.tests.conftest import Kites, make_plan, order_kites
    from kanton.core import clock, schema
    from kanton.core.actor import System
    from kanton.core.money import Money
    from kanton.organizations.models import Organization
    from kanton.products.contract import register
    from kanton.products.models import Service
    from kanton.support.actions.identity import decide_identity_check
    from kanton.support.models import CheckState, IdentityCheck
    from kanton.testing import acting, make_organization, make_person

    schema.create_all()
    register(Kites())
    ana = make_person("ana@acme.example", "Ana", "Keller")
    sam = make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True)
    kite = make_plan(prices={("CHF", months): Money.of("50", "CHF") for months in (1, 3, 12)})
    owner, staff, clock_of_renewals = acting(ana), acting(sam), System("renewals")
    number = 0

    def organization(kites: int) -> tuple[Organization, list[int]]:
        """Another Acme with money and kites that end in ten days and renew by themselves."""
        nonlocal number
        number += 1
        acme = make_organization(f"Acme {number}", f"acme-{number}", ana)
        money = Money.of("1000", "CHF")
        paid = top_up(owner, acme, amount=money, method="test")
        confirm_payment(System("test"), paid, charge=f"ch_{paid.pk}", amount=money)
        ends_on = clock.today() + timedelta(days=10)
        return acme, [
            Service.objects.create(
                organization=acme, product="kites", plan="kite", name=f"kite {n}", wish_state="done",
                order_line=f"{number}:{n}", starts_on=ends_on - timedelta(days=365), ends_on=ends_on,
                anchor_day=ends_on.day, renews_automatically=True,
            ).pk
            for n in range(kites)
        ]  # fmt: skip

    def year(numbers: list[int]) -> dict[int, Choice]:
        return {number: Choice(12) for number in numbers}

    found: dict[str, list[list[str]]] = {
        "choose_or_run": [], "change_or_run": [], "cancel_or_run": [], "pay_or_take_over": [],
        "cancel_or_pay": [], "accept_or_cancel": [],
    }  # fmt: skip
    for _turn in range(rounds):
        run = partial(renew_due, clock_of_renewals, None)

        # A customer moves a waiting line to a bill with others, which the daily run bills just now.
        acme, kites = organization(8)
        renew_services(owner, acme, lines=year(kites[:1]))
        choose = partial(renew_services, owner, acme, lines=year(kites))
        found["choose_or_run"].append(names(together([choose, partial(run, services=kites)])))

        # The period of a service with a waiting bill is changed while the daily run holds it for its neighbours' sake.
        acme, kites = organization(8)
        renew_services(owner, acme, lines=year(kites[:1]))
        change = partial(change_period, owner, Service.objects.get(pk=kites[0]), months=3)
        found["change_or_run"].append(names(together([change, partial(run, services=kites)])))

        # The same while it is cancelled.
        acme, kites = organization(8)
        renew_services(owner, acme, lines=year(kites[:1]))
        asked, secret = Cancellation.issue(
            Service.objects.select_related("organization").get(pk=kites[0]), ana.pk, at_end=False
        )
        cancel = partial(confirm_cancellation, owner, asked, token=secret)
        found["cancel_or_run"].append(names(together([cancel, partial(run, services=kites)])))

        # A bill is paid by the prepaid account, from which the daily run pays too, after it took over what was left.
        acme, kites = organization(8)
        renew_services(owner, acme, lines=year(kites[:1]))
        Renewal.objects.filter(service=kites[0]).update(made_at=clock.now() - timedelta(days=9))
        bill = order_kites(owner, acme, kite, "another").invoice
        pay = partial(pay_invoice, owner, bill, prepaid_part=bill.total)
        found["pay_or_take_over"].append(names(together([pay, partial(run, services=kites)])))

        # A bill is paid while one of its services is cancelled.
        acme, kites = organization(8)
        bill = renew_services(owner, acme, lines=year(kites))
        asked, secret = Cancellation.issue(
            Service.objects.select_related("organization").get(pk=kites[7]), ana.pk, at_end=False
        )
        cancel = partial(confirm_cancellation, owner, asked, token=secret)
        pay = partial(pay_invoice, owner, bill, prepaid_part=bill.total)
        found["cancel_or_pay"].append(names(together([cancel, pay])))

        # The documents of a blocked order are accepted while its customer cancels it.
        acme, _kites = organization(0)
        order = order_kites(owner, acme, kite, "blocked")
        case = block_order(staff, order).case
        assert case is not None
        IdentityCheck.objects.filter(pk=case.pk).update(
            state=CheckState.SUBMITTED, submitted_at=clock.now(), digest=""
        )
        accept = partial(decide_identity_check, staff, case, is_accepted=True, words="ok")
        found["accept_or_cancel"].append(names(together([accept, partial(cancel_order, owner, order)])))

    return found | {
        "difference": ledger.trial_balance("CHF").difference.minor,
        "unbalanced": ledger.unbalanced_entries(),
        "problems": proof.problems(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))))
