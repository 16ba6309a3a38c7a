"""What happens between two terms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of renewals."""

    RENEWAL_BILLED = (
        "billing.renewal_billed",
        _("%(actor)s put the renewal of %(services)s on a bill over %(total)s"),
    )
    RENEWAL_WITHDRAWN = (
        "billing.renewal_withdrawn",
        _("%(actor)s withdrew the pro-forma invoice %(target)s; nothing was paid"),
    )
    RENEWED = "billing.renewed", _("%(target)s was renewed until %(until)s for %(total)s")
    RENEWAL_FAILED = (
        "billing.renewal_failed",
        _("The automatic renewal of %(target)s could not be paid: %(reason)s"),
    )
    GUARANTEE_FIRED = (
        "billing.guarantee_fired",
        _("The renewal guarantee renewed %(target)s until %(until)s; %(total)s are to be paid"),
    )
    AUTOMATIC_ON = "billing.automatic_on", _("%(actor)s switched automatic renewal on for %(target)s")
    AUTOMATIC_OFF = "billing.automatic_off", _("%(actor)s switched automatic renewal off for %(target)s")
    GUARANTEE_ON = "billing.guarantee_on", _("%(actor)s switched the renewal guarantee on for %(target)s")
    GUARANTEE_OFF = "billing.guarantee_off", _("%(actor)s switched the renewal guarantee off for %(target)s")
    PERIOD_CHANGED = (
        "billing.period_changed",
        _("%(actor)s changed the billing period of %(target)s to %(months)s months"),
    )
    PERIOD_CHANGE_PLANNED = (
        "billing.period_change_planned",
        _("%(actor)s changed the billing period of %(target)s to %(months)s months from %(day)s on"),
    )
    PERIOD_CHANGE_WITHDRAWN = (
        "billing.period_change_withdrawn",
        _("%(actor)s withdrew the planned change of the billing period of %(target)s"),
    )
    END_TOLD = (
        "billing.end_told",
        _("%(target)s ends on %(until)s and does not renew by itself; a mail told so"),
    )
    PRICE_ANNOUNCED = (
        "billing.price_announced",
        _("The new price of %(target)s was announced: %(price)s instead of %(before)s"),
    )
