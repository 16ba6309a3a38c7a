"""Money that goes back by the method by which it came: of credit notes, and of top-ups nobody has spent."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from kanton.billing import ledger, prepaid
from kanton.billing.actions.payments import method_label
from kanton.billing.activity import Happened as Billing
from kanton.billing.bank.matching import is_gone
from kanton.billing.bank.models import BankItem, Transfer, TransferPurpose, TransferState
from kanton.billing.books import emails
from kanton.billing.books.activity import Happened
from kanton.billing.books.errors import NotFailed, NothingToRefund, NotKnown, NoWayBack, TooMuchToRefund
from kanton.billing.books.models import Refund, RefundState
from kanton.billing.models import (
    Account,
    AccountKind,
    Invoice,
    OrderState,
    Payment,
    PaymentState,
    Purpose,
)
from kanton.billing.payments.contract import provider_called
from kanton.billing.settling import TRANSFER, held
from kanton.config import config
from kanton.core import clock
from kanton.core.action import action, after_commit, note_cost, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.core.parity import internal
from kanton.core.rights import STAFF, SYSTEM
from kanton.ui import formats

#: Where a refund rests, so that a provider's message about it means something new.
DOUBTABLE = (RefundState.DONE, RefundState.FAILED)


@action(right=STAFF)
def refund_top_up(actor: Actor, payment: Payment, *, amount: Money | None = None) -> Refund | Transfer:
    """Send a top-up back by the method by which it was paid; without `amount`, all of it that is left.

    Never more than is free on the prepaid account, nor than is left of this top-up after earlier refunds. The
    payment and then the account are held, so two refunds at once see each other's money gone.
    """
    payment = (
        Payment.objects.select_for_update(of=("self",)).select_related("organization").get(pk=payment.pk)
    )
    purse = prepaid.locked(payment.organization, payment.currency)
    most = refundable_of(payment)
    if not most:
        raise NothingToRefund
    amount = most if amount is None else amount
    if amount.currency != payment.currency or not 0 < amount.minor <= most.minor:
        raise TooMuchToRefund(most=formats.money(most))
    begun = begin_refund(actor, payment, amount, source=purse.account)
    record(
        actor, Happened.TOP_UP_REFUNDED, payment, amount=str(amount), method=method_in_english(payment)
    )  # fmt: skip
    note_cost(_("From the prepaid account"), amount)
    note_irreversible(_("The money goes back by the method by which it was paid, and cannot be called back."))
    emails.top_up_refunded(payment, amount)
    return begun


@internal("A payment provider carried it out.")
@action(right=SYSTEM, may_be_silent=True)
def note_refund_done(actor: Actor, refund: Refund) -> Refund:
    """The provider has sent the money: it leaves the suspense account, once."""
    refund = _locked(refund)
    if refund.state != RefundState.PENDING:
        return refund
    payment = refund.payment
    transit = ledger.account(AccountKind.IN_TRANSIT, payment.currency, detail=payment.provider)
    ledger.book(
        "refund", f"refund:{refund.pk}:sent", {_returns(payment): refund.amount, transit: -refund.amount},
        organization=payment.organization,
    )  # fmt: skip
    _move(refund, RefundState.DONE)
    record(
        actor, Happened.REFUND_DONE, refund.subject,
        amount=str(refund.amount), method=method_in_english(payment),
    )  # fmt: skip
    if refund.doubted_at is not None:  # its message was faster than the answer
        _look_later(refund)
    return refund


@internal("A payment provider reports it.")
@action(right=SYSTEM, may_be_silent=True)
def doubt_refund(actor: Actor, refund: Refund) -> Refund:
    """The provider says that this did not reach its payer after all: its books are asked before anything is booked.

    A message may come twice, late, or be about an attempt after which another got through. While a refund is on its
    way, its own job asks the books.
    """
    refund = _locked(refund)
    refund.doubted_at = clock.now()
    refund.save(update_fields=["doubted_at"])
    if refund.state in DOUBTABLE:
        _look_later(refund)
    return refund


@internal("A payment provider's books say so.")
@action(right=SYSTEM, may_be_silent=True)
def note_refund_returned(actor: Actor, refund: Refund, *, reason: str, seen: datetime) -> Refund:
    """No attempt reached the payer: the money is with us again, and goes to the prepaid account, once (SUP-49).

    `seen` is how the refund stood when the books were asked; if it moved since, they are asked again. Where the
    organization is gone, the refund stays with the staff as a refused one.
    """
    refund = _locked(refund)
    if refund.state not in DOUBTABLE:
        return refund
    if refund.changed_at != seen:
        _look_later(refund)
        return refund
    payment = refund.payment
    if refund.state == RefundState.DONE:
        transit = ledger.account(AccountKind.IN_TRANSIT, payment.currency, detail=payment.provider)
        ledger.book(
            "refund_returned", f"refund:{refund.pk}:returned",
            {transit: refund.amount, _returns(payment): -refund.amount}, organization=payment.organization,
        )  # fmt: skip
    refund.reason, refund.is_refused = reason[:200] or "failed", True
    _move(refund, RefundState.FAILED)
    record(
        actor, Happened.REFUND_RETURNED, refund.subject,
        amount=str(refund.amount), method=method_in_english(payment), reason=refund.reason,
    )  # fmt: skip
    if not is_gone(payment.organization):
        _credit_instead(actor, refund)
    return refund


@internal("A payment provider's books say so.")
@action(right=SYSTEM, may_be_silent=True)
def note_return_failed(actor: Actor, payment: Payment) -> Payment:
    """A second charge that was sent back did not reach its payer: the money goes to the prepaid account, once."""
    if payment.invoice_id is not None:
        held(payment.invoice_id)
    locked = Payment.objects.select_for_update(of=("self",)).select_related("organization")
    payment = locked.get(pk=payment.pk)
    if payment.state != PaymentState.REFUNDED:
        return payment
    gone = is_gone(payment.organization)
    purse = _returns(payment) if gone else prepaid.locked(payment.organization, payment.currency).account
    transit = ledger.account(AccountKind.IN_TRANSIT, payment.currency, detail=payment.provider)
    ledger.book(
        "refund_to_prepaid", f"payment:{payment.pk}:return-failed",
        {transit: payment.amount, purse: -payment.amount}, organization=payment.organization,
    )  # fmt: skip
    payment.state = PaymentState.CANCELLED
    payment.save(update_fields=["state"])
    method = method_in_english(payment)
    if gone:
        record(
            actor, Happened.REFUND_RETURNED, payment, amount=str(payment.amount), method=method, reason="-"
        )
        return payment
    record(actor, Billing.PAYMENT_TO_PREPAID, payment, amount=str(payment.amount), method=method)
    emails.credited_instead(payment, payment.amount)
    return payment


@internal("A payment provider refused it.")
@action(right=SYSTEM, may_be_silent=True)
def note_refund_failed(actor: Actor, refund: Refund, *, reason: str, is_refusal: bool = True) -> Refund:
    """It did not get through: staff see it, and can try again or credit it instead.

    A refusal is the provider's own no: nothing went out, and the next attempt is another call there. Who paid a blocked
    order that was cancelled does not wait for staff: their money is on the prepaid account at once (SUP-49).
    """
    refund = _locked(refund)
    if refund.state == RefundState.PENDING:
        refund.reason, refund.is_refused = reason[:200], is_refusal
        refund.refusals += is_refusal
        _move(refund, RefundState.FAILED)
        record(
            actor, Happened.REFUND_FAILED, refund.subject,
            amount=str(refund.amount), method=method_in_english(refund.payment), reason=refund.reason or "-",
        )  # fmt: skip
        if is_refusal and _is_of_a_cancelled_order(refund):
            _credit_instead(actor, refund)
    return refund


@action(right=STAFF)
def repeat_refund(actor: Actor, refund: Refund) -> Refund:
    """Ask the provider once more for a refund that failed. If it did go through in silence, that one is adopted."""
    refund = _locked(refund)
    if refund.state != RefundState.FAILED:
        raise NotFailed
    refund.reason, refund.is_refused = "", False
    _move(refund, RefundState.PENDING)
    record(
        actor, Happened.REFUND_REPEATED, refund.subject,
        amount=str(refund.amount), method=method_in_english(refund.payment),
    )  # fmt: skip
    _send_later(refund)
    return refund


@action(right=STAFF)
def credit_refund_instead(actor: Actor, refund: Refund) -> Refund:
    """The provider refused a refund: the money goes to the prepaid account instead."""
    refund = _locked(refund)
    if refund.state != RefundState.FAILED:
        raise NotFailed
    if not refund.is_refused:
        raise NotKnown
    _credit_instead(actor, refund)
    return refund


def _is_of_a_cancelled_order(refund: Refund) -> bool:
    """Whether what it pays back is an order that was paid and cancelled: only blocked ones can be."""
    invoice = refund.credit_note and refund.credit_note.corrects
    return bool(invoice and invoice.order and invoice.order.state == OrderState.CANCELLED)


def _credit_instead(actor: Actor, refund: Refund) -> None:
    """The money waits in suspense: it goes to the prepaid account, and the owners are told."""
    payment = refund.payment
    purse = prepaid.locked(payment.organization, payment.currency)
    ledger.book(
        "refund_to_prepaid", f"refund:{refund.pk}:instead",
        {_returns(payment): refund.amount, purse.account: -refund.amount}, organization=payment.organization,
    )  # fmt: skip
    _move(refund, RefundState.INSTEAD)
    kind = Happened.TOP_UP_RESTORED if refund.credit_note is None else Happened.REFUND_TO_PREPAID
    record(actor, kind, refund.subject, amount=str(refund.amount))
    emails.credited_instead(payment, refund.amount)


def begin_refund(
    actor: Actor, payment: Payment, amount: Money, *, source: Account, note: Invoice | None = None
) -> Refund | Transfer:
    """Take the money out of `source` and start it on its way back, for a credit note or (without) of a top-up."""
    begun: Refund | Transfer
    if payment.provider == TRANSFER:
        begun = _ask_transfer(actor, payment, amount, note.label if note else config.operator.name[:100])
        against = ledger.account(AccountKind.IN_TRANSIT, payment.currency, detail="transfers")
    else:
        _check_provider(payment)
        # Of one top-up several refunds may go out; its locked row makes the count theirs alone.
        name = str(note.pk) if note else f"top-up-{payment.refunds.count() + 1}"
        begun = Refund.objects.create(
            credit_note=note, payment=payment, minor=amount.minor, key=f"{payment.key}-{name}"
        )
        against = _returns(payment)
        _send_later(begun)
    ledger.book(
        "refund_begun" if note else "top_up_refund",
        f"{begun._meta.model_name}:{begun.pk}:begun",
        {source: amount, against: -amount},
        organization=payment.organization,
    )
    return begun


def still_with(payment: Payment) -> Money:
    """How much of what came by the method has not been sent back there yet. What came back to us counts as here."""
    refunds = payment.refunds.exclude(state=RefundState.INSTEAD).values_list("minor", flat=True)
    sent = Transfer.objects.filter(
        organization=payment.organization_id, purpose=TransferPurpose.REFUND, text__endswith=f"#{payment.pk}"
    ).exclude(state__in=[TransferState.CANCELLED, TransferState.RETURNED])
    gone = sum(refunds) + sum(sent.values_list("minor", flat=True))
    return max(payment.amount - Money(gone, payment.currency), Money.zero(payment.currency))


def refundable_of(payment: Payment) -> Money:
    """How much of a top-up can go back now: nothing before its money came, nor of what was spent or is reserved."""
    nothing = Money.zero(payment.currency)
    if payment.purpose != Purpose.TOP_UP or not payment.charge:
        return nothing
    free = prepaid.standing(payment.organization, payment.currency).available
    return max(nothing, min(free, still_with(payment)))


def method_in_english(payment: Payment) -> str:
    """The method as the activity keeps it."""
    with override("en"):
        return method_label(payment)


def _ask_transfer(actor: Actor, payment: Payment, amount: Money, text: str) -> Transfer:
    """A transfer to the account from which the money came; it waits for the next file to the bank."""
    number = payment.charge.removeprefix("bank:").partition(":")[0]
    item = BankItem.objects.filter(pk=number).first() if number.isdecimal() else None
    if item is None or not item.iban:
        raise NoWayBack
    transfer = Transfer.objects.create(
        purpose=TransferPurpose.REFUND,
        organization=payment.organization,
        currency=payment.currency,
        minor=amount.minor,
        name=(item.name or payment.organization.name)[:70],
        account=item.iban,
        text=f"{text} #{payment.pk}",
        person_id=actor.person_id,
    )
    transfer.key = f"K{transfer.pk:09d}"
    transfer.save(update_fields=["key"])
    return transfer


def _check_provider(payment: Payment) -> None:
    """Refuse when the provider by which the money came is no longer installed."""
    try:
        provider_called(payment.provider)
    except KeyError:
        raise NoWayBack from None


def _send_later(refund: Refund) -> None:
    from kanton.billing.books.tasks import send_refund

    after_commit(send_refund, refund.pk, unique_key=f"send-refund:{refund.pk}")


def _look_later(refund: Refund) -> None:
    from kanton.billing.books.tasks import look_at_refund

    after_commit(look_at_refund, refund.pk, unique_key=f"look-at-refund:{refund.pk}")


def _returns(payment: Payment) -> Account:
    """Where money waits until its provider has sent it back."""
    return ledger.account(AccountKind.SUSPENSE, payment.currency, detail="returns")


def _locked(refund: Refund) -> Refund:
    return (
        Refund.objects.select_for_update(of=("self",))
        .select_related("payment__organization", "credit_note__organization")
        .get(pk=refund.pk)
    )


def _move(refund: Refund, state: RefundState) -> None:
    refund.state, refund.changed_at = state, clock.now()
    refund.save(update_fields=["state", "changed_at", "reason", "refusals", "is_refused"])
