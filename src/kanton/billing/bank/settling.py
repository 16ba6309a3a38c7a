"""How a payment from a statement is settled. Called within actions only.

Locks in this order: bank item, invoice, payment, prepaid account, number series. One item is settled per
transaction, so two imports at once wait for each other and never block each other.
"""

from __future__ import annotations

from kanton.billing import emails as billing_emails
from kanton.billing import ledger, prepaid
from kanton.billing.activity import Happened as Billing
from kanton.billing.bank import emails
from kanton.billing.bank.activity import Happened
from kanton.billing.bank.errors import SettledBefore
from kanton.billing.bank.matching import is_gone, is_standing_order
from kanton.billing.bank.models import BankItem, ItemState, Outcome
from kanton.billing.models import Account, AccountKind, Invoice, InvoiceStatus, Payment, PaymentState, Purpose
from kanton.billing.settling import FROM_BANK, TRANSFER, book_received, held, release_pending, settle_invoice
from kanton.core import clock
from kanton.core.action import record
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.organizations.models import Organization

BY_TRANSFER = "Bank transfer"


def locked(item: BankItem) -> BankItem:
    """The payment, held until the commit, if it is not settled yet."""
    found = BankItem.objects.select_for_update(of=("self",)).select_related("bank_entry").get(pk=item.pk)
    if found.state == ItemState.SETTLED:
        raise SettledBefore
    return found


def pay_with(actor: Actor, item: BankItem, invoice: Invoice) -> None:
    """The rules of BIL-64, 65, 71 and 74 for a payment that means this invoice."""
    invoice = held(invoice.pk)
    item.invoice = invoice
    if is_gone(invoice.organization):
        keep(actor, item, invoice.organization)
    elif item.amount.currency != invoice.currency:
        credit(actor, item, invoice.organization, "wrong_currency", invoice)
    elif invoice.status == InvoiceStatus.CANCELLED:
        credit(actor, item, invoice.organization, "cancelled", invoice)
    elif not invoice.is_open:
        why = "standing_order" if is_standing_order(item, invoice) else "paid_before"
        credit(actor, item, invoice.organization, why, invoice)
    elif item.amount < invoice.total:
        credit(actor, item, invoice.organization, "underpaid", invoice)
    else:
        _pay(actor, item, invoice)


def _pay(actor: Actor, item: BankItem, invoice: Invoice) -> None:
    release_pending(invoice)
    payment = Payment.objects.create(
        organization=invoice.organization,
        invoice=invoice,
        purpose=Purpose.INVOICE,
        provider=TRANSFER,
        currency=invoice.currency,
        minor=invoice.total.minor,
        state=PaymentState.SUCCEEDED,
        charge=f"bank:{item.pk}",
        settled_at=clock.now(),
    )
    surplus = item.amount - invoice.total
    record(actor, Happened.TRANSFER_RECEIVED, invoice, amount=str(item.amount), invoice=invoice.label)
    settle_invoice(actor, invoice, payment)
    if surplus:
        extra = _to_prepaid(item, invoice.organization, surplus, f"bank:{item.pk}:surplus")
        record(actor, Happened.TRANSFER_CREDITED, extra, amount=str(surplus))
        emails.credited(extra, invoice.organization, "overpaid", invoice)
    done(actor, item, Outcome.INVOICE, invoice.organization)


def credit(
    actor: Actor, item: BankItem, organization: Organization, why: str, invoice: Invoice | None = None
) -> None:
    """All of it goes to the organization's prepaid account, in its own currency, with a mail that says why."""
    if is_gone(organization):
        keep(actor, item, organization)
        return
    payment = _to_prepaid(item, organization, item.amount, f"bank:{item.pk}")
    if why == "top_up":
        record(actor, Billing.TOPPED_UP, payment, amount=str(payment.amount))
        billing_emails.topped_up(payment)
    else:
        record(actor, Happened.TRANSFER_CREDITED, payment, amount=str(payment.amount))
        emails.credited(payment, organization, why, invoice)
    done(actor, item, Outcome.PREPAID, organization)


def _to_prepaid(item: BankItem, organization: Organization, amount: Money, charge: str) -> Payment:
    payment = Payment.objects.create(
        organization=organization,
        purpose=Purpose.TOP_UP,
        provider=TRANSFER,
        currency=amount.currency,
        minor=amount.minor,
        state=PaymentState.SUCCEEDED,
        charge=charge,
        settled_at=clock.now(),
    )
    account = prepaid.locked(organization, amount.currency)
    book_received(payment, account.account, "top_up")
    return payment


def keep(actor: Actor, item: BankItem, organization: Organization) -> None:
    """Nobody is left to credit: the operator keeps it in suspense and is told (BIL-130)."""
    against = ledger.account(AccountKind.SUSPENSE, item.bank_entry.currency, detail="gone")
    book(item, "kept", against, organization=organization)
    record(actor, Happened.ITEM_KEPT, item, amount=str(item.amount))
    emails.kept_for_operator(item, organization)
    done(actor, item, Outcome.SUSPENSE, organization)


def book(item: BankItem, kind: str, against: Account, *, organization: Organization | None = None) -> None:
    """Move the payment from what the bank reported to where it belongs. Once per payment."""
    suspense = ledger.account(AccountKind.SUSPENSE, item.bank_entry.currency, detail=FROM_BANK)
    ledger.book(
        f"bank_{kind}",
        f"bank-item:{item.pk}",
        {suspense: item.amount, against: -item.amount},
        organization=organization,
    )


def done(actor: Actor, item: BankItem, outcome: Outcome, organization: Organization | None = None) -> None:
    """The locked payment is settled."""
    item.state, item.outcome = ItemState.SETTLED, outcome
    item.organization = organization
    item.settled_at, item.settled_by_id = clock.now(), actor.person_id
    item.save()
