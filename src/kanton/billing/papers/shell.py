"""The line of billing addresses in the rail, and the choice among them where an invoice is paid."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kanton.billing import boxes
from kanton.billing.models import Invoice
from kanton.billing.papers.addresses import customer_at
from kanton.billing.papers.queries import billing_addresses_of
from kanton.organizations.rights import ACCOUNTING
from kanton.ui import shell


def _keeps_accounts(request: HttpRequest) -> bool:
    return bool(request.actor.has_right(ACCOUNTING, request.organization))  # type: ignore[attr-defined]


def pay_box(request: HttpRequest, invoice: Invoice) -> boxes.Drawn:
    """To whom the invoice is made out, chosen where it is paid (BIL-93)."""
    found = list(billing_addresses_of(request.actor, invoice.organization))  # type: ignore[attr-defined]
    if not found:
        return None
    chosen = next(
        (each.pk for each in found if customer_at(invoice.organization, each) == invoice.customer), None
    )
    return "papers/_pay_box.html", {"number": invoice.pk, "addresses": found, "chosen": chosen}


def register() -> None:
    """Called once when the app starts."""
    shell.register(
        shell.NavEntry(
            "billing-addresses", shell.Group.ACCOUNTING, _("Billing addresses"), "address-book", "papers:addresses",
            order=40, shown=_keeps_accounts,
        )
    )  # fmt: skip
