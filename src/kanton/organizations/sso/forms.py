"""The forms of single sign-on."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.core.rights import Role
from kanton.ui import forms as ui


class AddressForm(ui.Form):
    """The address at work."""

    email = forms.EmailField(
        label=_("E-mail address at work"),
        help_text=_("By its domain we know where your organization signs in."),
        widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}),
    )


class DomainForm(ui.Form):
    """A domain to claim."""

    name = forms.CharField(
        label=_("E-mail domain"),
        max_length=253,
        help_text=_("What follows the @ in your addresses, such as acme.ch."),
    )


class ConnectForm(ui.Form):
    """What the identity provider gave."""

    discovery_url = forms.CharField(
        label=_("Discovery address or issuer"),
        max_length=500,
        help_text=_(
            "Such as https://login.microsoftonline.com/YOUR-TENANT/v2.0 or https://id.acme.ch/realms/acme."
        ),
    )
    client_id = forms.CharField(label=_("Client id"), max_length=255)
    client_secret = forms.CharField(
        label=_("Client secret"),
        max_length=500,
        required=False,
        strip=True,
        widget=ui.Password(new=True),
        help_text=_("Kept encrypted and never shown again. Leave it empty to keep the present one."),
    )


class PolicyForm(ui.Form):
    """Who gets which role, and whether there is another way in."""

    default_role = forms.ChoiceField(
        label=_("Role of people who sign in for the first time"),
        choices=[(role.value, role.label) for role in Role if role is not Role.OWNER],
    )
    role_claim = forms.CharField(
        label=_("Claim with groups or roles"),
        max_length=80,
        required=False,
        help_text=_("Mostly “groups” or “roles”; with Keycloak also “realm_access.roles”."),
    )
    rules = ui.Lines(
        label=_("Rules"),
        required=False,
        max_length=10_000,
        widget=ui.Textarea(),
        help_text=_(
            "One on each line: group = role: teams. The first role that fits counts, such as "
            "“kanton-admins = administrator” or “staff = collaborator: Web, Mail”. Owners are never made by rules, and "
            "rules take out of a team only whom they put in: who was added by hand stays."
        ),
    )
    is_forced = forms.BooleanField(
        label=_("Members with an address of a proven domain must use SSO"),
        required=False,
        widget=ui.Switch(),
        help_text=_(
            "Their password no longer opens a session. Owners keep theirs, for the day the provider is down."
        ),
    )
