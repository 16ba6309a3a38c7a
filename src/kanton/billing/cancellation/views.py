"""Cancelling a product: asking, the page behind the link, withdrawing."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kanton.billing.cancellation import queries
from kanton.billing.cancellation.actions import (
    confirm_cancellation,
    request_cancellation,
    withdraw_cancellation,
)
from kanton.billing.cancellation.errors import NothingToWithdraw
from kanton.billing.cancellation.forms import RequestForm
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest
from kanton.products.contract import product_called
from kanton.ui import forms as ui
from kanton.ui.hx import finished


@require_http_methods(["GET", "POST"])
@shows(queries.cancel_page)
def cancel(request: ConsoleRequest, number: int) -> HttpResponse:
    """What is lost, what stays owed, and the button that sends the mail."""
    page = queries.cancel_page(request.actor, request.organization, number)
    here = reverse("cancellation:cancel", args=[request.organization.slug, number])
    return ui.carry_out(
        request,
        RequestForm(page.service, request.POST if request.method == "POST" else None),
        request_cancellation,
        page.service,
        page="cancellation/cancel.html",
        partial="cancellation/_cancel_form.html",
        context={"page": page},
        then=lambda _made: finished(
            request, _("Nothing is cancelled yet: use the link in the mail that we sent you."), to=here
        ),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@shows(queries.cancellation_by_link)
def link(request: ConsoleRequest, token: str) -> HttpResponse:
    """The page behind the link: says once more what is lost, and cancels with one button."""
    found = queries.cancellation_by_link(request.actor, request.organization, token)
    product = product_called(found.service.product)
    context = {
        "cancellation": found,
        "lost": product.lost_by_cancelling(found.service),
        "product": product.name,
    }
    if request.method == "POST":
        to = reverse("cancellation:link", args=[request.organization.slug, token])
        try:
            done = confirm_cancellation(request.actor, found, token=token)
        except (NotFound, Forbidden):
            raise
        except DomainError as error:
            return finished(request, error.sentence, to=to, kind="failed")
        said = _("%(name)s is cancelled.") % {"name": done.service.name}
        return finished(request, said, to=reverse(product.list_url, args=[request.organization.slug]))
    response = render(request, "cancellation/link.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
def withdraw(request: ConsoleRequest, number: int) -> HttpResponse:
    """The product goes on as before."""
    page = queries.cancel_page(request.actor, request.organization, number)
    to = reverse("cancellation:cancel", args=[request.organization.slug, number])
    try:
        if page.open is None:
            raise NothingToWithdraw
        withdraw_cancellation(request.actor, page.open)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, _("The cancellation is withdrawn; everything goes on."), to=to)
