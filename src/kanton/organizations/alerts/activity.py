"""Security alerts in the log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of security alerts."""

    ALERTED = "organizations.alerted", _("%(actor)s had a security alert sent to %(target)s"), ("target",)
