"""What the console itself knows to need attention: services that failed, and services that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kanton.console.queries import services_seen
from kanton.core import clock
from kanton.core.wish import WishState
from kanton.organizations.rights import ACCOUNTING
from kanton.products.contract import product_called
from kanton.ui.home import Attention

AHEAD = timedelta(days=30)
SHOWN = 8


def of_services(request: HttpRequest) -> Iterator[Attention]:
    """Services whose engine failed, and those that end within 30 days and do not renew by themselves."""
    actor, organization = request.actor, request.organization  # type: ignore[attr-defined]
    today = clock.today()
    ends = Q(ends_on__lte=today + AHEAD, renews_automatically=False, is_guaranteed=False)
    may_pay = actor.has_right(ACCOUNTING, organization)
    wanting = services_seen(actor, organization).filter(Q(wish_state=WishState.FAILED) | ends)
    for service in wanting.select_related("organization").order_by("ends_on", "pk")[:SHOWN]:
        url = product_called(service.product).service_url(service)
        if service.wish_state == WishState.FAILED:
            text = _("%(name)s: %(reason)s") % {
                "name": service.name,
                "reason": service.wish_reason or _("it could not be set up."),
            }
            yield Attention(text, url, _("See what to do"), kind="failed", order=10)
        else:
            assert service.ends_on
            if may_pay:
                url = reverse("renewals:service", args=[organization.slug, service.pk])
            yield Attention(
                _ends(service.name, (service.ends_on - today).days),
                url,
                _("Renew"),
                order=20,
                at=service.ends_on,
            )


def _ends(name: str, days: int) -> str:
    if days < 0:
        return _("%(name)s has ended. Renew it to keep it.") % {"name": name}
    if days == 0:
        return _("%(name)s ends today. Renew it, or switch on the renewal guarantee.") % {"name": name}
    return ngettext(
        "%(name)s ends in %(days)s day. Renew it, or switch on the renewal guarantee.",
        "%(name)s ends in %(days)s days. Renew it, or switch on the renewal guarantee.",
        days,
    ) % {"name": name, "days": days}
