"""The end of an account."""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts.ending import Fate
from kanton.accounts.profile.actions import delete_account
from kanton.accounts.profile.forms import PasswordAgainForm
from kanton.accounts.profile.queries import end_of_account
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.parity import shows
from kanton.ui.forms import carry_out


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
@shows(end_of_account)
def delete(request: AccountRequest) -> HttpResponse:
    """Say everything that happens, ask for the login password, delete (ACC-67…71)."""
    person, effects, obstacles = end_of_account(request.actor)

    def then(_nothing: None) -> HttpResponse:
        logout(request)
        return HttpResponseRedirect(reverse("profile:deleted"), status=303)

    return carry_out(
        request,
        PasswordAgainForm(request.POST or None),
        delete_account,
        request.user,
        page="profile/delete.html",
        partial="profile/delete.html",
        then=then,
        context={
            "person": person,
            "ends": [effect for effect in effects if effect.fate is Fate.ENDS],
            "stays": [effect for effect in effects if effect.fate is Fate.STAYS],
            "obstacles": obstacles,
        },
    )


@require_GET
def deleted(request: HttpRequest) -> HttpResponse:
    """What somebody sees whose account has just been deleted."""
    return render(request, "profile/deleted.html")
