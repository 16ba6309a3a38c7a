"""The forms of proofs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.organizations.models import Membership
from kanton.organizations.trail.models import Format
from kanton.ui import forms as ui


class ReadersForm(ui.Form):
    """Which owners get the daily proof."""

    readers = forms.TypedMultipleChoiceField(
        label=_("Daily proof by mail to"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, owners: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["readers"]
        field.choices = [(owner.pk, owner.person.display_name) for owner in owners]


class KeptForm(ui.Form):
    """A proof that somebody kept, as the mail writes it."""

    kept = forms.RegexField(
        r"^\s*\d{1,18}:[0-9a-fA-F]{64}\s*$",
        label=_("Compare a proof that you kept"),
        max_length=100,
        help_text=_("Number and digest from a mail, such as 1234:9f86d0…"),
        widget=forms.TextInput({"spellcheck": "false", "autocomplete": "off"}),
        error_messages={"invalid": _("Copy number and digest from the mail, with the colon between them.")},
    )


class ExportForm(ui.Form):
    """What the file holds."""

    format = forms.ChoiceField(label=_("Format"), choices=Format.choices, initial=Format.JSONL)
    first_on = forms.DateField(
        label=_("First day"),
        required=False,
        widget=ui.DateInput(),
        help_text=_("Empty for the whole log."),
    )
    last_on = forms.DateField(label=_("Last day"), required=False, widget=ui.DateInput())
