"""The forms of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kanton.organizations.models import Organization
from kanton.support.blocks.queries import Place
from kanton.ui import forms as ui

WHOLE = "*"  # no organization's address


class BlockForm(ui.Form):
    """Where, on whose request, why (ORG-87)."""

    where = forms.ChoiceField(label=_("What is blocked?"), widget=forms.RadioSelect)
    digits = forms.CharField(
        label=_("Support code of whoever asks for it"),
        max_length=20,
        help_text=_(
            "Of the person, or of an owner or administrator. It is used up, and its owner sees that."
        ),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        help_text=_("The owners and the person read it."),
        widget=ui.Textarea(),
    )
    is_last_owner_confirmed = forms.BooleanField(
        label=_("I know that nobody else can act as owner until the block ends"), required=False
    )

    def __init__(self, *args: Any, places: Sequence[Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_slug = {place.membership.organization.slug: place.membership.organization for place in places}
        choices: list[tuple[str, Any]] = [(WHOLE, _("The whole account"))]
        choices += [(slug, organization.name) for slug, organization in self.by_slug.items()]
        where: Any = self.fields["where"]
        where.choices = choices
        if not any(place.is_last_owner for place in places):
            del self.fields["is_last_owner_confirmed"]

    def clean(self) -> dict[str, Any]:
        """With the organization in place of its name."""
        values: dict[str, Any] = super().clean() or {}
        organization: Organization | None = self.by_slug.get(values.pop("where", WHOLE))
        return values | {"organization": organization}


class LiftForm(ui.Form):
    """Why it ends."""

    reason = forms.CharField(label=_("Why does it end?"), max_length=500, widget=ui.Textarea())
