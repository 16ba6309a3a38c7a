"""Who decides to whom the log's head goes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.rights import OWNER_ONLY, Right

HEADS_CHOOSE = Right(
    "trail.heads_choose",
    _("choose who gets the daily proof of the log"),
    roles=OWNER_ONLY,
    scopes=("accounts",),
)
