"""What a customer renews: lines of the to-pay list, together in one invoice (BIL-89…91, BIL-98, BIL-100)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from kanton.billing.errors import AddressMissing
from kanton.billing.invoicing import DAYS_TO_PAY, has_address
from kanton.billing.models import Invoice, InvoiceStatus, Payment, PaymentState
from kanton.billing.papers.addresses import common_address, customer_at
from kanton.billing.renewals.activity import Happened
from kanton.billing.renewals.bills import Bill, Item, book_paid, write_bills
from kanton.billing.renewals.charges import Charges
from kanton.billing.renewals.errors import (
    NothingSelected,
    NotRenewable,
    NotWithdrawable,
    PeriodNotOffered,
    RenewalInPayment,
)
from kanton.billing.renewals.leaving import staying
from kanton.billing.renewals.models import Origin, Renewal, RenewalState
from kanton.billing.renewals.plan import Choice, renewed
from kanton.core import clock
from kanton.core.action import action, note_cost, record
from kanton.core.actor import Actor
from kanton.core.errors import Conflict
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING
from kanton.products.models import Service, Wanted


@action(right=ACCOUNTING)
def renew_services(
    actor: Actor,
    organization: Organization,
    *,
    lines: Mapping[int, Choice],
    customer: Mapping[str, Any] | None = None,
) -> Invoice:
    """Put the next terms of these services (by number) on one pro-forma invoice; paying it renews them.

    Nothing changes before it is paid: neither the term nor the billing period. A line that waits on an earlier
    pro forma moves to the new one; a line whose payment is in progress is refused. `customer` is whom to address.
    """
    if not lines:
        raise NothingSelected
    if not has_address(organization):
        raise AddressMissing
    services = _taken(actor, organization, sorted(lines))
    _refuse_taken(services)
    charges = Charges.of(services, with_history=False)
    items = [_item(charges, service, lines[service.pk]) for service in services]
    bill = Bill(
        organization,
        items,
        charges.tax(services[0]),
        Origin.BY_HAND,
        due_on=clock.today() + timedelta(days=DAYS_TO_PAY),
        customer=customer or customer_at(organization, common_address(lines)),
    )
    bill.is_paid = not bill.total
    write_bills([bill], charges)
    invoice = Invoice.objects.select_related("organization").get(pk=bill.invoice_id)
    names = ", ".join(service.name for service in services)
    record(actor, Happened.RENEWAL_BILLED, invoice, services=names, total=str(bill.total))
    note_cost(_("Total with VAT"), bill.total)
    if bill.is_paid:
        book_paid(actor, [bill.claim()])
    return invoice


@action(right=ACCOUNTING)
def withdraw_renewal(actor: Actor, invoice: Invoice) -> Invoice:
    """Withdraw a pro-forma invoice for renewals that nobody pays: its lines are free to be chosen anew."""
    invoice = (
        Invoice.objects.select_for_update(of=("self",)).select_related("organization").get(pk=invoice.pk)
    )
    renewals = list(Renewal.objects.filter(invoice=invoice))
    if not invoice.is_open or not renewals or any(each.granted_at for each in renewals):
        raise NotWithdrawable
    if (running := _running([invoice.pk])).get(invoice.pk):
        raise RenewalInPayment(name=str(running[invoice.pk].invoice))
    _withdraw(actor, [invoice])
    return invoice


def _locked(organization: Organization, numbers: Sequence[int]) -> list[Service]:
    locked = Service.objects.select_for_update(of=("self",), no_key=True)
    found = locked.filter(organization=organization, pk__in=numbers)
    services = list(staying(found).select_related("organization").order_by("pk"))
    if len(services) != len(numbers):
        known = {service.pk for service in services}
        missing = next(number for number in numbers if number not in known)
        hidden = get_or_not_found(Service.objects.filter(organization=organization), pk=missing)
        raise NotRenewable(name=hidden.name)
    for service in services:
        if service.ends_on is None or service.wanted == Wanted.ENDED:
            raise NotRenewable(name=service.name)
    return services


def _item(charges: Charges, service: Service, choice: Choice) -> Item:
    if choice not in charges.choices(service):
        raise PeriodNotOffered(name=service.name)
    unit = charges.listed(service)[choice.months]
    cost = charges.cost(service, choice, unit=unit)
    assert cost is not None and service.ends_on is not None
    return Item(service, choice, unit, cost, renewed(service.ends_on, service.anchor_day, choice))


def _taken(actor: Actor, organization: Organization, numbers: Sequence[int]) -> list[Service]:
    """These services, held; what waits for their next terms already is withdrawn.

    Unless somebody is paying it right now (BIL-98). The order of locks is that of `settling`: bills, then services.
    """
    bills = _held_bills(organization, numbers)
    services = _locked(organization, numbers)
    if _waiting(organization, numbers).exclude(invoice__in=bills).exists():
        raise Conflict  # billed between the two locks
    _withdraw(actor, [invoice for invoice in bills if invoice.is_open])
    return services


def _waiting(organization: Organization, numbers: Sequence[int]) -> QuerySet[Renewal]:
    return Renewal.objects.filter(
        organization=organization, service__in=numbers, state=RenewalState.OPEN, granted_at=None
    )


def _held_bills(organization: Organization, numbers: Sequence[int]) -> list[Invoice]:
    waiting = _waiting(organization, numbers).select_related("service")
    by_invoice: dict[int, str] = {each.invoice_id: each.service.name for each in waiting}
    if not by_invoice:
        return []
    invoices = list(
        Invoice.objects.select_for_update(of=("self",))
        .filter(pk__in=by_invoice)
        .select_related("organization")
        .order_by("pk")
    )
    for invoice_id in _running(by_invoice):
        raise RenewalInPayment(name=by_invoice[invoice_id])
    return invoices


def _refuse_taken(services: Sequence[Service]) -> None:
    """The same lines from another window at the same moment: the first one has them."""
    live = Renewal.objects.exclude(state=RenewalState.CANCELLED)
    if live.filter(service__in=services, starts_on=F("service__ends_on")).exists():
        raise Conflict


def _running(invoices: Iterable[int]) -> dict[int, Payment]:
    """Payments that are in progress now; one that has run out is none."""
    payments = Payment.objects.filter(
        invoice__in=list(invoices), state=PaymentState.PENDING, expires_at__gt=clock.now()
    )
    return {each.invoice_id: each for each in payments.select_related("invoice") if each.invoice_id}


def _withdraw(actor: Actor, invoices: Sequence[Invoice]) -> None:
    from kanton.billing.settling import WHEN_WITHDRAWN, release_pending

    for invoice in invoices:
        release_pending(invoice)
        Renewal.objects.filter(invoice=invoice, state=RenewalState.OPEN).update(
            state=RenewalState.CANCELLED, next_try_on=None
        )
        invoice.status = InvoiceStatus.CANCELLED
        invoice.save(update_fields=["status"])
        for follow in WHEN_WITHDRAWN:
            follow(actor, invoice)
        record(actor, Happened.RENEWAL_WITHDRAWN, invoice)
