"""The page on which the management of a product is blocked and opened."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest, needs
from kanton.products.contract import product_called
from kanton.products.locking.actions import lock_service, unlock_service
from kanton.products.locking.queries import lockable, reason_of
from kanton.products.locking.rights import LOCK
from kanton.products.models import Service
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished


@require_http_methods(["GET", "POST"])
@needs(LOCK)
@shows(lockable)
def lock(request: ConsoleRequest, service: int) -> HttpResponse:
    """Say what it means, and do it (ORG-80)."""
    found = lockable(request.actor, request.organization, service)
    back = product_called(found.product).service_url(found)
    is_open = found.locked_at is None

    def then(changed: Service) -> HttpResponse:
        text = (
            _("The management of %(name)s is blocked.")
            if is_open
            else _("The management of %(name)s is open again.")
        )
        return finished(request, text % {"name": changed.name}, to=back)

    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        lock_service if is_open else unlock_service,
        found,
        page="locking/lock.html",
        partial="locking/_form.html",
        then=then,
        notes=(_("Everybody else in the organization gets a mail."),),
        context={"service": found, "back": back, "reason": reason_of(found)},
    )
