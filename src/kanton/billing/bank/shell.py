"""The bank's line in the staff's rail, and withdrawals in the search of accounting."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kanton.billing.bank.models import BankItem, ItemState
from kanton.ui import shell


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.actor.is_staff)  # type: ignore[attr-defined]


def _waiting(request: HttpRequest) -> int:
    return BankItem.objects.filter(state=ItemState.OPEN).count()


def register() -> None:
    """Called once when the app starts."""
    shell.register(
        shell.NavEntry(
            "staff-bank", shell.Group.STAFF, _("Bank"), "building-bank", "bank:worklist", order=25,
            in_organization=False, shown=_is_staff, badge=_waiting,
        )
    )  # fmt: skip
