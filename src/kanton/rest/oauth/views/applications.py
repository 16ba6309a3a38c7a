"""Pages: the applications of an organization, and what one has allowed oneself."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts.reauthentication import proof_instead
from kanton.accounts.web import AccountRequest, signed_in
from kanton.config import config
from kanton.core.parity import shows
from kanton.organizations.web import ConsoleRequest, needs
from kanton.rest.oauth.actions import (
    Registered,
    delete_application,
    edit_application,
    register_application,
    rotate_secret,
    withdraw,
)
from kanton.rest.oauth.forms import ApplicationForm, NewApplicationForm, PasswordForm
from kanton.rest.oauth.models import Application, Consent
from kanton.rest.oauth.queries import application_of, applications_of, consent_of, consents_of
from kanton.rest.oauth.rights import APPLICATIONS_MANAGE
from kanton.rest.oauth.scopes import in_words
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished
from kanton.ui.tables import Column, DateColumn, Empty, NumberColumn, RowAction, Table


def kind_of(application: Application) -> str:
    """In a few words, where it runs."""
    if application.is_machine:
        return _("Machine, acts for %(person)s") % {"person": application.acts_for or "–"}
    return _("Server, with a secret") if application.is_confidential else _("App or page in a browser")


class ApplicationTable(Table[Application]):
    """The applications of an organization."""

    name = Column(
        gettext_lazy("Name"),
        main=True,
        sort="name",
        below=lambda application: application.client_id,
        link=lambda application: reverse(
            "oauth:application", args=[application.organization.slug, application.pk]
        ),
    )
    kind = Column(gettext_lazy("Kind"), value=kind_of)
    people = NumberColumn(gettext_lazy("People"), sort="people", wide=True)
    created_at = DateColumn(pgettext_lazy("an application", "Created"), sort="created_at", wide=True)
    search = ("name", "client_id")
    default_sort = "name"


class ConsentTable(Table[Consent]):
    """What one has allowed."""

    application = Column(
        gettext_lazy("Application"),
        main=True,
        sort="application__name",
        value=lambda consent: consent.application.name,
        below=lambda consent: consent.application.organization.name,
    )
    scopes = Column(
        gettext_lazy("May do"),
        value=lambda consent: ", ".join(str(word) for word in in_words(consent.scopes)),
    )
    last_used_at = DateColumn(gettext_lazy("Last use"), sort="last_used_at")
    granted_at = DateColumn(gettext_lazy("Allowed"), sort="granted_at", wide=True)
    default_sort = "-granted_at"

    def row_actions(self, row: Consent) -> Sequence[RowAction]:
        """Withdraw."""
        url = reverse("oauth:withdraw", args=[row.pk])
        return (RowAction(_("Withdraw"), url, "trash", danger=True),)


@require_GET
@needs(APPLICATIONS_MANAGE)
@shows(applications_of)
def applications(request: ConsoleRequest) -> HttpResponse:
    """The applications of the organization."""
    table = ApplicationTable(request, applications_of(request.actor, request.organization))
    table.empty = Empty(
        _("No applications yet"),
        _(
            "Register a program of yours, so that people sign in to it with their account here, or let it use the API."
        ),
        _("Register an application"),
        reverse("oauth:register", args=[request.organization.slug]),
        icon="apps",
    )
    path = f"/2/accounts/{request.organization.pk}/applications"
    return table.response("oauth/applications.html", {"api_path": path})


@never_cache
@sensitive_post_parameters("current_password")
@needs(APPLICATIONS_MANAGE)
@require_http_methods(["GET", "POST"])
def register(request: ConsoleRequest) -> HttpResponse:
    """Register an application, and show its secret this once."""
    if first := proof_instead(request, request.user):
        return first
    return carry_out(
        request,
        NewApplicationForm(
            request.POST or None, person=request.user, initial={"scopes": ["openid", "profile", "email"]}
        ),
        register_application,
        request.organization,
        page="oauth/register.html",
        partial="oauth/_application_form.html",
        then=lambda made: _shown_once(request, made),
    )


@require_GET
@needs(APPLICATIONS_MANAGE)
@shows(application_of)
def application(request: ConsoleRequest, number: int) -> HttpResponse:
    """One application: what to enter there, and what it may."""
    found = application_of(request.actor, request.organization, number)
    context = {
        "application": found,
        "kind": kind_of(found),
        "scopes": in_words(found.scopes),
        "discovery": f"{config.web.address}/.well-known/openid-configuration",
    }
    return render(request, "oauth/application.html", context)


@sensitive_post_parameters("current_password")
@needs(APPLICATIONS_MANAGE)
@require_http_methods(["GET", "POST"])
def edit(request: ConsoleRequest, number: int) -> HttpResponse:
    """Change name, addresses or scopes."""
    if first := proof_instead(request, request.user):
        return first
    found = application_of(request.actor, request.organization, number)
    initial = {
        "name": found.name,
        "redirect_uris": found.redirect_uris,
        "scopes": found.scopes,
        "is_device": found.is_device,
    }
    return carry_out(
        request,
        ApplicationForm(request.POST or None, person=request.user, initial=initial),
        edit_application,
        found,
        page="oauth/edit.html",
        partial="oauth/_application_form.html",
        then=lambda _application: finished(
            request, _("The application is saved."), to=_page_of(request, found)
        ),
        context={"application": found},
        notes=[_("Everybody who allowed this application is asked again.")],
    )


@never_cache
@sensitive_post_parameters("current_password")
@needs(APPLICATIONS_MANAGE)
@require_http_methods(["GET", "POST"])
def secret(request: ConsoleRequest, number: int) -> HttpResponse:
    """Make a new secret and show it this once; the old one ends."""
    if first := proof_instead(request, request.user):
        return first
    found = application_of(request.actor, request.organization, number)
    return carry_out(
        request,
        PasswordForm(request.POST or None, person=request.user),
        rotate_secret,
        found,
        page="oauth/new_secret.html",
        partial="oauth/_secret_form.html",
        then=lambda made: _shown_once(request, made),
        context={"application": found},
    )


@needs(APPLICATIONS_MANAGE)
@require_http_methods(["GET", "POST"])
def delete(request: ConsoleRequest, number: int) -> HttpResponse:
    """Delete an application with all that it was allowed."""
    found = application_of(request.actor, request.organization, number)
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        lambda actor: delete_application(actor, found),
        page="oauth/delete.html",
        partial="oauth/_delete_form.html",
        then=lambda _nothing: finished(
            request,
            _("“%(name)s” is deleted.") % {"name": found.name},
            to=reverse("oauth:applications", args=[request.organization.slug]),
        ),
        context={"application": found},
    )


@signed_in
@require_GET
@shows(consents_of)
def allowed(request: AccountRequest) -> HttpResponse:
    """The applications that may act in one's name."""
    table = ConsentTable(request, consents_of(request.actor))
    table.empty = Empty(
        _("No application has access"),
        _("When you sign in somewhere with your account here, the application appears on this page."),
        icon="plug-connected",
    )
    return table.response("oauth/allowed.html")


@signed_in
@require_http_methods(["GET", "POST"])
def withdraw_consent(request: AccountRequest, number: int) -> HttpResponse:
    """Take an application's access away."""
    consent = consent_of(request.actor, number)
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        lambda actor: withdraw(actor, consent),
        page="oauth/withdraw.html",
        partial="oauth/_withdraw_form.html",
        then=lambda _nothing: finished(
            request,
            _("“%(name)s” no longer has access.") % {"name": consent.application.name},
            to=reverse("oauth:allowed"),
        ),
        context={"consent": consent, "scopes": in_words(consent.scopes)},
    )


def _shown_once(request: ConsoleRequest, made: Registered) -> HttpResponse:
    """Not a redirect: the secret is on this answer only."""
    if not made.secret:
        return finished(request, _("The application is registered."), to=_page_of(request, made.application))
    return render(request, "oauth/secret_shown.html", {"made": made, "application": made.application})


def _page_of(request: ConsoleRequest, found: Application) -> str:
    return reverse("oauth:application", args=[request.organization.slug, found.pk])
