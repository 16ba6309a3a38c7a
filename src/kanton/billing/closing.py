"""An organization ends only when nothing is owed, in either direction (ORG-27)."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kanton.accounts.ending import Obstacle
from kanton.billing.models import Invoice, InvoiceStatus, PrepaidAccount
from kanton.billing.prepaid import standing
from kanton.billing.queries import open_orders
from kanton.organizations.closing.steps import stoppable
from kanton.organizations.models import Organization


def unsettled(organization: Organization) -> Iterator[Obstacle]:
    """Unpaid invoices, open orders, money on the prepaid account."""
    # A renewal that nobody paid is withdrawn with its product.
    withdrawn = {number for each in stoppable(organization) for number in each.withdraws}
    open_ones = Invoice.objects.filter(organization=organization, status=InvoiceStatus.OPEN)
    unpaid = open_ones.exclude(pk__in=withdrawn).count()
    if unpaid:
        yield Obstacle(
            ngettext(
                "%(number)s invoice is unpaid. Pay it first.",
                "%(number)s invoices are unpaid. Pay them first.",
                unpaid,
            )
            % {"number": unpaid},
            reverse("billing:invoices", args=[organization.slug]),
            _("Open the invoices"),
        )
    waiting = open_orders(organization).count()
    if waiting:
        yield Obstacle(
            ngettext(
                "%(number)s order is open. Finish or cancel it first.",
                "%(number)s orders are open. Finish or cancel them first.",
                waiting,
            )
            % {"number": waiting},
            reverse("billing:orders", args=[organization.slug]),
            _("Open the orders"),
        )
    for currency in PrepaidAccount.objects.filter(organization=organization).values_list(
        "currency", flat=True
    ):
        if balance := standing(organization, currency).balance:
            yield Obstacle(
                _("%(amount)s are on the prepaid account. Withdraw or use them first.") % {"amount": balance},
                reverse("billing:prepaid", args=[organization.slug]),
                _("Open the prepaid account"),
            )
