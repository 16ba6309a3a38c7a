"""What happens with payment profiles."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of payment profiles."""

    PROFILE_BEGUN = "profiles.begun", _("%(actor)s began to add a payment profile")
    PROFILE_ADDED = "profiles.added", _("%(actor)s added the payment profile %(target)s")
    PROFILE_DEFAULT = "profiles.default", _("%(actor)s made %(target)s the default payment profile")
    PROFILE_REMOVED = "profiles.removed", _("%(actor)s removed the payment profile %(target)s")
    PROFILE_EXPIRES = "profiles.expires", _("The payment profile %(target)s expires on %(day)s")
