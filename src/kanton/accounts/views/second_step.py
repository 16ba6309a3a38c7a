"""The second step of sign-in: the method asked first, and the others."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kanton.accounts.second_factor import back_to_sign_in, help_url, methods_of, pending


@never_cache
@require_GET
def ask(request: HttpRequest) -> HttpResponse:
    """On to the first of the person's methods."""
    person = pending(request)
    methods = methods_of(person) if person is not None else []
    return HttpResponseRedirect(reverse(methods[0].url)) if methods else back_to_sign_in()


@never_cache
@require_GET
def others(request: HttpRequest) -> HttpResponse:
    """Every active method, then the backup code, last the request for help (ACC-81)."""
    person = pending(request)
    if person is None:
        return back_to_sign_in()
    context = {"methods": methods_of(person), "help_url": help_url()}
    return render(request, "accounts/other_methods.html", context)
