"""Start page, search, deep links, and the page for what somebody expected to find."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kanton.console import finding, navigation
from kanton.console.missing import Elsewhere, diagnosed, product_wanted
from kanton.console.queries import overview_of
from kanton.core.parity import shows
from kanton.organizations.models import Organization
from kanton.organizations.rights import ORDER
from kanton.products.contract import Product, all_products, product_called
from kanton.products.models import Service
from kanton.ui.home import attention
from kanton.ui.hx import is_htmx
from kanton.ui.shell import GROUPS, Group, Text, shell_of


@dataclass(frozen=True)
class Tile:
    """One product on the start page."""

    label: Text
    icon: str
    url: str
    count: int


@dataclass(frozen=True)
class TileGroup:
    """The products of one group that are there."""

    label: Text
    tiles: list[Tile]


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """`/`: to the organization worked in last, to the staff's pages for staff without one, or to sign-in."""
    if not request.actor.is_signed_in:  # type: ignore[attr-defined]
        return HttpResponseRedirect(settings.LOGIN_URL)
    organization = navigation.present_organization(request)
    if organization is not None:
        return HttpResponseRedirect(reverse("console:home", args=[organization.slug]))
    if work := [
        line.url
        for section in shell_of(request).sections
        if section.group == Group.STAFF
        for line in section.lines
    ]:
        return HttpResponseRedirect(work[0])
    return render(request, "console/nowhere.html")


@require_GET
def go(request: HttpRequest, key: str) -> HttpResponse:
    """A deep link from a guide: the page called `key` in the reader's own organization (ORG-100, SUP-60)."""
    if not request.actor.is_signed_in:  # type: ignore[attr-defined]
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}")
    organization = navigation.present_organization(request)
    if organization is None:
        return HttpResponseRedirect(reverse("console:start"))
    url = navigation.deep_link(key, organization)
    if url is None:
        raise Http404
    return HttpResponseRedirect(url)


@require_GET
def go_to(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """A deep link to one thing, wherever among one's organizations it is; another one than before is named (ORG-21)."""
    if not request.actor.is_signed_in:  # type: ignore[attr-defined]
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}")
    present = navigation.present_organization(request)
    service = navigation.thing_called(request.actor, key, name, present)  # type: ignore[attr-defined]
    organization = service.organization
    if navigation.enter(request, organization) or (present and present.pk != organization.pk):
        messages.info(request, _("You are now in %(name)s.") % {"name": organization.name})
    return HttpResponseRedirect(product_called(service.product).service_url(service))


@require_GET
@shows(overview_of)
def home(request: HttpRequest) -> HttpResponse:
    """The start page of an organization: what needs attention, what it owns, what happened (ORG-99, ORG-104)."""
    organization = request.organization  # type: ignore[attr-defined]
    navigation.enter(request, organization)
    overview = overview_of(request)
    return render(
        request,
        "console/home.html",
        {
            "overview": overview,
            "groups": tile_groups(organization, overview.counts),
            "activity_url": _reverse("organizations:activity", organization),
            "shop_url": _reverse("billing:shop", organization),
            "may_order": request.actor.decide(ORDER, organization),  # type: ignore[attr-defined]
            "api_path": f"/1/accounts/{organization.pk}/overview",
            "tour_first": True,
        },
    )


@require_GET
@shows(finding.everything)
def search(request: HttpRequest) -> HttpResponse:
    """The global search: a page, and the list for the search box."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    organization = request.organization  # type: ignore[attr-defined]
    context = {
        "words": words,
        "found": finding.everything(request, words),
        "api_path": f"/1/accounts/{organization.pk}/search?q={quote(words)}",
    }
    template = "console/_results.html" if is_htmx(request) else "console/search.html"
    response = render(request, template, context)
    response.headers["Vary"] = "HX-Request"
    return response


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """What waits for this person: the inside of the bell's menu, asked for when it opens, or a page."""
    waiting = attention(request)
    template = "console/_notices.html" if is_htmx(request) else "console/notices.html"
    organization = request.organization  # type: ignore[attr-defined]
    context = {"waiting": waiting, "api_path": f"/1/accounts/{organization.pk}/overview"}
    response = render(request, template, context)
    response.headers["Vary"] = "HX-Request"
    return response


@require_GET
@shows(diagnosed)
def missing(request: HttpRequest) -> HttpResponse:
    """Where an expected product is: whether account, organization or rights are the reason (ORG-102)."""
    organization = request.organization  # type: ignore[attr-defined]
    wanted = product_wanted(request.GET.get("product", ""))
    words = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
    found = diagnosed(request.actor, organization, wanted, words)  # type: ignore[attr-defined]
    products = all_products()
    query = urlencode({"product": wanted.code if wanted else "", "q": words})
    return render(
        request,
        "console/missing.html",
        {
            "found": found,
            "here": [_found(each) for each in found.here],
            "elsewhere": [(each, _elsewhere_url(each, wanted)) for each in found.elsewhere],
            "products": products,
            "lists": [(each, reverse(each.list_url, args=[organization.slug])) for each in products],
            "api_path": f"/1/accounts/{organization.pk}/missing?{query}",
        },
    )


def tile_groups(organization: Organization, counts: dict[str, int]) -> list[TileGroup]:
    """The products this person sees, by group."""
    groups: dict[Group, list[Tile]] = {}
    for product in all_products():
        if number := counts.get(product.code):
            url = reverse(product.list_url, args=[organization.slug])
            tile = Tile(product.plural, product.icon, url, number)
            groups.setdefault(Group(product.group.value), []).append(tile)
    return [TileGroup(GROUPS[group].label, tiles) for group, tiles in groups.items()]


def _found(service: Service) -> tuple[Service, Product, str]:
    product = product_called(service.product)
    return service, product, product.service_url(service)


def _elsewhere_url(other: Elsewhere, product: Product | None) -> str:
    """The list of the kind that is looked for, there."""
    return reverse(product.list_url if product else "console:home", args=[other.slug])


def _line(request: HttpRequest, key: str) -> str:
    """Where a line of the menu leads; "" for those who do not have it."""
    lines = [line for section in shell_of(request).sections for line in section.lines]
    return next((line.url for line in lines if line.key == key), "")


def _reverse(name: str, organization: Organization) -> str:
    try:
        return reverse(name, args=[organization.slug])
    except NoReverseMatch:
        return ""
