"""Billing addresses and the products that use them; exports of billing documents."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.secrets import new_token
from kanton.organizations.models import Organization
from kanton.products.models import Service


class BillingAddress(models.Model):
    """An additional address to which invoices can be made out. It decides neither currency nor VAT (BIL-115)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="billing_addresses")
    name = models.CharField(_("name"), max_length=120)
    attention = models.CharField(_("for the attention of"), max_length=120, blank=True)
    street = models.CharField(_("street and number"), max_length=120)
    postal_code = models.CharField(_("postcode"), max_length=16)
    city = models.CharField(_("town"), max_length=80)
    country = models.CharField(_("country"), max_length=2, default="CH")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


class ServiceAddress(models.Model):
    """The billing address that a product's invoices go to from now on (BIL-114)."""

    service = models.OneToOneField(Service, on_delete=models.CASCADE, related_name="+")
    address = models.ForeignKey(BillingAddress, on_delete=models.PROTECT, related_name="uses")

    def __str__(self) -> str:
        return f"{self.service}: {self.address}"


class ExportKind(models.TextChoices):
    """How a set of documents is delivered (BIL-79)."""

    ZIP = "zip", _("All PDF files in one ZIP file")
    MAIL = "mail", _("By e-mail")


class ExportState(models.TextChoices):
    """Where an export stands."""

    WAITING = "waiting", pgettext_lazy("an export", "Being made")
    DONE = "done", pgettext_lazy("an export", "Ready")
    FAILED = "failed", pgettext_lazy("an export", "Failed")


def new_export_key() -> str:
    """A key nobody can guess; the file is called so."""
    return new_token()[:43]


class Export(models.Model):
    """A set of billing documents on its way: which ones, how far it is, and for whom."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="exports")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=43, unique=True, default=new_export_key)
    kind = models.CharField(max_length=4, choices=ExportKind.choices)
    start = models.DateField(null=True, blank=True)
    end = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=7, choices=ExportState.choices, default=ExportState.WAITING)
    made = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.start or '…'} – {self.end or '…'}"
