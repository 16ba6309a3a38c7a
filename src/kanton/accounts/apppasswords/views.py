"""App passwords of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts.apppasswords.actions import (
    NewAppPassword,
    create_app_password,
    revoke_app_password,
)
from kanton.accounts.apppasswords.forms import AppPasswordForm
from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.apppasswords.queries import app_password_of, app_passwords_of
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.parity import shows
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished
from kanton.ui.tables import Column, DateColumn, Empty, RowAction, Table


class AppPasswordTable(Table[AppPassword]):
    """The app passwords with their last use."""

    name = Column(gettext_lazy("Name"), main=True, sort="name", below=lambda one: f"{one.hint}-…")
    scopes = Column(gettext_lazy("Opens"), value="scope_names")
    last_used_at = DateColumn(gettext_lazy("Last use"), sort="last_used_at")
    expires_at = DateColumn(gettext_lazy("Valid until"), sort="expires_at", wide=True)
    created_at = DateColumn(gettext_lazy("Created"), sort="created_at", wide=True)
    search = ("name",)
    default_sort = "-created_at"

    def row_actions(self, row: AppPassword) -> Sequence[RowAction]:
        """Revoke."""
        url = reverse("apppasswords:revoke", args=[row.pk])
        return (RowAction(_("Revoke"), url, "trash", danger=True),)


@signed_in
@require_GET
@shows(app_passwords_of)
def app_passwords(request: AccountRequest) -> HttpResponse:
    """All app passwords (ACC-76)."""
    request.nav = "security"  # type: ignore[attr-defined]
    table = AppPasswordTable(request, app_passwords_of(request.actor))
    table.empty = Empty(
        _("No app passwords yet"),
        _("Mail programs and phones that know nothing of a second step get a password of their own here."),
        _("Create an app password"),
        reverse("apppasswords:create"),
        icon="device-mobile",
    )
    return table.response("apppasswords/list.html")


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
def create(request: AccountRequest) -> HttpResponse:
    """Create an app password and show it, this once."""
    request.nav = "security"  # type: ignore[attr-defined]

    def then(made: NewAppPassword) -> HttpResponse:
        # Not a redirect: the password is on this answer only, and nowhere else.
        return render(request, "apppasswords/created.html", {"made": made})

    return carry_out(
        request,
        AppPasswordForm(request.POST or None),
        create_app_password,
        request.user,
        page="apppasswords/create.html",
        partial="apppasswords/_create_form.html",
        then=then,
    )


@signed_in
@require_http_methods(["GET", "POST"])
def revoke(request: AccountRequest, number: int) -> HttpResponse:
    """Revoke an app password, after showing what that means."""
    request.nav = "security"  # type: ignore[attr-defined]
    app_password = app_password_of(request.actor, number)
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        lambda actor: revoke_app_password(actor, app_password),
        page="apppasswords/revoke.html",
        partial="apppasswords/_revoke_form.html",
        then=lambda _nothing: finished(
            request,
            _("“%(name)s” no longer opens anything.") % {"name": app_password.name},
            to=reverse("apppasswords:list"),
        ),
        context={"app_password": app_password},
    )
