"""The kinds of things that happen to Custom Brands."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of Custom Brands."""

    SET_UP = "brand.set_up", _("The Custom Brand %(target)s waits for its proofs")
    PROVEN = "brand.proven", _("Control of %(target)s is proved")
    LIVE = "brand.live", _("%(target)s is live")
    LOOK_CHANGED = "brand.look_changed", _("%(actor)s changed the look of %(target)s"), ("reply_to",)
    CHECK_ASKED = "brand.check_asked", _("%(actor)s had %(target)s checked again")
    RETIRED = "brand.retired", _("%(target)s redirects to the usual address until %(until)s")
    PAUSED = "brand.paused", _("%(target)s redirects to the usual address while it is suspended")
    RELEASED = "brand.released", _("The host name %(target)s is free again")
