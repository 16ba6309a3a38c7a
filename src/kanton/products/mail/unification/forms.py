"""The form that tests a mailbox address with its password."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.ui import forms as ui


class CredentialForm(ui.Form):
    """Address and password as a mail program would send them."""

    address = forms.CharField(
        label=_("Address of the mailbox"),
        max_length=320,
        widget=forms.EmailInput({"autocomplete": "off", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password of the mailbox, or app password"),
        max_length=1000,
        strip=False,
        widget=ui.Password(attrs={"autocomplete": "off"}),
    )
