"""Proving oneself again before something sensitive."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kanton.accounts.forms import AgainForm
from kanton.accounts.passwords import password_again
from kanton.accounts.reauthentication import remember, target, ways_of
from kanton.accounts.web import AccountRequest, signed_in


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
def ask(request: AccountRequest) -> HttpResponse:
    """Ask for the password once more, or for what else the person has (ACC-33, ACC-34)."""
    person = request.user
    form = AgainForm(request.POST or None) if person.has_usable_password() else None
    if form is not None and request.method == "POST" and form.is_valid():
        with form.catching():
            password_again(person, form.cleaned_data["current_password"])
            remember(request, person)
            return HttpResponseRedirect(target(request), status=303)
    context = {"form": form, "ways": ways_of(person), "next": target(request)}
    status = 422 if form is not None and form.is_bound else 200
    return render(request, "accounts/again.html", context, status=status)
