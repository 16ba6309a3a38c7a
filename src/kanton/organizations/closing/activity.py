"""The end of an organization in the log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of the end."""

    DELETED = "organizations.deleted", _("%(actor)s deleted the organization %(target)s")
