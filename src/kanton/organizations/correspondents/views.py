"""The pages of administrative mails: who gets what, and what one member gets."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kanton.core.parity import shows
from kanton.organizations.correspondents.actions import choose_mails
from kanton.organizations.correspondents.forms import MailsForm
from kanton.organizations.correspondents.queries import kinds_of, posts_of
from kanton.organizations.queries import member_of
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished


@require_GET
@needs(MEMBERS_VIEW)
@shows(posts_of)
def overview(request: ConsoleRequest) -> HttpResponse:
    """Each kind of mail, and who gets it (ORG-41, ORG-42)."""
    context = {"posts": posts_of(request.actor, request.organization)}
    return render(request, "correspondents/overview.html", context)


@needs(MEMBERS_MANAGE)
@require_http_methods(["GET", "POST"])
@shows(kinds_of)
def of_member(request: ConsoleRequest, number: int) -> HttpResponse:
    """Choose which mails a member gets."""
    membership = member_of(request.actor, request.organization, number)
    return carry_out(
        request,
        MailsForm(
            request.POST if request.method == "POST" else None, initial={"kinds": kinds_of(membership)}
        ),
        choose_mails,
        membership,
        page="correspondents/of_member.html",
        partial="correspondents/_form.html",
        then=lambda changed: finished(
            request,
            _("The mails of %(person)s are saved.") % {"person": changed.person},
            to=reverse("correspondents:overview", args=[request.organization.slug]),
        ),
        context={"membership": membership},
    )
