"""What can go wrong with suspensions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict


class NotYourself(Conflict):
    """Nobody shuts themselves out."""

    code = "suspension.not_yourself"
    message = _("You cannot suspend yourself. Another owner or administrator can do it.")
