"""From what is kept to what is printed. Reads frozen data only, so an old invoice looks today as it did then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext, override

from kanton.billing.actions.payments import method_label
from kanton.billing.documents.model import DocumentKind, DocumentLine, InvoiceDocument, Party, PaymentShown
from kanton.billing.invoicing import customer_details, seller_details
from kanton.billing.models import Invoice, InvoiceKind, Payment, PaymentState
from kanton.billing.models.invoices import tax_from
from kanton.billing.pricing import DiscountTaken, Totals, VatAmount
from kanton.billing.settling import PREPAID
from kanton.billing.vat import Tax
from kanton.core import clock
from kanton.core.money import Money


def document_of(invoice: Invoice) -> InvoiceDocument:
    """The invoice as a document: final once it is paid, pro forma before. Two queries, none where loaded."""
    currency = invoice.currency
    kind = DocumentKind.PRO_FORMA
    sign = 1
    if invoice.is_final:
        kind = DocumentKind.CREDIT_NOTE if invoice.kind == InvoiceKind.CREDIT_NOTE else DocumentKind.INVOICE
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        sign = -1  # kept negative, so that sums are right; printed positive, under its own title
    with override(invoice.language):
        payments = _payments(invoice)
    return InvoiceDocument(
        kind=kind,
        language=invoice.language,
        seller=party_of(invoice.seller),
        customer=party_of(invoice.customer),
        customer_number=str(invoice.customer.get("number", "")),
        number=invoice.label,
        order_number=f"#{invoice.order_id}" if invoice.order_id else "",
        issued_on=invoice.issued_on or invoice.dated_on,
        lines=tuple(_line(line, currency, sign) for line in invoice.lines.all()),
        totals=Totals(
            invoice.net.times(sign),
            tuple(
                VatAmount(tax, base.times(sign), amount.times(sign)) for tax, base, amount in invoice.taxes
            ),
            invoice.total.times(sign),
        ),
        open_amount=Money.zero(currency) if invoice.is_final else invoice.total,
        due_on=invoice.due_on if invoice.is_open else None,
        holds_until=invoice.holds_until if invoice.is_open else None,
        payments=payments,
        account=invoice.account,
        reference=invoice.reference or "",
        corrects=invoice.corrects.label if invoice.corrects else "",
    )


def receipt_of(payment: Payment) -> InvoiceDocument:
    """The receipt for a top-up that arrived, in the organization's language."""
    organization = payment.organization
    tax = Tax("", Decimal(0))
    with override(organization.language):
        line = DocumentLine(
            gettext("Top-up of the prepaid account"), 1, payment.amount, payment.amount, tax,
            detail=method_label(payment),
        )  # fmt: skip
    customer = customer_details(organization)
    return InvoiceDocument(
        kind=DocumentKind.RECEIPT,
        language=organization.language,
        seller=party_of(seller_details()),
        customer=party_of(dict(customer)),
        customer_number=customer["number"],
        number=f"R-{payment.pk}",
        issued_on=_day(payment),
        lines=(line,),
        totals=Totals(payment.amount, (), payment.amount),
        open_amount=Money.zero(payment.currency),
    )


def _payments(invoice: Invoice) -> tuple[PaymentShown, ...]:
    shown = []
    for payment in sorted(invoice.payments.all(), key=attrgetter("pk")):
        if payment.state != PaymentState.SUCCEEDED:
            continue
        day = _day(payment)
        if payment.prepaid_part:
            shown.append(PaymentShown(day, method_label(Payment(provider=PREPAID)), payment.prepaid_part))
        if payment.amount:
            shown.append(PaymentShown(day, method_label(payment), payment.amount))
    return tuple(shown)


def _day(payment: Payment) -> date:
    return (payment.settled_at or payment.started_at).astimezone(clock.operator_zone()).date()


def party_of(details: dict[str, str]) -> Party:
    """Seller or customer, as frozen on the bill."""
    known = ("name", "street", "postal_code", "city", "country", "vat_number", "email", "attention")
    return Party(**{name: details.get(name, "") for name in known})


def _line(line: Any, currency: str, sign: int = 1) -> DocumentLine:
    return DocumentLine(
        title=line.title,
        detail=line.detail,
        quantity=line.quantity,
        periods=line.periods,
        unit=Money(sign * line.unit_minor, currency),
        net=Money(sign * line.net_minor, currency),
        tax=tax_from(line.tax),
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        discounts=tuple(
            DiscountTaken(each["label"], Money(each["minor"], currency)) for each in line.discounts
        ),
    )
