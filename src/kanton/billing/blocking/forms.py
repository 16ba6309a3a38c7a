"""The staff's form that blocks an order. It only translates; the action decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from kanton.billing.blocking.grounds import all_grounds
from kanton.ui import forms as ui


class BlockForm(ui.Form):
    """On which ground, and what colleagues should know."""

    ground = forms.ChoiceField(label=gettext_lazy("Ground"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=gettext_lazy("Note for colleagues"),
        required=False,
        max_length=500,
        widget=ui.Textarea,
        help_text=gettext_lazy("The customer never sees it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(each.code, each.label) for each in all_grounds()]
        self.fields["ground"].choices = choices  # type: ignore[attr-defined]
