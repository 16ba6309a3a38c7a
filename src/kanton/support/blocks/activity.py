"""The kinds of things that happen to blocks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of blocks."""

    BLOCKED_HERE = (
        "blocks.blocked_here",
        _("%(actor)s of the provider blocked the access of %(target)s to the organization: %(reason)s"),
        ("target", "reason", "asked_by"),
    )
    BLOCKED = (
        "blocks.blocked",
        _("%(actor)s of the provider blocked the whole account of %(target)s: %(reason)s"),
        ("target", "reason", "asked_by"),
    )
    REFUSED = (
        "blocks.refused",
        _(
            "%(actor)s of the provider did not block %(target)s: the support code was not of somebody who may ask"
        ),
        ("target", "asked_by"),
    )
    LIFTED_HERE = (
        "blocks.lifted_here",
        _("%(actor)s of the provider opened the access of %(target)s to the organization again: %(reason)s"),
        ("target", "reason"),
    )
    LIFTED = (
        "blocks.lifted",
        _("%(actor)s of the provider opened the account of %(target)s again: %(reason)s"),
        ("target", "reason"),
    )
    GUIDE_SENT = (
        "blocks.guide_sent",
        _("%(actor)s of the provider sent %(target)s the guide for securing an account"),
        ("target",),
    )
    IDENTITY_ASKED = (
        "blocks.identity_asked",
        _("%(actor)s of the provider asked %(target)s for a proof of identity"),
        ("target",),
    )
