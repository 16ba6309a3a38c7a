"""The forms of second factors."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.ui import forms as ui

DIGITS = {
    "autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "maxlength": 12, "spellcheck": "false",
}  # fmt: skip


class CodeForm(ui.Form):
    """Six digits."""

    code = forms.CharField(label=_("Code"), max_length=20, widget=forms.TextInput(DIGITS))


class BackupCodeForm(ui.Form):
    """One of the ten codes."""

    code = forms.CharField(
        label=_("Backup code"),
        max_length=40,
        help_text=_("Twelve characters, such as k7mq-2xtd-9fhw. Each code works once."),
        widget=forms.TextInput(
            {"autocomplete": "off", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class NewTotpForm(CodeForm):
    """The first code of a new app."""

    setup = forms.CharField(widget=forms.HiddenInput, max_length=1000)


class KeyNameForm(ui.Form):
    """What a passkey is called."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Where it is, such as “Work laptop” or “Blue YubiKey”.")
    )


class NewKeyForm(KeyNameForm):
    """A new passkey, with what the browser answered."""

    sealed = forms.CharField(widget=forms.HiddenInput, max_length=4000)
    credential = forms.CharField(widget=forms.HiddenInput, max_length=20_000, required=False)


class PhoneForm(ui.Form):
    """The number that gets codes."""

    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=40,
        help_text=_("With its country code, such as +41 79 123 45 67."),
        widget=forms.TextInput({"autocomplete": "tel", "type": "tel"}),
    )
