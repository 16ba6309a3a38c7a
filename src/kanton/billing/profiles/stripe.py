"""Stripe behind the contract of payment providers: Checkout for paying and saving, PaymentIntents for renewals.

Plain HTTPS calls; no card data ever reaches us. Each of our payments begins one thing at Stripe: the call carries
our key as Idempotency-Key, and what Stripe answers is written down before anything else happens. Messages count
only with a signature that is not older than five minutes; a repeated, late or reordered one changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kanton.billing.errors import BadCallback
from kanton.billing.payments.contract import (
    Checkout,
    Notification,
    Outcome,
    PaymentProvider,
    RefundMade,
    Refused,
    SavedMethod,
)
from kanton.billing.profiles.models import StripeObject
from kanton.config import config
from kanton.core import clock
from kanton.core.errors import EngineUnavailable
from kanton.core.money import Money

TOLERANCE_SECONDS = 300
TIMEOUT_SECONDS = 20
MOST_BODY = 1024 * 1024
PAGE = 100
#: The answers that are Stripe's no. All others, as to a key that is still being worked on, say nothing of the matter.
A_NO = (400, 402, 404)
#: The states of a refund that did not get through.
NOT_REFUNDED = ("failed", "canceled")
#: What Stripe reports of refunds; a failure comes under several of these names, and under the last one of old.
ABOUT_REFUNDS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")


class Stripe(PaymentProvider):
    """Cards and wallets through Stripe."""

    code = "stripe"
    label = _("Card or wallet")
    help_text = _("You pay on the page of Stripe, our payment provider.")
    icon = "credit-card"
    can_charge_saved = True
    can_save = True

    @property
    def is_offered(self) -> bool:
        """Once both secrets are in the settings."""
        return bool(config.stripe.secret_key and config.stripe.webhook_secret)

    def checkout_url(self, checkout: Checkout) -> str:
        """The page of a Checkout session; the same one when asked again."""
        known = StripeObject.objects.filter(key=checkout.key).first()
        if known is not None and known.url:
            return known.url
        session = call(
            "POST",
            "/v1/checkout/sessions",
            {
                "mode": "payment",
                "success_url": checkout.return_url,
                "cancel_url": checkout.return_url,
                "client_reference_id": checkout.key,
                "locale": checkout.language,
                "line_items[0][quantity]": "1",
                "line_items[0][price_data][currency]": checkout.amount.currency.lower(),
                "line_items[0][price_data][unit_amount]": str(checkout.amount.minor),
                "line_items[0][price_data][product_data][name]": checkout.description[:250],
                "payment_intent_data[metadata][key]": checkout.key,
                "metadata[key]": checkout.key,
            },
            key=checkout.key,
        )
        return _keep(checkout.key, session=session["id"], url=session["url"]).url

    def read_callback(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """The message, if Stripe signed it in the last five minutes."""
        given = {name.lower(): value for name, value in headers.items()}.get("stripe-signature", "")
        if len(body) > MOST_BODY or not _is_signed(given, body):
            raise BadCallback
        try:
            event = json.loads(body)
            about = event["data"]["object"]
            return _notification(str(event["id"]), str(event["type"]), about)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCallback from error

    def ask(self, key: str) -> Notification:
        """What Stripe says of the payment that we began under this key."""
        known = StripeObject.objects.filter(key=key).first()
        if known is None:
            return Notification("", key, Outcome.PENDING)
        intent = known.intent
        if not intent:
            session = call("GET", f"/v1/checkout/sessions/{known.session}")
            intent = str(session.get("payment_intent") or "")
            if not intent:
                return Notification("", key, Outcome.PENDING)
            _keep(key, intent=intent)
        return _of_intent(key, call("GET", f"/v1/payment_intents/{intent}"), is_final=not known.session)

    def charge_saved(self, token: str, checkout: Checkout) -> Notification:
        """Charge a kept card without the payer: once, whoever asks how often."""
        known = StripeObject.objects.filter(key=checkout.key).exclude(intent="").first()
        if known is not None:
            return self.ask(checkout.key)
        customer, _slash, method = token.partition("/")
        try:
            intent = call(
                "POST",
                "/v1/payment_intents",
                {
                    "amount": str(checkout.amount.minor),
                    "currency": checkout.amount.currency.lower(),
                    "customer": customer,
                    "payment_method": method,
                    "off_session": "true",
                    "confirm": "true",
                    "metadata[key]": checkout.key,
                    "metadata[saved]": "1",
                },
                key=checkout.key,
            )
        except Refused as refused:
            return Notification(
                f"refused-{checkout.key}", checkout.key, Outcome.DECLINED, reason=refused.code
            )
        _keep(checkout.key, intent=intent["id"])
        return _of_intent(checkout.key, intent, is_final=True)

    def begin_saving(self, key: str, customer: str, return_url: str) -> str:
        """The page on which the payer gives a card that Stripe keeps."""
        known = StripeObject.objects.filter(key=key).first()
        if known is not None and known.url:
            return known.url
        session = call(
            "POST",
            "/v1/checkout/sessions",
            {
                "mode": "setup",
                "currency": "chf",
                "customer_creation": "always",
                "success_url": return_url,
                "cancel_url": return_url,
                "metadata[organization]": customer,
                "metadata[key]": key,
            },
            key=key,
        )
        return _keep(key, session=session["id"], url=session["url"]).url

    def finish_saving(self, key: str) -> SavedMethod | None:
        """The card that was given, by Stripe's names for customer and card."""
        known = StripeObject.objects.filter(key=key).first()
        if known is None:
            return None
        expand = urlencode({"expand[]": "setup_intent.payment_method"})
        session = call("GET", f"/v1/checkout/sessions/{known.session}?{expand}")
        intent = session.get("setup_intent") or {}
        method = intent.get("payment_method") if isinstance(intent, dict) else None
        if not isinstance(method, dict) or not session.get("customer"):
            return None
        return saved(str(session["customer"]), method)

    def refund(self, charge: str, amount: Money, key: str, attempt: int) -> None:
        """Send money back, with our key in its metadata."""
        values = {"payment_intent": charge, "amount": str(amount.minor), "metadata[key]": key}
        try:
            made = call("POST", "/v1/refunds", values, key=f"refund-{key}-{attempt}")
        except Refused as refused:
            if refused.code != "charge_already_refunded":  # all of it was sent back there by hand
                raise
        else:
            if made.get("status") in NOT_REFUNDED:
                raise Refused(str(made.get("failure_reason") or made["status"]))

    def refunds_of(self, charge: str) -> list[RefundMade]:
        """Its list, page by page."""
        found: list[RefundMade] = []
        after: dict[str, str] = {}
        while True:
            page = call(
                "GET", f"/v1/refunds?{urlencode({'payment_intent': charge, 'limit': str(PAGE)} | after)}"
            )
            found += [_refund_made(each) for each in page["data"]]
            if not page.get("has_more") or not page["data"]:
                return found
            after = {"starting_after": page["data"][-1]["id"]}


def saved(customer: str, method: Mapping[str, Any]) -> SavedMethod:
    """A card as we keep it: Stripe's names, brand, last four digits, end of its month (BIL-48)."""
    card = method.get("card") or {}
    year, month = int(card.get("exp_year") or 0), int(card.get("exp_month") or 0)
    ends = date(year, month, monthrange(year, month)[1]) if year and month else None
    brand = str(card.get("brand") or method.get("type") or "")
    return SavedMethod(f"{customer}/{method['id']}", brand.title(), str(card.get("last4") or "")[-4:], ends)


def call(method: str, path: str, values: Mapping[str, str] | None = None, *, key: str = "") -> dict[str, Any]:
    """One call of Stripe's API. Refused when it says no, EngineUnavailable when it cannot be reached just now."""
    request = urllib.request.Request(  # noqa: S310 - the address is the operator's setting
        config.stripe.address.rstrip("/") + path,
        data=urlencode(values).encode() if values is not None else None,
        method=method,
        headers={
            "Authorization": f"Bearer {config.stripe.secret_key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        | ({"Idempotency-Key": key} if key else {}),
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read(MOST_BODY))
            return found
    except urllib.error.HTTPError as error:
        if error.code not in A_NO:
            raise EngineUnavailable from None
        raise Refused(_word(error)) from None
    except (OSError, ValueError):
        raise EngineUnavailable from None


def _word(error: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(error.read(MOST_BODY))["error"]
        return str(told.get("decline_code") or told.get("code") or told.get("type") or error.code)[:100]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return str(error.code)


def _is_signed(given: str, body: bytes) -> bool:
    parts = [part.strip().partition("=") for part in given.split(",")]
    moments = [value for name, _equals, value in parts if name == "t" and value.isascii() and value.isdigit()]
    if len(moments) != 1 or len(moments[0]) > 12 or not config.stripe.webhook_secret:
        return False
    if abs(clock.now().timestamp() - int(moments[0])) > TOLERANCE_SECONDS:
        return False
    wanted = signature(moments[0], body)
    return any(
        hmac.compare_digest(wanted.encode(), value.encode("utf-8", "replace"))
        for name, _equals, value in parts
        if name == "v1"
    )


def signature(moment: str, body: bytes) -> str:
    """How Stripe signs a message of this moment."""
    secret = config.stripe.webhook_secret.encode()
    return hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def _notification(event: str, kind: str, about: Mapping[str, Any]) -> Notification:
    key = str((about.get("metadata") or {}).get("key") or "")
    if kind in ABOUT_REFUNDS:
        outcome = Outcome.DECLINED if about.get("status") in NOT_REFUNDED else Outcome.PENDING
        return Notification(event, key, outcome, is_refund=True)
    if kind == "payment_intent.succeeded" and key:
        return _of_intent(key, about, is_final=True, event=event)
    if kind == "payment_intent.payment_failed" and key:
        # In Checkout the payer may try another card; only a charge without the payer has failed for good.
        is_final = bool((about.get("metadata") or {}).get("saved"))
        return _of_intent(key, about, is_final=is_final, event=event)
    return Notification(event, key, Outcome.PENDING)


def _of_intent(key: str, intent: Mapping[str, Any], *, is_final: bool, event: str = "") -> Notification:
    amount = Money(int(intent["amount"]), str(intent["currency"]).upper())
    name, state = str(intent["id"]), intent.get("status")
    event = event or f"asked-{name}-{state}"
    if state == "succeeded":
        return Notification(event, key, Outcome.SUCCEEDED, name, amount)
    if is_final and state in ("canceled", "requires_payment_method", "requires_action"):
        error = intent.get("last_payment_error") or {}
        reason = str(error.get("decline_code") or error.get("code") or state)
        return Notification(event, key, Outcome.DECLINED, "", amount, reason)
    return Notification(event, key, Outcome.PENDING)


def _refund_made(refund: Mapping[str, Any]) -> RefundMade:
    return RefundMade(
        str((refund.get("metadata") or {}).get("key") or ""),
        Money(int(refund["amount"]), str(refund["currency"]).upper()),
        Outcome.DECLINED if refund.get("status") in NOT_REFUNDED else Outcome.SUCCEEDED,
        str(refund.get("failure_reason") or ""),
    )


def _keep(key: str, **names: str) -> StripeObject:
    """Write down what Stripe calls it."""
    try:
        with transaction.atomic():
            return StripeObject.objects.create(key=key, **names)
    except IntegrityError:
        known = StripeObject.objects.get(key=key)
        for name, value in names.items():
            if not getattr(known, name):
                setattr(known, name, value)
        known.save()
        return known
