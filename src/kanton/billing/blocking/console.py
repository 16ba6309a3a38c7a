"""The red line on the start page and at the bell, and the staff's entry."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.billing.blocking.queries import blocks_of
from kanton.organizations.rights import ORDER
from kanton.ui import home, shell


def register() -> None:
    """Called once when the app starts."""
    home.register_attention("blocking", blocked)
    shell.register(
        shell.NavEntry(
            "staff-orders", shell.Group.STAFF, gettext_lazy("All orders"), "package", "blocking:orders", order=21,
            in_organization=False, shown=lambda request: bool(request.actor.is_staff),  # type: ignore[attr-defined]
        )
    )  # fmt: skip


def blocked(request: HttpRequest) -> Iterator[home.Attention]:
    """Orders that stand still until somebody has proved who they are."""
    organization, actor = request.organization, request.actor  # type: ignore[attr-defined]
    if not actor.has_right(ORDER, organization):
        return
    for block in blocks_of(actor, organization):
        text = _("Order %(order)s is blocked until an identity is proved.") % {"order": block.order.number}
        url = reverse("billing:order", args=[organization.slug, block.order_id])
        yield home.Attention(text, url, _("See what to do"), kind="failed", order=5)
