"""The forms of access."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.access.models import FEWEST, MOST
from kanton.ui import forms as ui


class WatchForm(ui.Form):
    """Which sign-ins raise a mail, and when the account locks."""

    mail_new_place = forms.BooleanField(
        label=_("Mail me about a sign-in from a new place"),
        help_text=_("A browser or network that you did not use before; a private window counts as new."),
        required=False,
    )
    mail_every = forms.BooleanField(label=_("Mail me about every sign-in"), required=False)
    mail_failed = forms.BooleanField(
        label=_("Mail me when a wrong password is entered"),
        help_text=_("At most one mail an hour."),
        required=False,
    )
    threshold = forms.IntegerField(
        label=_("Lock after this many wrong passwords"),
        min_value=FEWEST,
        max_value=MOST,
        help_text=_(
            "From 3 to 20. A locked account takes no password from unknown browsers and networks; what is signed in "
            "stays signed in."
        ),
    )


class UnlockForm(ui.Form):
    """Which account, and how to prove that it is one's own."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("The address you sign in with."),
        widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}),
    )


class UnlockCodeForm(ui.Form):
    """The code of a text message."""

    email = forms.EmailField(widget=forms.HiddenInput)
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )
