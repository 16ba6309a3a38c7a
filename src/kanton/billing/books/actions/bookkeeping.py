"""Credit notes, closed periods, VAT rates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kanton.billing import ledger, prepaid, proof
from kanton.billing.books import emails, taxes
from kanton.billing.books.actions.refunds import begin_refund, method_in_english, still_with
from kanton.billing.books.activity import Happened
from kanton.billing.books.crediting import credited_vat
from kanton.billing.books.errors import (
    AlreadyClosed,
    BooksAreOff,
    NothingToCredit,
    NoWayBack,
    PeriodNotOver,
    RateKnown,
    RateTooEarly,
    TooMuchToCredit,
)
from kanton.billing.books.models import Closing, TaxRate
from kanton.billing.invoicing import next_number
from kanton.billing.models import (
    Account,
    AccountKind,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceStatus,
    Order,
    OrderState,
    Payment,
    PaymentState,
    Purpose,
)
from kanton.billing.models.invoices import tax_as_json, tax_from
from kanton.billing.settling import change_state
from kanton.billing.vat import Tax
from kanton.core import clock
from kanton.core.action import action, note_cost, note_irreversible, record
from kanton.core.actor import Actor
from kanton.core.money import CURRENCIES, Money
from kanton.core.rights import STAFF
from kanton.ui import formats

_ENDS = (OrderState.REFUNDED, OrderState.CANCELLED)


@action(right=STAFF)
def credit_invoice(
    actor: Actor,
    invoice: Invoice,
    *,
    amounts: Mapping[int, Money] | None = None,
    to_prepaid: bool = False,
) -> Invoice:
    """Credit a paid invoice, whole or in part, by a credit note that names it, and give the money back (BIL-80).

    `amounts` says how much of which line (by position, without VAT); None means all that is left. The money goes
    back by the method it came, the prepaid part to the prepaid account (BIL-28); with `to_prepaid`, all of it.
    """
    invoice = (
        Invoice.objects.select_for_update(of=("self",)).select_related("organization").get(pk=invoice.pk)
    )
    if invoice.kind != InvoiceKind.INVOICE or invoice.status != InvoiceStatus.PAID:
        raise NothingToCredit
    left = left_to_credit(invoice)
    chosen = {position: amount for position, amount in (amounts or left).items() if amount.minor > 0}
    lines = {line.position: line for line in invoice.lines.all()}
    for position, amount in chosen.items():
        if position not in left or amount.currency != invoice.currency or amount > left[position]:
            most = left.get(position, Money.zero(invoice.currency))
            raise TooMuchToCredit(line=str(lines.get(position, position)), most=formats.money(most))
    if not chosen:
        raise NothingToCredit
    note = _write_note(invoice, lines, chosen)
    amount = -note.total
    record(actor, Happened.INVOICE_CREDITED, note, amount=str(amount), invoice=invoice.label)
    note_cost(note.get_kind_display(), note.total)
    note_irreversible(
        _(
            "A credit note that names the invoice is issued, and the money goes back. "
            "The invoice itself never changes."
        )
    )
    parts = _give_back(actor, invoice, note, amount, to_prepaid=to_prepaid)
    if not any(left_to_credit(invoice).values()):
        Invoice.objects.filter(pk=invoice.pk).update(status=InvoiceStatus.REFUNDED)
        _end_order(actor, invoice)
    emails.credited(note, invoice, parts)
    return note


@action(right=STAFF)
def close_period(actor: Actor, target: None, *, through: dt.date) -> Closing:
    """Close the books up to a day, that day included. Nothing can be dated into a closed period any more."""
    yesterday = clock.today() - dt.timedelta(days=1)
    if through > yesterday:
        raise PeriodNotOver(last=formats.date(yesterday))
    last = Closing.objects.order_by("-through").first()
    if last is not None and last.through >= through:
        raise AlreadyClosed(through=formats.date(last.through))
    if problems := proof.problems():
        raise BooksAreOff(problem=problems[0])
    trial = {currency: _trial(currency, through) for currency in CURRENCIES}
    try:
        with transaction.atomic():
            closing = Closing.objects.create(through=through, trial=trial, person_id=actor.person_id)
    except IntegrityError:  # from another window at the same moment
        raise AlreadyClosed(through=formats.date(through)) from None
    note_irreversible(
        _(
            "Nothing is dated into a closed period any more; the database itself refuses it. "
            "A period cannot be opened again."
        )
    )
    record(actor, Happened.PERIOD_CLOSED, closing)
    return closing


@action(right=STAFF)
def add_tax_rate(actor: Actor, target: None, *, country: str, since: dt.date, percentage: Decimal) -> TaxRate:
    """Add a VAT rate of a country from a day on. What was sold before keeps its rate."""
    if since <= clock.today():
        raise RateTooEarly
    try:
        with transaction.atomic():
            rate = TaxRate.objects.create(country=country.upper(), since=since, percentage=percentage)
    except IntegrityError:
        raise RateKnown from None
    taxes.forget()
    record(actor, Happened.RATE_ADDED, rate, since=since.isoformat())
    return rate


def left_to_credit(invoice: Invoice) -> dict[int, Money]:
    """By line (position): what can still be credited of it, without VAT."""
    left = {line.position: line.net_minor for line in invoice.lines.all()}
    for line in InvoiceLine.objects.filter(invoice__corrects=invoice):
        left[line.position] += line.net_minor
    return {position: Money(minor, invoice.currency) for position, minor in left.items()}


def _write_note(invoice: Invoice, lines: Mapping[int, InvoiceLine], chosen: Mapping[int, Money]) -> Invoice:
    """The credit note: the invoice's own words and VAT, with negative figures, and a number of its own series."""
    zero, today = Money.zero(invoice.currency), clock.today()
    bases: dict[Tax, Money] = {tax: base for tax, base, _vat in invoice.taxes}
    before: dict[Tax, Money] = {}
    for earlier in invoice.corrections.all():
        for tax, base, _vat in earlier.taxes:
            before[tax] = before.get(tax, zero) - base
    now: dict[Tax, Money] = {}
    for position, amount in chosen.items():
        tax = tax_from(lines[position].tax)
        now[tax] = now.get(tax, zero) + amount
    vat = credited_vat(bases, before, now)
    net = Money.sum(chosen.values(), invoice.currency)
    total = net + Money.sum(vat.values(), invoice.currency)
    note = Invoice.objects.create(
        organization=invoice.organization,
        kind=InvoiceKind.CREDIT_NOTE,
        status=InvoiceStatus.OPEN,
        currency=invoice.currency,
        net_minor=-net.minor,
        total_minor=-total.minor,
        vat=[
            tax_as_json(tax) | {"base": -base.minor, "amount": -vat[tax].minor} for tax, base in now.items()
        ],
        seller=invoice.seller,
        customer=invoice.customer,
        language=invoice.language,
        dated_on=today,
        corrects=invoice,
    )
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=note,
            position=position,
            product=lines[position].product,
            plan=lines[position].plan,
            title=lines[position].title,
            detail=lines[position].detail,
            service_key=lines[position].service_key,
            quantity=1,
            months=lines[position].months,
            unit_minor=-amount.minor,
            net_minor=-amount.minor,
            tax=lines[position].tax,
            starts_on=lines[position].starts_on,
            ends_on=lines[position].ends_on,
        )
        for position, amount in chosen.items()
    )
    note.number, note.issued_on, note.paid_at = next_number("credit_note", today), today, clock.now()
    note.status = InvoiceStatus.PAID
    note.save(update_fields=["number", "issued_on", "paid_at", "status"])
    _book_note(note, lines, chosen, vat)
    return note


def _book_note(
    note: Invoice, lines: Mapping[int, InvoiceLine], chosen: Mapping[int, Money], vat: Mapping[Tax, Money]
) -> None:
    currency = note.currency
    receivable = ledger.account(AccountKind.RECEIVABLE, currency, organization=note.organization)
    movements: dict[Account, Money] = {receivable: note.total}
    for position, amount in chosen.items():
        revenue = ledger.account(AccountKind.REVENUE, currency, detail=lines[position].product)
        movements[revenue] = movements.get(revenue, Money.zero(currency)) + amount
    for tax, amount in vat.items():
        account = ledger.account(AccountKind.VAT, currency, detail=tax.code)
        movements[account] = movements.get(account, Money.zero(currency)) + amount
    ledger.book("credit", f"invoice:{note.pk}:credit", movements, organization=note.organization)


def _give_back(
    actor: Actor, invoice: Invoice, note: Invoice, amount: Money, *, to_prepaid: bool
) -> list[tuple[str, Money]]:
    """Book where the money goes, and start it: returns the ways with their amounts."""
    if not amount:
        return []
    payment = Payment.objects.filter(
        invoice=invoice, state=PaymentState.SUCCEEDED, purpose=Purpose.INVOICE
    ).first()
    parts: list[tuple[str, Money]] = []
    rest = amount
    if payment is not None and not to_prepaid:
        back = min(rest, still_with(payment))
        if back and _send(actor, note, payment, back):
            parts.append((method_in_english(payment), back))
            rest = rest - back
    if rest:
        purse = prepaid.locked(note.organization, note.currency)
        receivable = ledger.account(AccountKind.RECEIVABLE, note.currency, organization=note.organization)
        ledger.book(
            "refund_to_prepaid", f"invoice:{note.pk}:to-prepaid", {receivable: rest, purse.account: -rest},
            organization=note.organization,
        )  # fmt: skip
        record(actor, Happened.REFUND_TO_PREPAID, note, amount=str(rest))
        parts.append(("prepaid", rest))
    return parts


def _send(actor: Actor, note: Invoice, payment: Payment, amount: Money) -> bool:
    """Start the refund by the payment's own method; False when that is not possible."""
    receivable = ledger.account(AccountKind.RECEIVABLE, note.currency, organization=note.organization)
    try:
        begin_refund(actor, payment, amount, source=receivable, note=note)
    except NoWayBack:
        return False
    record(actor, Happened.REFUND_STARTED, note, amount=str(amount), method=method_in_english(payment))
    return True


def _end_order(actor: Actor, invoice: Invoice) -> None:
    """An order whose invoice is credited whole is refunded, as far as the table of states knows."""
    if invoice.order_id is None:
        return
    order = (
        Order.objects.select_for_update(of=("self",)).select_related("organization").get(pk=invoice.order_id)
    )
    for state in _ENDS:
        if order.may_become(state):
            change_state(actor, order, state)
            return


def _trial(currency: str, through: dt.date) -> dict[str, int]:
    from kanton.billing.books.reports import balances_on

    return {f"{row.kind}:{row.detail}": row.balance.minor for row in balances_on(currency, through)}
