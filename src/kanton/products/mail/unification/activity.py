"""What happens to unified passwords."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of unified passwords."""

    UNIFIED = "mail.passwords_unified", _("%(actor)s gave account and mailbox %(target)s the same password")
    DISSOLVED = (
        "mail.passwords_parted",
        _("The passwords of the account and of the mailbox %(target)s are two again"),
    )
