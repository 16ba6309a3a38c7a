"""What renewals add to the frame: the menu. What ends soon, the start page itself says."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from kanton.organizations.rights import ACCOUNTING
from kanton.ui import shell


def register() -> None:
    """Called once when the app starts."""
    group = shell.Group.ACCOUNTING
    shell.register(
        shell.NavEntry(
            "to-pay", group, gettext_lazy("To pay"), "calendar-due", "renewals:to_pay", order=5, shown=_keeps_accounts
        ),
        shell.NavEntry(
            "renewals", group, gettext_lazy("Renewals"), "refresh", "renewals:renewals", order=6, shown=_keeps_accounts
        ),
    )  # fmt: skip


def _keeps_accounts(request: HttpRequest) -> bool:
    return bool(request.actor.has_right(ACCOUNTING, request.organization))  # type: ignore[attr-defined]
