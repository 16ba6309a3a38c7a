"""The forms of organizations and their people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Language
from kanton.accounts.places import countries
from kanton.core.rights import Role
from kanton.organizations import grantable
from kanton.organizations.errors import UnknownRight
from kanton.organizations.models import Invitation, Kind, Team
from kanton.ui import forms as ui

ROLE_HELP = {
    Role.OWNER: _(
        "Answers for the contract: everything, and the only role that may change owners and details."
    ),
    Role.ADMINISTRATOR: _("All products and all people, except owners."),
    Role.COLLABORATOR: _("Belongs to the organization, uses what you open."),
    Role.EXTERNAL: _(
        "From outside, such as a webmaster or client: uses what you open, sees no shared calendars."
    ),
}


class RegisterForm(ui.Form):
    """Everything that opening an account asks (ACC-3)."""

    first_name = forms.CharField(
        label=_("First name"), max_length=80, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=80, widget=forms.TextInput({"autocomplete": "family-name"})
    )
    company = forms.CharField(
        label=_("Company"),
        max_length=120,
        required=False,
        help_text=_("Leave it empty as a private person. Your organization gets this name, or yours."),
        widget=forms.TextInput({"autocomplete": "organization"}),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_(
            "You sign in with it. Best is an address from elsewhere, such as that of your Internet provider: "
            "it still reaches you when something is wrong with your domain here."
        ),
        widget=forms.EmailInput({"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 12 characters. A sentence is easier to remember than signs."),
        max_length=1000,
        strip=False,
        widget=ui.Password(new=True),
    )
    country = forms.ChoiceField(label=_("Country"), choices=countries, initial="CH")
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        help_text=_("Should you forget your login address, we find it by this number."),
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}),
    )
    recovery_email = forms.EmailField(
        label=_("Recovery e-mail"),
        required=False,
        help_text=_("A second address, should you lose access to the first. You can add it later."),
    )

    def for_invitation(self, invitation: Invitation) -> None:
        """The address is given, the names perhaps, and there will be no organization to name."""
        self.fields["email"].disabled = True
        self.fields["email"].initial = invitation.email
        self.fields["first_name"].initial = invitation.first_name
        self.fields["last_name"].initial = invitation.last_name
        self.fields["email"].help_text = _("The invitation is for this address. You sign in with it.")
        del self.fields["company"]


class OrganizationForm(ui.Form):
    """A further organization."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Type"), choices=Kind.choices, initial=Kind.COMPANY)
    country = forms.ChoiceField(
        label=_("Country"),
        choices=countries,
        help_text=_("It decides the currency: CHF in Switzerland and Liechtenstein, EUR elsewhere."),
    )


class DetailsForm(ui.Form):
    """Name, address, phone and type."""

    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput({"autocomplete": "organization"})
    )
    kind = forms.ChoiceField(label=_("Type"), choices=Kind.choices)
    street = forms.CharField(
        label=_("Street and number"),
        max_length=120,
        required=False,
        widget=forms.TextInput({"autocomplete": "street-address"}),
    )
    postal_code = forms.CharField(
        label=_("Postcode"),
        max_length=16,
        required=False,
        widget=forms.TextInput({"autocomplete": "postal-code"}),
    )
    city = forms.CharField(
        label=_("Town"),
        max_length=80,
        required=False,
        widget=forms.TextInput({"autocomplete": "address-level2"}),
    )
    country = forms.ChoiceField(
        label=_("Country"),
        choices=countries,
        help_text=_(
            "It decides the currency of your next invoices. Issued invoices, open orders and money on the "
            "prepaid account keep theirs."
        ),
    )
    phone = forms.CharField(
        label=_("Contact phone"), max_length=30, required=False, widget=forms.TextInput({"type": "tel"})
    )
    vat_number = forms.CharField(label=_("VAT number"), max_length=20, required=False)
    language = forms.ChoiceField(
        label=_("Language"), choices=Language.choices, help_text=_("For invoices and invitations.")
    )

    def clean(self) -> dict[str, Any]:
        """The argument of the action."""
        return {"details": super().clean() or self.cleaned_data}


class RoleForm(ui.Form):
    """One of the roles that this actor may give."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, is_owner: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role.value, f"{role.label}: {ROLE_HELP[role]}")
            for role in Role
            if is_owner or role is not Role.OWNER
        ]

    def clean_role(self) -> Role:
        """The role itself."""
        return Role(self.cleaned_data["role"])


class Opening:
    """For a form around the accordion of rights: `grants` says what is ticked there."""

    def __init__(self, *args: Any, grants: Callable[[], list[grantable.GrantValues]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grants = grants

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values: dict[str, Any] = super().clean()  # type: ignore[misc]
        try:
            return values | {"grants": self.grants()}
        except UnknownRight as error:
            raise ValidationError(error.sentence) from error


class OfferForm(Opening, RoleForm):  # type: ignore[misc]
    """Role, teams, and what to open to a collaborator or external user (ORG-44); the language of the mail."""

    language = forms.ChoiceField(label=_("Language of the mail"), choices=Language.choices, required=False)
    field_order: tuple[str, ...] = ("role", "team", "language")

    team = forms.ModelMultipleChoiceField(
        Team.objects.none(),
        label=_("Teams"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What a team opens, the person may use from the first click."),
    )

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        if not teams.exists():
            del self.fields["team"]

    def clean(self) -> dict[str, Any]:
        """The arguments of the action; owners and administrators need neither teams nor grants."""
        values = super().clean() or self.cleaned_data
        limited = values.get("role") in (Role.COLLABORATOR, Role.EXTERNAL)
        teams = list(values.pop("team", ()))
        return values | ({"teams": teams} if limited else {"teams": [], "grants": []})


class InviteForm(OfferForm):
    """Whom to invite, and to what (ORG-43)."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("The invitation goes there, and only that address can accept it."),
    )
    field_order = ("email", *OfferForm.field_order)


class AccessForm(Opening, ui.Form):  # type: ignore[misc]
    """What a collaborator or external user, or a team, may use (ORG-68)."""
