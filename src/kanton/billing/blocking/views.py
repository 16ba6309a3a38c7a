"""The procedure of a blocked order, sent again; and the staff's pages that block and release."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.web import AccountRequest, staff_page
from kanton.billing.blocking import queries
from kanton.billing.blocking.actions import block_order, release_order, resend_procedure
from kanton.billing.blocking.forms import BlockForm
from kanton.billing.blocking.tables import AnyOrderTable
from kanton.billing.models import OrderState
from kanton.billing.queries import order_of
from kanton.billing.tables import ORDER_KINDS
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest
from kanton.ui import forms as ui
from kanton.ui.hx import finished


@require_POST
def resend(request: ConsoleRequest, number: int) -> HttpResponse:
    """Send the procedure again (BIL-26)."""
    found = order_of(request.actor, request.organization, number)
    to = reverse("billing:order", args=[request.organization.slug, found.pk])
    try:
        resend_procedure(request.actor, found)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, _("The procedure is on its way to the login address of who ordered."), to=to)


# ── For the staff


@require_GET
@staff_page
@shows(queries.all_orders)
def orders(request: AccountRequest) -> HttpResponse:
    """The orders of all customers."""
    return AnyOrderTable(request, queries.all_orders(request.actor)).response("blocking/orders.html")


@require_GET
@staff_page
@shows(queries.any_order, queries.blocks_on)
def order(request: AccountRequest, number: int) -> HttpResponse:
    """One order of any customer: who ordered what, its blocks, and the way to block or release it (BIL-24)."""
    found = queries.any_order(request.actor, number)
    context = {
        "order": found,
        "kind": ORDER_KINDS.get(found.state, ""),
        "blocks": queries.blocks_on(request.actor, found),
        "may_block": found.may_become(OrderState.BLOCKED),
        "is_blocked": found.state == OrderState.BLOCKED,
    }
    return render(request, "blocking/order.html", context)


@require_http_methods(["GET", "POST"])
@staff_page
@shows(queries.any_order)
def block(request: AccountRequest, number: int) -> HttpResponse:
    """Block an order on a ground."""
    found = queries.any_order(request.actor, number)
    return ui.carry_out(
        request,
        BlockForm(request.POST if request.method == "POST" else None),
        block_order,
        found,
        page="blocking/block.html",
        partial="blocking/_block_form.html",
        context={"order": found},
        then=lambda _made: finished(
            request,
            _("Order %(order)s is blocked.") % {"order": found.number},
            to=reverse("blocking:order", args=[found.pk]),
        ),
    )


@require_POST
@staff_page
def release(request: AccountRequest, number: int) -> HttpResponse:
    """Release a blocked order without an identity check."""
    found = queries.any_order(request.actor, number)
    to = reverse("blocking:order", args=[found.pk])
    try:
        release_order(request.actor, found)
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, _("Order %(order)s is released.") % {"order": found.number}, to=to)
