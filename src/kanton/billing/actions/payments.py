"""Payments: each charge has one effect, whoever reports it, how often and how late."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from kanton.billing import emails, ledger, prepaid
from kanton.billing.activity import Happened
from kanton.billing.errors import (
    ChooseMethod,
    NotEnoughMoney,
    PaymentInProgress,
    PaymentSettled,
    TopUpOutOfRange,
    UnknownMethod,
    WrongCurrency,
)
from kanton.billing.models import (
    AccountKind,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentState,
    ProviderEvent,
    Purpose,
)
from kanton.billing.payments.contract import Notification, Outcome, provider_called, providers_for
from kanton.billing.settling import (
    PREPAID,
    TRANSFER,
    WHEN_REFUND_FAILED,
    book_received,
    end_payment,
    held,
    locked_open,
    settle_invoice,
)
from kanton.core import clock
from kanton.core.action import action, after_commit, note_cost, record
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.core.parity import internal
from kanton.core.rights import SYSTEM
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING
from kanton.ui import formats

LEAST_TOP_UP, MOST_TOP_UP = 5_00, 10_000_00


@action(right=ACCOUNTING)
def pay_invoice(
    actor: Actor, invoice: Invoice, *, prepaid_part: Money | None = None, method: str = ""
) -> Payment:
    """Pay an invoice from the prepaid account, in whole or in part, and the rest by another method (BIL-53).

    The prepaid part is reserved now and taken when the rest is there (BIL-59). If it covers everything, the invoice
    is paid at once. One attempt at a time: another one meanwhile is refused and not charged (BIL-97, BIL-98).
    """
    invoice = locked_open(invoice)
    _make_room(invoice)
    part = prepaid_part or Money.zero(invoice.currency)
    if part.currency != invoice.currency:
        raise WrongCurrency(wanted=invoice.currency, given=part.currency)
    part = max(Money.zero(invoice.currency), min(part, invoice.total))
    rest = invoice.total - part
    if rest and not method:
        raise ChooseMethod(rest=formats.money(rest))
    payment = Payment(
        organization=invoice.organization,
        invoice=invoice,
        purpose=Purpose.INVOICE,
        provider=_offered(method, invoice.currency) if rest else PREPAID,
        currency=invoice.currency,
        minor=rest.minor,
        prepaid_minor=part.minor,
        person_id=actor.person_id,
    )
    account = prepaid.locked(invoice.organization, invoice.currency) if part else None
    payment.save()
    if account is not None:
        prepaid.reserve(account, payment, part)
        note_cost(_("From the prepaid account"), part)
    if rest:
        note_cost(method_label(payment), rest)
        record(actor, Happened.PAYMENT_STARTED, invoice, amount=str(payment.total), method=_method(payment))
        return payment
    _succeed(payment)
    record(actor, Happened.PAID_FROM_PREPAID, invoice, amount=str(payment.total))
    settle_invoice(actor, invoice, payment)
    return payment


@action(right=ACCOUNTING)
def top_up(actor: Actor, organization: Organization, *, amount: Money, method: str) -> Payment:
    """Credit the prepaid account. It counts only once the payment is confirmed (BIL-51, BIL-61)."""
    if amount.currency != organization.currency:
        raise WrongCurrency(wanted=organization.currency, given=amount.currency)
    least, most = (Money(minor, amount.currency) for minor in (LEAST_TOP_UP, MOST_TOP_UP))
    if not least <= amount <= most:
        raise TopUpOutOfRange(least=formats.money(least), most=formats.money(most))
    payment = Payment.objects.create(
        organization=organization,
        purpose=Purpose.TOP_UP,
        provider=_offered(method, amount.currency),
        currency=amount.currency,
        minor=amount.minor,
        person_id=actor.person_id,
    )
    note_cost(_("Top-up of the prepaid account"), amount)
    record(actor, Happened.TOP_UP_STARTED, payment, amount=str(amount), method=_method(payment))
    return payment


@action(right=ACCOUNTING)
def cancel_payment(actor: Actor, payment: Payment) -> Payment:
    """Give up a payment that is in progress, to pay in another way. Money that still comes is booked all the same."""
    payment = _locked(payment)
    if not payment.is_pending:
        raise PaymentSettled
    end_payment(payment, PaymentState.CANCELLED)
    record(actor, Happened.PAYMENT_CANCELLED, payment, amount=str(payment.total), method=_method(payment))
    return payment


@internal("A payment provider reports it.")
@action(right=SYSTEM, may_be_silent=True)
def take_in(actor: Actor, provider: str, message: Notification) -> Payment | None:
    """Take in a provider's message. The same one a second time, or about an unknown payment, changes nothing."""
    payment = Payment.objects.filter(key=message.key, provider=provider).first() if message.key else None
    if message.event:
        try:
            with transaction.atomic():
                ProviderEvent.objects.create(provider=provider, event=message.event[:120], payment=payment)
        except IntegrityError:
            return payment
    if message.is_refund:
        if message.outcome is Outcome.DECLINED and message.key:
            for follow in WHEN_REFUND_FAILED:
                follow(actor, provider, message.key)
        return payment
    if payment is None:
        return None
    if message.outcome is Outcome.SUCCEEDED:
        return confirm_payment(actor, payment, charge=message.charge, amount=message.amount)
    if message.outcome is Outcome.DECLINED:
        return decline_payment(actor, payment, reason=message.reason)
    return payment


@internal("A payment provider reports it.")
@action(right=SYSTEM, may_be_silent=True)
def confirm_payment(actor: Actor, payment: Payment, *, charge: str, amount: Money | None = None) -> Payment:
    """The provider holds the money. It settles what the payment is for, once; whatever it cannot settle is not lost.

    A second confirmation of the same charge does nothing. A charge that comes when the invoice is already paid is
    sent back to its method; one for a cancelled invoice, or over another amount, goes to the prepaid account.
    """
    payment = _locked(payment)
    if payment.charge:
        return payment if payment.charge == charge else _second_charge(actor, payment, charge, amount)
    payment.charge = charge or f"{payment.provider}:{payment.pk}"
    if amount is not None and amount != payment.amount:
        if amount.currency != payment.currency:
            raise WrongCurrency(wanted=payment.currency, given=amount.currency)
        end_payment(payment, PaymentState.DECLINED, "wrong_amount")
        payment.minor, payment.prepaid_minor = amount.minor, 0
        return _to_prepaid(actor, payment)
    if payment.purpose == Purpose.TOP_UP:
        return _credit(actor, payment)
    return _pay_with(actor, payment)


@internal("A payment provider reports it.")
@action(right=SYSTEM, may_be_silent=True)
def decline_payment(actor: Actor, payment: Payment, *, reason: str = "") -> Payment:
    """The provider refused the charge: nothing was taken, what was reserved is free again (BIL-59)."""
    payment = _locked(payment)
    if not payment.is_pending:
        return payment
    end_payment(payment, PaymentState.DECLINED, reason)
    record(
        actor, Happened.PAYMENT_DECLINED, payment,
        amount=str(payment.total), method=_method(payment), reason=reason or "-",
    )  # fmt: skip
    return payment


@internal("Billing does it when a payment was not completed in time.")
@action(right=SYSTEM, may_be_silent=True)
def expire_payment(actor: Actor, payment: Payment) -> Payment:
    """Nobody finished the payment in 30 minutes: others may try. A confirmation that still comes is booked (BIL-98)."""
    payment = _locked(payment)
    if payment.is_pending and payment.expires_at <= clock.now():
        end_payment(payment, PaymentState.EXPIRED)
        record(actor, Happened.PAYMENT_EXPIRED, payment, amount=str(payment.total), method=_method(payment))
    return payment


@internal("A payment provider confirmed it.")
@action(right=SYSTEM, may_be_silent=True)
def note_refund(actor: Actor, payment: Payment) -> Payment:
    """The provider has sent the money back: it leaves the suspense account."""
    payment = _locked(payment)
    if payment.state == PaymentState.REFUNDED:
        return payment
    suspense = ledger.account(AccountKind.SUSPENSE, payment.currency, detail="returns")
    transit = ledger.account(AccountKind.IN_TRANSIT, payment.currency, detail=payment.provider)
    ledger.book(
        "refund",
        f"payment:{payment.pk}:refunded",
        {suspense: payment.amount, transit: -payment.amount},
        organization=payment.organization,
    )
    payment.state = PaymentState.REFUNDED
    payment.save(update_fields=["state"])
    record(actor, Happened.PAYMENT_REFUNDED, payment, amount=str(payment.amount), method=_method(payment))
    return payment


def method_label(payment: Payment) -> str:
    """The method in the customer's words."""
    if payment.provider == PREPAID:
        return _("Prepaid account")
    if payment.provider == TRANSFER:
        return _("Bank transfer")
    try:
        return str(provider_called(payment.provider).label)
    except KeyError:
        return payment.provider


def _method(payment: Payment) -> str:
    """The method as the activity keeps it."""
    with override("en"):
        return method_label(payment)


def _offered(method: str, currency: str) -> str:
    if method not in {provider.code for provider in providers_for(currency)}:
        raise UnknownMethod
    return method


def _make_room(invoice: Invoice) -> None:
    """Refuse while another payment of this invoice runs; one that has run out makes way."""
    running = Payment.objects.select_for_update().filter(invoice=invoice, state=PaymentState.PENDING).first()
    if running is None:
        return
    if running.expires_at > clock.now():
        raise PaymentInProgress(until=formats.datetime(running.expires_at))
    end_payment(running, PaymentState.EXPIRED)


def _locked(payment: Payment) -> Payment:
    """The payment, held until the commit; its invoice first, as everybody does."""
    if payment.invoice_id is not None:
        held(payment.invoice_id)
    return Payment.objects.select_for_update(of=("self",)).select_related("organization").get(pk=payment.pk)


def _succeed(payment: Payment) -> None:
    payment.state, payment.reason, payment.settled_at = PaymentState.SUCCEEDED, "", clock.now()
    payment.save(update_fields=["state", "reason", "settled_at", "charge"])
    prepaid.end_reservation(payment)


def _credit(actor: Actor, payment: Payment) -> Payment:
    _succeed(payment)
    _book_to_prepaid(payment)
    record(actor, Happened.TOPPED_UP, payment, amount=str(payment.amount))
    emails.topped_up(payment)
    return payment


def _pay_with(actor: Actor, payment: Payment) -> Payment:
    """Settle the invoice with this charge, if it still can."""
    assert payment.invoice_id is not None
    invoice = Invoice.objects.select_related("organization").get(pk=payment.invoice_id)
    if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.REFUNDED):
        return _send_back(actor, payment, invoice)
    if not invoice.is_open or not _may_still_settle(payment, invoice):
        payment.prepaid_minor = 0
        return _to_prepaid(actor, payment)
    _succeed(payment)
    record(actor, Happened.PAYMENT_RECEIVED, invoice, amount=str(payment.total), method=_method(payment))
    settle_invoice(actor, invoice, payment)
    return payment


def _may_still_settle(payment: Payment, invoice: Invoice) -> bool:
    """Nobody else is paying, and the prepaid part is still there if its reservation has run out meanwhile."""
    others = Payment.objects.filter(invoice=invoice, state=PaymentState.PENDING).exclude(pk=payment.pk)
    for other in others.select_for_update():
        end_payment(other, PaymentState.CANCELLED)
    if not payment.prepaid_part:
        return True
    account = prepaid.locked(payment.organization, payment.currency)
    if payment.is_pending:
        return True
    try:
        prepaid.check_available(account, payment.prepaid_part)
    except NotEnoughMoney:
        return False
    return True


def _to_prepaid(actor: Actor, payment: Payment) -> Payment:
    """Money that cannot settle its invoice is credited to the prepaid account, with a mail (BIL-55, BIL-56)."""
    prepaid.end_reservation(payment)
    if payment.is_pending:
        payment.state = PaymentState.CANCELLED
    payment.settled_at = clock.now()
    payment.save()
    _book_to_prepaid(payment)
    record(actor, Happened.PAYMENT_TO_PREPAID, payment, amount=str(payment.amount), method=_method(payment))
    emails.credited_instead(payment)
    return payment


def _book_to_prepaid(payment: Payment) -> None:
    account = prepaid.locked(payment.organization, payment.currency)
    book_received(payment, account.account, "top_up")


def _send_back(actor: Actor, payment: Payment, invoice: Invoice) -> Payment:
    """The invoice is paid already: keep the charge in suspense and return it to its method (BIL-97)."""
    from kanton.billing.tasks import return_charge

    prepaid.end_reservation(payment)
    payment.prepaid_minor = 0
    if payment.is_pending:
        payment.state = PaymentState.CANCELLED
    payment.settled_at = clock.now()
    payment.save()
    book_received(
        payment, ledger.account(AccountKind.SUSPENSE, payment.currency, detail="returns"), "double_payment"
    )
    record(
        actor, Happened.PAYMENT_RETURNED, payment,
        amount=str(payment.amount), method=_method(payment), invoice=str(invoice),
    )  # fmt: skip
    after_commit(return_charge, payment.pk, unique_key=f"return-charge:{payment.pk}")
    return payment


def _second_charge(actor: Actor, first: Payment, charge: str, amount: Money | None) -> Payment:
    """The provider charged twice for one payment: the second charge becomes a payment of its own, and goes back."""
    known = Payment.objects.filter(provider=first.provider, charge=charge).first()
    if known is not None or not charge:
        return known or first
    second = Payment(
        organization=first.organization,
        invoice_id=first.invoice_id,
        purpose=first.purpose,
        provider=first.provider,
        currency=first.currency,
        minor=(amount or first.amount).minor,
        state=PaymentState.CANCELLED,
        charge=charge,
        person_id=first.person_id,
    )
    if first.invoice_id is None:
        second.state = PaymentState.SUCCEEDED
        second.save()
        return _credit(actor, second)
    second.save()
    return _send_back(actor, second, Invoice.objects.get(pk=first.invoice_id))
