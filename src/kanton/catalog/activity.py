"""What happens to the catalogue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of the catalogue."""

    PLAN_OFFERED = "catalog.plan_offered", _("%(actor)s offers %(target)s in the shop")
    PLAN_CHANGED = "catalog.plan_changed", _("%(actor)s changed the offer %(target)s")
    PLAN_WITHDRAWN = "catalog.plan_withdrawn", _("%(actor)s took %(target)s out of the shop")
