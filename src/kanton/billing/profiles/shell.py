"""The line of payment profiles in the rail."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kanton.organizations.rights import ACCOUNTING
from kanton.ui import shell


def _keeps_accounts(request: HttpRequest) -> bool:
    return bool(request.actor.has_right(ACCOUNTING, request.organization))  # type: ignore[attr-defined]


def register() -> None:
    """Called once when the app starts."""
    shell.register(
        shell.NavEntry(
            "payment-profiles", shell.Group.ACCOUNTING, _("Payment profiles"), "credit-card", "profiles:list",
            order=30, shown=_keeps_accounts,
        )
    )  # fmt: skip
