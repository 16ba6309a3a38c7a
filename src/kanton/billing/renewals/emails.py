"""The mails of renewals, to those chosen for them or else to the owners, each in their own language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kanton.billing.emails import link_to, send_to
from kanton.billing.renewals.bills import Bill
from kanton.billing.renewals.models import Renewal
from kanton.catalog.models import period_name
from kanton.config import config
from kanton.core.money import Money
from kanton.organizations.correspondents.models import MailKind
from kanton.organizations.correspondents.queries import addressees
from kanton.products.models import Service
from kanton.ui import formats


def reason_in_words(reason: str) -> str:
    """Why an attempt failed, in the language active now; a provider's own word where we know no better."""
    from kanton.billing.renewals.actions.daily import REASONS

    return str(REASONS.get(reason) or reason or _("no reason was given"))


def renewal_failed(renewal: Renewal, day: str) -> None:
    """An attempt failed: why, when it is tried again, and where to pay (BIL-96)."""
    organization = renewal.service.organization
    send_to(
        addressees(organization, MailKind.RENEWAL),
        "renewals/renewal_failed",
        lambda: {
            "name": renewal.service.name,
            "organization": organization.name,
            "reason": reason_in_words(renewal.reason),
            "total": formats.money(renewal.invoice.total),
            "due": formats.date(renewal.starts_on),
            "zone": config.operator.time_zone,
            "again": formats.date(renewal.next_try_on) if renewal.next_try_on else "",
            "is_guaranteed": renewal.service.is_guaranteed,
            "link": link_to(organization, f"invoices/{renewal.invoice_id}/pay"),
        },
        unique_key=f"renewal-failed:{renewal.pk}:{day}",
    )


def ends_soon(service: Service, days: int) -> None:
    """A term ends in so many days, and nothing renews it by itself: what happens then, and where to renew it."""
    organization = service.organization
    send_to(
        addressees(organization, MailKind.RENEWAL),
        "renewals/ends_soon",
        lambda: {
            "name": service.name,
            "organization": organization.name,
            "days": days,
            "ends": formats.date(service.ends_on),
            "zone": config.operator.time_zone,
            "is_guaranteed": service.is_guaranteed,
            "link": link_to(organization, "renewals/to-pay"),
        },
        unique_key=f"ends-soon:{service.pk}:{service.ends_on}:{days}",
    )


def suspended(service: Service) -> None:
    """A term ended unpaid: the service stands still, nothing is deleted."""
    organization = service.organization
    send_to(
        addressees(organization, MailKind.RENEWAL),
        "renewals/suspended",
        lambda: {
            "name": service.name,
            "organization": organization.name,
            "ended": formats.date(service.ends_on),
            "zone": config.operator.time_zone,
            "link": link_to(organization, "renewals/to-pay"),
        },
    )


def guaranteed(bill: Bill) -> None:
    """The guarantee renewed; its invoice is in the account (BIL-106)."""
    item, organization = bill.items[0], bill.organization
    send_to(
        addressees(organization, MailKind.RENEWAL),
        "renewals/guaranteed",
        lambda: {
            "name": item.service.name,
            "organization": organization.name,
            "total": formats.money(bill.total),
            "until": formats.date(item.term.ends_on),
            "zone": config.operator.time_zone,
            "due": formats.date(bill.due_on),
            "link": link_to(organization, f"invoices/{bill.invoice_id}/pay"),
        },
    )


def price_changes(service: Service, months: int, before: Money, new: Money) -> None:
    """The next automatic renewal has another price, told at least 30 days before (BIL-99)."""
    organization = service.organization
    send_to(
        addressees(organization, MailKind.RENEWAL),
        "renewals/price_changes",
        lambda: {
            "name": service.name,
            "organization": organization.name,
            "before": formats.money(before),
            "new": formats.money(new),
            "period": period_name(months),
            "due": formats.date(service.ends_on),
            "zone": config.operator.time_zone,
            "link": link_to(organization, f"renewals/{service.pk}"),
        },
    )
