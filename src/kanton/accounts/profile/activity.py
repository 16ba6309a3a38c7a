"""The kinds of things that happen to a profile."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of profiles."""

    PICTURE_CHANGED = "accounts.picture_changed", _("%(target)s changed the profile picture"), ("target",)
    PICTURE_REMOVED = "accounts.picture_removed", _("%(target)s removed the profile picture"), ("target",)
    BIRTH_DATE_CHANGED = "accounts.birth_date_changed", _("%(target)s changed the date of birth"), ("target",)
    EXPORT_ASKED = "accounts.export_asked", _("%(target)s asked for a file with all data"), ("target",)
    EXPORT_READY = "accounts.export_ready", _("The file with all data of %(target)s is ready"), ("target",)
    EXPORT_FETCHED = "accounts.export_fetched", _("%(target)s downloaded the file with all data"), ("target",)
    ACCOUNT_DELETED = "accounts.deleted", _("%(target)s deleted the account"), ("target",)
