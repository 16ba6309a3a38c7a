"""Which password opens what, and a test of a mailbox's own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kanton.core.web import client_address
from kanton.products.mail.unification.forms import CredentialForm
from kanton.products.mail.unification.queries import opens_mailbox


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def which_password(request: HttpRequest) -> HttpResponse:
    """The guide to the two pairs (ACC-35, ACC-38), with the test of a mailbox address and its password (ACC-44)."""
    form = CredentialForm(request.POST or None)
    is_right: bool | None = None
    if form.is_valid():
        with form.catching():
            is_right = opens_mailbox(**form.cleaned_data, client=client_address(request))
    context = {"form": form, "is_right": is_right}
    status = 422 if form.is_bound and is_right is None else 200
    return render(request, "unification/which_password.html", context, status=status)
