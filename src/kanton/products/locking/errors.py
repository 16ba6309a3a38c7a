"""What can go wrong with blocks of management."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict


class NotLockable(Conflict):
    """Mail has a maintenance mode instead (ORG-84)."""

    code = "locking.not_lockable"
    message = _(
        "The management of %(product)s cannot be blocked. A mail service has its maintenance mode instead."
    )
