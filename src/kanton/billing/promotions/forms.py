"""The staff's forms for codes and grants. They only translate; the actions decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.catalog.models import Plan
from kanton.core.money import CURRENCIES, Money
from kanton.organizations.models import Organization
from kanton.products.contract import all_products
from kanton.ui import forms as ui


def _offers() -> list[tuple[str, str]]:
    plans = Plan.objects.on_sale().order_by("position", "code")
    return [
        *((f"{each.code}:", str(each.plural)) for each in all_products()),
        *((f"{plan.product}:{plan.code}", plan.name) for plan in plans),
    ]


class _OfferForm(ui.Form):
    """What every form here asks: for which product, for whom, until when."""

    offer = forms.ChoiceField(label=gettext_lazy("For"))
    organization = forms.SlugField(
        label=gettext_lazy("Organization"),
        required=False,
        help_text=gettext_lazy("Its short name in addresses. Empty: for everybody."),
    )
    valid_until = forms.DateField(label=gettext_lazy("Valid until"), required=False, widget=ui.DateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["offer"].choices = _offers()  # type: ignore[attr-defined]

    def clean_organization(self) -> Organization | None:
        """The organization with this short name."""
        slug = self.cleaned_data["organization"]
        if not slug:
            return None
        found = Organization.objects.filter(slug=slug).first()
        if found is None:
            raise forms.ValidationError(_("There is no organization with this short name."))
        return found

    def clean(self) -> dict[str, Any]:
        """Product and plan as the actions take them."""
        cleaned = dict(self.cleaned_data)
        product, _colon, plan = cleaned.pop("offer", ":").partition(":")
        return cleaned | {"product": product, "plan": plan}


class CodeForm(_OfferForm):
    """A new promo code."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=40, min_length=6)
    percentage = forms.DecimalField(
        label=gettext_lazy("Percent off"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
    )
    off = forms.DecimalField(
        label=gettext_lazy("Amount off"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=10,
        decimal_places=2,
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=[(code, code) for code in CURRENCIES]
    )
    most_uses = forms.IntegerField(
        label=gettext_lazy("Uses"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Empty: as often as liked."),
    )
    is_for_renewals = forms.BooleanField(
        label=gettext_lazy("Also for renewals"),
        required=False,
        help_text=gettext_lazy("Otherwise it is for new products only."),
    )
    field_order = (
        "code",
        "offer",
        "percentage",
        "off",
        "currency",
        "most_uses",
        "is_for_renewals",
        "organization",
        "valid_until",
    )

    def clean(self) -> dict[str, Any]:
        """A percentage or an amount, not both."""
        cleaned = super().clean()
        off, currency = cleaned.get("off"), cleaned.pop("currency", "CHF")
        if (cleaned.get("percentage") is None) == (off is None):
            self.add_error("percentage", _("Give a percentage or an amount, one of the two."))
        cleaned["off"] = Money.of(off, currency) if off is not None else None
        return cleaned


class GrantForm(_OfferForm):
    """A new free grant."""

    field_order = ("organization", "offer", "valid_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].required = True
        self.fields["organization"].help_text = _("Its short name in addresses.")
