"""The forms of applications."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.rest.oauth.scopes import choices
from kanton.ui import forms as ui


class PasswordForm(ui.Form):
    """The password again. Accounts without one prove themselves otherwise, moments before (ACC-34)."""

    current_password = forms.CharField(
        label=_("Your login password"), max_length=1000, strip=False, widget=ui.Password()
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not person.has_usable_password():
            self.fields["current_password"].required = False
            self.fields["current_password"].widget = forms.HiddenInput()


class ApplicationForm(PasswordForm):
    """What may be changed later."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("People read it when they are asked for access.")
    )
    redirect_uris = ui.Lines(
        label=_("Redirect addresses"),
        required=False,
        max_length=20_000,
        widget=ui.Textarea(),
        help_text=_(
            "Where the browser goes back to, one on each line: https://…, an app's own scheme such as "
            "com.example.app://login, or http://127.0.0.1/… with any port."
        ),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may ask for"),
        choices=choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("It can never do more than the person who allowed it."),
    )
    is_device = forms.BooleanField(
        label=_("It also runs on devices without a browser, which show a code"), required=False
    )
    field_order = ["name", "redirect_uris", "scopes", "is_device", "current_password"]


class NewApplicationForm(ApplicationForm):
    """And what is decided once."""

    is_confidential = forms.BooleanField(
        label=_("It runs on a server of ours and can keep a secret"),
        required=False,
        help_text=_(
            "Leave this off for apps on phones and computers, and for pages that run in the browser."
        ),
    )
    is_machine = forms.BooleanField(
        label=_("It may act without anybody present, in your name"),
        required=False,
        help_text=_(
            "For programs that work at night. It needs a secret, and can do what you can, within its scopes."
        ),
    )
    field_order = [
        "name",
        "redirect_uris",
        "scopes",
        "is_confidential",
        "is_device",
        "is_machine",
        "current_password",
    ]
