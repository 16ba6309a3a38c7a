"""What happens with blocked orders."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of blocked orders."""

    ORDER_BLOCKED = "billing.order_blocked", _("Order %(target)s was blocked until an identity is proved")
    ORDER_RELEASED = "billing.order_released", _("Order %(target)s was released")
    PROCEDURE_SENT = (
        "billing.procedure_sent",
        _("%(actor)s had the procedure for order %(target)s sent again"),
    )
    BLOCK_REMINDED = (
        "billing.block_reminded",
        _("Who ordered %(target)s was reminded to prove an identity until %(until)s"),
    )
    BLOCK_LAPSED = "billing.block_lapsed", _("Order %(target)s was cancelled: it was blocked for ten days")
    CLOCK_STOPPED = (
        "billing.block_stopped",
        _("The documents for order %(target)s arrived; its time stands still"),
    )
    CLOCK_WENT_ON = "billing.block_went_on", _("The time of order %(target)s goes on until %(until)s")
