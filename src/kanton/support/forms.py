"""The forms of support."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.support.reasons import public_reasons
from kanton.ui import forms as ui


def _reasons() -> list[tuple[str, Any]]:
    return [(reason.code, reason.label) for reason in public_reasons()]


class LookUpForm(ui.Form):
    """Eight digits that a caller reads out."""

    digits = forms.CharField(
        label=_("Support code"),
        max_length=20,
        help_text=_("Eight digits, from the profile of the person. Not the transfer code of a domain."),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "autofocus": True}),
    )


class HelpForm(ui.Form):
    """What somebody lost, and where we can write to."""

    reason = forms.ChoiceField(label=_("What happened?"), choices=_reasons, widget=forms.RadioSelect)
    email = forms.CharField(
        label=_("Login e-mail"),
        max_length=254,
        required=False,
        help_text=_("As well as you remember it. Without it, tell us below what we should look for."),
        widget=forms.TextInput({"inputmode": "email", "autocomplete": "username"}),
    )
    contact = forms.EmailField(
        label=_("Where can we write to you?"),
        max_length=254,
        help_text=_("An address that you can read now. We send the procedure there."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    words = forms.CharField(
        label=_("Anything we should know?"), max_length=1000, required=False, widget=ui.Textarea()
    )


class _Photo(forms.FileInput):
    """A photograph: a phone opens its camera."""

    def __init__(self, *, camera: str) -> None:
        super().__init__({"accept": "image/jpeg,image/png,image/webp", "capture": camera})


class PhotosForm(ui.Form):
    """The document and the person who holds it."""

    front = forms.FileField(
        label=_("Identity card or passport"),
        help_text=_("The side with your picture. Everything must be readable."),
        widget=_Photo(camera="environment"),
    )
    back = forms.FileField(
        label=_("Back of the identity card"),
        required=False,
        help_text=_("Not needed for a passport."),
        widget=_Photo(camera="environment"),
    )
    selfie = forms.FileField(
        label=_("You, holding the document"),
        help_text=_("Your face and the document beside it."),
        widget=_Photo(camera="user"),
    )


class DecisionForm(ui.Form):
    """What staff decide about a case."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("accept", _("Accept")), ("refuse", _("Refuse"))],
        widget=forms.RadioSelect,
    )
    email = forms.EmailField(
        label=_("Login e-mail of the account"),
        required=False,
        max_length=254,
        help_text=_("Only when the case knows no account: to whom the documents belong."),
    )
    words = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("A refusal is sent with these words. Name nothing that is on the document."),
        widget=ui.Textarea(),
    )

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values = super().clean() or self.cleaned_data
        if "decision" in values:
            values["is_accepted"] = values.pop("decision") == "accept"
        return values
