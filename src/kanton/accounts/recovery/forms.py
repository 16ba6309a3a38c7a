"""The forms of the ways back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.places import countries
from kanton.ui import forms as ui


def _password() -> forms.CharField:
    field = forms.CharField(
        label=_("Your login password"), max_length=1000, strip=False, widget=ui.Password(), required=False
    )
    # Only whoever has just proven themselves otherwise may leave it empty; nobody is told that it is optional.
    field.is_expected = True  # type: ignore[attr-defined]
    return field


class LoginAddressForm(ui.Form):
    """A new login e-mail."""

    email = forms.EmailField(
        label=_("New login e-mail"),
        max_length=254,
        help_text=_("We send a link there. Until you open it, the present address keeps working."),
    )
    current_password = _password()


class NewAddressForm(ui.Form):
    """The login e-mail that replaces a deleted one."""

    email = forms.EmailField(
        label=_("New login e-mail"),
        max_length=254,
        help_text=_("Best an address from elsewhere, which does not depend on services here."),
        widget=forms.EmailInput({"autocomplete": "email", "autofocus": True}),
    )


class RecoveryEmailForm(ui.Form):
    """Another recovery e-mail; empty removes it."""

    email = forms.EmailField(
        label=_("Recovery e-mail"),
        max_length=254,
        required=False,
        help_text=_("We send a link there; it counts once you open it. Leave it empty to have none."),
    )
    current_password = _password()


class PhoneForm(ui.Form):
    """Another mobile number; empty removes it."""

    country = forms.ChoiceField(
        label=_("Country of the number"), choices=countries, help_text=_("For numbers written without +.")
    )
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=40,
        required=False,
        help_text=_("Such as +41 79 123 45 67. Leave it empty to have none."),
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}),
    )
    current_password = _password()


class CodeForm(ui.Form):
    """Six digits of a text message."""

    code = forms.CharField(
        label=_("Code"),
        max_length=12,
        help_text=_("The six digits of the text message."),
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True, "class": "is-code"}
        ),
    )


class PhoneSearchForm(ui.Form):
    """The number by which a login e-mail is found."""

    country = forms.ChoiceField(
        label=_("Country of the number"), choices=countries, help_text=_("For numbers written without +.")
    )
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=40,
        help_text=_("The number of your account. We send a code there."),
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "autofocus": True}),
    )


class TellApartForm(ui.Form):
    """What tells accounts with the same number apart."""

    recovery_email = forms.EmailField(
        label=_("Recovery e-mail"),
        max_length=254,
        help_text=_("Several accounts have this number. Which recovery e-mail does yours have?"),
    )


class WayForm(ui.Form):
    """How to receive the login e-mail."""

    way = forms.ChoiceField(label=_("Where shall we send it?"), widget=forms.RadioSelect)
    recovery_email = forms.CharField(widget=forms.HiddenInput, required=False, max_length=254)

    def __init__(self, *args: Any, ways: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["way"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = ways
        field.initial = ways[0][0]
