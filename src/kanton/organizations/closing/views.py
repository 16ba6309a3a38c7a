"""The page that deletes an organization."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kanton.core.parity import shows
from kanton.organizations.closing.actions import delete_organization
from kanton.organizations.closing.forms import DeleteForm
from kanton.organizations.closing.queries import obstacles_to_deletion
from kanton.organizations.closing.steps import partings_for, stoppable
from kanton.organizations.rights import DETAILS_EDIT
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished


@never_cache
@sensitive_post_parameters("current_password")
@require_http_methods(["GET", "POST"])
@needs(DETAILS_EDIT)
@shows(obstacles_to_deletion)
def delete(request: ConsoleRequest) -> HttpResponse:
    """Each thing that is not settled, or the form (ORG-29…34)."""
    name = request.organization.name
    running = stoppable(request.organization)
    partings = partings_for(request.organization)
    return carry_out(
        request,
        DeleteForm(request.POST or None, running=running, partings=partings),
        delete_organization,
        request.organization,
        page="closing/delete.html",
        partial="closing/delete.html",
        then=lambda _nothing: finished(
            request, _("%(name)s is deleted.") % {"name": name}, to="/account/organizations"
        ),
        context={
            "obstacles": obstacles_to_deletion(request.actor, request.organization),
            "running": running,
        },
    )
