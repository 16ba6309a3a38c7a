"""The built-in test providers: a page in our own web process on which the payer decides how the payment ends.

One charges on its page, as card forms do; the other is a wallet: the payer approves there, and is charged on return.

It behaves as real providers do: it keeps its own books, signs its messages, may send one twice or none at all,
and can be asked. It is offered only on demo installations and in development, never to real customers.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kanton.billing.errors import BadCallback
from kanton.billing.models import RefundAnswer, TestCharge, TestRefund
from kanton.billing.payments.contract import (
    Checkout,
    Notification,
    Outcome,
    PaymentProvider,
    RefundMade,
    Refused,
    SavedMethod,
)
from kanton.config import config
from kanton.core import clock
from kanton.core.errors import EngineUnavailable
from kanton.core.money import Money

SIGNATURE = "X-Test-Signature"
APPROVED = "approved"
#: For how long it knows an idempotency key of a refund, as Stripe does.
REMEMBERS = timedelta(hours=24)


class TestProvider(PaymentProvider):
    """Succeeds, declines, stays silent or reports twice, as the button on its page says."""

    __test__ = False  # pytest: not a test

    code = "test"
    label = _("Test payment")
    help_text = _("No real money moves: choose on the next page how the payment ends.")
    icon = "flask"

    @property
    def is_offered(self) -> bool:
        """Only where no real money is expected."""
        return bool(config.demo or config.debug)

    def checkout_url(self, checkout: Checkout) -> str:
        """Our own page."""
        return reverse("billing:test_provider", args=[checkout.key])

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """The message, if its signature is ours."""
        given = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE.lower(), "")
        if not hmac.compare_digest(signature(body).encode(), given.encode("utf-8", "replace")):
            raise BadCallback
        try:
            message = json.loads(body)
            return Notification(
                event=str(message["event"]),
                key=str(message["key"]),
                outcome=Outcome(message["outcome"]),
                charge=str(message.get("charge", "")),
                amount=Money(message["minor"], message["currency"]) if "minor" in message else None,
                reason=str(message.get("reason", "")),
                is_refund=message.get("about") == "refund",
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadCallback from error

    def ask(self, key: str) -> Notification:
        """What its own books say."""
        found = TestCharge.objects.filter(key=key).order_by("-pk").first()
        if found is None:
            return Notification("", key, Outcome.PENDING)
        return Notification(
            f"asked-{found.charge}",
            key,
            Outcome(found.outcome),
            found.charge,
            Money(found.minor, found.currency),
        )

    can_charge_saved = True

    def charge_saved(self, token: str, checkout: Checkout) -> Notification:
        """Charge at once, or decline a token that says so; once per key."""
        if (known := self.ask(checkout.key)).outcome is not Outcome.PENDING:
            return known
        outcome = Outcome.DECLINED if "decline" in token else Outcome.SUCCEEDED
        _headers, body = decide(checkout.key, checkout.amount, outcome)[0]
        return self.read_callback({SIGNATURE: signature(body)}, body)

    can_save = True

    def begin_saving(self, key: str, customer: str, return_url: str) -> str:
        """Back at once: nothing has to be typed."""
        return return_url

    def finish_saving(self, key: str) -> SavedMethod | None:
        """A card that exists nowhere, good for two years."""
        year = clock.today().year + 2
        return SavedMethod(f"test_{key}", "Test card", "4242", date(year, 12, 31))

    def refund(self, charge: str, amount: Money, key: str, attempt: int) -> None:
        """Note the refund in its books: once within a day, and never more than was charged."""
        found = TestCharge.objects.filter(charge=charge).first()
        if found is not None and found.refunds == RefundAnswer.REFUSE:
            raise Refused("refund_refused")
        known = TestRefund.objects.filter(key=key, attempt=attempt, made_at__gt=clock.now() - REMEMBERS)
        if not known.exists():
            gone = self._gone(charge)
            if found is not None and gone + amount.minor > found.minor:
                raise Refused("charge_already_refunded")
            TestRefund.objects.create(
                charge=charge, key=key, attempt=attempt, currency=amount.currency, minor=amount.minor
            )
            TestCharge.objects.filter(charge=charge, refunded_at=None).update(refunded_at=clock.now())
        if found is not None and found.refunds == RefundAnswer.SILENT:
            raise EngineUnavailable

    def refunds_of(self, charge: str) -> list[RefundMade]:
        """What its books say."""
        return [
            RefundMade(
                each.key,
                Money(each.minor, each.currency),
                Outcome.DECLINED if each.has_failed else Outcome.SUCCEEDED,
                "expired_or_canceled_card" if each.has_failed else "",
            )
            for each in TestRefund.objects.filter(charge=charge).order_by("pk")
        ]

    def _gone(self, charge: str) -> int:
        made = TestRefund.objects.filter(charge=charge, has_failed=False)
        return int(made.aggregate(gone=Sum("minor"))["gone"] or 0)


class TestWallet(TestProvider):
    """A wallet as PayPal is one: the payer is sent away and approves; the charge is made when they come back.

    One who approved and never came back is charged when we ask, since they agreed to pay; any other never is.
    """

    __test__ = False  # pytest: not a test

    code = "test-wallet"
    label = _("Test wallet")
    help_text = _("No real money moves: approve on the next page, and come back.")
    icon = "wallet"
    can_charge_saved = False
    can_save = False

    def ask(self, key: str) -> Notification:
        """What its books say; what was approved is charged now, once."""
        TestCharge.objects.filter(key=key, outcome=APPROVED).update(outcome=Outcome.SUCCEEDED.value)
        return super().ask(key)

    def came_back(self, key: str) -> Notification:
        """Charge what was approved."""
        return self.ask(key)


def approve(key: str, amount: Money) -> None:
    """The payer agrees on the wallet's page: once, however often the button is pressed."""
    TestCharge.objects.get_or_create(
        key=key,
        defaults={
            "charge": f"wal_{uuid.uuid4().hex[:24]}",
            "currency": amount.currency,
            "minor": amount.minor,
            "outcome": APPROVED,
        },
    )


def decide(key: str, amount: Money, outcome: Outcome) -> list[tuple[dict[str, str], bytes]]:
    """Charge or decline, and return the signed message about it as (headers, body)."""
    charge = f"ch_{uuid.uuid4().hex[:24]}"
    TestCharge.objects.create(
        key=key, charge=charge, currency=amount.currency, minor=amount.minor, outcome=outcome.value
    )
    message: dict[str, Any] = {
        "event": f"evt_{uuid.uuid4().hex[:24]}",
        "key": key,
        "outcome": outcome.value,
        "charge": charge if outcome is Outcome.SUCCEEDED else "",
        "minor": amount.minor,
        "currency": amount.currency,
    }
    if outcome is Outcome.DECLINED:
        message["reason"] = "insufficient_funds"
    return [signed(message)]


def fail_refund(refund: TestRefund) -> tuple[dict[str, str], bytes]:
    """The payer's bank gives a refund back, days after it was made. Returns the message about it."""
    refund.has_failed = True
    refund.save(update_fields=["has_failed"])
    return signed(
        {
            "event": f"evt_{uuid.uuid4().hex[:24]}", "about": "refund", "key": refund.key,
            "outcome": Outcome.DECLINED.value, "charge": refund.charge,
        }
    )  # fmt: skip


def signed(message: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """A message as the provider sends it: (headers, body)."""
    body = json.dumps(message, separators=(",", ":"), sort_keys=True).encode()
    return {SIGNATURE: signature(body), "Content-Type": "application/json"}, body


def signature(body: bytes) -> str:
    """HMAC-SHA256 under a key derived from the installation's secret."""
    key = hashlib.sha256(b"billing test provider:" + config.secrets.django_key.encode()).digest()
    return hmac.new(key, body, hashlib.sha256).hexdigest()
