"""Signing in and out, confirming the address, choosing a new password."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.flows.logout import logout as end_session
from allauth.account.models import Login
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.actions import (
    confirm_address,
    note_sign_out,
    resend_confirmation,
    reset_password,
)
from kanton.accounts.errors import AccountBlocked, LinkGone, WrongCredentials
from kanton.accounts.forms import NewPasswordForm, SignInForm
from kanton.accounts.gates import sign_out_target
from kanton.accounts.models import Person, Purpose
from kanton.accounts.queries import person_by_link
from kanton.accounts.sign_in_page import sign_in_page
from kanton.accounts.web import AccountRequest, safe_next, signed_in
from kanton.config import config
from kanton.core.throttle import Rule, throttle_all
from kanton.ui.hx import finished

HOUR = timedelta(hours=1)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Sign in with address and password; a second factor, once set up, is asked by the next step of the pipeline."""
    target = safe_next(request, otherwise=settings.LOGIN_REDIRECT_URL)
    if request.actor.is_signed_in:  # type: ignore[attr-defined]
        return HttpResponseRedirect(target)
    form = SignInForm(request.POST or None, initial={"email": request.GET.get("email", "")})
    if request.method == "POST" and form.is_valid():
        with form.catching():
            return sign_in(request, **form.cleaned_data, target=target)
    return sign_in_page(request, form, status=422 if form.is_bound else 200)


def sign_in(request: HttpRequest, *, email: str, password: str, target: str) -> HttpResponse:
    """Check the credentials and enter allauth's pipeline of sign-in steps. WrongCredentials or TooMany."""
    credentials = {"email": email, "password": password}
    person: Person | None = get_adapter(request).authenticate(request, **credentials)
    if person is None:
        raise WrongCredentials
    if not person.is_active:  # whoever knows the password of a blocked account is told so, and nobody else
        raise AccountBlocked(support=config.operator.support_email)
    state = Login(user=person, email=person.email, redirect_url=target)
    response: HttpResponse = perform_password_login(request, credentials, state)
    return response


def begin_session(request: HttpRequest, person: Person, *, target: str) -> HttpResponse:
    """Sign in somebody who has just proved the address by a link, through the same pipeline."""
    from allauth.account.internal.flows.login import perform_login

    state = Login(user=person, email=person.email, redirect_url=target)
    response: HttpResponse = perform_login(request, state)
    return response


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End this session, and the one at an identity provider that opened it."""
    elsewhere = ""
    if request.actor.is_signed_in:  # type: ignore[attr-defined]
        elsewhere = sign_out_target(request)
        note_sign_out(request.actor, request.user)  # type: ignore[attr-defined, arg-type]
        end_session(request, show_message=False)
    to = elsewhere or safe_next(request, otherwise=settings.LOGOUT_REDIRECT_URL)
    return finished(request, _("You are signed out."), to=to)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """Confirm the login address. Mail scanners follow links, so a button does it."""
    person = person_by_link(secret, Purpose.CONFIRM)
    if person is None:
        return _link_gone(request, resend=True)
    if request.method == "GET":
        return render(request, "accounts/confirm.html", {"person": person})
    try:
        confirm_address(request.actor, secret=secret)  # type: ignore[attr-defined]
    except LinkGone:
        return _link_gone(request, resend=True)
    return finished(request, _("Thank you. Your e-mail address is confirmed."), to="/")


@require_POST
@signed_in
def resend(request: AccountRequest) -> HttpResponse:
    """Send the confirmation link again."""
    throttle_all([Rule(f"confirm:{request.user.pk}", 5, HOUR)]).or_refuse()
    resend_confirmation(request.actor, request.user)
    text = _("We have sent a new link to %(email)s.") % {"email": request.user.email}
    return finished(request, text, to=safe_next(request, otherwise="/"))


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def new_password(request: HttpRequest, secret: str) -> HttpResponse:
    """Choose a new password by the link. One signs in with it afterwards, second factor included (ACC-55)."""
    person = person_by_link(secret, Purpose.RESET)
    if person is None:
        return _link_gone(request, resend=False)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            reset_password(request.actor, secret=secret, **form.cleaned_data)  # type: ignore[attr-defined]
            text = _("Your password is changed. Sign in with the new one.")
            return finished(request, text, to=settings.LOGIN_URL)
    context = {"form": form, "person": person}
    return render(request, "accounts/new_password.html", context, status=422 if form.is_bound else 200)


@require_GET
def check_inbox(request: HttpRequest) -> HttpResponse:
    """What everybody sees after registering, whether or not the address was known (ACC-5)."""
    return render(request, "accounts/check_inbox.html", {"next": safe_next(request)})


def _link_gone(request: HttpRequest, *, resend: bool) -> HttpResponse:
    context = {"error": LinkGone(), "resend": resend}
    return render(request, "accounts/link_gone.html", context, status=410)
