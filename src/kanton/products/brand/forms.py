"""The form of a brand's look."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.ui import forms as ui


class LookForm(ui.Form):
    """Colour, greeting and sender."""

    accent = forms.CharField(
        label=_("Colour"),
        required=False,
        max_length=7,
        help_text=_(
            "For links and buttons, such as #0b686e. It must read on white; on dark a lighter shade is used."
        ),
        widget=forms.TextInput({"placeholder": "#0b686e", "autocomplete": "off"}),
    )
    greeting = forms.CharField(
        label=_("Greeting at sign-in"),
        required=False,
        max_length=160,
        help_text=_("One sentence below the title of the sign-in page."),
    )
    sender = forms.CharField(
        label=_("Name of the sender"),
        required=False,
        max_length=60,
        help_text=_(
            "For mails of your organization such as invitations. Security mails always come from us, so that they "
            "are recognized."
        ),
    )
    reply_to = forms.EmailField(
        label=_("Address for answers"),
        required=False,
        help_text=_("Where answers to those mails go."),
    )
