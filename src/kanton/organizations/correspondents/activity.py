"""What happens with administrative mails."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of administrative mails."""

    CHOSEN = (
        "correspondents.chosen",
        _("%(actor)s chose which administrative mails %(target)s gets"),
        ("target",),
    )
    CHOSEN_FOR_NONE = (
        "correspondents.chosen_for_none",
        _("%(actor)s chose that %(target)s gets no administrative mails"),
        ("target",),
    )
