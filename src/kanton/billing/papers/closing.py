"""Before an organization ends, its owner may have all paid invoices sent by mail (BIL-128, ORG-30)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.billing.models import Invoice, InvoiceStatus
from kanton.billing.papers.actions import ask_export
from kanton.billing.papers.models import ExportKind
from kanton.core.actor import Actor
from kanton.organizations.closing.steps import Parting
from kanton.organizations.models import Organization


def _has_paid(organization: Organization) -> bool:
    return Invoice.objects.filter(organization=organization, status=InvoiceStatus.PAID).exists()


def _send(actor: Actor, organization: Organization) -> None:
    ask_export(actor, organization, kind=ExportKind.MAIL, status=InvoiceStatus.PAID)


INVOICES = Parting("invoices", _("Send me all paid invoices by mail"), _has_paid, _send)
