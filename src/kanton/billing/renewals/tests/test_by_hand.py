"""The to-pay list: choosing lines, paying them together, and what that changes (BIL-88…91, BIL-94, BIL-98, BIL-100)."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kanton.accounts.models import Person
from kanton.billing import prepaid, proof
from kanton.billing.actions import cancel_payment, choose_transfer, confirm_payment, pay_invoice
from kanton.billing.models import Invoice
from kanton.billing.renewals.actions import (
    change_period,
    renew_services,
    switch_guarantee,
    withdraw_period_change,
    withdraw_renewal,
)
from kanton.billing.renewals.errors import (
    NoPeriodChange,
    NothingSelected,
    NotWithdrawable,
    PeriodNotOffered,
    RenewalInPayment,
)
from kanton.billing.renewals.models import PeriodChange, Renewal
from kanton.billing.renewals.periods import period_page
from kanton.billing.renewals.plan import Choice
from kanton.billing.renewals.queries import renewals_of, rows_of, to_pay
from kanton.billing.renewals.tests.conftest import MakeService, at, fill
from kanton.core.actor import Actor, System
from kanton.core.errors import Conflict, Forbidden, NotFound
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.products.models import Service

DAY = date(2027, 2, 10)
pytestmark = pytest.mark.django_db


@pytest.mark.spec("BIL-11", "BIL-88")
def test_the_list_shows_two_months_and_all_on_request(
    owner: Actor, member: Actor, acme: Organization, make_service: MakeService
) -> None:
    make_service("late", ends_on=date(2027, 2, 1), wanted="suspended")
    make_service("soon", ends_on=date(2027, 4, 10))
    make_service("later", ends_on=date(2027, 4, 11))
    make_service("gone", ends_on=date(2027, 3, 1), wanted="ended")
    with at(DAY):
        assert [row.name for row in to_pay(owner, acme)] == ["late", "soon"]
        assert [row.name for row in to_pay(owner, acme, everything=True)] == ["late", "soon", "later"]
        with pytest.raises(Forbidden):
            to_pay(member, acme)


@pytest.mark.spec("BIL-89", "BIL-90", "BIL-91", "BIL-94", "BIL-100")
def test_a_selection_is_one_invoice_and_takes_effect_when_it_is_paid(
    owner: Actor, acme: Organization, make_service: MakeService, outbox: Outbox
) -> None:
    red, blue = (
        make_service("red"),
        make_service("blue", ends_on=date(2027, 2, 28), period_months=1, anchor_day=31),
    )
    with at(DAY):
        fill(acme, "200")
        invoice = renew_services(owner, acme, lines={red.pk: Choice(12, 2), blue.pk: Choice(12)})
        lines = [
            (line.detail, line.periods, line.months, str(line.net), line.starts_on, line.ends_on)
            for line in invoice.lines.order_by("position")
        ]
        assert sorted(lines) == [
            ("blue", 1, 12, "CHF 50.00", date(2027, 2, 28), date(2028, 2, 29)),
            ("red", 2, 12, "CHF 100.00", date(2027, 3, 31), date(2029, 3, 31)),
        ]
        assert str(invoice.total) == "CHF 162.15" and invoice.is_open
        red.refresh_from_db()
        blue.refresh_from_db()
        assert (red.ends_on, blue.ends_on, blue.period_months) == (date(2027, 3, 31), date(2027, 2, 28), 1)

        part = Money.of("100", "CHF")
        payment = pay_invoice(owner, invoice, prepaid_part=part, method="test")
        confirm_payment(System("test"), payment, charge="rest", amount=payment.amount)
        red.refresh_from_db()
        blue.refresh_from_db()
        assert (red.ends_on, red.period_months) == (date(2029, 3, 31), 12)
        assert (blue.ends_on, blue.period_months) == (date(2028, 2, 29), 12)
        paid = Invoice.objects.get(pk=invoice.pk)
        assert paid.number == "2027-000001"
        assert paid.lines.get(detail="red").ends_on == date(2029, 3, 31)
        assert set(paid.renewals.values_list("state", flat=True)) == {"paid"}
        run_jobs()
        assert Service.objects.filter(wish_state="done").count() == 2
        assert proof.problems() == []


def test_paying_locks_what_the_daily_run_locks_in_the_same_order(
    owner: Actor, acme: Organization, red: Service, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Else the two could wait for each other, each with a lock that the other needs."""
    with at(DAY):
        fill(acme, "100")
        invoice = renew_services(owner, acme, lines={red.pk: Choice(12)})
        with django_assert_max_num_queries(200) as asked:
            pay_invoice(owner, invoice, prepaid_part=invoice.total)
    statements = [query["sql"] for query in asked.captured_queries]
    first = [
        next(
            number
            for number, sql in enumerate(statements)
            if sql.startswith("SELECT") and f'"{table}"."id"' in sql
        )
        for table in ("billing_invoice", "renewals_renewal", "products_service", "billing_prepaidaccount")
    ]
    assert first == sorted(first)
    series = next(number for number, sql in enumerate(statements) if "billing_numberseries" in sql)
    assert series > first[-1]


@pytest.mark.spec("BIL-89", "BIL-98")
def test_a_bill_written_while_lines_are_chosen_is_a_conflict(
    owner: Actor, acme: Organization, red: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(DAY):
        waiting = renew_services(owner, acme, lines={red.pk: Choice(12)})
        with monkeypatch.context() as blind:
            blind.setattr("kanton.billing.renewals.actions.by_hand._held_bills", lambda *_asked: [])
            for do in (
                lambda: renew_services(owner, acme, lines={red.pk: Choice(12)}),
                lambda: change_period(owner, red, months=1),
            ):
                with pytest.raises(Conflict):
                    do()
        waiting.refresh_from_db()
        red.refresh_from_db()
        assert (waiting.status, Invoice.objects.count(), red.period_months) == ("open", 1, 12)


@pytest.mark.spec("BIL-98")
def test_a_line_in_payment_is_taken_until_it_ends(
    owner: Actor, acme: Organization, red: Service, make_service: MakeService
) -> None:
    blue = make_service("blue")
    with at(DAY):
        first = renew_services(owner, acme, lines={red.pk: Choice(12), blue.pk: Choice(12)})
        payment = pay_invoice(owner, first, method="test")
        assert [(row.name, row.can_be_chosen) for row in rows_of(owner, to_pay(owner, acme))] == [
            ("blue", False),
            ("red", False),
        ]
        with pytest.raises(RenewalInPayment):
            renew_services(owner, acme, lines={red.pk: Choice(12)})
        with pytest.raises(RenewalInPayment):
            withdraw_renewal(owner, first)
        assert Renewal.objects.count() == 2
        cancel_payment(owner, payment)
        second = renew_services(owner, acme, lines={red.pk: Choice(1)})
        first.refresh_from_db()
        assert (first.status, second.renewals.get().ends_on) == ("cancelled", date(2027, 4, 30))
        # The money that still comes for the first attempt is not lost, and renews nothing twice.
        confirm_payment(System("test"), payment, charge="late", amount=payment.amount)
        assert prepaid.standing(acme, "CHF").balance == payment.amount
        red.refresh_from_db()
        assert red.ends_on == date(2027, 3, 31)
        withdraw_renewal(owner, second)
        with pytest.raises(NotWithdrawable):
            withdraw_renewal(owner, second)


@pytest.mark.spec("BIL-94")
def test_paying_late_gains_no_day_and_wakes_what_stood_still(
    owner: Actor, acme: Organization, red: Service
) -> None:
    from kanton.billing.renewals.tasks import plan_renewals

    with at(date(2027, 4, 1)):
        plan_renewals.call()
        run_jobs()
        red.refresh_from_db()
        assert (red.wanted, red.suspensions.get().ended_at) == ("suspended", None)
    with at(date(2027, 5, 20)):
        fill(acme, "100")
        invoice = renew_services(owner, acme, lines={red.pk: Choice(12)})
        pay_invoice(owner, invoice, prepaid_part=invoice.total)
        red.refresh_from_db()
        assert (red.wanted, red.ends_on) == ("active", date(2028, 3, 31))
        assert red.suspensions.get().ended_at is not None


def test_what_is_refused_changes_nothing(
    owner: Actor, acme: Organization, red: Service, stranger: Actor, globex: Organization
) -> None:
    with at(DAY):
        with pytest.raises(NothingSelected):
            renew_services(owner, acme, lines={})
        for choice in (Choice(7), Choice(12, 11), Choice(0)):
            with pytest.raises(PeriodNotOffered):
                renew_services(owner, acme, lines={red.pk: choice})
        with pytest.raises(NotFound):
            renew_services(stranger, globex, lines={red.pk: Choice(12)})
        with pytest.raises(NotFound):
            switch_guarantee(stranger, globex, services=[red.pk], is_on=True)
        assert Choice.read("12x1") == Choice(12) and Choice.read("1x121") is Choice.read("x") is None
    assert not Renewal.objects.exists() and not Invoice.objects.exists()


@pytest.mark.spec("BIL-101", "BIL-102", "BIL-103", "BIL-104")
def test_an_early_change_of_the_period_waits_and_says_what_it_would_have_cost(
    owner: Actor, acme: Organization, red: Service
) -> None:
    from kanton.config import config, overriding

    with at(date(2026, 7, 15)):
        page = period_page(red)
        assert (page.is_at_once, page.at_once_from, page.takes_effect_on) == (
            False, date(2027, 2, 28), date(2027, 3, 31),
        )  # fmt: skip
        # Eight whole months are left; a month is 5.00.
        assert (page.again_months, str(page.again)) == (8, "CHF 40.00")
        change_period(owner, red, months=1)
        red.refresh_from_db()
        assert red.period_months == 12 and not Invoice.objects.exists()
        assert PeriodChange.objects.get().takes_effect_on == date(2027, 3, 31)
        row = rows_of(owner, renewals_of(owner, acme))[0]
        assert row.planned and row.chosen and str(row.chosen.net) == "CHF 5.00"
        withdraw_period_change(owner, red)
        with pytest.raises(NoPeriodChange):
            withdraw_period_change(owner, red)
    with at(date(2027, 2, 28)):
        change_period(owner, red, months=1)
        red.refresh_from_db()
        assert red.period_months == 1 and not PeriodChange.objects.filter(ended_at=None).exists()
        assert red.ends_on == date(2027, 3, 31)
        changed = type(config.billing)(least_period_price=10.0)
        with overriding(billing=changed), pytest.raises(PeriodNotOffered):
            change_period(owner, Service.objects.get(pk=red.pk), months=3)


@pytest.mark.spec("BIL-83", "BIL-86", "BIL-89", "BIL-107", "BIL-108", "BIL-109", "BIL-112")
def test_the_pages(ana: Person, acme: Organization, red: Service, make_service: MakeService) -> None:
    client = Client()
    client.force_login(ana)
    make_service("blue")
    base = "/o/acme/renewals"
    with at(DAY):
        page = client.get(f"{base}/to-pay").content.decode()
        assert "red" in page and f'name="choice-{red.pk}"' in page and "exclude VAT" in page
        answer = client.post(f"{base}/to-pay/pay", {"selected": [red.pk], f"choice-{red.pk}": "12x2"})
        invoice = Invoice.objects.get()
        assert answer.status_code == 303 and answer["Location"] == f"/o/acme/invoices/{invoice.pk}/pay"
        assert str(invoice.net) == "CHF 100.00"
        answer = client.post(f"{base}/to-pay/pro-forma", {"selected": [red.pk], f"choice-{red.pk}": "12x1"})
        second = Invoice.objects.order_by("pk").last()
        assert second is not None and answer["Location"] == f"/o/acme/invoices/{second.pk}"
        assert second.number is None and client.get(f"/o/acme/invoices/{second.pk}/pdf").status_code == 200
        # The pop-up states the fee before the switch.
        text = client.get(f"{base}/{red.pk}/guarantee/on").content.decode()
        assert "CHF 2.00 a month" in text.replace("\xa0", " ")
        assert client.post(f"{base}/{red.pk}/guarantee/on").status_code == 303
        red.refresh_from_db()
        assert red.is_guaranteed
        everything = [str(pk) for pk in Service.objects.values_list("pk", flat=True)]
        text = client.post(f"{base}/manage", {"selected": everything}).content.decode()
        assert "Manage the renewal of 2 products" in text
        client.post(f"{base}/manage", {"selected": everything, "switch": "guarantee-on"})
        client.post(f"{base}/manage", {"selected": everything, "switch": "automatic-on"})
        assert Service.objects.filter(is_guaranteed=True, renews_automatically=True).count() == 2
        client.post(f"{base}/{red.pk}/automatic/off")
        client.post(f"{base}/{red.pk}/guarantee/off")
        red.refresh_from_db()
        assert not red.is_guaranteed and not red.renews_automatically
        client.post(f"{base}/{red.pk}/period", {"months": "1"})
        text = client.get(f"{base}/{red.pk}").content.decode()
        assert "Billed every month" in text and second.label not in text
        client.post(f"{base}/{red.pk}/period/withdraw")
        assert client.get(base).status_code == 200 and client.get(f"{base}?format=csv").status_code == 200
        assert client.post(f"{base}/to-pay/pay", {}).status_code == 303


@pytest.mark.spec("BIL-85")
def test_a_pro_forma_for_renewals_goes_out_by_mail(
    owner: Actor, acme: Organization, red: Service, outbox: Outbox
) -> None:
    with at(DAY):
        invoice = choose_transfer(owner, renew_services(owner, acme, lines={red.pk: Choice(12)}))
        assert invoice.reference and "54.05" in outbox[-1].text
