"""Support codes: one's own, and the staff's look-up."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kanton.accounts.web import AccountRequest, signed_in, staff_page
from kanton.core.parity import shows
from kanton.support.actions.codes import look_up_support_code, renew_support_code
from kanton.support.forms import LookUpForm
from kanton.support.queries import roles_of, support_code_of
from kanton.ui.hx import finished, hx_render


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
@shows(support_code_of)
def code(request: AccountRequest) -> HttpResponse:
    """One's own code: shown, and made anew when there is none that works (SUP-1, SUP-6)."""
    found = support_code_of(request.actor)
    if request.method == "POST" or found is None:
        found = renew_support_code(request.actor, request.user)
    if request.method == "POST":
        return finished(request, _("You have a new support code."), to=reverse("support:code"))
    return hx_render(request, "support/code.html", "support/_code.html", {"code": found})


@never_cache
@staff_page
@require_http_methods(["GET", "POST"])
def look_up(request: AccountRequest) -> HttpResponse:
    """Recognize a caller (SUP-6)."""
    form = LookUpForm(request.POST or None)
    person = None
    if request.method == "POST" and form.is_valid():
        with form.catching():
            person = look_up_support_code(request.actor, **form.cleaned_data)
            if person is None:
                form.add_error("digits", _("No valid support code has these digits."))
    context = {
        "form": LookUpForm() if person is not None else form,
        "found": person,
        "roles": roles_of(person) if person is not None else [],
    }
    return render(request, "support/look_up.html", context, status=422 if form.errors else 200)
