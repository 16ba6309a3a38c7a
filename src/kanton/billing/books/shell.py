"""The books' lines in the staff's rail."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kanton.billing.books.models import ProofRun
from kanton.ui import shell


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.actor.is_staff)  # type: ignore[attr-defined]


def _problems(request: HttpRequest) -> int:
    last = ProofRun.objects.order_by("-started_at").first()
    return last.problem_count if last else 0


def register() -> None:
    """Called once when the app starts."""
    group = shell.Group.STAFF
    shell.register(
        shell.NavEntry(
            "staff-invoices", group, _("All invoices"), "receipt", "books:invoices", order=22,
            in_organization=False, shown=_is_staff,
        ),
        shell.NavEntry(
            "staff-books", group, _("Books"), "scale", "books:proof", order=26, in_organization=False,
            shown=_is_staff, badge=_problems,
        ),
    )  # fmt: skip
