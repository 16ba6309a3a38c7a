"""What happens around single sign-on."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of single sign-on."""

    DOMAIN_CLAIMED = "sso.domain_claimed", _("%(actor)s claimed the domain %(target)s for single sign-on")
    DOMAIN_PROVEN = "sso.domain_proven", _("The domain %(target)s was proven for single sign-on")
    DOMAIN_RELEASED = "sso.domain_released", _("%(actor)s gave up the domain %(target)s for single sign-on")
    CONNECTED = "sso.connected", _("%(actor)s connected the identity provider %(target)s")
    TESTED = "sso.tested", _("%(actor)s tested the sign-in through %(target)s")
    SWITCHED_ON = "sso.switched_on", _("%(actor)s switched single sign-on through %(target)s on")
    SWITCHED_OFF = "sso.switched_off", _("%(actor)s switched single sign-on through %(target)s off")
    POLICY_CHANGED = (
        "sso.policy_changed",
        _("%(actor)s changed the rules of single sign-on through %(target)s"),
    )
    DISCONNECTED = "sso.disconnected", _("%(actor)s disconnected the identity provider %(target)s")
    SIGNED_IN = "sso.signed_in", _("%(target)s signed in through single sign-on"), ("target", "subject")
    JOINED = "sso.joined", _("%(target)s joined through single sign-on as %(role)s"), ("target",)
    LINKED = (
        "sso.linked",
        _("%(actor)s connected the account with the sign-in of %(organization)s"),
        ("target",),
    )
    UNLINKED = "sso.unlinked", _("%(actor)s separated %(target)s from single sign-on"), ("target",)
    SESSIONS_ENDED = "sso.sessions_ended", _("%(actor)s ended %(count)s sessions of single sign-on")
    PROVIDER_SIGNED_OUT = (
        "sso.provider_signed_out",
        _("The identity provider ended %(count)s sessions of %(target)s"),
        ("target",),
    )
