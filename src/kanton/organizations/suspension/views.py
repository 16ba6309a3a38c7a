"""The pages on which a member is suspended and let in again."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kanton.core.parity import shows
from kanton.organizations.queries import member_of
from kanton.organizations.rights import MEMBERS_MANAGE
from kanton.organizations.suspension.actions import resume_member, suspend_member
from kanton.organizations.suspension.means import means_of
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished


@require_http_methods(["GET", "POST"])
@needs(MEMBERS_MANAGE)
@shows(means_of)
def suspend(request: ConsoleRequest, number: int) -> HttpResponse:
    """Say what ends and what does not, and do it."""
    membership = member_of(request.actor, request.organization, number)
    text = _("%(person)s is suspended.") % {"person": membership.person.display_name}
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        suspend_member,
        membership,
        page="suspension/suspend.html",
        partial="suspension/_form.html",
        then=lambda _membership: finished(request, text, to=_people(request)),
        context={"membership": membership, "means": means_of(membership.person, request.organization)},
    )


@require_POST
@needs(MEMBERS_MANAGE)
def resume(request: ConsoleRequest, number: int) -> HttpResponse:
    """Let a member in again."""
    membership = resume_member(request.actor, member_of(request.actor, request.organization, number))
    text = _("%(person)s has access again.") % {"person": membership.person.display_name}
    return finished(request, text, to=_people(request))


def _people(request: ConsoleRequest) -> str:
    return reverse("organizations:people", args=[request.organization.slug])
