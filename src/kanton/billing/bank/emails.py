"""The mails about bank transfers."""

from __future__ import annotations

from kanton.billing.bank.models import BankItem, Transfer
from kanton.billing.bank.words import why_credited
from kanton.billing.emails import link_to, to_contacts, to_owners
from kanton.billing.models import Invoice, Payment
from kanton.config import config
from kanton.core.outbox import send_mail
from kanton.organizations.models import Organization
from kanton.ui import formats


def credited(payment: Payment, organization: Organization, why: str, invoice: Invoice | None) -> None:
    """A transfer is on the prepaid account, and why it did not pay the invoice (BIL-55, 56, 65, 71, 74)."""
    person_id = invoice.order.person_id if invoice and invoice.order else None
    to_contacts(
        organization,
        "bank/credited",
        lambda: {
            "organization": organization.name,
            "amount": formats.money(payment.amount),
            "reason": why_credited(why, invoice),
            "invoice": invoice.label if invoice and invoice.is_open else "",
            "pay_link": link_to(organization, f"invoices/{invoice.pk}/pay")
            if invoice and invoice.is_open
            else "",
            "link": link_to(organization, "prepaid"),
        },
        person_id=person_id,
    )


def kept_for_operator(item: BankItem, organization: Organization) -> None:
    """Tell the operator that money arrived for an organization that is gone (BIL-130)."""
    send_mail(
        config.operator.support_email,
        "bank/kept",
        {
            "organization": organization.name,
            "amount": formats.money(item.amount),
            "payer": item.name or "–",
            "invoice": item.invoice.label if item.invoice else "–",
            "link": f"{config.web.address}/staff/bank/payments/{item.pk}",
        },
        kind="billing",
    )


def withdrawal_asked(transfer: Transfer) -> None:
    """Tell all owners that money leaves (BIL-62)."""
    _about(transfer, "bank/withdrawal_asked")


def withdrawal_returned(transfer: Transfer) -> None:
    """Tell all owners that it came back."""
    _about(transfer, "bank/withdrawal_returned")


def _about(transfer: Transfer, template: str) -> None:
    organization = transfer.organization
    assert organization is not None
    to_owners(
        organization,
        template,
        lambda: {
            "organization": organization.name,
            "amount": formats.money(transfer.amount),
            "account": transfer.account_hint,
            "who": transfer.person.display_name if transfer.person else "",
            "link": link_to(organization, "prepaid/withdrawals"),
        },
    )
