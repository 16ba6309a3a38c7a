"""Login e-mail and recovery e-mail: asked for, confirmed, undone."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kanton.accounts.errors import LinkGone
from kanton.accounts.identifiers import is_substitute
from kanton.accounts.recovery import forms
from kanton.accounts.recovery.actions.login_address import (
    change_login_address,
    confirm_login_address,
    replace_login_address,
    undo_login_address,
)
from kanton.accounts.recovery.actions.ways_back import change_recovery_email, confirm_recovery_email
from kanton.accounts.recovery.models import AddressChange, What
from kanton.accounts.recovery.queries import (
    change_by_link,
    change_by_undo_link,
    dependency_of,
    open_release,
    waiting_change,
)
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.errors import DomainError
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished


def _sent(request: AccountRequest, email: str) -> HttpResponse:
    text = _("We have sent a link to %(email)s. Open it to confirm the address.") % {"email": email}
    return finished(request, text, to=reverse("accounts:security"), kind="waiting")


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
def login_address(request: AccountRequest) -> HttpResponse:
    """Change the login e-mail (ACC-21)."""
    return carry_out(
        request,
        forms.LoginAddressForm(request.POST or None),
        change_login_address,
        request.user,
        page="recovery/edit.html",
        partial="recovery/_edit_form.html",
        then=lambda change: _sent(request, change.new),
        context={"heading": _("Login e-mail"), "note": "", "label": _("Send the link")},
    )


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
def recovery_email(request: AccountRequest) -> HttpResponse:
    """Change the recovery e-mail (ACC-46)."""
    person = request.user

    def then(change: AddressChange | None) -> HttpResponse:
        if change is None:
            return finished(
                request, _("Your account has no recovery e-mail now."), to=reverse("accounts:security")
            )
        if warning := dependency_of(person, change.new):
            return finished(request, warning, to=reverse("accounts:security"), kind="waiting")
        return _sent(request, change.new)

    return carry_out(
        request,
        forms.RecoveryEmailForm(request.POST or None, initial={"email": person.recovery_email}),
        change_recovery_email,
        person,
        page="recovery/edit.html",
        partial="recovery/_edit_form.html",
        then=then,
        context={
            "heading": _("Recovery e-mail"),
            "note": dependency_of(person, person.recovery_email),
            "label": _("Save"),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """Confirm a new address. Mail scanners follow links, so a button does it."""
    change = change_by_link(secret)
    if change is None:
        return _gone(request, LinkGone())
    if request.method == "GET":
        return render(request, "recovery/confirm.html", {"change": change})
    do = confirm_login_address if change.what == What.LOGIN else confirm_recovery_email
    try:
        do(request.actor, secret=secret)  # type: ignore[attr-defined]
    except DomainError as error:
        return _gone(request, error)
    text = _("%(email)s is confirmed.") % {"email": change.new}
    is_there = request.actor.is_signed_in  # type: ignore[attr-defined]
    return finished(request, text, to=reverse("accounts:security") if is_there else settings.LOGIN_URL)


@never_cache
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, secret: str) -> HttpResponse:
    """Take the change of the login e-mail back."""
    change = change_by_undo_link(secret)
    if change is None:
        return _gone(request, LinkGone())
    if request.method == "GET":
        return render(request, "recovery/undo.html", {"change": change})
    try:
        undo_login_address(request.actor, secret=secret)  # type: ignore[attr-defined]
    except DomainError as error:
        return _gone(request, error)
    context = {"change": change, "took_effect": change.confirmed_at is not None}
    return render(request, "recovery/undone.html", context)


def _gone(request: HttpRequest, error: DomainError) -> HttpResponse:
    return render(request, "recovery/gone.html", {"error": error}, status=error.status)


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def new_address(request: AccountRequest) -> HttpResponse:
    """The one page of somebody whose login address was deleted: name a new one (ACC-62)."""
    person = request.user
    if not is_substitute(person.email):
        return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)
    form = forms.NewAddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            replace_login_address(request.actor, person, **form.cleaned_data)
            return finished(request, _("The link is on its way."), to=request.path, kind="waiting")
    context = {
        "form": form,
        "release": open_release(person),
        "waiting": waiting_change(person, What.LOGIN),
    }
    return render(request, "recovery/new_address.html", context, status=422 if form.is_bound else 200)
