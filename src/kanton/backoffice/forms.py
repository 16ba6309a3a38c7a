"""The forms of the provider's staff."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.ui import forms as ui


class ReasonForm(ui.Form):
    """Why staff do something to somebody."""

    reason = forms.CharField(
        label=_("Why?"), max_length=500, help_text=_("The person reads it."), widget=ui.Textarea()
    )
