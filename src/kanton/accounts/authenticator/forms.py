"""The forms of the Authenticator."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.ui import forms as ui


class CodeForm(ui.Form):
    """The code that the app shows."""

    code = forms.CharField(
        label=_("Code from the app"),
        max_length=12,
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "one-time-code", "pattern": "[0-9 ]*"}
        ),
    )
