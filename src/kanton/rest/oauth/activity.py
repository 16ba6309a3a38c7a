"""What happens with applications."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of applications."""

    APPLICATION_CREATED = "oauth.application_created", _("%(actor)s registered the application “%(target)s”")
    APPLICATION_CHANGED = "oauth.application_changed", _("%(actor)s changed the application “%(target)s”")
    SECRET_ROTATED = (
        "oauth.secret_rotated",
        _("%(actor)s made a new secret for the application “%(target)s”"),
    )
    APPLICATION_DELETED = "oauth.application_deleted", _("%(actor)s deleted the application “%(target)s”")
    CONSENT_GIVEN = "oauth.consent_given", _("%(actor)s allowed the application “%(target)s”: %(scopes)s")
    CONSENT_WITHDRAWN = (
        "oauth.consent_withdrawn",
        _("%(actor)s withdrew what the application “%(target)s” was allowed"),
    )
    DEVICE_REFUSED = "oauth.device_refused", _("%(actor)s refused the application “%(target)s” on a device")
    STOLEN = (
        "oauth.token_reused",
        _("A key of the application “%(target)s” was used twice; all that came from it was ended"),
    )
    KEY_ROTATED = "oauth.key_rotated", _("%(actor)s made a new key for signing ID tokens")
