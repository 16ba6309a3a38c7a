"""Bills: made open with a reference, settled once, numbered without gaps. Called within actions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from kanton.billing import ledger
from kanton.billing.models import (
    Account,
    AccountKind,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    NumberSeries,
    Order,
    OrderLine,
)
from kanton.billing.models.invoices import tax_as_json, tax_from
from kanton.billing.pricing import Discount, DiscountTaken, Totals, price_line, totals
from kanton.billing.references import reference_for
from kanton.billing.terms import first_term
from kanton.billing.vat import Tax
from kanton.config import config
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization

#: How the numbers of each series begin.
PREFIXES = {"invoice": "", "credit_note": "C-"}
DAYS_TO_PAY = 10
DAYS_AMOUNT_HOLDS = 30


def make_invoice(
    order: Order,
    lines: Sequence[OrderLine],
    foot: Totals,
    tax: Tax,
    discounts: Sequence[Sequence[DiscountTaken]] = (),
) -> Invoice:
    """The open bill of an order, with everything printed on it frozen (BIL-80)."""
    organization, today = order.organization, clock.today()
    account = config.operator.qr_iban if order.currency == "CHF" else config.operator.iban
    invoice = Invoice.objects.create(
        organization=organization,
        order=order,
        currency=order.currency,
        net_minor=foot.net.minor,
        total_minor=foot.total.minor,
        vat=_vat(foot),
        seller=seller_details(),
        customer=customer_details(organization),
        language=organization.language,
        account=account,
        due_on=today + timedelta(days=DAYS_TO_PAY),
        holds_until=today + timedelta(days=DAYS_AMOUNT_HOLDS),
    )
    invoice.reference = reference_for(invoice.pk, account=account)
    invoice.save(update_fields=["reference"])
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            position=line.position,
            product=line.product,
            plan=line.plan.code,
            title=line.title,
            detail=line.name,
            service_key=line.service_key,
            quantity=line.quantity,
            months=line.months,
            unit_minor=line.unit_minor,
            discounts=[{"label": each.label, "minor": each.off.minor} for each in taken],
            net_minor=line.net_minor,
            tax=tax_as_json(tax),
        )
        for line, taken in zip(lines, discounts or [()] * len(lines), strict=True)
    )
    return invoice


def reprice_line(invoice: Invoice, line: InvoiceLine, discounts: Sequence[Discount]) -> None:
    """An open bill on which one line becomes cheaper: line, VAT and totals anew. `invoice` must be locked and open."""
    priced = price_line(
        line.unit,
        quantity=line.quantity,
        periods=line.periods,
        discounts=discounts,
        tax=tax_from(line.tax),
    )
    line.discounts = [{"label": each.label, "minor": each.off.minor} for each in priced.discounts]
    line.net_minor = priced.net.minor
    line.save(update_fields=["discounts", "net_minor"])
    foot = totals([(each.net, tax_from(each.tax)) for each in invoice.lines.all()], invoice.currency)
    invoice.net_minor, invoice.total_minor, invoice.vat = foot.net.minor, foot.total.minor, _vat(foot)
    invoice.save(update_fields=["net_minor", "total_minor", "vat"])


def settle(invoice: Invoice) -> Invoice:
    """The bill is paid: give it its number and day, fix the terms it buys, and book revenue and VAT.

    `invoice` must be locked and open; the caller books the money itself.
    """
    today = clock.today()
    lines = list(invoice.lines.all())
    new = [line for line in lines if line.starts_on is None]  # a renewal's term is known before it is paid
    for line in new:
        line.starts_on, line.ends_on = today, first_term(today, line.months).ends_on
    InvoiceLine.objects.bulk_update(new, ["starts_on", "ends_on"])
    invoice.status = InvoiceStatus.PAID
    invoice.issued_on = invoice.dated_on = today
    invoice.paid_at = clock.now()
    invoice.number = next_number("invoice", today)
    invoice.save(update_fields=["status", "issued_on", "dated_on", "paid_at", "number"])
    _book_sale(invoice, lines)
    return invoice


def next_number(series: str, day: date) -> str:
    """The next number of this series and year; its row stays locked until the commit, so none is lost."""
    prefix = PREFIXES[series]
    name = f"{series}-{day.year}"
    NumberSeries.objects.get_or_create(name=name)
    row = NumberSeries.objects.select_for_update().get(name=name)
    row.last += 1
    row.save(update_fields=["last"])
    return f"{prefix}{day.year}-{row.last:06d}"


def _vat(foot: Totals) -> list[dict[str, Any]]:
    """VAT by rate as it is frozen."""
    return [
        tax_as_json(each.tax) | {"base": each.base.minor, "amount": each.amount.minor} for each in foot.vat
    ]


def _book_sale(invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
    """Receivable against revenue by product and VAT by rate."""
    currency = invoice.currency
    movements: dict[Account, Money] = {
        ledger.account(AccountKind.RECEIVABLE, currency, organization=invoice.organization): invoice.total
    }
    by_product: dict[str, Money] = {}
    for line in lines:
        amount = Money(line.net_minor, currency)
        by_product[line.product] = by_product.get(line.product, Money.zero(currency)) + amount
    for product, amount in by_product.items():
        movements[ledger.account(AccountKind.REVENUE, currency, detail=product)] = -amount
    for each in invoice.vat:
        amount = Money(each["amount"], currency)
        movements[ledger.account(AccountKind.VAT, currency, detail=tax_from(each).code)] = -amount
    ledger.book("sale", f"invoice:{invoice.pk}:sale", movements, organization=invoice.organization)


def has_address(organization: Organization) -> bool:
    """Whether an invoice can be addressed to it."""
    return bool(organization.street and organization.postal_code and organization.city)


def seller_details() -> dict[str, str]:
    """The operator as printed on bills today."""
    operator = config.operator
    return {
        "name": operator.legal_name,
        "street": operator.street,
        "postal_code": operator.zip,
        "city": operator.city,
        "country": operator.country,
        "vat_number": operator.vat_number,
        "email": operator.support_email,
    }


def customer_details(organization: Organization) -> Mapping[str, Any]:
    """The customer as printed on bills today."""
    return {
        "name": organization.name,
        "street": organization.street,
        "postal_code": organization.postal_code,
        "city": organization.city,
        "country": organization.country,
        "vat_number": organization.vat_number,
        "number": str(organization.pk),
    }
