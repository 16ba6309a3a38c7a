"""The daily run: attempts, retries, the guarantee, suspension, new prices (BIL-92, BIL-96, BIL-99, BIL-105…111)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kanton.activity.log import verify
from kanton.activity.models import Activity
from kanton.billing import prepaid, proof
from kanton.billing.actions import pay_invoice
from kanton.billing.models import Invoice, PaymentProfile
from kanton.billing.renewals.actions import renew_due, renew_services, switch_automatic
from kanton.billing.renewals.models import PriceNotice, Renewal
from kanton.billing.renewals.plan import Choice
from kanton.billing.renewals.queries import renewals_of, rows_of
from kanton.billing.renewals.tasks import plan_end_notices, plan_guarantees, plan_renewals
from kanton.billing.renewals.tests.conftest import MakeService, at, fill
from kanton.billing.tests.conftest import make_plan
from kanton.config import overriding
from kanton.core.actor import Actor, System
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.products.models import Service

pytestmark = pytest.mark.django_db
DUE = date(2027, 3, 31)


def live(day: date) -> None:
    """One day of the clock: the run in the morning, and the one in the evening."""
    with at(day):
        plan_renewals.call()
        run_jobs()
    with at(day, 20):
        plan_guarantees.call()
        run_jobs()


def days(first: date, last: date) -> None:
    """All days from the first to the last."""
    for number in range((last - first).days + 1):
        live(first + timedelta(days=number))


@pytest.mark.spec("BIL-92", "BIL-96", "BIL-106")
def test_money_on_the_prepaid_account_renews_fourteen_days_before(
    owner: Actor, acme: Organization, red: Service, make_service: MakeService, outbox: Outbox
) -> None:
    blue = make_service("blue")
    switch_automatic(owner, acme, services=[red.pk, blue.pk], is_on=True)
    with at(date(2027, 3, 1)):
        fill(acme, "60")
    days(date(2027, 3, 15), date(2027, 3, 16))
    assert not Renewal.objects.exists()
    live(date(2027, 3, 17))
    found = {each.service.name: each for each in Renewal.objects.select_related("service", "invoice")}
    assert (found["red"].state, found["red"].ends_on) == ("paid", date(2028, 3, 31))
    assert found["red"].invoice.number == "2027-000001"
    # The money is enough for one only: the other is told today, with reason and link, and tried again tomorrow.
    assert (found["blue"].state, found["blue"].tries, found["blue"].next_try_on) == (
        "open",
        1,
        date(2027, 3, 18),
    )
    told = [mail for mail in outbox if "could not be renewed" in mail.subject]
    assert [mail.to for mail in told] == [["ana@acme.example"]]
    assert (
        f"invoices/{found['blue'].invoice_id}/pay" in told[0].text and "does not hold enough" in told[0].text
    )
    assert str(prepaid.standing(acme, "CHF").balance) == "CHF 5.95"
    red.refresh_from_db()
    assert (red.ends_on, red.wish_state) == (date(2028, 3, 31), "done")
    assert proof.problems() == []
    # Once more on the same day, as after a restart: nothing is billed or told twice.
    live(date(2027, 3, 17))
    assert Renewal.objects.count() == 2 and len([m for m in outbox if "could not be" in m.subject]) == 1
    with at(date(2027, 3, 18)):
        fill(acme, "100")
    live(date(2027, 3, 18))
    found["blue"].refresh_from_db()
    assert (found["blue"].state, Invoice.objects.filter(status="paid").count()) == ("paid", 2)
    assert proof.problems() == []


@pytest.mark.spec("BIL-96")
def test_five_attempts_then_suspension_without_deletion(
    owner: Actor, acme: Organization, red: Service, outbox: Outbox
) -> None:
    switch_automatic(owner, acme, services=[red.pk], is_on=True)
    tried = []
    for number in range(30):
        day = date(2027, 3, 10) + timedelta(days=number)
        before = len(outbox)
        live(day)
        tried += [day] * len([m for m in outbox[before:] if "could not be renewed" in m.subject])
        red.refresh_from_db()
        assert red.wanted == ("active" if day <= DUE else "suspended")
    assert [(DUE - day).days for day in tried] == [14, 13, 11, 7, 0]
    assert "last attempt" in next(m for m in reversed(outbox) if "could not be renewed" in m.subject).text
    assert [m.subject for m in outbox].count("red is suspended") == 1
    assert Renewal.objects.get().state == "open" and Service.objects.get().ends_on == DUE
    with at(date(2027, 4, 12)):
        fill(acme, "60")
        invoice = Invoice.objects.get(renewals__service=red)
        pay_invoice(owner, invoice, prepaid_part=invoice.total)
    red.refresh_from_db()
    assert (red.wanted, red.ends_on) == ("active", date(2028, 3, 31))


@pytest.mark.spec("BIL-105", "BIL-106", "BIL-111")
def test_the_guarantee_renews_once_for_the_shortest_period(
    owner: Actor, acme: Organization, make_service: MakeService, outbox: Outbox
) -> None:
    red = make_service("red", renews_automatically=True, is_guaranteed=True)
    days(date(2027, 3, 17), date(2027, 4, 2))
    fired = Renewal.objects.get(origin="guarantee")
    assert (fired.starts_on, fired.ends_on, fired.state) == (DUE, date(2027, 4, 30), "open")
    # A month costs 5.00, its guarantee 2.00, with VAT 7.57; due in 30 days.
    assert (str(fired.invoice.total), fired.invoice.due_on) == ("CHF 7.57", date(2027, 4, 30))
    assert [line.title for line in fired.invoice.lines.all()] == ["Kite", "Renewal guarantee"]
    assert Renewal.objects.filter(origin="automatic", state="cancelled").count() == 1
    red.refresh_from_db()
    assert (red.wanted, red.ends_on, red.period_months) == ("active", date(2027, 4, 30), 12)
    assert [m.subject for m in outbox].count("We renewed red for you") == 1
    # Unpaid at the end of that term, it does not fire again: the product stands still.
    days(date(2027, 4, 16), date(2027, 5, 1))
    red.refresh_from_db()
    assert red.wanted == "suspended" and Renewal.objects.filter(origin="guarantee").count() == 1
    with at(date(2027, 5, 3)):
        fill(acme, "100")
        pay_invoice(owner, fired.invoice, prepaid_part=fired.invoice.total)
        red.refresh_from_db()
        assert red.ends_on == date(2027, 4, 30)  # paid for what it had already
    assert proof.problems() == []


@pytest.mark.spec("BIL-105")
def test_without_automatic_renewal_the_guarantee_still_protects(make_service: MakeService) -> None:
    make_service("red", is_guaranteed=True)
    make_service("blue")
    days(DUE, date(2027, 4, 1))
    assert dict(Service.objects.values_list("name", "wanted")) == {"red": "active", "blue": "suspended"}


@pytest.mark.spec("BIL-96")
@pytest.mark.parametrize(("token", "state"), [("card", "paid"), ("decline", "open")])
def test_a_saved_method_is_charged_once(
    owner: Actor, acme: Organization, make_service: MakeService, outbox: Outbox, token: str, state: str
) -> None:
    red = make_service("red", renews_automatically=True)
    PaymentProfile.objects.create(
        organization=acme, provider="test", label="Card", token=token, is_default=True
    )
    live(date(2027, 3, 17))
    live(date(2027, 3, 17))
    renewal = Renewal.objects.get()
    assert (renewal.state, renewal.invoice.payments.count()) == (state, 1)
    red.refresh_from_db()
    assert red.ends_on == (date(2028, 3, 31) if state == "paid" else DUE)
    if state == "open":
        assert (renewal.reason, renewal.next_try_on) == ("insufficient_funds", date(2027, 3, 18))
        assert "not enough cover" in outbox[-1].text
    assert proof.problems() == []


def test_a_pro_forma_left_by_the_customer_does_not_lose_the_product(
    owner: Actor, acme: Organization, make_service: MakeService
) -> None:
    red = make_service("red", renews_automatically=True)
    with at(date(2027, 3, 14)):
        fill(acme, "100")
        left = renew_services(owner, acme, lines={red.pk: Choice(1)})
    days(date(2027, 3, 17), date(2027, 3, 20))
    left.refresh_from_db()
    red.refresh_from_db()
    assert (left.status, red.ends_on) == ("cancelled", date(2028, 3, 31))


@pytest.mark.spec("BIL-99")
def test_a_higher_price_is_told_thirty_days_before_it_is_charged(
    owner: Actor, acme: Organization, make_service: MakeService, outbox: Outbox
) -> None:
    make_service("red", renews_automatically=True)
    with at(date(2026, 3, 1)):
        fill(acme, "200")
    with at(date(2026, 3, 31)):
        renew_due(System("renewals"), None, services=[])
    invoice = _paid_year_before(owner, acme)
    assert str(invoice.net) == "CHF 50.00"
    dear = {(c, m): Money.of(a, c) for c in ("CHF", "EUR") for m, a in ((1, "6"), (12, "60"))}
    with at(date(2027, 1, 5)):
        make_plan(prices=dear)
    live(date(2027, 2, 14))
    assert not PriceNotice.objects.exists()
    live(date(2027, 2, 15))  # 44 days before the end: 30 before the first attempt
    notice = PriceNotice.objects.get()
    assert (notice.minor, notice.sent_on) == (6000, date(2027, 2, 15))
    assert "CHF 60.00" in outbox[-1].text.replace("\xa0", " ")
    live(date(2027, 2, 16))
    assert PriceNotice.objects.count() == 1
    live(date(2027, 3, 17))
    assert str(Renewal.objects.get(starts_on=DUE).net) == "CHF 60.00"


@pytest.mark.spec("BIL-99")
def test_a_price_that_nobody_told_in_time_is_not_charged(
    owner: Actor, acme: Organization, make_service: MakeService
) -> None:
    make_service("red", renews_automatically=True)
    with at(date(2026, 3, 1)):
        fill(acme, "200")
    _paid_year_before(owner, acme)
    with at(date(2027, 3, 16)):
        make_plan(prices={("CHF", 12): Money.of("60", "CHF")})
    live(date(2027, 3, 17))
    assert str(Renewal.objects.get(starts_on=DUE).net) == "CHF 50.00"


def _paid_year_before(owner: Actor, acme: Organization) -> Invoice:
    """The kite's running year was itself a renewal at CHF 50."""
    red = Service.objects.get(name="red")
    Service.objects.filter(pk=red.pk).update(ends_on=date(2026, 3, 31))
    with at(date(2026, 3, 20)):
        invoice = renew_services(owner, acme, lines={red.pk: Choice(12)})
        pay_invoice(owner, invoice, prepaid_part=invoice.total)
    return invoice


@pytest.mark.spec("BIL-92")
def test_the_cockpit_tells_what_comes_next(
    owner: Actor, acme: Organization, make_service: MakeService
) -> None:
    make_service("auto", renews_automatically=True, ends_on=date(2027, 5, 31))
    make_service("none", ends_on=date(2027, 6, 30))
    make_service("safe", is_guaranteed=True, ends_on=date(2027, 7, 31))
    with at(date(2027, 3, 1)):
        rows = [
            (row.name, row.next_on, row.next_step.replace("\xa0", " "))
            for row in rows_of(owner, renewals_of(owner, acme))
        ]
    assert rows == [
        ("auto", date(2027, 5, 17), "Renews automatically for CHF 50.00."),
        ("none", date(2027, 7, 1), "Is suspended unless you renew it before."),
        ("safe", date(2027, 7, 31), "If it is not paid by then, the guarantee renews it for 1 month."),
    ]


@pytest.mark.spec("BIL-96")
def test_what_is_written_in_sets_reads_as_if_written_one_by_one(
    owner: Actor, acme: Organization, globex: Organization, make_service: MakeService
) -> None:
    """Many rows at once, some with signs that a copy must escape: history, chains, documents and jobs are whole."""
    name = 'tab\there \\ "quoted" – é\nline'
    make_service(name, renews_automatically=True)
    make_service("theirs", organization=globex, renews_automatically=True)
    with at(date(2027, 3, 1)):
        fill(acme, "60")
        fill(globex, "60")
    live(date(2027, 3, 17))
    assert list(verify()) == []
    told = Activity.objects.filter(kind="billing.renewed").order_by("organization_id")
    assert [(row.organization_id, row.target_label) for row in told] == [
        (acme.pk, name),
        (globex.pk, "theirs"),
    ]
    invoice = Invoice.objects.get(organization=acme, status="paid")
    assert (invoice.lines.get().detail, invoice.customer["name"]) == (name, "Acme")
    assert [str(tax_and[2]) for tax_and in invoice.taxes] == ["CHF 4.05"]
    assert invoice.payments.get().key and Renewal.objects.filter(state="paid").count() == 2
    assert Service.objects.filter(wish_state="done", ends_on=date(2028, 3, 31)).count() == 2


@pytest.mark.spec("BIL-92", "BIL-96")
def test_who_must_renew_a_product_themselves_is_told_in_time_and_each_time_once(
    acme: Organization, make_service: MakeService, outbox: Outbox
) -> None:
    make_service("red", is_guaranteed=True)
    make_service("by itself", renews_automatically=True)
    make_service("asleep", wanted="suspended")
    make_service("monthly", period_months=1, ends_on=date(2027, 3, 31))
    sent = []
    for days in (31, 30, 29, 20, 14, 7, 2, 1, 0):
        with at(date(2027, 3, 31) - timedelta(days=days)):
            plan_end_notices.call()
            run_jobs()
            plan_end_notices.call()  # the same morning once more, after a restart
            run_jobs()
        told = [mail for mail in outbox if mail.template == "renewals/ends_soon" and "red" in mail.subject]
        sent.append((days, len(told)))
    # After a standstill of some days, day 20 finds step 30 told already; 14, 7 and 1 follow on their days.
    assert sent == [(31, 0), (30, 1), (29, 1), (20, 1), (14, 2), (7, 3), (2, 3), (1, 4), (0, 4)]
    assert [mail.subject for mail in told] == [
        "red ends in 30 days", "red ends in 14 days", "red ends in 7 days", "red ends in 1 day",
    ]  # fmt: skip
    # Paid by the month, it is not told on the day on which it was paid that it ends.
    monthly = [mail.subject for mail in outbox if "monthly" in mail.subject]
    assert monthly == ["monthly ends in 14 days", "monthly ends in 7 days", "monthly ends in 1 day"]
    assert "the renewal guarantee renews it" in " ".join(told[0].text.split())
    with overriding(billing={"end_notice_days": ()}), at(date(2027, 3, 30)):
        assert plan_end_notices.call() == 0
