"""The form for one member's mails."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.organizations.correspondents.models import MailKind
from kanton.ui import forms as ui


class MailsForm(ui.Form):
    """Kinds of mail to tick."""

    kinds = forms.MultipleChoiceField(
        label=_("Gets mails about"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].is_expected = True  # type: ignore[attr-defined]  # no box ticked is an answer, too
        self.fields["kinds"].choices = [(kind.value, f"{kind.label}: {kind.about}") for kind in MailKind]  # type: ignore[attr-defined]

    def clean_kinds(self) -> list[MailKind]:
        """The kinds themselves."""
        return [MailKind(kind) for kind in self.cleaned_data["kinds"]]
