"""The table of billing addresses."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.billing.papers.models import BillingAddress
from kanton.ui.tables import Column, NumberColumn, RowAction, Table


class AddressTable(Table[BillingAddress]):
    """Billing addresses."""

    name = Column(
        gettext_lazy("Name"),
        link=lambda row: reverse("papers:change_address", args=[row.organization.slug, row.pk]),
        below=lambda row: row.attention,
    )
    place = Column(
        gettext_lazy("Address"), value=lambda row: f"{row.street}, {row.postal_code} {row.city}", wide=True
    )
    country = Column(gettext_lazy("Country"), wide=True)
    use_count = NumberColumn(gettext_lazy("Products"))
    search = ("name", "attention", "street", "city")
    file_name = "billing-addresses"

    def row_actions(self, row: BillingAddress) -> Sequence[RowAction]:
        """Remove it."""
        url = reverse("papers:remove_address", args=[row.organization.slug, row.pk])
        return (RowAction(_("Remove"), url, "trash", danger=True),)
