"""The forms of mail services and addresses."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.products.mail.models import Mailbox
from kanton.products.mail.unification.links import offered_mailbox, unification_of
from kanton.ui import forms as ui

BULK_COLUMNS = ("local_part", "name", "password", "recovery_email")


class LocalPartField(forms.CharField):
    """The part before the @. Who writes the whole address gets the same."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false", "autocomplete": "off"}
        super().__init__(max_length=254, widget=forms.TextInput(attrs), **kwargs)

    def clean(self, value: Any) -> Any:
        """Cut what follows the @."""
        return super().clean(value).partition("@")[0]


class AddressesField(forms.CharField):
    """Several addresses, one a line or separated by commas."""

    widget = ui.Textarea

    def clean(self, value: Any) -> Any:
        """A list."""
        return [one for one in re.split(r"[\s,;]+", super().clean(value)) if one]


def password_field(*, required: bool, help_text: Any) -> forms.CharField:
    """A new password of an address."""
    return forms.CharField(
        label=_("Password"),
        required=required,
        max_length=1000,
        strip=False,
        widget=ui.Password(new=True),
        help_text=help_text,
    )


class MailboxForm(ui.Form):
    """A new address."""

    local_part = LocalPartField(label=_("Address"), help_text=_("Only what stands before the @."))
    password = password_field(
        required=False,
        help_text=_("For mail programs. At least 12 characters; leave it empty and we make a strong one."),
    )
    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, help_text=_("Who or what the address is for.")
    )
    recovery_email = forms.EmailField(
        label=_("Recovery address"), required=False, help_text=_("Where a new password can be sent to.")
    )
    link_to_me = forms.BooleanField(
        label=_("Show this address in my own webmail"), required=False, widget=ui.Switch, initial=True
    )


class BulkForm(ui.Form):
    """Many addresses at once, as a table."""

    table = forms.CharField(
        label=_("Addresses"),
        max_length=100_000,
        widget=ui.Textarea({"rows": 10, "spellcheck": "false", "class": "mono"}),
        help_text=_(
            "One address a line: part before the @, name, password, recovery address, separated by commas, semicolons "
            "or tabs. Only the first is needed; without a password we make one."
        ),
    )

    def clean_table(self) -> list[dict[str, str]]:
        """The rows as the action takes them."""
        text = self.cleaned_data["table"].strip()
        first = text.split("\n", 1)[0]
        delimiter = next((one for one in ("\t", ";", ",") if one in first), ",")
        rows = []
        for line in csv.reader(io.StringIO(text), delimiter=delimiter):
            cells = [cell.strip() for cell in line]
            if any(cells):
                row = dict(zip(BULK_COLUMNS, cells, strict=False))
                row["local_part"] = row["local_part"].partition("@")[0]
                rows.append(row)
        return rows


class PasswordForm(ui.Form):
    """A new password of an address, typed twice; if it is or may be that of the account too, with its present one."""

    password = password_field(
        required=True,
        help_text=_(
            "At least 12 characters. All programs and devices that read this address need the new one afterwards."
        ),
    )
    once_more = forms.CharField(
        label=_("The same password once more"), max_length=1000, strip=False, widget=ui.Password(new=True)
    )
    unify = forms.BooleanField(
        label=_("Use it for my account too"),
        help_text=_(
            "One password for the account and for mail programs. From then on changing either one changes both. "
            "Without this the two stay different."
        ),
        required=False,
    )
    current_password = forms.CharField(
        label=_("Your present login password"),
        max_length=1000,
        strip=False,
        required=False,
        widget=ui.Password(),
    )

    def __init__(self, *args: Any, actor: Actor, mailbox: Mailbox, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        link = unification_of(mailbox)
        is_mine = link is not None and link.person_id == actor.person_id and link.is_shared
        person = Person.objects.filter(pk=actor.person_id or 0).first()
        may_unify = link is None and person is not None and offered_mailbox(person) == mailbox
        if not may_unify:
            del self.fields["unify"]
        if not (is_mine or may_unify):
            del self.fields["current_password"]
            return
        forgotten = format_html('<a href="{}">{}</a>', reverse("accounts:forgotten"), _("Forgot it?"))
        sentence = (
            _("This also changes your login password: you have unified the two.")
            if is_mine
            else _("Only needed if your account gets the new password too.")
        )
        self.fields["current_password"].help_text = format_html("{} {}", sentence, forgotten)

    def clean(self) -> dict[str, Any]:
        """The arguments of the action."""
        values = super().clean() or self.cleaned_data
        if values.pop("once_more", None) != values.get("password") and "password" in values:
            self.add_error("once_more", _("The two are not the same."))
        return values


class DetailsForm(ui.Form):
    """What is known of an address."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    note = forms.CharField(label=_("Note"), max_length=300, required=False, widget=ui.Textarea)
    recovery_email = forms.EmailField(label=_("Recovery address"), required=False)


class AliasesForm(ui.Form):
    """The aliases of an address."""

    aliases = AddressesField(
        label=_("Aliases"),
        required=False,
        help_text=_("Further names before the @ under which this address receives and sends, one a line."),
    )

    def clean_aliases(self) -> list[str]:
        """Without what follows the @."""
        return [one.partition("@")[0] for one in self.cleaned_data["aliases"]]


class RedirectionForm(ui.Form):
    """Where the mail of an address goes as well, or instead."""

    targets = AddressesField(
        label=_("Redirect to"),
        required=False,
        help_text=_("One address a line. Leave it empty to end the redirection."),
    )
    keeps_copy = forms.BooleanField(
        label=_("Keep a copy here"), required=False, widget=ui.Switch, initial=True
    )


class RedirectForm(ui.Form):
    """A new address without a mailbox."""

    local_part = LocalPartField(label=_("Address"), help_text=_("Only what stands before the @."))
    targets = AddressesField(label=_("Redirect to"), help_text=_("One address a line."))


class RedirectTargetsForm(ui.Form):
    """Where a redirect-only address leads."""

    targets = AddressesField(label=_("Redirect to"), help_text=_("One address a line."))


class DomainForm(ui.Form):
    """One more domain."""

    name = forms.CharField(
        label=_("Domain"),
        max_length=253,
        help_text=_("Every address then exists under this domain too. It may be registered elsewhere."),
    )
    replace_records = forms.BooleanField(
        label=_("Replace mail records that were entered by hand"),
        required=False,
        widget=ui.Switch,
        help_text=_("Concerns a zone with us: MX, SPF, DKIM and DMARC of another mail provider make room."),
    )


class InviteForm(ui.Form):
    """Let somebody use one address."""

    email = forms.EmailField(
        label=_("Email address of the person"),
        help_text=_("Who does not belong to the organization yet gets an invitation."),
    )
    may_send = forms.BooleanField(
        label=_("May send from this address"), required=False, widget=ui.Switch, initial=True
    )
    may_change_password = forms.BooleanField(
        label=_("May change its password"), required=False, widget=ui.Switch
    )


class AccessForm(ui.Form):
    """What a member may do with an address."""

    may_send = forms.BooleanField(label=_("May send from this address"), required=False, widget=ui.Switch)
    may_change_password = forms.BooleanField(
        label=_("May change its password"), required=False, widget=ui.Switch
    )


class AppPasswordForm(ui.Form):
    """A password for one device."""

    label = forms.CharField(
        label=_("Device"), max_length=60, help_text=_("So that you find it again, such as “Lea’s phone”.")
    )


class ConfirmForm(ui.Form):
    """Nothing to fill in: the panel beside it says what will happen."""


class ConfirmNameForm(ui.Form):
    """A deletion that wants the name typed."""

    confirm = forms.CharField(
        label=_("Type the address to confirm"),
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        # The preview goes without it; nobody is told that it is optional.
        self.fields["confirm"].is_expected = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Only the right name passes, and it is not handed to the action."""
        typed = self.cleaned_data.pop("confirm", "")
        if typed.strip().lower() != self.expected.lower() and "_preview" not in self.data:
            self.add_error(
                "confirm",
                ValidationError(_("This is not the address. Type %(name)s.") % {"name": self.expected}),
            )
        return self.cleaned_data


class DeleteMailboxForm(ConfirmNameForm):
    """The deletion of an address; if somebody signs in with it, that is confirmed too (ACC-64)."""

    are_logins_confirmed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, people: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if people:
            self.fields["are_logins_confirmed"].label = _(
                "I know that this takes away the login address of %(people)s"
            ) % {"people": people}
        else:
            del self.fields["are_logins_confirmed"]


def initial_of(user_rights: Any) -> dict[str, bool]:
    """What a member may do now."""
    return {"may_send": user_rights.may_send, "may_change_password": user_rights.may_change_password}
