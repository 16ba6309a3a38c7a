"""The living style guide at /ui: every component with believable content, none of it from the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kanton.core import clock
from kanton.core.money import Money
from kanton.core.rights import STAFF, Decision
from kanton.core.wish import WishState
from kanton.ui import forms as ui
from kanton.ui.tables import (
    Bulk,
    ChoiceColumn,
    Column,
    DateColumn,
    Empty,
    Filter,
    MoneyColumn,
    RowAction,
    SizeColumn,
    Table,
    WishColumn,
)

KINDS = (("mail", _("Mail")), ("domain", _("Domain")), ("drive", _("Drive")))


@dataclass
class Sample:
    """A row of the example table, which also plays the wish."""

    pk: int
    name: str
    kind: str
    wish_state: WishState
    price: Money
    expires_on: dt.date
    used_bytes: int
    wish_reason: str = ""
    wish_remedy: str = ""
    wished_at: dt.datetime = field(default_factory=clock.now)

    @property
    def wish_age_seconds(self) -> int:
        """How long the wish has waited."""
        return int((clock.now() - self.wished_at).total_seconds())


class SampleTable(Table[Sample]):
    """The example table."""

    name = Column(_("Name"), link=lambda row: reverse("ui:guide"), sort="name")
    kind = ChoiceColumn(_("Kind"), choices=KINDS, sort="kind", wide=True)
    state = WishColumn(_("State"))
    used_bytes = SizeColumn(_("Storage"), sort="used_bytes", wide=True)
    expires_on = DateColumn(_("Renewal"), sort="expires_on")
    price = MoneyColumn(_("Price a year"), sort="price.minor")
    search = ("name",)
    filters = (
        Filter("kind", _("Kind"), KINDS),
        Filter("wish_state", _("State"), WishState.choices),
    )
    bulk = (
        Bulk(_("Renew"), "/ui", icon="refresh"),
        Bulk(_("Cancel the product"), "/ui", icon="trash", danger=True),
    )
    default_sort = "name"
    per_page = 6
    caption = _("Products")
    empty = Empty(_("No products yet"), _("Choose a first one in the shop."), _("Open the shop"), "/ui")

    def row_actions(self, row: Sample) -> Sequence[RowAction]:
        """Example lines of the ⋮ menu."""
        return (
            RowAction(_("Rename"), reverse("ui:guide"), "pencil"),
            RowAction(_("Cancel the product"), reverse("ui:guide"), "trash", danger=True),
        )


class SampleForm(ui.Form):
    """One of each field."""

    name = forms.CharField(label=_("Name"), help_text=_("As your colleagues know it."))
    email = forms.EmailField(label=_("Email address"), required=False)
    plan = forms.ChoiceField(label=_("Plan"), choices=(("s", "Mail Standard"), ("p", "Mail Pro")))
    password = forms.CharField(label=_("Password"), widget=ui.Password(), required=False)
    ends_on = forms.DateField(label=_("Ends on"), widget=ui.DateInput(), required=False)
    period = forms.ChoiceField(
        label=_("Period"), choices=(("1", _("Monthly")), ("12", _("Yearly"))), widget=forms.RadioSelect
    )
    note = forms.CharField(label=_("Note"), widget=ui.Textarea(), required=False)
    guarantee = forms.BooleanField(
        label=_("Renewal guarantee"),
        help_text=_("We renew in time even when a payment is late."),
        widget=ui.Switch(),
        required=False,
    )
    terms = forms.BooleanField(label=_("I have read the terms"))


def samples() -> list[Sample]:
    """The rows of the example table."""
    now, today = clock.now(), clock.today()
    names = ["acme.ch", "acme.com", "alpenblick.ch", "info@acme.ch", "team", "shop.acme.ch", "züri-velo.ch"]
    rows = [
        Sample(
            pk=number,
            name=name,
            kind=("mail" if "@" in name else "drive" if "." not in name else "domain"),
            wish_state=WishState.DONE,
            price=Money.of("9.90", "CHF").times(number + 1),
            expires_on=today + dt.timedelta(days=12 + 40 * number),
            used_bytes=137 * 1024**2 * (number + 1),
        )
        for number, name in enumerate(names, 1)
    ]
    rows[1].wish_state, rows[1].wished_at = WishState.PENDING, now - dt.timedelta(seconds=12)
    rows[1].wish_reason = str(_("The name server loads the new zone."))
    rows[2].wish_state, rows[2].wished_at = WishState.FAILED, now - dt.timedelta(hours=3)
    rows[2].wish_reason = str(_("The registry refused the contact: the postcode is missing."))
    rows[2].wish_remedy = str(_("Complete the address of the holder, then save again."))
    return rows


def page(request: HttpRequest) -> HttpResponse:
    """The style guide."""
    rows = samples()
    wrong = SampleForm({"name": "", "email": "lea@", "plan": "s", "period": "12"})
    wrong.is_valid()
    context: dict[str, Any] = {
        "rows": rows,
        "form": SampleForm(initial={"name": "Lea Frei", "plan": "p", "period": "12", "guarantee": True}),
        "wrong": wrong,
        "nothing": SampleTable(request, []),
        "now": clock.now(),
        "today": clock.today(),
        "price": Money.of("1234.50", "CHF"),
        "preview": ui.Preview(
            changes=[
                str(_("alpenblick.ch is renewed until 9 March 2028.")),
                str(_("A reminder follows 30 days before.")),
            ],
            costs=[
                ("alpenblick.ch, 12 months", Money.of("15.90", "CHF")),
                (str(_("Renewal guarantee")), Money.of("24.00", "CHF")),
            ],
            mails=[("ana@acme.ch", str(_("Your invoice of 9 March 2027")))],
            irreversible=[str(_("A renewal cannot be taken back at the registry."))],
        ),
        "refusal": Decision(
            False,
            STAFF,
            helpers=lambda: ["Ana Keller"],
            forbidden_by=_("Ana Keller blocked the management of acme.ch on 3 March 2027."),
        ),
        "usage": [(f"{month:02d}", 3 + month * 0.7 + (month % 3) * 1.5) for month in range(1, 13)],
        "months": [("Jan", 42), ("Feb", 58), ("Mar", 51), ("Apr", 77), ("May", 69), ("Jun", 93)],
        "colours": (
            "paper",
            "sheet",
            "sunk",
            "line",
            "ink",
            "soft",
            "accent",
            "done",
            "waiting",
            "failed",
            "note",
        ),
    }
    return SampleTable(request, rows).response("ui/guide.html", context)
