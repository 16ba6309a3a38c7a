"""What happens with lists of people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of inviting many."""

    MANY_INVITED = "inviting.many_invited", _("%(actor)s invited %(number)s people at once")
    MAILS_WRITTEN = (
        "inviting.mails_written",
        _("The mails to the %(number)s people invited at once are written"),
    )
