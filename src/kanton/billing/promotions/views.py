"""Codes and grants: in the cart summary, and for the staff who issue them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.web import AccountRequest, staff_page
from kanton.billing.models import Cart
from kanton.billing.promotions import queries
from kanton.billing.promotions.actions import (
    apply_code,
    choose_grant,
    choose_method,
    issue_code,
    issue_grant,
    use_code_on_renewal,
    withdraw_code,
    withdraw_grant,
)
from kanton.billing.promotions.forms import CodeForm, GrantForm
from kanton.billing.promotions.tables import CodeTable, GrantTable
from kanton.billing.queries import invoice_of
from kanton.billing.web import cart_of
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.parity import shows
from kanton.core.query import get_or_not_found
from kanton.organizations.rights import ORDER
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui import forms as ui
from kanton.ui.hx import finished


def _in_cart(request: ConsoleRequest, do: Callable[[Cart], object], said: str) -> HttpResponse:
    to = reverse("billing:cart", args=[request.organization.slug])
    cart = cart_of(request)
    if cart is None:
        return finished(
            request, _("Your cart is empty. Choose something in the shop first."), to=to, kind="failed"
        )
    try:
        do(cart)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, said, to=to)


@require_POST
@needs(ORDER)
def method(request: ConsoleRequest) -> HttpResponse:
    """Choose how the cart will be paid (BIL-33)."""
    chosen = request.POST.get("method", "")
    return _in_cart(
        request,
        lambda cart: choose_method(request.actor, request.organization, cart=cart, method=chosen),
        _("Payment method chosen. Now you can enter codes."),
    )


@require_POST
@needs(ORDER)
def code(request: ConsoleRequest) -> HttpResponse:
    """Apply a promo code (BIL-34)."""
    given = request.POST.get("code", "")[:80]
    return _in_cart(
        request,
        lambda cart: apply_code(request.actor, request.organization, cart=cart, code=given),
        _("The code is applied. You can enter another one."),
    )


@require_POST
@needs(ORDER)
def grant(request: ConsoleRequest, line: int) -> HttpResponse:
    """Use a free grant for a line, or take away what it has (BIL-37)."""
    text = request.POST.get("grant", "")
    chosen = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
    return _in_cart(
        request,
        lambda cart: choose_grant(request.actor, request.organization, cart=cart, line=line, grant=chosen),
        _("The cart is changed."),
    )


@require_POST
def renewal_code(request: ConsoleRequest, number: int) -> HttpResponse:
    """Use a promo code on a bill for renewals (BIL-35)."""
    found = invoice_of(request.actor, request.organization, number)
    to = reverse("billing:pay", args=[request.organization.slug, found.pk])
    try:
        use_code_on_renewal(request.actor, found, code=request.POST.get("code", "")[:80])
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, _("The code is applied. You can enter another one."), to=to)


@require_GET
@staff_page
@shows(queries.codes_issued, queries.grants_issued)
def issued(request: AccountRequest) -> HttpResponse:
    """All codes and grants."""
    grants = GrantTable(request, queries.grants_issued(request.actor))
    if request.headers.get("HX-Target") == grants.id or "g-format" in request.GET:
        return grants.response("promotions/issued.html")
    table = CodeTable(request, queries.codes_issued(request.actor))
    return table.response("promotions/issued.html", {"grants": grants})


@require_http_methods(["GET", "POST"])
@staff_page
def new_code(request: AccountRequest) -> HttpResponse:
    """Issue a promo code."""
    return ui.carry_out(
        request,
        CodeForm(request.POST or None),
        issue_code,
        None,
        page="promotions/new.html",
        partial="promotions/_form.html",
        context={"heading": _("Issue a promo code")},
        then=lambda made: finished(
            request, _("The code %(code)s is issued.") % {"code": made}, to=reverse("promotions:issued")
        ),
    )


@require_http_methods(["GET", "POST"])
@staff_page
def new_grant(request: AccountRequest) -> HttpResponse:
    """Issue a free grant."""
    form = GrantForm(request.POST or None)
    organization = form.cleaned_data.pop("organization", None) if form.is_bound and form.is_valid() else None
    return ui.carry_out(
        request,
        form,
        issue_grant,
        organization,
        page="promotions/new.html",
        partial="promotions/_form.html",
        context={"heading": _("Issue a free grant")},
        then=lambda _made: finished(request, _("The free grant is issued."), to=reverse("promotions:issued")),
    )


@require_POST
@staff_page
def withdraw_code_page(request: AccountRequest, number: int) -> HttpResponse:
    """Withdraw a code."""
    withdraw_code(request.actor, get_or_not_found(queries.codes_issued(request.actor), pk=number))
    return _withdrawn(request)


@require_POST
@staff_page
def withdraw_grant_page(request: AccountRequest, number: int) -> HttpResponse:
    """Withdraw a grant."""
    withdraw_grant(request.actor, get_or_not_found(queries.grants_issued(request.actor), pk=number))
    return _withdrawn(request)


def _withdrawn(request: HttpRequest) -> HttpResponse:
    return finished(request, _("Withdrawn. Nobody can use it any more."), to=reverse("promotions:issued"))
