"""The forms of billing addresses and exports."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.places import countries
from kanton.billing.models import InvoiceStatus
from kanton.billing.papers.models import BillingAddress, ExportKind
from kanton.ui import forms as ui


class AddressForm(ui.Form):
    """A billing address."""

    name = forms.CharField(label=_("Name or company"), max_length=120)
    attention = forms.CharField(label=_("For the attention of"), max_length=120, required=False)
    street = forms.CharField(label=_("Street and number"), max_length=120)
    postal_code = forms.CharField(label=_("Postcode"), max_length=16)
    city = forms.CharField(label=_("Town"), max_length=80)
    country = forms.ChoiceField(
        label=_("Country"),
        choices=countries,
        help_text=_("Currency and VAT follow the organization’s own address."),
        initial="CH",
    )


class RemoveAddressForm(ui.Form):
    """Which address takes the place of one that is removed."""

    def __init__(self, others: list[BillingAddress], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others = {str(each.pk): each for each in others}
        self.fields["replacement"] = forms.ChoiceField(
            label=_("Its place takes"),
            choices=[
                ("", _("None: no product uses it")),
                *((key, str(each)) for key, each in self.others.items()),
            ],
            required=False,
        )

    def clean(self) -> dict[str, Any]:
        """The arguments of `remove_billing_address`."""
        return {"replacement": self.others.get(self.cleaned_data.get("replacement", ""))}


class ExportForm(ui.Form):
    """Which documents, and how they are delivered (BIL-79)."""

    kind = forms.ChoiceField(
        label=_("Kind of export"),
        choices=ExportKind.choices,
        initial=ExportKind.ZIP,
        widget=forms.RadioSelect,
    )
    status = forms.ChoiceField(
        label=_("Status"), choices=[("", _("All")), *InvoiceStatus.choices], required=False
    )
    start = forms.DateField(label=_("From"), required=False, widget=ui.DateInput())
    end = forms.DateField(label=_("Until"), required=False, widget=ui.DateInput())
