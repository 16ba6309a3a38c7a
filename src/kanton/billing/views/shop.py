"""The shop, for visitors and in the console, and the cart that both share (BIL-14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.billing import promoting
from kanton.billing.actions import add_to_cart, change_cart_line, order_cart, remove_from_cart
from kanton.billing.forms import OfferForm, OrderForm, guarantee_words
from kanton.billing.invoicing import has_address
from kanton.billing.models import Order
from kanton.billing.queries import cart_by_secret
from kanton.billing.quotes import cart_items, quote
from kanton.billing.web import cart_of, cart_or_new, cart_size, keep_cart
from kanton.catalog.models import Plan, Price
from kanton.catalog.queries import plan_on_sale, plans_on_sale, prices_of, shelves
from kanton.core.action import dry_run
from kanton.core.actor import Actor
from kanton.core.errors import DomainError
from kanton.core.money import CURRENCIES
from kanton.core.parity import shows
from kanton.core.secrets import new_token
from kanton.organizations.models import Organization
from kanton.organizations.queries import organizations_of
from kanton.organizations.resolver import held_everywhere
from kanton.organizations.rights import DETAILS_EDIT, ORDER
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui import forms as ui
from kanton.ui.hx import finished

LABEL = re.compile(r"[^\w-]+")


@dataclass(frozen=True)
class Place:
    """Where the shop stands: in the console of an organization, or in public. Addresses and currency follow."""

    request: HttpRequest
    organization: Organization | None

    @property
    def currency(self) -> str:
        """The organization's currency; a visitor chooses (BIL-2)."""
        if self.organization is not None:
            return self.organization.currency
        chosen = self.request.GET.get("currency") or self.request.COOKIES.get("currency", "")
        if chosen in CURRENCIES:
            return chosen
        cart = cart_of(self.request)
        return cart.currency if cart else CURRENCIES[0]

    @property
    def base(self) -> str:
        """The template around the page."""
        return "ui/shell.html" if self.organization else "billing/public.html"

    def url(self, name: str, *args: Any) -> str:
        """The address of a page of the shop here."""
        if self.organization is not None:
            return reverse(f"billing:{name}", args=[self.organization.slug, *args])
        return reverse(f"billing:public_{name}", args=args)

    def context(self, **more: Any) -> dict[str, Any]:
        """What all pages of the shop know."""
        return {
            "base": self.base,
            "organization": self.organization,
            "currency": self.currency,
            "currencies": CURRENCIES,
            "shop_url": self.url("shop"),
            "cart_url": self.url("cart"),
            "search_url": self.url("names"),
            "cart_size": cart_size(self.request),
        } | more


@dataclass(frozen=True)
class Card:
    """One offer on a shelf, with its address and its lowest price."""

    plan: Plan
    url: str
    price: Price


@dataclass(frozen=True)
class ShelfShown:
    """A group as the shop shows it: cards, and names that are found by searching."""

    group: str
    label: str
    cards: list[Card]
    endings: list[Card]


def _shelves(place: Place) -> list[ShelfShown]:
    shown = []
    for shelf in shelves(place.currency):
        cards = [Card(plan, place.url("offer", plan.code), _shown_price(plan)) for plan in shelf.plans]
        endings = [card for card in cards if "tld" in card.plan.limits]
        shown.append(
            ShelfShown(
                shelf.group.value, shelf.label, [card for card in cards if card not in endings], endings
            )
        )
    return shown


def _shown_price(plan: Plan) -> Price:
    """The price on the card: that of a year, or of the shortest period."""
    prices = prices_of(plan)
    return next((price for price in prices if price.months == 12), prices[0])


@require_GET
@shows(shelves)
def public_shop(request: HttpRequest) -> HttpResponse:
    """The shop for everybody. Who is signed in goes to the shop of their organization."""
    if request.actor.is_signed_in and (known := organizations_of(request.actor)):  # type: ignore[attr-defined]
        return redirect("billing:shop", known[0].slug)
    return _shop(Place(request, None))


@require_GET
@needs(ORDER)
def shop(request: ConsoleRequest) -> HttpResponse:
    """The shop in the console."""
    return _shop(Place(request, request.organization))


def _shop(place: Place) -> HttpResponse:
    response = render(place.request, "billing/shop.html", place.context(shelves=_shelves(place)))
    if (chosen := place.request.GET.get("currency", "")) in CURRENCIES and place.organization is None:
        response.set_cookie("currency", chosen, max_age=365 * 24 * 3600, samesite="Lax")
    return response


@dataclass(frozen=True)
class NameFound:
    """A name with one ending: free to order, or why not."""

    name: str
    price: Price
    url: str
    add: dict[str, Any]
    problem: str


@require_GET
def public_names(request: HttpRequest) -> HttpResponse:
    """Search a name in the public shop."""
    return _names(Place(request, None))


@require_GET
@needs(ORDER)
def names(request: ConsoleRequest) -> HttpResponse:
    """Search a name in the console's shop."""
    return _names(Place(request, request.organization))


def _names(place: Place) -> HttpResponse:
    words = place.request.GET.get("q", "").strip().lower()[:253]
    label, _dot, ending = words.partition(".")
    label = LABEL.sub("-", label).strip("-")
    found = []
    if label:
        plans = [plan for plan in plans_on_sale(place.currency) if "tld" in plan.limits and prices_of(plan)]
        # The ending that was typed stands first.
        plans.sort(key=lambda plan: plan.limits["tld"] != ending)
        found = [_name_found(place, plan, label) for plan in plans]
    context = place.context(words=words, label=label, found=found)
    return render(place.request, "billing/names.html", context)


def _name_found(place: Place, plan: Plan, label: str) -> NameFound:
    name = f"{label}.{plan.limits['tld']}"
    options = {"name": name}
    problem = ""
    assert plan.sells is not None
    try:
        plan.sells.check_order(
            place.organization, {**plan.limits, **options, "plan": plan.code, "quantity": 1}
        )
    except DomainError as error:
        problem = error.sentence
    price = _shown_price(plan)
    return NameFound(
        name, price, place.url("offer", plan.code), {"name": name, "months": price.months}, problem
    )


@require_http_methods(["GET", "POST"])
def public_offer(request: HttpRequest, plan: str) -> HttpResponse:
    """One offer in the public shop."""
    return _offer(Place(request, None), plan)


@require_http_methods(["GET", "POST"])
@needs(ORDER)
@shows(plan_on_sale)
def offer(request: ConsoleRequest, plan: str) -> HttpResponse:
    """One offer in the console's shop."""
    return _offer(Place(request, request.organization), plan)


def _offer(place: Place, code: str) -> HttpResponse:
    request = place.request
    plan = plan_on_sale(code, place.currency)
    initial = {"name": request.GET.get("name", "")} if "name" in request.GET else None
    form = OfferForm(plan, place.currency, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with form.catching(), transaction.atomic():  # no empty cart stays behind
            cart, secret = cart_or_new(request, place.currency)
            line = add_to_cart(
                request.actor,  # type: ignore[attr-defined]
                cart,
                **form.cleaned_data,
                organization=place.organization,
            )
            said = _("%(name)s is in your cart.") % {"name": line.name or plan.name}
            response = finished(request, said, to=place.url("cart"))
            keep_cart(response, secret)
            return response
    status = 422 if form.is_bound else 200
    context = place.context(plan=plan, form=form, prices=prices_of(plan))
    return render(request, "billing/offer.html", context, status=status)


# ── The cart


@require_GET
@shows(cart_by_secret)
def public_cart(request: HttpRequest) -> HttpResponse:
    """The cart of a visitor."""
    return _cart(Place(request, None))


@require_GET
@needs(ORDER)
def cart(request: ConsoleRequest) -> HttpResponse:
    """The cart summary: what, for which organization, for how much, and what will happen (BIL-17, BIL-18)."""
    return _cart(Place(request, request.organization))


def _cart(place: Place, form: OrderForm | None = None) -> HttpResponse:
    quoted = quote(cart_items(cart_of(place.request)), place.currency, place.organization)
    periods = {
        line.item.cart_line.pk: prices_of_line for line, prices_of_line in _periods(quoted.lines, place)
    }
    form = form or OrderForm(
        initial={
            "expected_minor": quoted.totals.total.minor,
            "expected_currency": quoted.currency,
            "request_key": new_token()[:40],
        }
    )
    organization = place.organization
    context = place.context(
        quote=quoted,
        lacks_address=organization is not None and not has_address(organization),
        may_edit_details=place.request.actor.has_right(DETAILS_EDIT, organization),  # type: ignore[attr-defined]
        lines=[
            (
                line,
                periods.get(line.item.cart_line.pk, []),
                guarantee_words(line.item.plan, place.currency) if line.item.plan.may_be_guaranteed else "",
            )
            for line in quoted.lines
            if line.item.cart_line
        ],
        form=form,
        boxes=_boxes(place),
    )
    return render(place.request, "billing/cart.html", context, status=422 if form.is_bound else 200)


def _boxes(place: Place) -> list[tuple[str, Any]]:
    """What other rooms show at the end of the summary: codes and grants."""
    cart = cart_of(place.request)
    if cart is None or place.organization is None:
        return []
    return [each.cart_box(place.request, cart, place.organization) for each in promoting.registered()]


def _periods(lines: Any, place: Place) -> Any:
    """The periods each line may have instead. One query for all."""
    plans = {plan.pk: plan for plan in plans_on_sale(place.currency)} if lines else {}
    for line in lines:
        if line.item.cart_line is not None and line.item.plan.pk in plans:
            yield line, prices_of(plans[line.item.plan.pk])


@require_POST
def public_change_line(request: HttpRequest, line: int) -> HttpResponse:
    """Another quantity or period, or the guarantee, in a visitor's cart."""
    return _change(Place(request, None), line)


@require_POST
@needs(ORDER)
def change_line(request: ConsoleRequest, line: int) -> HttpResponse:
    """Another quantity or period, or the guarantee (BIL-19)."""
    return _change(Place(request, request.organization), line)


def _change(place: Place, line: int) -> HttpResponse:
    request = place.request
    known = cart_of(request)
    if known is not None:
        try:
            change_cart_line(
                request.actor,  # type: ignore[attr-defined]
                known,
                line=line,
                quantity=_number(request.POST.get("quantity")),
                months=_number(request.POST.get("months")),
                is_guaranteed="is_guaranteed" in request.POST if "asks_guarantee" in request.POST else None,
                organization=place.organization,
            )
        except DomainError as error:
            return finished(request, error.sentence, to=place.url("cart"), kind="failed")
    return HttpResponseRedirect(place.url("cart"), status=303)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


@require_POST
def public_remove_line(request: HttpRequest, line: int) -> HttpResponse:
    """Take a line out of a visitor's cart."""
    return _remove(Place(request, None), line)


@require_POST
@needs(ORDER)
def remove_line(request: ConsoleRequest, line: int) -> HttpResponse:
    """Take a line out of the cart."""
    return _remove(Place(request, request.organization), line)


def _remove(place: Place, line: int) -> HttpResponse:
    known = cart_of(place.request)
    try:
        if known is not None:
            remove_from_cart(place.request.actor, known, line=line)  # type: ignore[attr-defined]
    except DomainError as error:
        return finished(place.request, error.sentence, to=place.url("cart"), kind="failed")
    return finished(place.request, _("Removed from your cart."), to=place.url("cart"))


@require_GET
def checkout(request: HttpRequest) -> HttpResponse:
    """From the visitor's cart to the order: sign in or register first, then choose the organization (BIL-15)."""
    if not request.actor.is_signed_in:  # type: ignore[attr-defined]
        here = urlencode({"next": reverse("billing:checkout")})
        context = Place(request, None).context(
            login_url=f"{reverse('accounts:login')}?{here}",
            register_url=f"{reverse('organizations:register')}?{here}",
        )
        return render(request, "billing/checkout.html", context)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    open_here = {held.organization_id for held in held_everywhere(actor)}
    mine = [each for each in organizations_of(actor) if each.pk in open_here and actor.has_right(ORDER, each)]
    if len(mine) == 1:
        return redirect("billing:cart", mine[0].slug)
    return render(request, "billing/choose.html", Place(request, None).context(organizations=mine))


@require_POST
@needs(ORDER)
def place(request: ConsoleRequest) -> HttpResponse:
    """Order the cart, or show what would happen."""
    here = Place(request, request.organization)
    known = cart_of(request)
    form = OrderForm(request.POST)
    if known is None:
        return finished(request, _("Your cart is empty."), to=here.url("shop"), kind="note")
    if form.is_valid():
        values = form.cleaned_data | {"cart": known}
        if ui.wants_preview(request):
            try:
                effect = dry_run(order_cart, request.actor, request.organization, **values)
            except DomainError as error:
                return ui.preview(request, error)
            return ui.preview(
                request, effect, notes=[_("Nothing is charged yet: you choose how to pay next.")]
            )
        with form.catching():
            return _ordered(request, order_cart(request.actor, request.organization, **values))
    return _cart(here, _with_new_price(here, form))


def _with_new_price(place: Place, refused: OrderForm) -> OrderForm:
    """The form again, with the error, and with the price of now to be confirmed (BIL-22)."""
    quoted = quote(cart_items(cart_of(place.request)), place.currency, place.organization)
    data = {
        "expected_minor": quoted.totals.total.minor,
        "expected_currency": quoted.currency,
        "request_key": refused.data.get("request_key") or new_token()[:40],
    }
    form = OrderForm(data)
    form.full_clean()
    for error in refused.non_field_errors():
        form.add_error(None, error)
    return form


def _ordered(request: ConsoleRequest, order: Order) -> HttpResponse:
    if order.is_open:
        to = reverse("billing:pay", args=[request.organization.slug, order.invoice.pk])
        return finished(
            request, _("Order %(order)s is in. Choose how to pay.") % {"order": order.number}, to=to
        )
    to = reverse("billing:order", args=[request.organization.slug, order.pk])
    return finished(request, _("Order %(order)s is complete.") % {"order": order.number}, to=to)
