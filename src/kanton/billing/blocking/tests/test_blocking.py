"""Blocked orders with their whole procedure and their clock (BIL-24…31)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from kanton.accounts.models import Person
from kanton.billing import prepaid, proof
from kanton.billing.actions import (
    add_to_cart,
    cancel_order,
    confirm_payment,
    open_cart,
    order_cart,
    pay_invoice,
)
from kanton.billing.blocking.actions import block_order, release_order, resend_procedure
from kanton.billing.blocking.errors import NotBlocked, UnderExamination
from kanton.billing.blocking.models import Block
from kanton.billing.blocking.tasks import end_lapsed_blocks, remind_of_blocks
from kanton.billing.books.models import Refund
from kanton.billing.models import Order, Payment, RefundAnswer, TestCharge, TestRefund
from kanton.billing.payments.contract import Outcome
from kanton.billing.payments.test_provider import decide
from kanton.billing.promotions.actions import apply_code, choose_method, issue_code
from kanton.billing.promotions.models import PromoCode
from kanton.billing.renewals.tests.conftest import fill
from kanton.billing.tests.conftest import make_plan, order_kites
from kanton.core import clock
from kanton.core.action import observed
from kanton.core.actor import Actor, System
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.core.outbox.models import MailAttachment
from kanton.core.outbox.testing import Outbox
from kanton.core.templatetags.letters import moment
from kanton.organizations.models import Organization
from kanton.products.models import Service
from kanton.support.actions.identity import decide_identity_check, lapse_identity_check
from kanton.support.models import CheckState, IdentityCheck
from kanton.support.reasons import reason_called

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(owner: Actor, acme: Organization, _kites: None) -> Order:
    """An order under a brand name: blocked at once."""
    return Order.objects.get(pk=order_kites(owner, acme, make_plan(), "pay-pal-help").pk)


def pay_by_card(owner: Actor, order: Order) -> Payment:
    """Pay by the test provider, and let it report."""
    payment = pay_invoice(owner, order.invoice, method="test")
    decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    charge = TestCharge.objects.get(key=payment.key).charge
    return confirm_payment(System("test"), payment, charge=charge, amount=payment.amount)


def submitted(case: IdentityCheck) -> IdentityCheck:
    """The documents were handed in."""
    case.state, case.submitted_at = CheckState.SUBMITTED, clock.now()
    case.save()
    return case


@pytest.mark.spec("BIL-24", "BIL-25", "BIL-26", "BIL-27", "BIL-30", "SUP-43", "SUP-44", "SUP-47", "SUP-49")
def test_a_brand_name_blocks_until_the_identity_is_accepted(
    ana: Person, owner: Actor, acme: Organization, staff: Actor, order: Order, outbox: Outbox
) -> None:
    assert (order.state, Block.objects.get().ground) == ("blocked", "brand")
    procedures = [mail for mail in outbox if mail.template == "support/procedure"]
    assert [mail.to for mail in procedures] == [["ana@acme.example"]]
    assert "No phone with a camera? Write to" in procedures[0].text
    attached = MailAttachment.objects.filter(mail__template="support/procedure")
    assert [each.name for each in attached] == ["identity-check.png"]
    client = Client()
    client.force_login(ana)
    text = client.get(f"/o/acme/orders/{order.pk}").content.decode()
    assert "This order is blocked" in text and "Send the procedure again" in text
    assert client.post(f"/o/acme/orders/{order.pk}/procedure").status_code == 303
    assert len([mail for mail in outbox if mail.template == "support/procedure"]) == 2
    # Paid meanwhile, nothing is set up.
    pay_by_card(owner, order)
    run_jobs()
    order.refresh_from_db()
    assert order.state == "blocked" and not Service.objects.exists()
    case = submitted(IdentityCheck.objects.get())
    decide_identity_check(staff, case, is_accepted=True, words="It is her.")
    run_jobs()
    order.refresh_from_db()
    assert (order.state, Block.objects.get().ending) == ("being_set_up", "released")
    assert Service.objects.get().name == "pay-pal-help" and proof.problems() == []
    with pytest.raises(NotBlocked):
        resend_procedure(owner, order)


@pytest.mark.spec("BIL-28", "BIL-31", "SUP-46", "SUP-49")
def test_after_240_hours_it_is_cancelled_and_the_money_goes_back_to_its_method(
    owner: Actor, acme: Organization, order: Order, outbox: Outbox
) -> None:
    pay_by_card(owner, order)
    begin = Block.objects.get().blocked_at
    with clock.travel(begin + timedelta(hours=239, minutes=59)):
        assert end_lapsed_blocks.call() == 0
    with clock.travel(begin + timedelta(hours=240, minutes=1)):
        assert end_lapsed_blocks.call() == 1
        run_jobs()
        order.refresh_from_db()
        assert (order.state, Block.objects.get().ending) == ("cancelled", "lapsed")
        assert TestCharge.objects.get().refunded_at is not None
        assert prepaid.standing(acme, "CHF").balance.minor == 0
        assert not Service.objects.exists() and not IdentityCheck.objects.get().is_open
        assert f"Order {order.number} was cancelled" in [mail.subject for mail in outbox]
        assert end_lapsed_blocks.call() == 0 and proof.problems() == []


@pytest.mark.spec("SUP-46", "SUP-49", "BIL-28")
@pytest.mark.parametrize("is_refused", [False, True])
def test_what_was_paid_in_parts_goes_back_in_parts_and_what_a_card_refuses_to_the_prepaid_account(
    owner: Actor, acme: Organization, order: Order, outbox: Outbox, is_refused: bool
) -> None:
    fill(acme, "100")
    payment = pay_invoice(owner, order.invoice, prepaid_part=Money.of("20", "CHF"), method="test")
    decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    charge = TestCharge.objects.get(key=payment.key).charge
    confirm_payment(System("test"), payment, charge=charge, amount=payment.amount)
    assert str(prepaid.standing(acme, "CHF").balance) == "CHF 80.00"
    if is_refused:
        TestCharge.objects.update(refunds=RefundAnswer.REFUSE)
    with clock.travel(Block.objects.get().blocked_at + timedelta(hours=241)):
        assert end_lapsed_blocks.call() == 1
        run_jobs()
    refund = Refund.objects.get()
    told = [mail for mail in outbox if mail.template == "books/credited_instead"]
    if is_refused:
        assert (refund.state, str(prepaid.standing(acme, "CHF").balance)) == ("instead", "CHF 134.05")
        (mail,) = told
        text = " ".join(mail.text.split())
        assert mail.to == ["ana@acme.example"] and "CHF 34.05" in text and "(Test payment)" in text
        assert not TestRefund.objects.exists()
    else:
        assert (refund.state, str(prepaid.standing(acme, "CHF").balance)) == ("done", "CHF 100.00")
        assert not told and TestRefund.objects.get().minor == 34_05
    assert not Service.objects.exists() and proof.problems() == []


@pytest.mark.spec("BIL-31")
def test_documents_stop_the_clock_and_72_hours_are_left_when_they_lapse(
    owner: Actor, staff: Actor, order: Order
) -> None:
    block = Block.objects.get()
    begin = block.blocked_at
    case = IdentityCheck.objects.get()
    with clock.travel(begin + timedelta(hours=230)):
        with observed():
            reason_called("order").submitted(System("support"), submitted(case))
        with pytest.raises(UnderExamination):
            resend_procedure(owner, order)
    with clock.travel(begin + timedelta(hours=300)):
        assert end_lapsed_blocks.call() == 0
        lapse_identity_check(System("support"), case)
        block.refresh_from_db()
        assert block.ends_at is not None
        left = block.ends_at - clock.now()
        assert timedelta(hours=71, minutes=59) < left <= timedelta(hours=72)
    with clock.travel(begin + timedelta(hours=373)):
        assert end_lapsed_blocks.call() == 1
    order.refresh_from_db()
    assert order.state == "cancelled"


@pytest.mark.spec("SUP-48")
@pytest.mark.parametrize("language", ["en", "de"])
def test_after_seven_days_who_ordered_is_reminded_once_with_the_day(
    ana: Person, order: Order, outbox: Outbox, language: str
) -> None:
    Person.objects.filter(pk=ana.pk).update(language=language)
    block = Block.objects.get()
    with clock.travel(block.blocked_at + timedelta(hours=167, minutes=59)):
        assert remind_of_blocks.call() == 0
    with clock.travel(block.blocked_at + timedelta(hours=168, minutes=1)):
        assert [remind_of_blocks.call() for _turn in range(2)] == [1, 0]
    (mail,) = [each for each in outbox if each.template == "blocking/still_blocked"]
    assert block.ends_at is not None
    with translation.override(language), timezone.override(ana.time_zone):
        until = moment(block.ends_at)
    text = " ".join(mail.text.split())
    assert mail.to == ["ana@acme.example"] and until in text and until.endswith(" CET")
    wanted = {"en": "Send the procedure again", "de": "Verfahren nochmals senden"}
    assert wanted[language] in text and mail.link.endswith(f"/o/acme/orders/{order.pk}")
    with clock.travel(block.blocked_at + timedelta(hours=241)):
        assert end_lapsed_blocks.call() == 1 and remind_of_blocks.call() == 0


@pytest.mark.spec("SUP-48", "BIL-31")
def test_the_time_stands_still_under_examination_and_goes_on_with_what_was_left(
    staff: Actor, order: Order, outbox: Outbox
) -> None:
    """Handed in after 100 hours, refused 60 hours later: 140 are left, and the reminder moves along."""
    block, case = Block.objects.get(), IdentityCheck.objects.get()
    begin = block.blocked_at
    with clock.travel(begin + timedelta(hours=100)), observed():
        reason_called("order").submitted(System("support"), submitted(case))
    block.refresh_from_db()
    assert block.ends_at is None and block.left is not None
    assert timedelta(hours=139, minutes=59) < block.left <= timedelta(hours=140)
    with clock.travel(begin + timedelta(hours=160)):
        assert remind_of_blocks.call() == 0
        decide_identity_check(staff, case, is_accepted=False, words="Not readable.")
    block.refresh_from_db()
    assert block.ends_at is not None and block.left is None
    assert abs(block.ends_at - begin - timedelta(hours=300)) < timedelta(minutes=1)
    with clock.travel(begin + timedelta(hours=227, minutes=59)):
        assert remind_of_blocks.call() == 0
    with clock.travel(begin + timedelta(hours=228, minutes=1)):
        assert remind_of_blocks.call() == 1
    with clock.travel(begin + timedelta(hours=299, minutes=59)):
        assert end_lapsed_blocks.call() == 0
    with clock.travel(begin + timedelta(hours=300, minutes=1)):
        assert end_lapsed_blocks.call() == 1
    order.refresh_from_db()
    assert order.state == "cancelled"


@pytest.mark.spec("SUP-48")
def test_documents_that_prove_nothing_gain_no_time(staff: Actor, order: Order) -> None:
    block, case = Block.objects.get(), IdentityCheck.objects.get()
    begin = block.blocked_at
    with clock.travel(begin + timedelta(hours=238)), observed():
        reason_called("order").submitted(System("support"), submitted(case))
    with clock.travel(begin + timedelta(hours=250)):
        decide_identity_check(staff, case, is_accepted=False, words="Of somebody else.")
        assert remind_of_blocks.call() == 1  # which says that two hours are left
    with clock.travel(begin + timedelta(hours=252, minutes=1)):
        assert end_lapsed_blocks.call() == 1


@pytest.mark.spec("SUP-46", "SUP-49", "BIL-43")
def test_a_card_the_prepaid_account_and_a_code_each_get_their_part_back(
    owner: Actor, staff: Actor, acme: Organization, _kites: None
) -> None:
    """CHF 25 off by a code, CHF 7.03 by the prepaid account, CHF 20 by card: the code can be used again."""
    plan = make_plan()
    issue_code(staff, None, code="SPRING27", product="kites", percentage=Decimal(50), most_uses=1)
    cart, _secret = open_cart(owner, None)
    add_to_cart(owner, cart, plan=plan.code, months=12, options={"name": "pay-pal-help"})
    choose_method(owner, acme, cart=cart, method="test")
    apply_code(owner, acme, cart=cart, code="SPRING27")
    order = Order.objects.get(pk=order_cart(owner, acme, cart=cart).pk)
    assert (order.state, str(order.invoice.total)) == ("blocked", "CHF 27.03")
    fill(acme, "100")
    payment = pay_invoice(owner, order.invoice, prepaid_part=Money.of("7.03", "CHF"), method="test")
    decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    charge = TestCharge.objects.get(key=payment.key).charge
    confirm_payment(System("test"), payment, charge=charge, amount=payment.amount)
    uses = PromoCode.objects.get().uses.filter(released_at=None)
    assert uses.count() == 1 and str(prepaid.standing(acme, "CHF").balance) == "CHF 92.97"
    with clock.travel(Block.objects.get().blocked_at + timedelta(hours=241)):
        assert end_lapsed_blocks.call() == 1
        run_jobs()
    assert TestRefund.objects.get().minor == 20_00 and uses.count() == 0
    assert str(prepaid.standing(acme, "CHF").balance) == "CHF 100.00"
    order.refresh_from_db()
    assert (order.state, order.invoice.corrections.get().total) == ("cancelled", Money.of("-27.03", "CHF"))
    assert not Service.objects.exists() and proof.problems() == []


@pytest.mark.spec("BIL-30")
def test_the_customer_cancels_a_blocked_order_with_the_same_refund(
    owner: Actor, acme: Organization, order: Order
) -> None:
    fill(acme, "100")
    pay_invoice(owner, order.invoice, prepaid_part=order.invoice.total)
    cancel_order(owner, order)
    order.refresh_from_db()
    assert (order.state, Block.objects.get().ending) == ("cancelled", "cancelled")
    assert str(prepaid.standing(acme, "CHF").available) == "CHF 100.00"
    assert not IdentityCheck.objects.get().is_open and proof.problems() == []


@pytest.mark.spec("BIL-24", "BIL-25", "BIL-27")
def test_staff_block_on_a_ground_and_release_on_their_page(
    ana: Person, sam: Person, owner: Actor, acme: Organization, outbox: Outbox
) -> None:
    order = order_kites(owner, acme, make_plan(), "harmless")
    client, customer = Client(), Client()
    client.force_login(sam)
    customer.force_login(ana)
    assert (
        f"/staff/orders/{order.pk}"
        in client.get("/staff/orders?q=harmless&state=awaiting_payment").content.decode()
    )
    page = f"/staff/orders/{order.pk}"
    assert "Never blocked." in client.get(page).content.decode()
    form = client.get(f"{page}/block").content.decode()
    assert all(
        ground in form for ground in ("Use of a brand name", "Suspicion of spam", "Suspicion of fraud")
    )
    assert client.post(f"{page}/block", {"ground": "whim"}).status_code == 422
    order.refresh_from_db()
    assert order.state == "awaiting_payment" and not Block.objects.exists()
    assert (
        client.post(f"{page}/block", {"ground": "fraud", "note": "Card of somebody else"}).status_code == 303
    )
    text = client.get(page).content.decode()
    assert "Suspicion of fraud" in text and "Card of somebody else" in text and "The identity check" in text
    assert [mail.to for mail in outbox if mail.template == "support/procedure"] == [["ana@acme.example"]]
    theirs = customer.get(f"/o/acme/orders/{order.pk}").content.decode()
    assert "This order is blocked" in theirs and "somebody else" not in theirs and "fraud" not in theirs
    assert client.post(f"{page}/release").status_code == 303
    order.refresh_from_db()
    assert (order.state, Block.objects.get().ending) == ("awaiting_payment", "released")
    assert "not blocked any more" in client.post(f"{page}/release", follow=True).content.decode()
    pay_by_card(owner, Order.objects.get(pk=order.pk))
    assert client.post(f"{page}/block", {"ground": "spam"}).status_code == 422  # its set-up has begun
    assert Block.objects.count() == 1


def test_the_staffs_list_of_orders_costs_the_same_for_few_and_many(
    sam: Person, owner: Actor, acme: Organization
) -> None:
    client, plan, counted = Client(), make_plan(), []
    client.force_login(sam)
    client.get("/staff/orders")  # the first request writes down where the session is
    for number in range(6):
        order_kites(owner, acme, plan, f"kite {number}", f"glider {number}")
        if number in (1, 5):
            with CaptureQueriesContext(connection) as queries:
                assert f"kite {number}" in client.get("/staff/orders").content.decode()
            counted.append(len(queries))
    assert counted[0] == counted[1]


@pytest.mark.spec("BIL-24")
def test_staff_block_and_release_an_unpaid_order(owner: Actor, acme: Organization, staff: Actor) -> None:
    order = order_kites(owner, acme, make_plan(), "harmless")
    block_order(staff, order)
    released = release_order(staff, order)
    assert released.state == "awaiting_payment"
    pay_by_card(owner, Order.objects.get(pk=order.pk))
    run_jobs()
    assert Service.objects.count() == 1
