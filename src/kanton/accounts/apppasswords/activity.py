"""The kinds of things that happen to app passwords."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of app passwords."""

    CREATED = "accounts.app_password_created", _("%(actor)s created the app password “%(target)s”")
    REVOKED = "accounts.app_password_revoked", _("%(actor)s revoked the app password “%(target)s”")
    EXPIRED = "accounts.app_password_expired", _("The app password “%(target)s” expired")
