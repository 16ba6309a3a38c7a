"""What other rooms are told of blocks when Django starts."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kanton.organizations import holds
from kanton.support.blocks.actions import REASON, lift_after_proof
from kanton.support.blocks.queries import hold
from kanton.support.reasons import Reason, register
from kanton.ui import shell


def connect() -> None:
    """Register everything."""
    holds.register(hold)
    register(
        Reason(
            REASON, _("A block in a security incident"), accept=lift_after_proof, is_public=False, order=60,
            effect=_("The block ends, and the last owner can act again."),
        )
    )  # fmt: skip
    shell.register(
        shell.NavEntry(
            key="staff-blocks", group=shell.Group.STAFF, label=_("Security blocks"), icon="shield-lock",
            url="blocks:blocks", order=17, in_organization=False, shown=_is_staff,
        )
    )  # fmt: skip


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.actor.is_staff)  # type: ignore[attr-defined]
