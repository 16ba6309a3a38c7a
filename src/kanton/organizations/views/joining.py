"""How people come in: registration, invitations, further organizations."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.models import address_key
from kanton.accounts.views.sign_in import begin_session
from kanton.accounts.web import AccountRequest, safe_next, signed_in
from kanton.core.parity import shows
from kanton.core.rights import Role
from kanton.core.throttle import throttle
from kanton.core.web import client_address
from kanton.organizations.actions import (
    accept_invitation,
    accept_own_invitation,
    create_organization,
    open_account,
)
from kanton.organizations.errors import InvitationForSomebodyElse, InvitationGone
from kanton.organizations.forms import OrganizationForm, RegisterForm
from kanton.organizations.models import Membership, Organization
from kanton.organizations.queries import (
    invitation_by_secret,
    invitations_for,
    memberships_called,
    memberships_of,
)
from kanton.organizations.shell import shown
from kanton.ui import components
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished, is_htmx
from kanton.ui.tables import ChoiceColumn, Column, DateColumn, Empty, Table


def home_of(organization: Organization) -> str:
    """The start page of an organization."""
    return f"/o/{organization.slug}/"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Open an account. Whether or not the address was known, the answer is the same (ACC-5)."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.is_signed_in:
        return HttpResponseRedirect(safe_next(request, otherwise=settings.LOGIN_REDIRECT_URL))
    secret = request.POST.get("invitation") or request.GET.get("invitation", "")
    invitation = invitation_by_secret(secret) if secret else None
    if secret and invitation is None:
        return _gone(request)
    form = RegisterForm(request.POST or None)
    if invitation is not None:
        form.for_invitation(invitation)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            throttle(f"register:{client_address(request)}", 20, timedelta(hours=1)).or_refuse()
            person = open_account(
                actor, **form.cleaned_data, language=get_language() or "en", invitation=secret
            )
            if invitation is None or person is None:
                further = f"?{urlencode({'next': wanted})}" if (wanted := safe_next(request)) else ""
                return HttpResponseRedirect(reverse("accounts:check_inbox") + further, status=303)
            return begin_session(request, person, target=home_of(invitation.organization))
    context = {"form": form, "invitation": invitation, "secret": secret, "next": safe_next(request)}
    return render(request, "organizations/register.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link of an invitation: join, or sign in or register with that address (ORG-46, ORG-47)."""
    found = invitation_by_secret(secret)
    if found is None:
        return _gone(request)
    context = {"invitation": found, "secret": secret}
    if not request.actor.is_signed_in:  # type: ignore[attr-defined]
        return render(request, "organizations/invitation.html", context)
    person = request.user
    if address_key(person.email) != found.email_key:  # type: ignore[union-attr]
        error = InvitationForSomebodyElse(invited=found.email, signed_in=person.email)  # type: ignore[union-attr]
        return render(
            request, "organizations/invitation_mismatch.html", context | {"error": error}, status=409
        )
    if request.method == "GET":
        return render(request, "organizations/invitation.html", context)
    try:
        membership = accept_invitation(request.actor, person, secret=secret)  # type: ignore[attr-defined, arg-type]
    except InvitationGone:
        return _gone(request)
    return _welcome(request, membership)


@require_POST
@signed_in
def join(request: AccountRequest, number: int) -> HttpResponse:
    """Join from the list of pending invitations."""
    return _welcome(request, accept_own_invitation(request.actor, request.user, number=number))


@signed_in
@require_http_methods(["GET", "POST"])
def create(request: AccountRequest) -> HttpResponse:
    """A further organization, with the same login (ORG-5)."""
    return carry_out(
        request,
        OrganizationForm(request.POST or None, initial={"country": request.user.country}),
        create_organization,
        request.user,
        page="organizations/create.html",
        partial="organizations/_create_form.html",
        then=lambda made: finished(request, _("%(name)s is ready.") % {"name": made.name}, to=home_of(made)),
    )


def _leave(membership: Membership) -> SafeString:
    """The icon that leads out of an organization, with its name for those who do not see it."""
    return format_html(
        '<a class="button is-quiet is-small is-icon" href="{}" title="{label}">{}<span class="sr">{label}</span></a>',
        reverse("departure:leave", args=[membership.organization.slug]),
        components.icon("logout"),
        label=_("Leave %(name)s") % {"name": membership.organization.name},
    )


class SwitchTable(Table[Membership]):
    """Every organization of a person, the latest first (ORG-17)."""

    organization = Column(
        gettext_lazy("Name"),
        value="organization.name",
        html=lambda membership: format_html(
            '<span class="row">{}{}</span>',
            components.square(shown(membership.organization), "is-small"),
            membership.organization.name,
        ),
        link=lambda membership: home_of(membership.organization),
        sort="organization__name",
    )
    role = ChoiceColumn(
        gettext_lazy("Role"), choices=[(role.value, role.label) for role in Role], sort="role"
    )
    entered_at = DateColumn(gettext_lazy("Last opened"), sort="entered_at")
    search = ("organization__name",)
    default_sort = "-entered_at"
    file_name = "organizations"


@signed_in
@require_GET
@shows(memberships_of)
def switch(request: AccountRequest) -> HttpResponse:
    """All organizations one can switch to, also of somebody who has thousands (ORG-17)."""
    return SwitchTable(request, memberships_of(request.actor)).response("organizations/switch.html")


@signed_in
@require_GET
@shows(memberships_of)
def find(request: AccountRequest) -> HttpResponse:
    """What the switcher's search finds: the lines of its menu, or the page for those without script."""
    words = request.GET.get("q", "").replace("\x00", "")[:120]
    if not is_htmx(request):
        return HttpResponseRedirect(f"{reverse('organizations:switch')}?{urlencode({'q': words})}")
    found = [(shown(each.organization), each) for each in memberships_called(request.actor, words)]
    context = {"found": found, "words": words.strip()}
    return render(request, "organizations/_found.html", context)


class OwnTable(SwitchTable):
    """The same by name, with the way out of each (ORG-22)."""

    joined_at = DateColumn(gettext_lazy("Member since"), relative=False, sort="joined_at", wide=True)
    leave = Column(value="organization.name", html=_leave, csv=False)
    default_sort = "organization__name"


@signed_in
@require_GET
@shows(memberships_of)
def mine(request: AccountRequest) -> HttpResponse:
    """Every organization one belongs to, with the role there, and the invitations that wait (ORG-22)."""
    table = OwnTable(request, memberships_of(request.actor))
    table.empty = Empty(
        _("You belong to no organization yet"),
        _(
            "An organization holds your products, people and invoices. Create one, or ask somebody to invite you to "
            "theirs."
        ),
        icon="building",
    )
    return table.response("organizations/mine.html", {"invitations": invitations_for(request.user)})


def _welcome(request: HttpRequest, membership: Membership) -> HttpResponse:
    name = membership.organization.name
    return finished(
        request, _("You now belong to %(name)s.") % {"name": name}, to=home_of(membership.organization)
    )


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "organizations/invitation_gone.html", {"error": InvitationGone()}, status=410)
