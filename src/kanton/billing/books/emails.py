"""The mails about credit notes and refunds."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from kanton.billing.actions.payments import method_label
from kanton.billing.emails import link_to, to_contacts, to_owners
from kanton.billing.models import Invoice, Payment
from kanton.core.money import Money
from kanton.ui import formats


def credited(note: Invoice, invoice: Invoice, parts: Sequence[tuple[str, Money]]) -> None:
    """A credit note is there; this is how the money comes back."""
    to_contacts(
        note.organization,
        "books/credited",
        lambda: {
            "organization": note.organization.name,
            "number": note.label,
            "invoice": invoice.label,
            "amount": formats.money(-note.total),
            "ways": [
                {
                    "label": _("To the prepaid account")
                    if way == "prepaid"
                    else _("Back by the method used"),
                    "amount": formats.money(amount),
                }
                for way, amount in parts
            ],
            "link": link_to(note.organization, f"invoices/{note.pk}"),
        },
        person_id=invoice.order.person_id if invoice.order else None,
    )


def credited_instead(payment: Payment, amount: Money) -> None:
    """The method took nothing back: the money is on the prepaid account, all owners are told (SUP-49)."""
    to_owners(
        payment.organization,
        "books/credited_instead",
        lambda: {
            "organization": payment.organization.name,
            "amount": formats.money(amount),
            "method": method_label(payment),
            "link": link_to(payment.organization, "prepaid"),
        },
    )


def top_up_refunded(payment: Payment, amount: Money) -> None:
    """Money leaves the prepaid account, back to where it came from: all owners are told."""
    to_owners(
        payment.organization,
        "books/top_up_refunded",
        lambda: {
            "organization": payment.organization.name,
            "amount": formats.money(amount),
            "top_up": formats.money(payment.amount),
            "paid": formats.date(payment.settled_at or payment.started_at),
            "method": method_label(payment),
            "link": link_to(payment.organization, "prepaid"),
        },
    )
