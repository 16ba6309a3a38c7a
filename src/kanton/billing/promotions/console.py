"""What promotions add to the frame: the box of the cart summary, and the staff's entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.billing import boxes
from kanton.billing.forms import TRANSFER
from kanton.billing.models import Cart, Invoice
from kanton.billing.payments.contract import providers_for
from kanton.billing.promotions.queries import cart_promotions
from kanton.billing.renewals.models import Renewal, RenewalState
from kanton.billing.settling import PREPAID
from kanton.organizations.models import Organization
from kanton.ui import shell


def cart_box(request: HttpRequest, cart: Cart, organization: Organization) -> tuple[str, Mapping[str, Any]]:
    """Payment method, codes and grants, at the end of the cart summary (BIL-18, BIL-33)."""
    methods = [(each.code, each.label) for each in providers_for(organization.currency)]
    methods += [(PREPAID, _("Prepaid account")), (TRANSFER, _("Bank transfer with QR-bill"))]
    box = cart_promotions(request.actor, organization, cart)  # type: ignore[attr-defined]
    return "promotions/_cart_box.html", {"box": box, "methods": methods}


def pay_box(request: HttpRequest, invoice: Invoice) -> boxes.Drawn:
    """The field for a code, where a bill for renewals is paid (BIL-35)."""
    if not Renewal.objects.filter(invoice=invoice, state=RenewalState.OPEN).exists():
        return None
    return "promotions/_pay_box.html", {"number": invoice.pk}


def register() -> None:
    """Called once when the app starts."""
    shell.register(
        shell.NavEntry(
            "staff-promotions", shell.Group.STAFF, gettext_lazy("Promotions"), "discount", "promotions:issued",
            order=26, in_organization=False, shown=lambda request: bool(request.actor.is_staff),  # type: ignore[attr-defined]
        )
    )  # fmt: skip
