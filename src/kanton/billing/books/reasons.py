"""Why a refund did not get through, in words: providers say it by codes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

REASONS = {
    "failed": _("the payment provider gave no reason"),
    "unknown": _("the payment provider gave no reason"),
    "refund_refused": _("the payment provider refused it"),
    "declined": _("the payer's bank refused it"),
    "expired_or_canceled_card": _("the card has expired or was cancelled"),
    "lost_or_stolen_card": _("the card is lost or stolen"),
    "merchant_request": _("it was called back at the payment provider"),
    "insufficient_funds": _("our account at the payment provider did not hold enough"),
    "charge_for_pending_refund_disputed": _("the payer disputed the payment meanwhile"),
}


def reason_in_words(code: str) -> str:
    """The reason; a code that we do not know as it is."""
    return str(REASONS.get(code, code))
