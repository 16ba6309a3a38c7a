"""The form that deletes an organization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.organizations.closing.steps import Parting, Stoppable
from kanton.ui import forms as ui


class DeleteForm(ui.Form):
    """The typed name and the login password (ORG-34)."""

    name = forms.CharField(
        label=_("Name of the organization"),
        help_text=_("Type it, so that it is the right one."),
        max_length=120,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    current_password = forms.CharField(
        label=_("Your login password"), max_length=1000, strip=False, widget=ui.Password()
    )
    stop_products = forms.BooleanField(
        label=_("Stop these products now"),
        help_text=_("The running terms are not refunded."),
    )

    def __init__(
        self, *args: Any, running: Sequence[Stoppable], partings: Sequence[Parting], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not running:
            del self.fields["stop_products"]
        self.partings = partings
        for parting in partings:
            self.fields[f"parting-{parting.key}"] = forms.BooleanField(label=parting.label, required=False)

    def clean(self) -> dict[str, Any]:
        """The arguments of `delete_organization`."""
        values = super().clean() or self.cleaned_data
        chosen = [one.key for one in self.partings if values.pop(f"parting-{one.key}", False)]
        return {**values, "partings": chosen}
