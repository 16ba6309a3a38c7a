"""The forms of sign-in and account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.accounts.following import offers
from kanton.accounts.identifiers import login_of
from kanton.accounts.models import Language, Person
from kanton.accounts.places import countries, time_zones
from kanton.core import clock
from kanton.core.api.scopes import ALL, offered
from kanton.ui import forms as ui


class SignInForm(ui.Form):
    """E-mail address and password."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        # Not the browser's own field for addresses: it refuses a recovery identifier (ACC-62).
        widget=forms.TextInput(
            {"autocomplete": "username webauthn", "autofocus": True, "inputmode": "email", "autocapitalize": "none",
             "spellcheck": "false"}
        ),
    )  # fmt: skip
    password = forms.CharField(label=_("Password"), max_length=1000, strip=False, widget=ui.Password())

    def clean_email(self) -> str:
        """The login address that is meant."""
        return login_of(self.cleaned_data["email"])


class AddressForm(ui.Form):
    """The login address of a forgotten password."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("The address you sign in with."),
        widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}),
    )


class NewPasswordForm(ui.Form):
    """A password chosen by a link."""

    password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 12 characters. A sentence is easier to remember than signs."),
        max_length=1000,
        strip=False,
        widget=ui.Password(new=True),
    )


class ChangePasswordForm(ui.Form):
    """The old password and a new one."""

    current_password = forms.CharField(
        label=_("Present password"), max_length=1000, strip=False, widget=ui.Password()
    )
    new_password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 12 characters. A sentence is easier to remember than signs."),
        max_length=1000,
        strip=False,
        widget=ui.Password(new=True),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = offers(person)
        for key, offer in self.offers.items():
            if offer.is_choice:
                self.fields[key] = forms.BooleanField(
                    label=offer.label, help_text=offer.help_text, required=False
                )

    @property
    def sentences(self) -> list[Any]:
        """What follows without being asked."""
        return [offer.label for offer in self.offers.values() if not offer.is_choice]

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values = super().clean() or self.cleaned_data
        taken = [key for key in self.offers if values.pop(key, False)]
        return {**values, "taken": taken}


class AgainForm(ui.Form):
    """The login password once more (ACC-33)."""

    current_password = forms.CharField(
        label=_("Your login password"),
        max_length=1000,
        strip=False,
        widget=ui.Password(attrs={"autofocus": True}),
    )


class NameForm(ui.Form):
    """First and last name."""

    first_name = forms.CharField(
        label=_("First name"), max_length=80, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=80, widget=forms.TextInput({"autocomplete": "family-name"})
    )


class LanguageForm(ui.Form):
    """The language."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=Language.choices,
        help_text=_("For the console, your mail, calendar and contacts, and the mails we write to you."),
    )


class CountryForm(ui.Form):
    """The country."""

    country = forms.ChoiceField(label=_("Country"), choices=countries)


class TimeZoneForm(ui.Form):
    """The time zone."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zones,
        help_text=_("Times on pages and in mails are shown in this zone."),
    )


def scope_choices() -> list[tuple[str, Any]]:
    """The scopes that open something here."""
    return [(scope.code, scope.label) for scope in offered() if scope.code != "staff"]


class TokenForm(ui.Form):
    """A new API token."""

    DAYS = ((0, _("until I revoke it")), (30, _("30 days")), (90, _("90 days")), (365, _("1 year")))

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What will use it, such as “DNS of the web server”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=scope_choices,
        initial=[ALL],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A token never may do more than you may at that moment."),
    )
    days = forms.TypedChoiceField(label=_("Valid"), choices=DAYS, coerce=int, initial=0)
    current_password = forms.CharField(
        label=_("Your login password"), max_length=1000, strip=False, widget=ui.Password()
    )

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends, from the chosen number of days."""
        days = self.cleaned_data.get("days")
        return clock.now() + timedelta(days=days) if days else None

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values = super().clean() or self.cleaned_data
        if "days" in values:
            values["expires_at"] = self.expires_at
            del values["days"]
        return values
