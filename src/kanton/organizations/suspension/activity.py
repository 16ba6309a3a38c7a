"""The kinds of things that happen to suspended members."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of suspensions."""

    SUSPENDED = "suspension.suspended", _("%(actor)s suspended the access of %(target)s"), ("target",)
    RESUMED = "suspension.resumed", _("%(actor)s let %(target)s in again"), ("target",)
