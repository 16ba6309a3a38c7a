"""The kinds of things that happen to second factors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of second factors."""

    METHOD_ADDED = "factors.method_added", _("%(actor)s set up a second factor: %(method)s")
    METHOD_REMOVED = "factors.method_removed", _("%(actor)s removed a second factor: %(method)s")
    KEY_RENAMED = "factors.key_renamed", _("%(actor)s renamed a passkey to “%(name)s”")
    TURNED_OFF = "factors.turned_off", _("%(actor)s turned two-factor authentication off")
    CODES_MADE = "factors.codes_made", _("%(actor)s made new backup codes")
    CODE_USED = "factors.code_used", _("A backup code of %(target)s was used; %(left)s are left"), ("target",)
    TEXT_SENT = "factors.text_sent", _("A code was sent by text message to %(target)s"), ("target",)
    STEP_PASSED = "factors.step_passed", _("%(target)s passed the second step of sign-in"), ("target",)
