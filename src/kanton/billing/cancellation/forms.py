"""The form that asks to cancel. It only translates; the action decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from kanton.products.models import Service
from kanton.ui import formats
from kanton.ui import forms as ui


class RequestForm(ui.Form):
    """When it is to end."""

    def __init__(self, service: Service, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("At once, when the link in the mail is used"))]
        if service.ends_on is not None:
            choices.insert(
                0,
                (
                    "end",
                    _("At the end of the paid term, on %(day)s") % {"day": formats.date(service.ends_on)},
                ),
            )
        self.fields["when"] = forms.ChoiceField(
            label=_("When"), choices=choices, required=False, initial=choices[0][0], widget=forms.RadioSelect
        )

    def clean(self) -> dict[str, Any]:
        """The arguments of `request_cancellation`."""
        return {"at_end": self.cleaned_data.get("when") == "end"}
