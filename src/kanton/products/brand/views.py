"""The pages of Custom Brands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.config import config
from kanton.core.parity import shows
from kanton.organizations.queries import require
from kanton.organizations.rights import BELONG, ORDER
from kanton.organizations.web import ConsoleRequest, needs
from kanton.products.brand.actions import check_brand, set_look
from kanton.products.brand.forms import LookForm
from kanton.products.brand.models import Brand
from kanton.products.brand.proofs import proof_of
from kanton.products.brand.queries import brand_of, brands_of, is_proven
from kanton.products.brand.rights import MANAGE
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished, is_htmx
from kanton.ui.pages import list_page
from kanton.ui.tables import Column, DateColumn, Empty, Table, WishColumn


class BrandTable(Table[Brand]):
    """The brands of an organization."""

    host = Column(
        gettext_lazy("Host name"),
        sort="host",
        main=True,
        link=lambda row: reverse("brand:brand", args=[row.organization.slug, row.service_id]),
    )
    state = WishColumn(gettext_lazy("State"), value=lambda row: row.service)
    live_at = DateColumn(gettext_lazy("Live since"), sort="live_at")
    search = ("host",)
    default_sort = "host"
    file_name = "brands"
    about_products = "brand"


@list_page
@needs(BELONG)
@shows(brands_of)
def brands(request: ConsoleRequest) -> HttpResponse:
    """All brands of the organization that the reader may see."""
    table = BrandTable(request, brands_of(request.actor, request.organization))
    table.empty = Empty(
        _("No Custom Brand yet"),
        _("With a Custom Brand your people sign in at a name of yours, in your colours."),
        _("Look at it in the shop"),
        f"/o/{request.organization.slug}/shop",
        "palette",
        request.actor.decide(ORDER, request.organization),
    )
    return table.response("brand/brands.html", {})


@require_GET
@shows(brand_of)
def brand(request: ConsoleRequest, number: int) -> HttpResponse:
    """One brand: where it stands, what to enter where, and how it looks."""
    template = "brand/_state.html" if is_htmx(request) else "brand/brand.html"
    return render(request, template, _context(request, brand_of(request.actor, request.organization, number)))


@require_http_methods(["GET", "POST"])
@shows(brand_of)
def look(request: ConsoleRequest, number: int) -> HttpResponse:
    """Choose colour, greeting and sender."""
    found = brand_of(request.actor, request.organization, number)
    require(request.actor, MANAGE, found.service)
    initial = {
        "accent": f"#{found.accent}" if found.accent else "",
        "greeting": found.greeting, "sender": found.sender, "reply_to": found.reply_to,
    }  # fmt: skip
    return carry_out(
        request,
        LookForm(request.POST or None, initial=initial),
        set_look,
        found,
        page="brand/look.html",
        partial="brand/_look_form.html",
        then=lambda changed: finished(request, _("The look is saved."), to=_page(request, changed)),
        context=_context(request, found),
    )


@require_POST
def check(request: ConsoleRequest, number: int) -> HttpResponse:
    """Look at both proofs again."""
    found = brand_of(request.actor, request.organization, number)
    check_brand(request.actor, found)
    return finished(request, _("We look again now."), to=_page(request, found), kind="note")


@require_GET
@never_cache
def proof(request: HttpRequest) -> HttpResponse:
    """The answer by which our own job sees that a name leads to this installation. With `domain` it tells a proxy that
    makes certificates on demand whether it shall make one for this name (docs/running.md)."""
    if "domain" in request.GET:
        is_known = is_proven(request.GET["domain"][:253].lower())
        return HttpResponse(status=200 if is_known else 404, content_type="text/plain")
    return JsonResponse({"proof": proof_of(request.GET.get("nonce", "")[:100])})


def _page(request: ConsoleRequest, found: Brand) -> str:
    return reverse("brand:brand", args=[request.organization.slug, found.service_id])


def _context(request: ConsoleRequest, found: Brand) -> dict[str, Any]:
    return {
        "brand": found,
        "target": config.web.hostname,
        "may_manage": request.actor.decide(MANAGE, found.service),
        "page_url": _page(request, found),
        "api_path": f"/2/accounts/{request.organization.pk}/brands/{found.service_id}",
    }
