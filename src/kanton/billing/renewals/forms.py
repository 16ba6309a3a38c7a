"""The forms of renewals. They only translate; the actions decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from kanton.billing.renewals.periods import PeriodPage
from kanton.billing.renewals.plan import Choice
from kanton.catalog.models import period_name
from kanton.ui import formats
from kanton.ui import forms as ui


def selection(data: QueryDict) -> dict[int, Choice]:
    """The ticked lines of the to-pay list with the duration chosen for each."""
    lines = {}
    for text in data.getlist("selected"):
        choice = Choice.read(data.get(f"choice-{text}", "") or "")
        if text.isascii() and text.isdigit() and len(text) <= 18:
            lines[int(text)] = choice or Choice(0)
    return lines


def numbers(data: QueryDict) -> list[int]:
    """The ticked services."""
    found = data.getlist("selected")
    return [int(text) for text in found if text.isascii() and text.isdigit() and len(text) <= 18]


class PeriodForm(ui.Form):
    """Which billing period the service is to have."""

    def __init__(self, page: PeriodPage, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["months"] = forms.TypedChoiceField(
            label=_("Billing period"),
            coerce=int,
            choices=[
                (
                    months,
                    _("%(price)s per %(period)s")
                    % {"price": formats.money(price), "period": period_name(months)},
                )
                for months, price in page.periods.items()
            ],
            initial=page.planned.months if page.planned else page.present,
            widget=forms.RadioSelect if len(page.periods) <= 6 else forms.Select,
        )


class SwitchForm(ui.Form):
    """The services that a bulk switch is about, carried through its confirmation."""

    def __init__(self, services: list[int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.services = services

    def clean(self) -> dict[str, Any]:
        """The arguments of the switching actions."""
        return {"services": self.services}
