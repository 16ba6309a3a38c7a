"""What happens with teams."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of teams."""

    CREATED = "teams.created", _("%(actor)s created the team %(target)s")
    CHANGED = "teams.changed", _("%(actor)s changed name or description of the team %(target)s")
    ACCESS_CHANGED = "teams.access_changed", _("%(actor)s changed what the team %(target)s may use")
    DELETED = "teams.deleted", _("%(actor)s deleted the team %(target)s")
    RESTORED = "teams.restored", _("%(actor)s brought the team %(target)s back")
    JOINED = "teams.joined", _("%(actor)s took %(target)s into the team %(team)s"), ("target",)
    LEFT = "teams.left", _("%(actor)s took %(target)s out of the team %(team)s"), ("target",)
    FORGOTTEN = "teams.forgotten", _("Deleted teams that nobody brought back within 30 days are forgotten")
