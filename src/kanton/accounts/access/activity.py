"""The kinds of things that happen to sessions, browsers and locks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of access."""

    SESSION_ENDED = "access.session_ended", _("%(actor)s ended a session (%(browser)s)"), ("browser",)
    OTHERS_ENDED = "access.others_ended", _("%(actor)s ended all other sessions")
    BROWSER_TRUSTED = "access.browser_trusted", _("%(target)s trusted a browser"), ("target",)
    TRUST_ENDED = "access.trust_ended", _("%(actor)s no longer trusts a browser (%(browser)s)"), ("browser",)
    WISHES_CHANGED = "access.wishes_changed", _("%(actor)s changed the security mails and the lock")
    NEW_PLACE = "access.new_place", _("%(target)s signed in from a new place"), ("target", "browser")
    LOCKED = (
        "access.locked",
        _("The account of %(target)s was locked after too many wrong passwords"),
        ("target",),
    )
    UNLOCK_ASKED = "access.unlock_asked", _("Somebody asked to unlock the account of %(target)s"), ("target",)
    UNLOCKED = "access.unlocked", _("The account of %(target)s was unlocked"), ("target",)
