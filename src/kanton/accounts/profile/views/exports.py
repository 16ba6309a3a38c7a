"""One's own data: ask for a file, see it grow, fetch it."""

from __future__ import annotations

from typing import cast

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kanton.accounts.profile.actions import ask_for_export, fetch_export
from kanton.accounts.profile.forms import PasswordAgainForm
from kanton.accounts.profile.queries import export_of, exports_of
from kanton.accounts.profile.tasks import folder
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core import clock
from kanton.core.parity import shows
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
@shows(exports_of)
def exports(request: AccountRequest) -> HttpResponse:
    """Ask for a file with everything the account knows, and see those there are."""
    request.nav = "account"  # type: ignore[attr-defined]
    return carry_out(
        request,
        PasswordAgainForm(request.POST or None),
        ask_for_export,
        request.user,
        page="profile/exports.html",
        partial="profile/exports.html",
        then=lambda _export: finished(
            request,
            _("We write the file and send you a mail when it is ready."),
            to=reverse("profile:exports"),
        ),
        context={"exports": exports_of(request.actor)},
    )


@never_cache
@sensitive_post_parameters("current_password")
@require_POST
@signed_in
def download(request: AccountRequest, number: int) -> HttpResponse:
    """Fetch the file, with the login password."""
    export = export_of(request.actor, number)
    form = PasswordAgainForm(request.POST)
    if form.is_valid():
        with form.catching():
            fetch_export(request.actor, export, **form.cleaned_data)
            name = f"kanton-{clock.today():%Y-%m-%d}.zip"
            answer = FileResponse((folder() / export.file).open("rb"), as_attachment=True, filename=name)
            answer.headers["Cache-Control"] = "no-store"
            return cast("HttpResponse", answer)
    context = {"form": form, "exports": exports_of(request.actor)}
    return render(request, "profile/exports.html", context, status=422)
