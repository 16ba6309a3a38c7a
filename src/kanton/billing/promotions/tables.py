"""The staff's tables of codes and grants."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from kanton.billing.promotions.models import FreeGrant, PromoCode
from kanton.billing.promotions.queries import offer_name
from kanton.core.money import Money
from kanton.ui import formats
from kanton.ui.tables import Column, DateColumn, RowAction, Table


def _takes_off(code: PromoCode) -> str:
    if code.percentage is not None:
        return f"{code.percentage.normalize():f} %"
    return formats.money(Money(code.off_minor or 0, code.currency))


def _for(code: PromoCode) -> str:
    name = offer_name(code.product, code.plan)
    return _("%(product)s, also renewals") % {"product": name} if code.is_for_renewals else name


def _uses(code: PromoCode) -> str:
    used = getattr(code, "used", 0)
    return f"{used} / {code.most_uses}" if code.most_uses is not None else str(used)


def _state(row: PromoCode | FreeGrant) -> str:
    if row.withdrawn_at is not None:
        return _("Withdrawn")
    return _("Used") if isinstance(row, FreeGrant) and row.line_id else ""


class CodeTable(Table[PromoCode]):
    """All promo codes."""

    code = Column(gettext_lazy("Code"), main=True)
    product = Column(gettext_lazy("For"), value=_for)
    off = Column(gettext_lazy("Takes off"), value=_takes_off)
    uses = Column(gettext_lazy("Used"), value=_uses)
    organization = Column(
        gettext_lazy("Organization"), value=lambda row: str(row.organization or ""), wide=True
    )
    valid_until = DateColumn(gettext_lazy("Valid until"), relative=False, wide=True)
    state = Column(gettext_lazy("State"), value=_state, wide=True)
    search = ("code",)
    default_sort = "-issued_at"

    def row_actions(self, row: PromoCode) -> Sequence[RowAction]:
        """Withdraw."""
        if row.withdrawn_at is not None:
            return ()
        url = reverse("promotions:withdraw_code", args=[row.pk])
        return (RowAction(pgettext("a promotion", "Withdraw"), url, "ban", post=True, danger=True),)


class GrantTable(Table[FreeGrant]):
    """All free grants."""

    organization = Column(gettext_lazy("Organization"), value=lambda row: str(row.organization), main=True)
    product = Column(gettext_lazy("For"), value=lambda row: offer_name(row.product, row.plan))
    valid_until = DateColumn(gettext_lazy("Valid until"), relative=False)
    state = Column(gettext_lazy("State"), value=_state)
    default_sort = "-issued_at"
    prefix = "g-"

    def row_actions(self, row: FreeGrant) -> Sequence[RowAction]:
        """Withdraw what is not used."""
        if row.withdrawn_at is not None or row.line_id:
            return ()
        url = reverse("promotions:withdraw_grant", args=[row.pk])
        return (RowAction(pgettext("a promotion", "Withdraw"), url, "ban", post=True, danger=True),)
