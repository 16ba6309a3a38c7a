"""Invoices: open ones are pro forma and carry a payment reference, paid ones get their number and never change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kanton.billing.models.ledger import CURRENCY_CHOICES
from kanton.billing.models.orders import Order
from kanton.billing.pricing import DiscountTaken
from kanton.billing.vat import Tax, Treatment
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization


class NumberSeries(models.Model):
    """The last number given in one series. Taking the next locks the row until the commit: no gap, no double."""

    name = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.last}"


class InvoiceKind(models.TextChoices):
    """What a numbered document is."""

    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")


class InvoiceStatus(models.TextChoices):
    """Where an invoice stands (BIL-77)."""

    OPEN = "open", _("To pay")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")
    REFUNDED = "refunded", _("Refunded")


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    """Knows the periods and states people ask for."""

    def in_period(self, start: date | None, end: date | None) -> InvoiceQuerySet:
        """Documents of these days, both included, in the operator's time zone (BIL-82)."""
        found = self
        if start:
            found = found.filter(dated_on__gte=start)
        if end:
            found = found.filter(dated_on__lte=end)
        return found


class Invoice(models.Model):
    """One bill. `number` and `issued_on` come with the payment; until then the document is a pro forma (BIL-75).

    Everything printed is frozen here when the bill is made: seller, customer, language, VAT (BIL-80). The database
    refuses any change of it once the number is given. `dated_on` is the day under which lists show it.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="invoices", db_index=False
    )
    order = models.OneToOneField(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="invoice"
    )
    kind = models.CharField(max_length=12, choices=InvoiceKind.choices, default=InvoiceKind.INVOICE)
    status = models.CharField(max_length=10, choices=InvoiceStatus.choices, default=InvoiceStatus.OPEN)
    number = models.CharField(max_length=40, null=True, blank=True, unique=True)
    reference = models.CharField(max_length=27, null=True, blank=True, unique=True)
    account = models.CharField(max_length=34, blank=True)
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    net_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    vat = models.JSONField(default=list)
    seller = models.JSONField(default=dict)
    customer = models.JSONField(default=dict)
    language = models.CharField(max_length=2, default="en")
    made_at = models.DateTimeField(default=clock.now)
    dated_on = models.DateField(default=clock.today)
    due_on = models.DateField(null=True, blank=True)
    holds_until = models.DateField(null=True, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections"
    )

    objects: ClassVar[InvoiceQuerySet] = InvoiceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "cancelled"], number=None)
                | Q(status__in=["paid", "refunded"], number__isnull=False, issued_on__isnull=False),
                name="only_paid_invoices_have_numbers",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "-dated_on", "-id"], name="invoice_of_organization"),
            models.Index(fields=["due_on"], name="invoice_due", condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Its number, or that of the pro forma."""
        return self.number or self.pro_forma_label

    @property
    def pro_forma_label(self) -> str:
        """That of the pro forma, which stays the same after the payment; it is of no series (BIL-86)."""
        return f"P-{self.pk}"

    @property
    def net(self) -> Money:
        """The total without VAT."""
        return Money(self.net_minor, self.currency)

    @property
    def total(self) -> Money:
        """The total with VAT: what is to be paid."""
        return Money(self.total_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether it waits for money."""
        return self.status == InvoiceStatus.OPEN

    @property
    def is_final(self) -> bool:
        """Whether it is a numbered document and no pro forma."""
        return self.number is not None

    @property
    def taxes(self) -> list[tuple[Tax, Money, Money]]:
        """VAT by rate as frozen: the tax, its base, its amount."""
        return [
            (tax_from(each), Money(each["base"], self.currency), Money(each["amount"], self.currency))
            for each in self.vat
        ]


class InvoiceLine(models.Model):
    """One line of an invoice with its words and figures, for the document and for reports."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    product = models.CharField(max_length=40)
    plan = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    detail = models.CharField(max_length=253, blank=True)
    service_key = models.CharField(max_length=60, blank=True)
    quantity = models.PositiveIntegerField()
    periods = models.PositiveSmallIntegerField(default=1)
    months = models.PositiveSmallIntegerField()
    unit_minor = models.BigIntegerField()
    discounts = models.JSONField(default=list)
    net_minor = models.BigIntegerField()
    tax = models.JSONField(default=dict)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="one_invoice_line_per_position")
        ]

    def __str__(self) -> str:
        return self.detail or self.title

    @property
    def unit(self) -> Money:
        """The price of one unit for one period."""
        return Money(self.unit_minor, self.invoice.currency)

    @property
    def discounts_taken(self) -> list[DiscountTaken]:
        """What was taken off, each with its name."""
        currency = self.invoice.currency
        return [DiscountTaken(each["label"], Money(each["minor"], currency)) for each in self.discounts]

    @property
    def net(self) -> Money:
        """What the line comes to without VAT."""
        return Money(self.net_minor, self.invoice.currency)


def tax_as_json(tax: Tax) -> dict[str, Any]:
    """A tax as it is frozen."""
    return {"country": tax.country, "rate": str(tax.rate), "treatment": tax.treatment.value}


def tax_from(frozen: dict[str, Any]) -> Tax:
    """A tax from what was frozen."""
    return Tax(frozen["country"], Decimal(frozen["rate"]), Treatment(frozen["treatment"]))
