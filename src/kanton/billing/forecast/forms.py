"""The form of the question. It only translates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from kanton.billing.forecast.queries import Question
from kanton.billing.forecast.timeline import Subscription
from kanton.billing.pricing import MAX_QUANTITY
from kanton.catalog.models import Plan, period_name
from kanton.ui import forms as ui


class QuestionForm(ui.Form):
    """What if this product had another plan, period or quantity, were cancelled, or cost less for a while?"""

    def __init__(self, services: Sequence[Subscription], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unchanged = ("", _("As it is"))
        months = sorted({price.months for each in services for price in each.prices})
        plans = Plan.objects.on_sale().order_by("position", "code")
        self.fields["product_id"] = forms.TypedChoiceField(
            label=_("Product"),
            coerce=int,
            choices=[(each.key, f"{each.name} · {each.title}") for each in services],
        )
        self.fields["plan"] = forms.ChoiceField(
            label=_("Plan"), choices=[unchanged, *((plan.code, plan.name) for plan in plans)], required=False
        )
        self.fields["months"] = forms.TypedChoiceField(
            label=_("Billing period"), coerce=int, empty_value=None, required=False,
            choices=[unchanged, *((each, period_name(each)) for each in months)],
        )  # fmt: skip
        self.fields["quantity"] = forms.IntegerField(
            label=_("Quantity"), required=False, min_value=1, max_value=MAX_QUANTITY
        )
        self.fields["cancel_on"] = forms.DateField(
            label=_("Cancelled on"), required=False, widget=ui.DateInput
        )
        self.fields["promo_percent"] = forms.DecimalField(
            label=_("Percent off"), required=False, min_value=0, max_value=100, decimal_places=2
        )
        self.fields["promo_until"] = forms.DateField(
            label=_("Percent off until"), required=False, widget=ui.DateInput
        )

    def question(self) -> Question:
        """What is asked."""
        return Question(**self.cleaned_data)
