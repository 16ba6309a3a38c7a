"""The kinds of things that happen to the look of an organization."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of the look."""

    CORNER_CHANGED = (
        "branding.corner_changed",
        _("%(actor)s changed how %(target)s is shown in the Manager"),
    )
    LOGO_CHANGED = "branding.logo_changed", _("%(actor)s changed the rectangular logo of %(target)s")
    LOGO_REMOVED = "branding.logo_removed", _("%(actor)s removed the rectangular logo of %(target)s")
    RESET = "branding.reset", _("%(actor)s gave %(target)s the usual look again")
    UNDONE = "branding.undone", _("%(actor)s brought back the earlier look of %(target)s")
