"""The kinds of things that happen with the Authenticator."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of the Authenticator."""

    CODE_SHOWN = "authenticator.code_shown", _("%(actor)s began to link the Authenticator")
    LINKED = "authenticator.linked", _("The Authenticator “%(target)s” was linked"), ("target", "browser")
    REMOVED = "authenticator.removed", _("The Authenticator “%(target)s” was removed"), ("target",)
    PUSH_CHANGED = "authenticator.push_changed", _("“%(target)s” changed how it is notified"), ("target",)
    ASKED = (
        "authenticator.asked",
        _("The Authenticator was asked about a sign-in"),
        ("target", "browser", "address"),
    )
    PAUSED = (
        "authenticator.paused",
        _("Unanswered sign-ins: the Authenticator is not asked for a while"),
        ("target",),
    )
    APPROVED = "authenticator.approved", _("The Authenticator approved a sign-in"), ("target", "device")
    REFUSED = "authenticator.refused", _("The Authenticator refused a sign-in"), ("target", "device")
    MISMATCH = (
        "authenticator.mismatch",
        _("A sign-in was refused because another number was typed"),
        ("target", "device"),
    )
    DISOWNED = "authenticator.disowned", _("“This was not me” was said about a sign-in"), ("target", "device")
    USED = "authenticator.used", _("A sign-in went on by the Authenticator's approval"), ("target",)
    CODE_USED = "authenticator.code_used", _("A code of the Authenticator “%(target)s” was used"), ("target",)
