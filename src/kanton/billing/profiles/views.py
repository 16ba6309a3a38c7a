"""The pages of payment profiles."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kanton.billing.payments.contract import provider_called, saving_providers
from kanton.billing.profiles.actions import (
    begin_profile,
    finish_profile,
    keep_prepaid_profile,
    make_default,
    remove_profile,
)
from kanton.billing.profiles.models import ProfileRequest
from kanton.billing.profiles.queries import profile_of, profiles_of, request_of
from kanton.billing.profiles.tables import ProfileTable
from kanton.billing.settling import PREPAID
from kanton.config import config
from kanton.core.errors import DomainError
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest
from kanton.ui.hx import finished
from kanton.ui.tables import Empty


@require_GET
@shows(profiles_of)
def profiles(request: ConsoleRequest) -> HttpResponse:
    """How renewals are paid, and what else is kept (BIL-47)."""
    rows = profiles_of(request.actor, request.organization)
    table = ProfileTable(request, rows)
    table.empty = Empty(
        _("No payment profile yet"),
        _("Keep a card, or choose the prepaid account: renewals are then paid without you."),
        icon="credit-card",
    )
    context = {
        "providers": saving_providers(),
        "has_prepaid": rows.filter(provider=PREPAID).exists(),
    }
    return table.response("profiles/profiles.html", context)


@require_POST
def add(request: ConsoleRequest) -> HttpResponse:
    """Begin to add one: the prepaid account at once, a card on the provider's page."""
    method = request.POST.get("method", "")
    if method == PREPAID:
        keep_prepaid_profile(request.actor, request.organization)
        return finished(request, _("The prepaid account is among the profiles."), to=_list(request))
    begun = begin_profile(request.actor, request.organization, method=method)
    return HttpResponseRedirect(provider_page(begun), status=303)


@require_POST
def renew(request: ConsoleRequest, number: int) -> HttpResponse:
    """Give a new card in place of one that is kept."""
    found = profile_of(request.actor, request.organization, number)
    begun = begin_profile(request.actor, request.organization, method=found.provider, replaces=found)
    return HttpResponseRedirect(provider_page(begun), status=303)


def provider_page(begun: ProfileRequest) -> str:
    """Where the payer gives the method, and comes back from."""
    back = reverse("profiles:added", args=[begun.organization.slug, begun.key])
    return provider_called(begun.provider).begin_saving(
        begun.key, str(begun.organization_id), f"{config.web.address}{back}"
    )


@require_GET
@shows(request_of)
def added(request: ConsoleRequest, key: str) -> HttpResponse:
    """The payer came back from the provider. A second visit finds the same profile."""
    found = request_of(request.actor, request.organization, key)
    try:
        profile = finish_profile(request.actor, found)
    except DomainError as error:
        return finished(request, error.sentence, to=_list(request), kind="failed")
    said = _("%(profile)s is kept for your renewals.") % {"profile": profile.label}
    return finished(request, said, to=_list(request))


@require_POST
def default(request: ConsoleRequest, number: int) -> HttpResponse:
    """Make one the default."""
    make_default(request.actor, profile_of(request.actor, request.organization, number))
    return finished(request, _("Renewals are paid with it from now on."), to=_list(request))


@require_POST
def remove(request: ConsoleRequest, number: int) -> HttpResponse:
    """Forget one."""
    found = profile_of(request.actor, request.organization, number)
    try:
        remove_profile(request.actor, found)
    except DomainError as error:
        return finished(request, error.sentence, to=_list(request), kind="failed")
    return finished(request, _("It is forgotten."), to=_list(request))


def _list(request: ConsoleRequest) -> str:
    return reverse("profiles:list", args=[request.organization.slug])
