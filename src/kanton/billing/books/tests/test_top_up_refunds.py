"""Top-ups go back by the method by which they were paid: never more than is free, nor than is left of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.actions import create_token
from kanton.accounts.models import Person
from kanton.activity.models import Activity
from kanton.billing import ledger, prepaid, proof
from kanton.billing.actions import confirm_payment, pay_invoice, top_up
from kanton.billing.bank.actions import make_transfer_file, top_up_by_transfer
from kanton.billing.bank.models import Transfer
from kanton.billing.bank.tests.bank_files import PAYER, Entry, Pay
from kanton.billing.bank.tests.conftest import Take
from kanton.billing.books.actions import (
    credit_refund_instead,
    note_refund_failed,
    refund_top_up,
    refundable_of,
    repeat_refund,
)
from kanton.billing.books.errors import NotFailed, NothingToRefund, NoWayBack, TooMuchToRefund
from kanton.billing.books.models import Refund
from kanton.billing.models import AccountKind, Invoice, Payment, Posting, TestCharge
from kanton.billing.payments.contract import Outcome
from kanton.billing.payments.test_provider import TestProvider, decide
from kanton.core.actor import Actor, System
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD, acting
from kanton.ui import formats

pytestmark = pytest.mark.django_db


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


def balance(organization: Organization) -> Money:
    return prepaid.standing(organization, "CHF").balance


def waiting(kind: str = AccountKind.SUSPENSE, detail: str = "returns") -> Money:
    return ledger.balance(ledger.account(AccountKind(kind), "CHF", detail=detail))


def by_card(owner: Actor, acme: Organization, amount: str = "100") -> Payment:
    """Top up with the test provider, as it happens there."""
    payment = top_up(owner, acme, amount=chf(amount), method="test")
    decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    answer = TestProvider().ask(payment.key)
    return confirm_payment(System("test"), payment, charge=answer.charge, amount=answer.amount)


def by_bank(owner: Actor, acme: Organization, take: Take, amount: str = "80.00", **more: Any) -> Payment:
    reference = top_up_by_transfer(owner, acme).reference
    take(Entry(amount, f"B-{amount}", (Pay(amount, reference or "", **more),)))
    return Payment.objects.get(provider="transfer")


def refused(error: type[Exception], do: Any) -> None:
    """It is refused, and nothing moves: no posting, no refund, no transfer, no balance."""

    def state() -> object:
        return (
            Posting.objects.count(),
            Refund.objects.count(),
            Transfer.objects.count(),
            Activity.objects.count(),
        )

    before = state()
    with pytest.raises(error):
        do()
    assert state() == before


@pytest.mark.spec("BIL-50", "BIL-60", "BIL-62")
def test_what_is_not_spent_goes_back_to_the_card_in_parts_and_never_more_than_is_left(
    owner: Actor, staff: Actor, acme: Organization, invoice: Invoice, outbox: Outbox
) -> None:
    first, second = by_card(owner, acme), by_card(owner, acme, "50")
    pay_invoice(owner, invoice, prepaid_part=chf("30"), method="test")  # reserves 30 until the rest is there
    for wrong in (chf("100.01"), chf("0"), chf("-1"), Money.of("1", "EUR")):
        refused(TooMuchToRefund, lambda wrong=wrong: refund_top_up(staff, first, amount=wrong))
    part = refund_top_up(staff, first, amount=chf("40"))
    assert isinstance(part, Refund) and (part.state, part.amount, part.credit_note) == (
        "pending",
        chf("40"),
        None,
    )
    assert (balance(acme), waiting()) == (chf("110"), chf("-40"))
    assert (refundable_of(first), refundable_of(second)) == (chf("60"), chf("50"))
    run_jobs()
    part.refresh_from_db()
    assert part.state == "done" and TestCharge.objects.get(charge=first.charge).refunded_at is not None
    assert waiting() == chf("0") and waiting("in_transit", "test") == chf("110")
    (mail,) = (mail for mail in outbox if "go back" in mail.subject)
    assert mail.to == ["ana@acme.example"] and "CHF 40.00" in mail.text and "CHF 100.00" in mail.text
    rest = refund_top_up(staff, first)
    assert rest.amount == chf("60") and balance(acme) == chf("50")
    refused(NothingToRefund, lambda: refund_top_up(staff, first))
    # Of the second one 30 are reserved: what is free goes back, not a cent more.
    refused(TooMuchToRefund, lambda: refund_top_up(staff, second, amount=chf("20.01")))
    assert refund_top_up(staff, second).amount == chf("20")
    refused(NothingToRefund, lambda: refund_top_up(staff, second, amount=chf("0.01")))
    run_jobs()
    assert sorted(Refund.objects.values_list("minor", "state")) == [
        (20_00, "done"),
        (40_00, "done"),
        (60_00, "done"),
    ]
    standing = prepaid.standing(acme, "CHF")
    assert (standing.balance, standing.available) == (chf("30"), chf("0"))
    assert proof.problems() == []


@pytest.mark.spec("BIL-61")
def test_only_a_top_up_whose_money_came_can_be_refunded(
    owner: Actor, staff: Actor, acme: Organization, invoice: Invoice
) -> None:
    by_card(owner, acme)
    running = top_up(owner, acme, amount=chf("20"), method="test")
    bill = pay_invoice(owner, invoice, method="test")
    refused(NothingToRefund, lambda: refund_top_up(staff, running))
    refused(NothingToRefund, lambda: refund_top_up(staff, bill))
    gone = by_card(owner, acme, "10")
    Payment.objects.filter(pk=gone.pk).update(provider="uninstalled")
    refused(NoWayBack, lambda: refund_top_up(staff, gone))
    assert balance(acme) == chf("110") and proof.problems() == []


def test_a_refused_refund_is_tried_again_or_is_on_the_prepaid_account_again(
    owner: Actor, staff: Actor, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = by_card(owner, acme)
    refund = refund_top_up(staff, payment, amount=chf("70"))
    assert isinstance(refund, Refund)
    refused(NotFailed, lambda: repeat_refund(staff, refund))
    note_refund_failed(System("test"), refund, reason="card closed")
    refund.refresh_from_db()
    assert (refund.state, refund.reason, balance(acme), waiting()) == (
        "failed", "card closed", chf("30"), chf("-70"),
    )  # fmt: skip
    asked: list[tuple[str, Money, str, int]] = []
    monkeypatch.setattr(TestProvider, "refund", lambda _self, *what: asked.append(what))
    repeat_refund(staff, refund)
    run_jobs()
    refund.refresh_from_db()
    assert (refund.state, refund.reason, waiting()) == ("done", "", chf("0"))
    assert set(asked) == {(payment.charge, chf("70"), refund.key, 1)}
    refused(NotFailed, lambda: credit_refund_instead(staff, refund))
    rest = refund_top_up(staff, payment)
    assert isinstance(rest, Refund) and rest.key != refund.key
    note_refund_failed(System("test"), rest, reason="card closed")
    credit_refund_instead(staff, rest)
    assert (balance(acme), waiting(), refundable_of(payment)) == (chf("30"), chf("0"), chf("30"))
    assert list(Activity.objects.filter(kind__startswith="books.").order_by("pk").values_list("kind", flat=True)) == [
        "books.top_up_refunded", "books.refund_failed", "books.refund_repeated", "books.refund_done",
        "books.top_up_refunded", "books.refund_failed", "books.top_up_restored",
    ]  # fmt: skip
    assert proof.problems() == []


@pytest.mark.spec("BIL-61", "BIL-62")
def test_a_top_up_by_transfer_goes_back_by_transfer_and_one_without_an_account_is_refused(
    owner: Actor, staff: Actor, acme: Organization, take: Take
) -> None:
    payment = by_bank(owner, acme, take, iban=PAYER)
    assert balance(acme) == chf("80")
    transfer = refund_top_up(staff, payment, amount=chf("30"))
    assert isinstance(transfer, Transfer)
    assert (transfer.purpose, transfer.account, transfer.amount, transfer.state) == (
        "refund", PAYER, chf("30"), "asked",
    )  # fmt: skip
    assert (balance(acme), waiting("in_transit", "transfers")) == (chf("50"), chf("-30"))
    file = make_transfer_file(staff, None, currency="CHF")
    assert PAYER.encode() in bytes(file.content) and b"30.00" in bytes(file.content)
    refused(TooMuchToRefund, lambda: refund_top_up(staff, payment, amount=chf("50.01")))
    # It comes back: the money is on the prepaid account again, and can be refunded anew.
    take(Entry("30.00", "R-1", (Pay("30.00", end_to_end=transfer.key or "", reason="AC04", iban=PAYER),)))
    assert (balance(acme), refundable_of(payment)) == (chf("80"), chf("80"))
    assert proof.problems() == []


def test_a_transfer_that_names_no_account_is_refused_with_the_reason(
    owner: Actor, staff: Actor, acme: Organization, take: Take
) -> None:
    payment = by_bank(owner, acme, take, iban="")
    assert balance(acme) == chf("80")
    refused(NoWayBack, lambda: refund_top_up(staff, payment))
    assert balance(acme) == chf("80") and proof.problems() == []


def test_staff_see_what_will_happen_refund_on_the_page_and_follow_it_in_one_list(
    client: Client, ana: Person, sam: Person, owner: Actor, acme: Organization
) -> None:
    payment = by_card(owner, acme)
    client.force_login(sam)
    with CaptureQueriesContext(connection) as one:
        page = client.get("/staff/books/top-ups").content.decode()
    url = f"/staff/books/top-ups/{payment.pk}/refund"
    assert "Acme" in page and "Test payment" in page and url in page
    assert f"At most {formats.money(chf('100'))}" in client.get(url).content.decode()
    preview = client.post(url, {"amount": "25", "_preview": "1"}).content.decode()
    assert "refunded CHF 25.00 of a top-up of CHF 100.00" in preview and "cannot be called back" in preview
    answer = client.post(url, {"amount": "100.01"})
    assert answer.status_code == 422 and f"at most {formats.money(chf('100'))}" in answer.content.decode()
    assert not Refund.objects.exists() and balance(acme) == chf("100")
    client.post(url, {"amount": "25"})
    refund = Refund.objects.get()
    assert refund.amount == chf("25") and balance(acme) == chf("75")
    note_refund_failed(System("test"), refund, reason="card closed")
    page = client.get("/staff/books/refunds").content.decode()
    again = f"/staff/books/refunds/{refund.pk}/again"
    assert "Top-up" in page and "card closed" in page and again in page
    client.post(again)
    refund.refresh_from_db()
    assert refund.state == "pending"
    for n in range(5, 15):
        by_card(owner, acme, str(n))
    with CaptureQueriesContext(connection) as many:
        client.get("/staff/books/top-ups")
    assert len(many) == len(one)
    client.force_login(ana)
    assert "Top-up refunded" in client.get("/o/acme/prepaid").content.decode()


def test_programs_of_staff_read_what_can_be_refunded_and_refund_it(
    client: Client, sam: Person, owner: Actor, acme: Organization
) -> None:
    payment = by_card(owner, acme)
    token = create_token(acting(sam), sam, name="Books", scopes=["staff"], current_password=PASSWORD)

    def call(method: str, path: str, **data: object) -> tuple[int, Any]:
        answer = client.generic(
            method, f"/2/staff/books/{path}", json.dumps(data), content_type="application/json",
            headers={"Authorization": f"Bearer {token.secret}"},
        )  # fmt: skip
        body = answer.json()
        return answer.status_code, body.get("data") or body["error"]

    url = f"top-ups/{payment.pk}"
    status, read = call("GET", url)
    assert status == 200 and read["refundable"]["amount"] == "100.00" and read["state"] == "succeeded"
    for amount, currency in (("100.01", "CHF"), ("1.00", "EUR"), ("0.00", "CHF")):
        status, problem = call("POST", f"{url}/refund", amount={"amount": amount, "currency": currency})
        assert (status, [each["code"] for each in problem["errors"]]) == (422, ["books.too_much_to_refund"])
    assert balance(acme) == chf("100") and not Refund.objects.exists()
    status, read = call("POST", f"{url}/refund", amount={"amount": "99.95", "currency": "CHF"})
    assert (status, read["refundable"]["amount"]) == (201, "0.05")
    assert call("POST", f"{url}/refund")[1]["refundable"]["amount"] == "0.00"
    status, problem = call("POST", f"{url}/refund")
    assert (status, problem["code"]) == (409, "books.nothing_to_refund")
    assert balance(acme) == chf("0")
    first = Refund.objects.earliest("pk")
    note_refund_failed(System("test"), first, reason="card closed")
    status, read = call("POST", f"refunds/{first.pk}/again")
    assert (status, read["state"], read["credit_note_id"], read["payment_id"]) == (
        200,
        "pending",
        None,
        payment.pk,
    )
    assert call("POST", f"refunds/{first.pk}/again")[1]["code"] == "books.not_failed"
