"""Where a payer goes with a payment that has begun. Called after the commit: a provider may be asked."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from kanton.billing.models import Payment, Purpose
from kanton.billing.payments.contract import Checkout, provider_called
from kanton.config import config


def checkout_of(payment: Payment) -> Checkout:
    """The payment as its provider sees it."""
    back = reverse("billing:payment", args=[payment.organization.slug, payment.key])
    if payment.purpose == Purpose.TOP_UP:
        words = _("Top-up of the prepaid account of %(name)s") % {"name": payment.organization.name}
    else:
        words = _("%(number)s of %(name)s") % {
            "number": payment.invoice.label if payment.invoice else "",
            "name": payment.organization.name,
        }
    return Checkout(
        payment.key, payment.amount, words, f"{config.web.address}{back}", payment.organization.language
    )


def checkout_url(payment: Payment) -> str:
    """The provider's page for this payment."""
    return provider_called(payment.provider).checkout_url(checkout_of(payment))
