"""The forms of the books."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.billing.forms import MoneyField
from kanton.billing.models import Invoice
from kanton.core.money import Money
from kanton.ui import formats
from kanton.ui import forms as ui


class CreditForm(ui.Form):
    """How much of each line to credit."""

    def __init__(self, invoice: Invoice, left: Mapping[int, Money], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = left
        for line in invoice.lines.all():
            if line.position not in left:
                continue
            self.fields[f"line_{line.position}"] = MoneyField(
                invoice.currency,
                label=str(line),
                help_text=_("Without VAT; at most %(most)s.") % {"most": formats.money(left[line.position])},
                initial=left[line.position].amount,
                required=False,
                min_value=Decimal(0),
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )
        self.fields["to_prepaid"] = forms.BooleanField(
            label=_("Everything to the prepaid account"),
            help_text=_("Else the money goes back by the method by which it came."),
            required=False,
            widget=ui.Switch(),
        )

    def clean(self) -> dict[str, Any]:
        """The arguments of `credit_invoice`."""
        cleaned = dict(self.cleaned_data)
        amounts = {
            position: amount
            for position in self.left
            if (amount := cleaned.pop(f"line_{position}", None)) is not None
        }
        return {"amounts": amounts or {0: Money.zero("CHF")}, "to_prepaid": bool(cleaned.get("to_prepaid"))}


class RefundForm(ui.Form):
    """How much of a top-up goes back."""

    def __init__(self, most: Money, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = MoneyField(
            most.currency,
            label=_("Amount in %(currency)s") % {"currency": most.currency},
            help_text=_("At most %(most)s.") % {"most": formats.money(most)},
            initial=most.amount,
            min_value=Decimal("0.01"),
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )


class CloseForm(ui.Form):
    """Up to which day the books are closed."""

    through = forms.DateField(label=_("Close the books until"), widget=ui.DateInput())


class RateForm(ui.Form):
    """A new VAT rate."""

    country = forms.RegexField(
        r"^[A-Za-z]{2}$", label=_("Country"), help_text=_("Two letters, such as CH."), max_length=2
    )
    percentage = forms.DecimalField(
        label=_("Rate in percent"),
        max_digits=5,
        decimal_places=2,
        min_value=Decimal(0),
        max_value=Decimal("99.99"),
    )
    since = forms.DateField(label=_("Valid from"), widget=ui.DateInput())


def day_of(written: str, otherwise: dt.date) -> dt.date:
    """A day from an address, or another."""
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        return otherwise
