"""The form of a new app password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.apppasswords.models import Scope
from kanton.core import clock
from kanton.ui import forms as ui


class AppPasswordForm(ui.Form):
    """A name, what it opens, until when, and the login password."""

    DAYS = ((0, _("until I revoke it")), (30, _("30 days")), (90, _("90 days")), (365, _("1 year")))

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("The program and the device, such as “Mail on my phone”."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it opens"),
        choices=Scope.choices,
        initial=[Scope.MAIL],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(label=_("Valid"), choices=DAYS, coerce=int, initial=0)
    current_password = forms.CharField(
        label=_("Your login password"), max_length=1000, strip=False, widget=ui.Password()
    )

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values = super().clean() or self.cleaned_data
        days = values.pop("days", 0)
        return {**values, "expires_at": clock.now() + timedelta(days=days) if days else None}
