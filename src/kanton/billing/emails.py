"""The mails of billing. All go to the billing contacts and to the person who acted, each in their own language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kanton.accounts.models import Person
from kanton.billing.models import Invoice, Order, OrderLine, Payment
from kanton.config import config
from kanton.core.outbox import Attachment, send_mail
from kanton.organizations.correspondents.models import MailKind
from kanton.organizations.correspondents.queries import addressees
from kanton.organizations.models import Organization
from kanton.organizations.queries import mail_readers
from kanton.ui import formats


def order_placed(order: Order, invoice: Invoice) -> None:
    """The order is in; it waits to be paid."""
    send_to(
        readers_of(order.organization, order.person_id),
        "order_placed",
        lambda: {
            "order": order.number,
            "organization": order.organization.name,
            "total": formats.money(invoice.total),
            "until": formats.date(invoice.due_on),
            "lines": _lines(invoice),
            "link": link_to(order.organization, f"orders/{order.pk}"),
        },
    )


def invoice_paid(invoice: Invoice) -> None:
    """The final invoice is there."""
    person_id = invoice.order.person_id if invoice.order is not None else None
    send_to(
        readers_of(invoice.organization, person_id),
        "invoice_paid",
        lambda: {
            "number": invoice.number,
            "organization": invoice.organization.name,
            "total": formats.money(invoice.total),
            "lines": _lines(invoice),
            "link": link_to(invoice.organization, f"invoices/{invoice.pk}"),
        },
    )


def pro_forma(invoice: Invoice) -> None:
    """How to pay by bank transfer."""
    send_to(
        readers_of(invoice.organization, None),
        "pro_forma",
        lambda: {
            "number": invoice.label,
            "organization": invoice.organization.name,
            "total": formats.money(invoice.total),
            "account": invoice.account,
            "reference": invoice.reference,
            "payee": invoice.seller.get("name", ""),
            "until": formats.date(invoice.due_on),
            "link": link_to(invoice.organization, f"invoices/{invoice.pk}"),
        },
    )


def topped_up(payment: Payment) -> None:
    """The prepaid account was credited."""
    send_to(readers_of(payment.organization, payment.person_id), "topped_up", lambda: _credit(payment))


def credited_instead(payment: Payment) -> None:
    """Money came that could not settle its invoice; it is on the prepaid account (BIL-55, BIL-56)."""
    send_to(readers_of(payment.organization, payment.person_id), "credited_instead", lambda: _credit(payment))


def set_up_delayed(line: OrderLine, reason: str) -> None:
    """A paid line is not set up yet: the customer is not left without a message, the operator is alerted (BIL-23)."""
    organization = line.order.organization
    send_to(
        addressees(organization, MailKind.TECHNICAL, also=line.order.person_id),
        "set_up_delayed",
        lambda: {
            "order": line.order.number,
            "organization": organization.name,
            "line": str(line),
            "link": link_to(organization, f"orders/{line.order.pk}"),
        },
    )
    send_mail(
        config.operator.support_email,
        "billing/set_up_alert",
        {
            "order": line.order.number,
            "organization": organization.name,
            "line": str(line),
            "reason": reason,
            "link": link_to(organization, f"orders/{line.order.pk}"),
        },
        kind="billing",
    )


def to_contacts(
    organization: Organization,
    template: str,
    values: Callable[[], Mapping[str, Any]],
    *,
    person_id: int | None = None,
) -> None:
    """A mail about money to the billing contacts and to who acted. `values` is asked in each reader's language."""
    send_to(readers_of(organization, person_id), template, values)


def to_owners(organization: Organization, template: str, values: Callable[[], Mapping[str, Any]]) -> None:
    """A mail that all owners must get, whoever the contacts are: money leaves (BIL-62)."""
    send_to([owner.person for owner in mail_readers(organization)], template, values)


def _credit(payment: Payment) -> Mapping[str, Any]:
    return {
        "organization": payment.organization.name,
        "amount": formats.money(payment.amount),
        "link": link_to(payment.organization, "prepaid"),
    }


def _lines(invoice: Invoice) -> list[dict[str, str]]:
    return [
        {"title": line.title, "detail": line.detail, "amount": formats.money(line.net)}
        for line in invoice.lines.select_related("invoice")
    ]


def readers_of(organization: Organization, person_id: int | None = None) -> Iterable[Person]:
    """The billing contacts, and the person who acted (ORG-41, ORG-42)."""
    return addressees(organization, MailKind.BILLING, also=person_id)


def send_to(
    readers: Iterable[Person],
    name: str,
    context: Any,
    *,
    unique_key: str = "",
    attachments: Sequence[Attachment] = (),
) -> None:
    """Write the mail `name` ("invoice_paid" of this room, "renewals/…" of another) to each reader.

    `context` is called once a reader, so that figures and days are written as each one's language writes them. With
    `unique_key` each reader gets it once.
    """
    from django.utils import timezone, translation

    for person in readers:
        with translation.override(person.language), timezone.override(person.time_zone):
            values = context()
        send_mail(
            person.email,
            name if "/" in name else f"billing/{name}",
            values,
            language=person.language,
            time_zone=person.time_zone,
            kind="billing",
            unique_key=f"{unique_key}:{person.pk}" if unique_key else None,
            attachments=attachments,
        )


def link_to(organization: Organization, path: str) -> str:
    """The address of a page of the organization."""
    return f"{config.web.address}/o/{organization.slug}/{path}"
