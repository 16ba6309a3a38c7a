"""What the pages of a product show of its lock: `{% load locking %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from kanton.products.locking.queries import reason_of
from kanton.products.locking.rights import LOCK

register = template.Library()


@register.inclusion_tag("locking/_note.html", takes_context=True)
def lock_note(context: Context, service: Any) -> dict[str, Any]:
    """For the lead of a page: that management is blocked, by whom and since when."""
    return {"reason": reason_of(service)} | _of(context, service)


@register.inclusion_tag("locking/_menu.html", takes_context=True)
def lock_menu(context: Context, service: Any) -> dict[str, Any]:
    """For the ⋮ menu: block or open the management (ORG-80)."""
    return _of(context, service)


def _of(context: Context, service: Any) -> dict[str, Any]:
    request = context["request"]
    return {
        "service": service,
        "request": request,
        "may_lock": request.actor.decide(LOCK, request.organization),
    }
