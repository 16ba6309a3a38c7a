"""Stripe: signed messages only, one effect each; charges and refunds against a stand-in for its servers."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from typing import Any

import pytest
from django.test import Client

from kanton.billing import prepaid, proof
from kanton.billing.actions import confirm_payment, pay_invoice, top_up
from kanton.billing.books.actions import refund_top_up
from kanton.billing.books.models import Refund
from kanton.billing.errors import BadCallback
from kanton.billing.models import Invoice, Payment, ProviderEvent
from kanton.billing.payments.contract import Checkout, Outcome, Refused
from kanton.billing.profiles import stripe as module
from kanton.billing.profiles.models import StripeObject
from kanton.billing.profiles.stripe import Stripe, call, saved, signature
from kanton.config import Stripe as Settings
from kanton.config import overriding
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.errors import EngineUnavailable
from kanton.core.jobs.testing import run_jobs
from kanton.core.money import Money
from kanton.organizations.models import Organization

pytestmark = pytest.mark.django_db


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


def message(
    kind: str, key: str, *, id: str = "evt_1", intent: str = "pi_1", minor: int = 54_05, **more: Any
) -> bytes:
    about = {
        "id": intent, "amount": minor, "currency": "chf", "metadata": {"key": key},
        "status": "succeeded" if kind.endswith("succeeded") else "requires_payment_method",
    } | more  # fmt: skip
    return json.dumps({"id": id, "type": kind, "data": {"object": about}}).encode()


def signed(body: bytes, *, age: int = 0, sign: str = "") -> dict[str, str]:
    moment = str(int(clock.now().timestamp()) - age)
    return {"Stripe-Signature": f"t={moment},v0=old,v1={sign or signature(moment, body)}"}


def report(client: Client, body: bytes, **how: Any) -> int:
    headers = {"HTTP_STRIPE_SIGNATURE": signed(body, **how)["Stripe-Signature"]}
    return client.post("/pay/stripe/callback", body, content_type="application/json", **headers).status_code  # type: ignore[arg-type]


@pytest.fixture
def payment(owner: Actor, invoice: Invoice, stripe_settings: Settings) -> Payment:
    """A payment of CHF 54.05 through Stripe in progress."""
    return pay_invoice(owner, invoice, method="stripe")


@pytest.mark.spec("BIL-97")
def test_a_signed_message_settles_the_invoice_once_replayed_and_out_of_order(
    client: Client, payment: Payment, invoice: Invoice
) -> None:
    failed = message("payment_intent.payment_failed", payment.key, id="evt_0")
    done = message("payment_intent.succeeded", payment.key)
    assert report(client, failed) == 204  # another card may follow in Checkout
    payment.refresh_from_db()
    assert payment.is_pending
    assert [report(client, done) for _turn in range(3)] == [204] * 3
    assert report(client, message("payment_intent.succeeded", payment.key, id="evt_2")) == 204
    assert report(client, message("payment_intent.payment_failed", payment.key, id="evt_3")) == 204  # late
    payment.refresh_from_db()
    invoice.refresh_from_db()
    assert (payment.state, payment.charge, invoice.status) == ("succeeded", "pi_1", "paid")
    assert ProviderEvent.objects.filter(provider="stripe").count() == 4
    assert proof.problems() == []


@pytest.mark.parametrize(
    "how",
    [
        {"sign": "0" * 64},
        {"sign": "é"},
        {"age": module.TOLERANCE_SECONDS + 1},
        {"age": -module.TOLERANCE_SECONDS - 60},
    ],
)
def test_a_forged_or_old_message_does_nothing(client: Client, payment: Payment, how: dict[str, Any]) -> None:
    body = message("payment_intent.succeeded", payment.key)
    assert report(client, body, **how) == 400
    payment.refresh_from_db()
    assert payment.is_pending and not ProviderEvent.objects.exists()


@pytest.mark.parametrize("header", ["", "t=1", "v1=x", "t=1,t=2,v1=x", "t=99999999999999,v1=x", "t=-1,v1=x"])
def test_a_message_without_a_whole_signature_is_refused(stripe_settings: Settings, header: str) -> None:
    with pytest.raises(BadCallback):
        Stripe().read_callback({"Stripe-Signature": header}, b"{}")


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"id":1,"type":"payment_intent.succeeded","data":{"object":[]}}', b"\xff"]
)
def test_a_signed_message_of_another_shape_is_refused(stripe_settings: Settings, body: bytes) -> None:
    with pytest.raises(BadCallback):
        Stripe().read_callback(signed(body), body)


def test_a_message_about_somebody_elses_payment_changes_nothing(client: Client, payment: Payment) -> None:
    assert report(client, message("payment_intent.succeeded", "another", minor=1)) == 204
    assert report(client, message("customer.created", "")) == 204
    payment.refresh_from_db()
    assert payment.is_pending


def test_without_secrets_it_is_not_offered_and_an_unreachable_stripe_is_said(
    stripe_settings: Settings,
) -> None:
    assert Stripe().is_offered
    with pytest.raises(EngineUnavailable):
        Stripe().checkout_url(Checkout("k", chf("1"), "x", "http://localhost/"))
    assert not StripeObject.objects.exists()
    with overriding(stripe=Settings(secret_key="sk")):
        assert not Stripe().is_offered
    assert Stripe().ask("never heard").outcome is Outcome.PENDING


# ── Against localstripe, a process of its own on loopback


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A running localstripe."""
    # Told a port, it would bind it later than another program may.
    own = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{own.getsockname()[1]}"
    program = (
        "import socket; from aiohttp import web; from localstripe.server import app; "
        f"web.run_app(app, sock=socket.socket(fileno={own.fileno()}), print=None)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], pass_fds=[own.fileno()],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    own.close()
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"{address}/js.stripe.com/v3/", timeout=120).close()
                break
            except OSError:
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(120)


@pytest.fixture
def stripe(address: str) -> Iterator[Stripe]:
    """The adapter, pointed at it."""
    settings = Settings(secret_key="sk_test_12345", webhook_secret="whsec_1", address=address)
    with overriding(stripe=settings, demo=True):
        yield Stripe()


def kept(number: str) -> str:
    """The token of a card that a customer has left there."""
    customer = call("POST", "/v1/customers", {"email": "ana@acme.example"})
    card = {
        "type": "card",
        "card[number]": number,
        "card[exp_month]": "2",
        "card[exp_year]": "2040",
        "card[cvc]": "123",
    }
    method = call("POST", "/v1/payment_methods", card)
    call("POST", f"/v1/payment_methods/{method['id']}/attach", {"customer": customer["id"]})
    found = saved(customer["id"], method)
    assert (found.brand, found.last_digits, str(found.expires_on)) == ("Visa", number[-4:], "2040-02-29")
    return found.token


@pytest.mark.spec("BIL-45", "BIL-48")
def test_a_kept_card_is_charged_once_asked_about_and_refunded(stripe: Stripe) -> None:
    checkout = Checkout("key-1", chf("54.05"), "P-1", "http://localhost/")
    token = kept("4242424242424242")
    first, again = stripe.charge_saved(token, checkout), stripe.charge_saved(token, checkout)
    asked = stripe.ask("key-1")
    assert {each.outcome for each in (first, again, asked)} == {Outcome.SUCCEEDED}
    assert first.charge == again.charge == asked.charge and first.amount == chf("54.05")
    intents = call("GET", "/v1/payment_intents?limit=100")["data"]
    assert len([each for each in intents if each["metadata"].get("key") == "key-1"]) == 1
    stripe.send_back(first.charge, chf("4.05"), "r1")
    (refund,) = call("GET", f"/v1/refunds?payment_intent={first.charge}")["data"]
    assert (refund["amount"], refund["currency"], refund["metadata"]) == (4_05, "chf", {"key": "r1"})


@pytest.mark.spec("BIL-97")
def test_a_refund_that_stripe_has_made_already_is_found_among_others_and_not_made_again(
    stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge = stripe.charge_saved(kept("4242424242424242"), Checkout("key-3", chf("54"), "x", "")).charge
    monkeypatch.setattr(module, "PAGE", 1)
    for key, amount in (("r1", "4"), ("r2", "5"), ("r3", "4"), ("r1", "4"), ("r2", "5")):
        stripe.send_back(charge, chf(amount), key)  # it knows no idempotency keys, like one that forgot them
    assert sorted((made.key, made.amount, made.outcome) for made in stripe.refunds_of(charge)) == [
        ("r1", chf("4"), Outcome.SUCCEEDED), ("r2", chf("5"), Outcome.SUCCEEDED), ("r3", chf("4"), Outcome.SUCCEEDED),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ([], ["refund-r1-0"]),
        ([("r1", "succeeded")], []),
        ([("r1", "pending")], []),
        ([("r1", "requires_action")], []),
        ([("", "succeeded"), ("r2", "succeeded")], ["refund-r1-0"]),
        ([("r1", "failed")], ["refund-r1-1"]),
        ([("r1", "failed"), ("r1", "canceled")], ["refund-r1-2"]),
        ([("r1", "failed"), ("r1", "pending")], []),
    ],
)
def test_only_what_stripe_does_not_show_as_on_its_way_is_sent(
    monkeypatch: pytest.MonkeyPatch, shown: list[tuple[str, str]], sent: list[str]
) -> None:
    keys: list[str] = []

    def answer(method: str, path: str, values: Any = None, *, key: str = "") -> dict[str, Any]:
        if method == "POST":
            keys.append(key)
            return {"id": "re_9", "status": "pending"}
        listed = [
            {"id": f"re_{n}", "amount": 4_00, "currency": "chf", "metadata": {"key": name}, "status": state}
            for n, (name, state) in enumerate(shown)
        ]  # fmt: skip
        return {"object": "list", "data": listed, "has_more": False}

    monkeypatch.setattr(module, "call", answer)
    Stripe().send_back("pi_1", chf("4"), "r1")
    assert keys == sent


def test_a_refund_that_stripe_answers_as_failed_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {"id": "re_1", "status": "failed", "failure_reason": "lost_or_stolen_card"}
    monkeypatch.setattr(
        module, "call", lambda method, *_what, **_how: made if method == "POST" else {"data": []}
    )
    with pytest.raises(Refused, match="lost_or_stolen_card"):
        Stripe().send_back("pi_1", chf("4"), "r1")


def about_refund(kind: str, key: str, id: str, status: str = "failed") -> bytes:
    refund = {
        "id": "re_1", "object": "refund", "amount": 40_00, "currency": "chf", "payment_intent": "pi_1",
        "status": status, "failure_reason": "lost_or_stolen_card", "metadata": {"key": key},
    }  # fmt: skip
    return json.dumps({"id": id, "type": kind, "data": {"object": refund}}).encode()


@pytest.mark.spec("SUP-49", "BIL-28")
def test_a_refund_that_stripe_reports_as_failed_under_three_names_is_credited_once(
    client: Client, owner: Actor, staff: Actor, acme: Organization, stripe_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    books: list[dict[str, Any]] = []

    def answer(method: str, path: str, values: dict[str, str] | None = None, **_how: Any) -> dict[str, Any]:
        if method == "POST" and values is not None:
            books.append({
                "id": "re_1", "amount": int(values["amount"]), "currency": "chf", "status": "pending",
                "metadata": {"key": values["metadata[key]"]},
            })  # fmt: skip
            return books[-1]
        return {"data": books}

    monkeypatch.setattr(module, "call", answer)
    payment = top_up(owner, acme, amount=chf("100"), method="stripe")
    confirm_payment(System("stripe"), payment, charge="pi_1", amount=payment.amount)
    refund = refund_top_up(staff, payment, amount=chf("40"))
    assert isinstance(refund, Refund)
    run_jobs()
    refund.refresh_from_db()
    assert (refund.state, len(books)) == ("done", 1)

    failed = about_refund("refund.failed", refund.key, "evt_1")
    assert report(client, failed, sign="0" * 64) == 400
    assert report(client, failed, age=module.TOLERANCE_SECONDS + 1) == 400
    # A message that the books do not bear out, of another refund, or of one that goes well, moves nothing.
    for number, body in enumerate((
        failed,
        about_refund("refund.failed", "another", "evt_2"),
        about_refund("refund.updated", refund.key, "evt_3", "succeeded"),
    )):  # fmt: skip
        assert report(client, body) == 204, number
    run_jobs()
    refund.refresh_from_db()
    assert refund.state == "done" and prepaid.standing(acme, "CHF").balance == chf("60")

    books[0] |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    for id, kind in (
        ("evt_4", "charge.refund.updated"),
        ("evt_5", "refund.updated"),
        ("evt_6", "refund.failed"),
    ):
        assert [report(client, about_refund(kind, refund.key, id)) for _turn in range(2)] == [204] * 2
        run_jobs()
    refund.refresh_from_db()
    assert (refund.state, refund.reason) == ("instead", "lost_or_stolen_card")
    assert prepaid.standing(acme, "CHF").balance == chf("100") and len(books) == 1
    assert proof.problems() == []


@pytest.mark.parametrize(
    ("code", "is_no"), [(400, True), (402, True), (404, True), (401, False), (409, False), (500, False)]
)
def test_only_a_plain_no_is_taken_for_one(
    stripe_settings: Settings, monkeypatch: pytest.MonkeyPatch, code: int, is_no: bool
) -> None:
    def answer(request: urllib.request.Request, **_how: Any) -> None:
        body = io.BytesIO(b'{"error": {"code": "a_word", "type": "a_type"}}')
        raise urllib.error.HTTPError(request.full_url, code, "", HTTPMessage(), body)

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    with pytest.raises(Refused if is_no else EngineUnavailable):
        Stripe().refund("pi_1", chf("4"), "r1", 0)


def test_a_declined_card_says_why_and_nothing_is_charged(stripe: Stripe) -> None:
    declined = stripe.charge_saved(
        kept("4000000000000341"), Checkout("key-2", chf("10"), "x", "http://localhost/")
    )
    assert (declined.outcome, declined.reason) == (Outcome.DECLINED, "card_declined")
    with pytest.raises(Refused):
        stripe.send_back("pi_nowhere", chf("1"), "r2")


@pytest.mark.spec("BIL-97")
def test_money_that_came_twice_goes_back_through_stripe(
    stripe: Stripe, owner: Actor, invoice: Invoice
) -> None:
    payment = pay_invoice(owner, invoice, method="stripe")
    answer = stripe.charge_saved(kept("4242424242424242"), Checkout(payment.key, payment.amount, "x", ""))
    from kanton.billing.actions import take_in
    from kanton.core.actor import System

    take_in(System("stripe"), "stripe", answer)
    second = stripe.charge_saved(kept("4242424242424242"), Checkout("second", payment.amount, "x", ""))
    body = message("payment_intent.succeeded", payment.key, id="evt_9", intent=second.charge)
    take_in(System("stripe"), "stripe", stripe.read_callback(signed(body), body))
    run_jobs()
    refunded = Payment.objects.get(charge=second.charge)
    assert refunded.state == "refunded"
    (refund,) = call("GET", f"/v1/refunds?payment_intent={second.charge}")["data"]
    assert refund["amount"] == 54_05 and proof.problems() == []
