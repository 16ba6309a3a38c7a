"""The entry of the forecast in the menu."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from kanton.organizations.rights import ACCOUNTING
from kanton.ui import shell


def register() -> None:
    """Called once when the app starts."""
    shell.register(
        shell.NavEntry(
            "forecast", shell.Group.ACCOUNTING, gettext_lazy("Forecast"), "chart-bar", "forecast:forecast", order=40,
            shown=lambda request: bool(request.actor.has_right(ACCOUNTING, request.organization)),  # type: ignore[attr-defined]
        )
    )  # fmt: skip
