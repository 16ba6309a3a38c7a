"""The staff's table of orders."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy

from kanton.billing.models import Order, OrderState
from kanton.billing.tables import ORDER_KINDS
from kanton.ui.tables import ChoiceColumn, Column, DateColumn, Empty, Filter, MoneyColumn, Table


class AnyOrderTable(Table[Order]):
    """The orders of all customers."""

    number = Column(
        gettext_lazy("Order"),
        link=lambda row: reverse("blocking:order", args=[row.pk]),
        below=lambda row: ", ".join(str(line) for line in row.lines.all()[:3]),
        sort="pk",
    )
    organization = Column(gettext_lazy("Organization"), value=lambda row: row.organization.name)
    state = ChoiceColumn(gettext_lazy("State"), choices=OrderState.choices, kinds=ORDER_KINDS)
    placed_at = DateColumn(gettext_lazy("Ordered"), sort="placed_at", wide=True)
    with_vat = MoneyColumn(gettext_lazy("Total"), value="invoice.total")
    search = ("organization__name", "organization__slug", "person__email", "lines__name")
    filters = (Filter("state", gettext_lazy("State"), OrderState.choices),)
    default_sort = "-placed_at"
    file_name = "orders"
    empty = Empty(
        gettext_lazy("No orders yet"),
        gettext_lazy("What customers order stands here."),
        icon="package",
    )

    def search_rows(self, rows: object, query: str) -> object:
        """By customer, by who ordered, and by what was ordered."""
        return super().search_rows(rows, query).distinct()
