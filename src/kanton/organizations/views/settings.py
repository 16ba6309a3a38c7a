"""The organization itself: its details and its activity."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.places import country_name
from kanton.accounts.queries import names_of
from kanton.activity.queries import chain_state
from kanton.activity.tables import ActivityTable, with_dates
from kanton.config import config
from kanton.core.parity import shows
from kanton.organizations.actions import DETAILS, check_activity, edit_details
from kanton.organizations.closing.prerequisites import unmet
from kanton.organizations.emails import label_of, shown
from kanton.organizations.forms import DetailsForm
from kanton.organizations.queries import activity_of_organization, organization_by_id
from kanton.organizations.rights import ACTIVITY_VIEW, BELONG, DETAILS_EDIT
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished, hx_render
from kanton.ui.pages import list_page


@require_GET
@needs(BELONG)
@shows(organization_by_id)
def details(request: ConsoleRequest) -> HttpResponse:
    """Name, address, type, currency. Only an owner finds the button to edit them (ORG-10)."""
    organization = request.organization
    may_edit = request.actor.has_right(DETAILS_EDIT, organization)
    context = {
        "unmet": unmet(organization) if may_edit else [],
        "country": country_name(organization.country),
        "place": ", ".join(
            filter(None, [organization.street, f"{organization.postal_code} {organization.city}".strip()])
        ),
        "may_edit": may_edit,
        "whom_to_ask": request.actor.decide(DETAILS_EDIT, organization).whom_to_ask,
    }
    return hx_render(request, "organizations/details.html", "organizations/details.html", context)


@needs(DETAILS_EDIT)
@require_http_methods(["GET", "POST"])
def edit(request: ConsoleRequest) -> HttpResponse:
    """Edit the details; another currency is announced before saving (ORG-15)."""
    organization = request.organization
    to = reverse("organizations:details", args=[organization.slug])
    currency = config.operator.currency_for(request.POST.get("country", organization.country))
    notes = [
        f"{label_of(name)}: {shown(name, getattr(organization, name))} → {shown(name, request.POST[name].strip())}"
        for name in DETAILS
        if name in request.POST and request.POST[name].strip() != getattr(organization, name)
    ]
    if currency != organization.currency:
        notes.append(
            _(
                "Your next invoices will be in %(new)s. Issued invoices, open orders and money on the prepaid "
                "account stay in %(old)s."
            )
            % {"new": currency, "old": organization.currency}
        )
    return carry_out(
        request,
        DetailsForm(request.POST or None, initial={name: getattr(organization, name) for name in DETAILS}),
        edit_details,
        organization,
        page="organizations/edit_details.html",
        partial="organizations/_details_form.html",
        then=lambda _organization: finished(request, _("The details are saved."), to=to),
        notes=notes,
    )


@list_page
@needs(ACTIVITY_VIEW)
@shows(activity_of_organization)
def activity(request: ConsoleRequest) -> HttpResponse:
    """What happened, who did it, and whether the log is whole."""
    rows, dates = with_dates(request, activity_of_organization(request.actor, request.organization))
    table = ActivityTable(request, rows, names=names_of)
    context = {"dates": dates, "chain": chain_state(request.organization.pk)}
    return table.response("organizations/activity.html", context)


@require_POST
def check(request: ConsoleRequest) -> HttpResponse:
    """Have the seals of the log checked now."""
    check_activity(request.actor, request.organization)
    to = reverse("organizations:activity", args=[request.organization.slug])
    return finished(request, _("The check has started. Its result appears on this page."), to=to)
