"""What happens when a product is cancelled."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of cancellations."""

    CANCELLATION_REQUESTED = (
        "billing.cancellation_requested",
        _("%(actor)s asked to cancel %(target)s; the mail with the link is on its way"),
    )
    CANCELLATION_WITHDRAWN = (
        "billing.cancellation_withdrawn",
        _("%(actor)s withdrew the cancellation of %(target)s"),
    )
    CANCELLATION_CONFIRMED = ("billing.cancellation_confirmed", _("%(actor)s cancelled %(target)s"))
