"""A passkey as a complete sign-in, and as a proof inside a session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kanton.accounts import reauthentication
from kanton.accounts.factors import passkeys
from kanton.accounts.factors.errors import NotProven
from kanton.accounts.forms import SignInForm
from kanton.accounts.sign_in_page import sign_in_page
from kanton.accounts.web import AccountRequest, safe_next, signed_in
from kanton.core.throttle import throttle
from kanton.core.web import client_address
from kanton.ui.forms import Form

SIGN_IN, AGAIN = "sign-in", "again"
QUARTER = timedelta(minutes=15)


@never_cache
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by passkey alone: it proves possession, and the device checked its owner."""
    form = Form(request.POST)
    target = safe_next(request, otherwise=settings.LOGIN_REDIRECT_URL)
    form.is_valid()
    with form.catching():
        throttle(f"passkey:{client_address(request)}", 60, QUARTER).or_refuse()
        person, row = passkeys.finish_proving(
            SIGN_IN, request.POST.get("sealed", ""), request.POST.get("credential", "")
        )
        record_authentication(request, person, method="mfa", type="webauthn", id=row.pk, passwordless=True)
        state = Login(user=person, email=person.email, redirect_url=target)
        response: HttpResponse = perform_login(request, state)
        return response
    return sign_in_page(request, SignInForm(), errors=form.non_field_errors(), status=422)


def on_sign_in_page(request: HttpRequest) -> dict[str, Any]:
    """What the sign-in page needs to offer passkeys; no query and no write."""
    return {"ceremony": passkeys.begin_proving(SIGN_IN), "next": safe_next(request)}


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def again(request: AccountRequest) -> HttpResponse:
    """Prove oneself inside a session with a passkey or key (ACC-34)."""
    form = Form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with form.catching():
            throttle(f"passkey-again:{request.user.pk}", 20, QUARTER).or_refuse()
            passkeys.finish_proving(
                AGAIN, request.POST.get("sealed", ""), request.POST.get("credential", ""), request.user
            )
            reauthentication.remember(request, request.user)
            record_authentication(request, request.user, method="mfa", type="key", reauthenticated=True)
            return HttpResponseRedirect(reauthentication.target(request), status=303)
    if not passkeys.rows_of(request.user):
        raise NotProven
    context = {
        "form": form,
        "ceremony": passkeys.begin_proving(AGAIN, request.user),
        "next": reauthentication.target(request),
    }
    return render(request, "factors/again.html", context, status=422 if form.is_bound else 200)
