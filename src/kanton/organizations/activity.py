"""The kinds of things that happen to organizations and their people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of organizations."""

    ORGANIZATION_CREATED = "organizations.created", _("%(actor)s created the organization %(target)s")
    DETAILS_CHANGED = "organizations.details_changed", _("%(actor)s changed the details of %(target)s")
    MEMBER_INVITED = "organizations.member_invited", _("%(actor)s invited %(email)s"), ("email", "target")
    INVITATION_RESENT = (
        "organizations.invitation_resent",
        _("%(actor)s sent the invitation of %(email)s again"),
        ("email", "target"),
    )
    INVITATION_CHANGED = (
        "organizations.invitation_changed",
        _("%(actor)s changed the invitation of %(email)s"),
        ("email", "target"),
    )
    INVITATION_REVOKED = (
        "organizations.invitation_revoked",
        _("%(actor)s revoked the invitation of %(email)s"),
        ("email", "target"),
    )
    MEMBER_JOINED = "organizations.member_joined", _("%(target)s joined the organization"), ("target",)
    ROLE_CHANGED = (
        "organizations.role_changed",
        _("%(actor)s changed the role of %(target)s to %(role)s"),
        ("target",),
    )
    MEMBER_UNLOCKED = "organizations.member_unlocked", _("%(actor)s unlocked the account of %(target)s")
    MEMBER_REMOVED = (
        "organizations.member_removed",
        _("%(actor)s removed %(target)s from the organization"),
        ("target",),
    )
    MEMBER_LEFT = (
        "organizations.member_left",
        _("%(target)s deleted the account and so left the organization"),
        ("target",),
    )
    ACCESS_CHANGED = (
        "organizations.access_changed",
        _("%(actor)s changed what %(target)s may use"),
        ("target",),
    )
    ACTIVITY_CHECKED = (
        "organizations.activity_checked",
        _("%(actor)s had the seals of this log checked"),
    )
    ORGANIZATION_PURGED = (
        "organizations.purged",
        _("%(actor)s removed the organization %(target)s, whose owner never confirmed the address"),
        ("target",),
    )
