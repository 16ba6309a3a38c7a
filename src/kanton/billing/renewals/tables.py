"""The to-pay list and the cockpit."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.billing.renewals.queries import Row, rows_of
from kanton.products.models import Service
from kanton.ui.tables import (
    Bulk,
    Column,
    DateColumn,
    MoneyColumn,
    RowAction,
    Table,
    TemplateColumn,
    YesNoColumn,
)


def _what(row: Row) -> str:
    return row.title


def _link(row: Row) -> str:
    return reverse("renewals:service", args=[row.service.organization.slug, row.pk])


class _PricedTable(Table[Row]):
    """Services as lines with prices. Sorted and searched by the database, priced a page at a time."""

    search = ("name",)
    default_sort = "ends_on"

    def loaded(self, found: list[Service]) -> list[Row]:
        """The lines of one page."""
        return rows_of(self.request.actor, found)  # type: ignore[attr-defined]


class ToPayTable(_PricedTable):
    """What falls due, each line with its duration; the selection is paid together (BIL-88…91)."""

    name = Column(gettext_lazy("Product"), link=_link, below=_what, sort="name")
    ends_on = DateColumn(gettext_lazy("Due"), relative=True, sort="ends_on")
    state = TemplateColumn(gettext_lazy("State"), template="renewals/_state.html", wide=True)
    choice = TemplateColumn(gettext_lazy("Renew for"), template="renewals/_choice.html")
    net = MoneyColumn(gettext_lazy("Without VAT"), wide=True)
    bulk = (
        Bulk(gettext_lazy("Pay my selection"), "renewals:pay", icon="credit-card"),
        Bulk(gettext_lazy("Generate a pro-forma invoice"), "renewals:pro_forma", icon="file-text"),
    )
    file_name = "to-pay"

    def row_actions(self, row: Row) -> Sequence[RowAction]:
        """The guarantee, and what waits for a payment (BIL-107)."""
        return _row_actions(row)

    def row(self, row: Row) -> SafeString:
        """A line whose payment is in progress cannot be ticked (BIL-98)."""
        drawn = super().row(row)
        if row.can_be_chosen:
            return drawn
        return SafeString(drawn.replace(' name="selected"', " disabled", 1))


class RenewalTable(_PricedTable):
    """Every renewal with what will happen next: the cockpit (BIL-92, BIL-108)."""

    name = Column(gettext_lazy("Product"), link=_link, below=_what, sort="name")
    ends_on = DateColumn(gettext_lazy("Due"), relative=False, sort="ends_on")
    renews_automatically = YesNoColumn(gettext_lazy("Automatic"), sort="renews_automatically")
    is_guaranteed = YesNoColumn(gettext_lazy("Guarantee"), sort="is_guaranteed")
    next_step = TemplateColumn(gettext_lazy("What happens next"), template="renewals/_next.html", csv=True)
    net = MoneyColumn(gettext_lazy("Without VAT"), wide=True)
    bulk = (Bulk(gettext_lazy("Manage renewals"), "renewals:manage", icon="refresh"),)
    file_name = "renewals"

    def row_actions(self, row: Row) -> Sequence[RowAction]:
        """One click for each switch."""
        slug = row.service.organization.slug
        on = row.renews_automatically
        switch = RowAction(
            _("Switch automatic renewal off") if on else _("Switch automatic renewal on"),
            reverse("renewals:automatic", args=[slug, row.pk, "off" if on else "on"]),
            "refresh-off" if on else "refresh",
            post=True,
        )
        return (switch, *_row_actions(row))


def _row_actions(row: Row) -> Sequence[RowAction]:
    slug = row.service.organization.slug
    on = row.is_guaranteed
    actions = [
        RowAction(
            _("Switch the guarantee off") if on else _("Switch the guarantee on"),
            reverse("renewals:guarantee", args=[slug, row.pk, "off" if on else "on"]),
            "shield-off" if on else "shield-check",
        ),
        RowAction(
            _("Change the billing period"),
            reverse("renewals:period", args=[slug, row.pk]),
            "calendar-repeat",
        ),
    ]
    if row.open is not None:
        url = reverse("billing:invoice", args=[slug, row.open.invoice_id])
        text = _("Look at %(invoice)s") % {"invoice": row.open.invoice.label}
        actions.append(RowAction(text, url, "receipt"))
    return tuple(actions)
