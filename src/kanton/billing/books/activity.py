"""What happens in the books."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of the books."""

    INVOICE_CREDITED = (
        "books.invoice_credited",
        _("%(actor)s credited %(amount)s of invoice %(invoice)s by credit note %(target)s"),
    )
    REFUND_STARTED = "books.refund_started", _("%(amount)s go back by %(method)s")
    REFUND_DONE = "books.refund_done", _("%(amount)s were refunded by %(method)s")
    REFUND_FAILED = "books.refund_failed", _("A refund of %(amount)s by %(method)s was refused: %(reason)s")
    REFUND_RETURNED = (
        "books.refund_returned",
        _("A refund of %(amount)s by %(method)s did not reach its payer, and came back: %(reason)s"),
    )
    REFUND_TO_PREPAID = (
        "books.refund_to_prepaid",
        _("%(amount)s of credit note %(target)s are on the prepaid account"),
    )
    REFUND_REPEATED = (
        "books.refund_repeated",
        _("%(actor)s had the refund of %(amount)s by %(method)s tried again"),
    )
    TOP_UP_REFUNDED = (
        "books.top_up_refunded",
        _("%(actor)s refunded %(amount)s of a top-up of %(target)s by %(method)s"),
    )
    TOP_UP_RESTORED = (
        "books.top_up_restored",
        _("%(amount)s of a top-up, whose refund was refused, are on the prepaid account again"),
    )
    PERIOD_CLOSED = "books.period_closed", _("%(actor)s closed the books until %(target)s")
    RATE_ADDED = "books.rate_added", _("%(actor)s added a VAT rate: %(target)s from %(since)s")
