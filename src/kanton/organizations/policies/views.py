"""The page of the rules, and the page in front of everything for those who do not meet them."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.queries import is_protected
from kanton.accounts.second_factor import all_methods
from kanton.accounts.web import AccountRequest, staff_page
from kanton.core import clock
from kanton.core.parity import shows
from kanton.core.query import get_or_not_found
from kanton.core.rights import Role
from kanton.organizations.departure.actions import leave_organization
from kanton.organizations.departure.queries import own_membership
from kanton.organizations.models import Membership, Organization
from kanton.organizations.networks import kept
from kanton.organizations.policies import rules
from kanton.organizations.policies.actions import (
    demand_second_factor,
    leave_networks_open,
    leave_second_factor_open,
    leave_sessions_open,
    limit_networks,
    limit_sessions,
    rescue_networks,
)
from kanton.organizations.policies.forms import DemandForm, NetworksForm, SessionsForm
from kanton.organizations.policies.queries import meets, unprotected
from kanton.organizations.policies.rights import POLICIES_MANAGE
from kanton.organizations.rights import BELONG
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished, hx_render

USUAL_NOTICE = timedelta(days=14)
SHORT_NOTICE = timedelta(days=3)


@require_GET
@needs(POLICIES_MANAGE)
@shows(unprotected)
def policies(request: ConsoleRequest) -> HttpResponse:
    """Which rules hold here, and how many people do not meet them yet."""
    organization = request.organization
    context = {
        "day": organization.second_factor_from,
        "is_on": organization.demands_second_factor,
        "without": unprotected(organization).count(),
        "networks": kept(organization.admin_networks),
        "today": clock.today(),
    }
    return hx_render(request, "policies/policies.html", "policies/policies.html", context)


@needs(POLICIES_MANAGE)
@require_http_methods(["GET", "POST"])
def demand(request: ConsoleRequest) -> HttpResponse:
    """Switch the rule on, or move its day, after seeing whom it concerns (ORG-60, ORG-66)."""
    organization = request.organization
    missing = list(unprotected(organization)[:50])
    initial = {
        "demanded_from": organization.second_factor_from or clock.today() + USUAL_NOTICE,
        # Who begins is offered the stricter rule (ORG-62).
        "also_for_apps": organization.second_factor_for_apps or organization.second_factor_from is None,
    }
    return carry_out(
        request,
        DemandForm(request.POST or None, initial=initial),
        demand_second_factor,
        organization,
        page="policies/demand.html",
        partial="policies/_demand_form.html",
        then=lambda _organization: finished(
            request, _("A second factor is demanded of everybody."), to=_rules(request)
        ),
        context={
            "missing": missing,
            "without": unprotected(organization).count(),
            "is_protected": is_protected(request.user.pk),
            "on_apps": rules.effects_on(organization),
        },
    )


@require_POST
@needs(POLICIES_MANAGE)
def leave_open(request: ConsoleRequest) -> HttpResponse:
    """Switch the rule off."""
    leave_second_factor_open(request.actor, request.organization)
    return finished(request, _("A second factor is everybody’s own choice again."), to=_rules(request))


@needs(POLICIES_MANAGE)
@require_http_methods(["GET", "POST"])
def sessions(request: ConsoleRequest) -> HttpResponse:
    """How long a sign-in lasts here, and from when."""
    organization = request.organization
    initial = {
        "hours": organization.session_hours,
        "idle_minutes": organization.session_idle_minutes,
        "begins": organization.session_rule_from or clock.today() + SHORT_NOTICE,
    }
    return carry_out(
        request,
        SessionsForm(request.POST or None, initial=initial),
        limit_sessions,
        organization,
        page="policies/sessions.html",
        partial="policies/_rule_form.html",
        then=lambda _organization: finished(request, _("The rule is saved."), to=_rules(request)),
        notes=(_("Everybody else in the organization gets a mail."),),
        context={"back": _rules(request)},
    )


@require_POST
@needs(POLICIES_MANAGE)
def sessions_open(request: ConsoleRequest) -> HttpResponse:
    """A sign-in lasts here as long as everywhere."""
    leave_sessions_open(request.actor, request.organization)
    return finished(request, _("Sign-ins last here as long as everywhere."), to=_rules(request))


@needs(POLICIES_MANAGE)
@require_http_methods(["GET", "POST"])
def networks(request: ConsoleRequest) -> HttpResponse:
    """From where owners and administrators may act, and from when."""
    organization = request.organization
    known = kept(organization.admin_networks)
    initial = {
        "networks": "\n".join(map(str, known[1])) if known else request.actor.ip,
        "begins": known[0] if known else clock.today() + SHORT_NOTICE,
    }
    return carry_out(
        request,
        NetworksForm(request.POST or None, initial=initial),
        limit_networks,
        organization,
        page="policies/networks.html",
        partial="policies/_rule_form.html",
        then=lambda _organization: finished(request, _("The rule is saved."), to=_rules(request)),
        context={"address": request.actor.ip, "back": _rules(request)},
    )


@require_POST
@needs(POLICIES_MANAGE)
def networks_open(request: ConsoleRequest) -> HttpResponse:
    """Owners and administrators may act from anywhere."""
    leave_networks_open(request.actor, request.organization)
    return finished(request, _("Owners and administrators may act from anywhere."), to=_rules(request))


@require_POST
@staff_page
def rescue(request: AccountRequest, slug: str) -> HttpResponse:
    """Staff lift the rule about networks for an organization that shut itself out."""
    organization = get_or_not_found(Organization.objects.all(), slug=slug)
    rescue_networks(request.actor, organization)
    text = _("Owners and administrators of %(name)s may act from anywhere.") % {"name": organization.name}
    return finished(request, text, to=f"/staff/organizations/{slug}")


@require_GET
@needs(BELONG)
def needed(request: ConsoleRequest) -> HttpResponse:
    """Set up one of these methods; nothing else here is open until then (ORG-61)."""
    organization = request.organization
    if meets(request.actor, organization):
        return HttpResponseRedirect(f"/o/{organization.slug}/")
    methods = [method for method in all_methods() if not method.is_backup and method.is_offered(request.user)]
    is_external = Membership.objects.filter(
        organization=organization, person=request.user, role=Role.EXTERNAL
    ).exists()
    context = {"methods": methods, "is_external": is_external}
    return hx_render(request, "policies/needed.html", "policies/needed.html", context)


@require_POST
@needs(BELONG)
def leave(request: ConsoleRequest) -> HttpResponse:
    """Leave the organization instead (ORG-63)."""
    organization = request.organization
    leave_organization(request.actor, own_membership(request.actor, organization))
    text = _("You have left %(organization)s.") % {"organization": organization.name}
    return finished(request, text, to=reverse("organizations:mine"))


def _rules(request: ConsoleRequest) -> str:
    return reverse("policies:policies", args=[request.organization.slug])
