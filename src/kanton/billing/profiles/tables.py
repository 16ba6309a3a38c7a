"""The table of payment profiles."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.billing.models import PaymentProfile
from kanton.billing.settling import PREPAID
from kanton.ui.tables import Column, DateColumn, RowAction, Table, YesNoColumn


def profile_label(profile: PaymentProfile) -> str:
    """The profile in the reader's words."""
    return _("Prepaid account") if profile.provider == PREPAID else profile.label


class ProfileTable(Table[PaymentProfile]):
    """Payment profiles, the default first."""

    label = Column(gettext_lazy("Payment profile"), value=profile_label, main=True)
    is_default = YesNoColumn(gettext_lazy("Default"))
    expires_on = DateColumn(gettext_lazy("Expires"), relative=False)
    file_name = "payment-profiles"

    def row_actions(self, row: PaymentProfile) -> Sequence[RowAction]:
        """Make it the default, renew it, remove it."""
        slug = row.organization.slug
        found = [
            RowAction(
                _("Remove"), reverse("profiles:remove", args=[slug, row.pk]), "trash", post=True, danger=True
            )
        ]
        if row.provider != PREPAID:
            url = reverse("profiles:renew", args=[slug, row.pk])
            found.insert(0, RowAction(_("Give a new card"), url, "refresh", post=True))
        if not row.is_default:
            url = reverse("profiles:default", args=[slug, row.pk])
            found.insert(0, RowAction(_("Make it the default"), url, "star", post=True))
        return found
