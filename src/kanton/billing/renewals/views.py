"""The to-pay list, the cockpit of renewals, and one service between its terms."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.billing.actions import choose_transfer
from kanton.billing.queries import invoice_of
from kanton.billing.quotes import guarantee_fee
from kanton.billing.renewals import queries
from kanton.billing.renewals.actions import (
    change_period,
    renew_services,
    switch_automatic,
    switch_guarantee,
    withdraw_period_change,
    withdraw_renewal,
)
from kanton.billing.renewals.forms import PeriodForm, SwitchForm, numbers, selection
from kanton.billing.renewals.tables import RenewalTable, ToPayTable
from kanton.core.errors import DomainError, Forbidden, NotFound
from kanton.core.parity import shows
from kanton.core.rights import Decision
from kanton.organizations.rights import ACCOUNTING
from kanton.organizations.web import ConsoleRequest, needs
from kanton.products.contract import product_called
from kanton.ui import formats
from kanton.ui import forms as ui
from kanton.ui.hx import finished
from kanton.ui.tables import Empty

SWITCHES = {
    "automatic-on": (switch_automatic, True),
    "automatic-off": (switch_automatic, False),
    "guarantee-on": (switch_guarantee, True),
    "guarantee-off": (switch_guarantee, False),
}


def _to(request: ConsoleRequest, name: str, *args: object) -> str:
    return reverse(f"renewals:{name}", args=[request.organization.slug, *args])


@require_GET
@shows(queries.to_pay)
def to_pay(request: ConsoleRequest) -> HttpResponse:
    """What falls due in the next two months, or everything (BIL-88)."""
    everything = request.GET.get("all") == "1"
    table = ToPayTable(request, queries.to_pay(request.actor, request.organization, everything=everything))
    table.empty = Empty(
        _("Nothing is due"),
        _("No product ends in the next two months. Show all to renew something in advance."),
        "" if everything else _("Show all"),
        f"{request.path}?all=1",
        icon="calendar-check",
    )
    return table.response("renewals/to_pay.html", {"everything": everything})


@require_POST
def pay(request: ConsoleRequest) -> HttpResponse:
    """Put the selection on one invoice and go and pay it (BIL-89)."""
    slug = request.organization.slug
    try:
        invoice = renew_services(request.actor, request.organization, lines=selection(request.POST))
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=_to(request, "to_pay"), kind="failed")
    if not invoice.is_open:
        return finished(request, _("Renewed. There was nothing to pay."), to=_to(request, "to_pay"))
    said = _("Nothing changes before you have paid.")
    return finished(request, said, to=reverse("billing:pay", args=[slug, invoice.pk]), kind="note")


@require_POST
def pro_forma(request: ConsoleRequest) -> HttpResponse:
    """Put the selection on a pro-forma invoice that can be printed and paid by transfer (BIL-83)."""
    slug = request.organization.slug
    try:
        invoice = renew_services(request.actor, request.organization, lines=selection(request.POST))
        if invoice.is_open:
            choose_transfer(request.actor, invoice)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=_to(request, "to_pay"), kind="failed")
    to = reverse("billing:invoice", args=[slug, invoice.pk])
    return finished(request, _("The pro-forma invoice is ready."), to=to)


@require_POST
def withdraw(request: ConsoleRequest, invoice: int) -> HttpResponse:
    """Withdraw a pro-forma invoice for renewals."""
    found = invoice_of(request.actor, request.organization, invoice)
    to = _to(request, "to_pay")
    try:
        withdraw_renewal(request.actor, found)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, _("%(invoice)s is withdrawn.") % {"invoice": found.label}, to=to)


@require_GET
@shows(queries.renewals_of)
def renewals(request: ConsoleRequest) -> HttpResponse:
    """The cockpit: every renewal, how it renews, and what will happen next."""
    found = queries.renewals_of(request.actor, request.organization)
    table = RenewalTable(request, found)
    table.empty = Empty(
        _("Nothing to renew yet"),
        _("Products that you order stand here, with the day on which they renew."),
        _("Open the shop"),
        reverse("billing:shop", args=[request.organization.slug]),
        icon="refresh",
    )
    context = found.order_by().aggregate(
        all=Count("pk"),
        automatic=Count("pk", filter=Q(renews_automatically=True)),
        guaranteed=Count("pk", filter=Q(is_guaranteed=True)),
        unprotected=Count("pk", filter=Q(renews_automatically=False, is_guaranteed=False)),
    )
    return table.response("renewals/renewals.html", context)


@require_POST
@needs(ACCOUNTING)
def manage(request: ConsoleRequest) -> HttpResponse:
    """Switch automatic renewal or the guarantee for many at once, after saying what it costs (BIL-108)."""
    chosen = numbers(request.POST)
    to = _to(request, "renewals")
    if not chosen:
        return finished(request, _("Nothing is selected. Tick the lines first."), to=to, kind="failed")
    if (how := request.POST.get("switch", "")) in SWITCHES:
        switch, is_on = SWITCHES[how]
        try:
            done = switch(request.actor, request.organization, services=chosen, is_on=is_on)
        except (NotFound, Forbidden):
            raise
        except DomainError as error:
            return finished(request, error.sentence, to=to, kind="failed")
        said = ngettext("Switched for %(n)s product.", "Switched for %(n)s products.", len(done))
        return finished(request, said % {"n": len(done)}, to=to)
    found = queries.renewals_of(request.actor, request.organization).filter(pk__among=chosen)
    rows = queries.rows_of(request.actor, found)
    return render(
        request, "renewals/manage.html", {"rows": rows, "fee": _fee(request), "reasons": _reasons(rows)}
    )


def _reasons(rows: Iterable[queries.Row]) -> list[str]:
    """What the guarantee protects these from, each reason once (BIL-110)."""
    return list(dict.fromkeys(row.guarantee_reason for row in rows if row.guarantee_reason))


def _fee(request: ConsoleRequest) -> str:
    fee = guarantee_fee(request.organization.currency)
    return formats.money(fee) if fee else ""


@require_GET
@shows(queries.renewal_of)
def service(request: ConsoleRequest, number: int) -> HttpResponse:
    """One service between its terms: how it renews, and the switches."""
    row = queries.renewal_of(request.actor, request.organization, number)
    past = row.service.renewals.exclude(state="cancelled").select_related("invoice").order_by("-starts_on")
    context = {
        "row": row,
        "past": past[:24],
        "fee": _fee(request),
        "reasons": _reasons([row]),
        "may_cancel": _may_cancel(request, row),
    }
    return render(request, "renewals/service.html", context)


def _may_cancel(request: ConsoleRequest, row: queries.Row) -> Decision | bool:
    with suppress(KeyError):
        product = product_called(row.service.product)
        return request.actor.decide(product.manage_right, row.service)
    return False


@require_POST
def automatic(request: ConsoleRequest, number: int, how: str) -> HttpResponse:
    """Automatic renewal on or off with one click (BIL-92)."""
    row = queries.renewal_of(request.actor, request.organization, number)
    is_on = how == "on"
    to = _to(request, "service", number)
    try:
        switch_automatic(request.actor, request.organization, services=[number], is_on=is_on)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    said = _("Automatic renewal of %(name)s is on.") if is_on else _("Automatic renewal of %(name)s is off.")
    return finished(request, said % {"name": row.name}, to=to)


@require_http_methods(["GET", "POST"])
def guarantee(request: ConsoleRequest, number: int, how: str) -> HttpResponse:
    """The renewal guarantee on or off, after the page that states its fee (BIL-107, BIL-112)."""
    row = queries.renewal_of(request.actor, request.organization, number)
    is_on = how == "on"
    said = (
        _("The renewal guarantee of %(name)s is on.")
        if is_on
        else _("The renewal guarantee of %(name)s is off.")
    )
    return ui.carry_out(
        request,
        SwitchForm([number], request.POST if request.method == "POST" else None),
        switch_guarantee,
        request.organization,
        page="renewals/guarantee.html",
        partial="renewals/_guarantee_form.html",
        context={"row": row, "is_on": is_on, "fee": _fee(request), "reasons": _reasons([row])},
        then=lambda _done: finished(request, said % {"name": row.name}, to=_to(request, "service", number)),
        is_on=is_on,
    )


@require_http_methods(["GET", "POST"])
@shows(queries.periods_of)
def period(request: ConsoleRequest, number: int) -> HttpResponse:
    """Another billing period, with the warning about an early change in money (BIL-101…104)."""
    row = queries.renewal_of(request.actor, request.organization, number)
    page = queries.periods_of(request.actor, request.organization, number)
    said = (
        _("The billing period is changed.")
        if page.is_at_once
        else _("The change is planned for %(day)s. Until then you can withdraw it.")
        % {"day": formats.date(page.takes_effect_on)}
    )
    return ui.carry_out(
        request,
        PeriodForm(page, request.POST if request.method == "POST" else None),
        change_period,
        row.service,
        page="renewals/period.html",
        partial="renewals/_period_form.html",
        context={"row": row, "page": page},
        then=lambda _done: finished(request, said, to=_to(request, "service", number)),
    )


@require_POST
def keep_period(request: ConsoleRequest, number: int) -> HttpResponse:
    """Withdraw the planned change."""
    row = queries.renewal_of(request.actor, request.organization, number)
    to = _to(request, "service", number)
    try:
        withdraw_period_change(request.actor, row.service)
    except (NotFound, Forbidden):
        raise
    except DomainError as error:
        return finished(request, error.sentence, to=to, kind="failed")
    return finished(request, _("The billing period stays as it is."), to=to)
