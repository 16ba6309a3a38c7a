"""A wallet to which the payer is sent: approves or not, comes back once, twice or never, after a message or before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing import proof
from kanton.billing.actions import pay_invoice
from kanton.billing.models import Entry, Invoice, Payment, TestCharge
from kanton.billing.payments.test_provider import approve
from kanton.billing.tasks import ask_about_silent_payments
from kanton.core import clock
from kanton.core.actor import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(ana: Person) -> Client:
    """Ana's browser."""
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def away(browser: Client, invoice: Invoice) -> Payment:
    """Ana chose the wallet and was sent to its page."""
    sent = browser.post(f"/o/acme/invoices/{invoice.pk}/pay", {"method": "test-wallet"})
    payment = Payment.objects.get()
    assert (sent.status_code, sent["Location"]) == (303, f"/pay/test/{payment.key}")
    page = browser.get(sent["Location"]).content.decode()
    assert "Approve, and come back" in page and "Decline the payment" in page
    return payment


def state(payment: Payment) -> tuple[str, str, int]:
    """How payment and invoice stand, and how often money was booked."""
    payment.refresh_from_db()
    assert payment.invoice is not None and proof.problems() == []
    payment.invoice.refresh_from_db()
    return payment.state, payment.invoice.status, Entry.objects.filter(kind="payment").count()


@pytest.mark.spec("BIL-91", "BIL-97")
def test_the_payer_is_charged_on_coming_back_and_once_when_that_happens_twice(
    browser: Client, away: Payment
) -> None:
    back = browser.post(f"/pay/test/{away.key}", {"outcome": "approve"})
    assert back["Location"] == f"/o/acme/payments/{away.key}" and state(away) == ("pending", "open", 0)
    # The page that looks again by itself is no return.
    browser.get(back["Location"], {"part": "state"})
    assert state(away) == ("pending", "open", 0)
    assert "The payment has arrived" in browser.get(back["Location"]).content.decode()
    assert state(away) == ("succeeded", "paid", 1)
    assert "The payment has arrived" in browser.get(back["Location"]).content.decode()
    browser.post(f"/pay/test/{away.key}", {"outcome": "approve"})  # pressed again in another tab
    browser.get(back["Location"])
    assert state(away) == ("succeeded", "paid", 1) and TestCharge.objects.count() == 1


@pytest.mark.spec("BIL-97")
def test_the_message_may_come_before_the_payer(browser: Client, away: Payment) -> None:
    back = browser.post(f"/pay/test/{away.key}", {"outcome": "success"})
    assert state(away) == ("succeeded", "paid", 1)
    assert "The payment has arrived" in browser.get(back["Location"]).content.decode()
    assert state(away) == ("succeeded", "paid", 1)


@pytest.mark.spec("BIL-98")
def test_who_never_comes_back_is_charged_if_they_approved_and_else_not(
    owner: Actor, browser: Client, away: Payment
) -> None:
    with clock.travel(away.started_at + timedelta(minutes=3)):
        ask_about_silent_payments.call()
        assert state(away) == ("pending", "open", 0)
    with clock.travel(away.expires_at + timedelta(minutes=1)):
        ask_about_silent_payments.call()
        assert state(away) == ("expired", "open", 0) and not TestCharge.objects.exists()
    assert away.invoice is not None
    second = pay_invoice(owner, away.invoice, method="test-wallet")
    approve(second.key, second.amount)
    with clock.travel(second.started_at + timedelta(minutes=3)):
        ask_about_silent_payments.call()
        assert state(second) == ("succeeded", "paid", 1)


@pytest.mark.spec("BIL-59")
def test_who_declines_there_comes_back_to_choose_again(browser: Client, away: Payment) -> None:
    back = browser.post(f"/pay/test/{away.key}", {"outcome": "decline"})
    assert "Choose again" in browser.get(back["Location"]).content.decode()
    assert state(away) == ("declined", "open", 0)
