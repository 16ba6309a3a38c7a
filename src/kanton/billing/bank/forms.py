"""The forms of the bank. They only translate; the actions decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.billing.bank.models import Destination
from kanton.billing.forms import MoneyField
from kanton.core.money import Money
from kanton.ui import formats
from kanton.ui import forms as ui


class ImportForm(ui.Form):
    """A file from the bank."""

    file = forms.FileField(
        label=_("Bank statement"),
        help_text=_(
            "A camt.053 or camt.054 file (XML, version 02, 04 or 08). The same file twice counts once."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xml,application/xml,text/xml"}),
    )

    def clean(self) -> dict[str, Any]:
        """The arguments of `import_statement`."""
        cleaned = dict(self.cleaned_data)
        if file := cleaned.get("file"):
            cleaned["file_name"] = str(file.name)
        return cleaned


class SendBackForm(ui.Form):
    """Where a payment goes back to."""

    name = forms.CharField(label=_("Recipient"), max_length=70)
    account = forms.CharField(
        label=_("IBAN"), max_length=42, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class WithdrawForm(ui.Form):
    """How much to withdraw, and where to (BIL-54)."""

    def __init__(self, available: Money, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = MoneyField(
            available.currency,
            label=_("Amount in %(currency)s") % {"currency": available.currency},
            help_text=_("%(available)s are available.") % {"available": formats.money(available)},
            initial=available.amount,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )
        self.fields["destination"] = forms.ChoiceField(
            label=_("To"), choices=Destination.choices, initial=Destination.BANK, widget=forms.RadioSelect
        )
        self.fields["name"] = forms.CharField(label=_("Account holder"), max_length=70)
        self.fields["account"] = forms.CharField(
            label=_("IBAN, or e-mail address of the PayPal account"),
            max_length=254,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )
        self.fields["password"] = forms.CharField(
            label=_("Your password"),
            help_text=_("Money leaves: we ask once more."),
            widget=ui.Password(),
            max_length=128,
            required=False,
        )
        self.fields["password"].is_expected = True  # type: ignore[attr-defined]  # the action asks for it
