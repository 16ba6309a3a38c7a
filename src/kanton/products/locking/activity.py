"""The kinds of things that happen to blocks of management."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.activity import Kind


class Happened(Kind):
    """Kinds of activity of blocks of management."""

    LOCKED = "locking.locked", _("%(actor)s blocked the management of %(target)s")
    UNLOCKED = "locking.unlocked", _("%(actor)s opened the management of %(target)s again")
