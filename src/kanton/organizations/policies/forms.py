"""The form of the rule."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.ui import forms as ui


class SessionsForm(ui.Form):
    """How long a sign-in lasts here."""

    hours = forms.IntegerField(
        label=_("Hours since the sign-in"), required=False, help_text=_("1 to 720; empty for no limit.")
    )
    idle_minutes = forms.IntegerField(
        label=_("Minutes without a page of this organization"),
        required=False,
        help_text=_("5 to 1440; empty for no limit."),
    )
    begins = forms.DateField(label=_("In force from"), widget=ui.DateInput())


class NetworksForm(ui.Form):
    """From where owners and administrators may act."""

    networks = forms.CharField(
        label=_("Allowed networks"),
        max_length=4000,
        help_text=_("One on each line, such as 192.0.2.0/24, 198.51.100.7 or 2001:db8::/32."),
        widget=ui.Textarea({"spellcheck": "false", "autocapitalize": "none"}),
    )
    begins = forms.DateField(label=_("In force from"), widget=ui.DateInput())


class DemandForm(ui.Form):
    """From which day on (ORG-60, ORG-66)."""

    demanded_from = forms.DateField(
        label=_("In force from"),
        widget=ui.DateInput(),
        help_text=_(
            "Give people some days. Everybody without a second factor gets a mail now and the day before."
        ),
    )
    also_for_apps = forms.BooleanField(
        label=_("Also for apps"),
        required=False,
        help_text=_(
            "Mail programs on computers and phones then need an app password that was made with a second factor. "
            "Everybody gets a mail about it."
        ),
    )
