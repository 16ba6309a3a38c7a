"""API tokens of one's own."""

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

from kanton.accounts.actions import NewToken, create_token, revoke_token
from kanton.accounts.forms import TokenForm
from kanton.accounts.models import ApiToken
from kanton.accounts.queries import token_of, tokens_of
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.api.scopes import SCOPES
from kanton.core.parity import shows
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished
from kanton.ui.tables import Column, DateColumn, Empty, RowAction, Table


def _scope_names(token: ApiToken) -> str:
    return ", ".join(str(SCOPES[scope].label) if scope in SCOPES else scope for scope in token.scopes)


class TokenTable(Table[ApiToken]):
    """The tokens with their last use."""

    name = Column(gettext_lazy("Name"), main=True, sort="name", below=lambda token: f"{token.hint}…")
    scopes = Column(gettext_lazy("May do"), value=_scope_names)
    last_used_at = DateColumn(gettext_lazy("Last use"), sort="last_used_at")
    expires_at = DateColumn(gettext_lazy("Valid until"), sort="expires_at", wide=True)
    created_at = DateColumn(gettext_lazy("Created"), sort="created_at", wide=True)
    search = ("name",)
    default_sort = "-created_at"

    def row_actions(self, row: ApiToken) -> Sequence[RowAction]:
        """Revoke."""
        url = reverse("accounts:revoke_token", args=[row.pk])
        return (RowAction(_("Revoke"), url, "trash", danger=True),)


@signed_in
@require_GET
@shows(tokens_of)
def tokens(request: AccountRequest) -> HttpResponse:
    """All tokens that still open something."""
    table = TokenTable(request, tokens_of(request.actor))
    table.empty = Empty(
        _("No API tokens yet"),
        _("A token lets a program use the API in your name, such as a DNS client that renews certificates."),
        _("Create a token"),
        reverse("accounts:create_token"),
        icon="key",
    )
    return table.response("accounts/tokens.html")


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
def create(request: AccountRequest) -> HttpResponse:
    """Create a token and show its secret, this once (API-18)."""

    def then(made: NewToken) -> HttpResponse:
        # Not a redirect: the secret is on this answer only, and nowhere else.
        return render(request, "accounts/token_created.html", {"made": made})

    return carry_out(
        request,
        TokenForm(request.POST or None),
        create_token,
        request.user,
        page="accounts/create_token.html",
        partial="accounts/_create_token_form.html",
        then=then,
    )


@signed_in
@require_http_methods(["GET", "POST"])
def revoke(request: AccountRequest, number: int) -> HttpResponse:
    """Revoke a token, after showing what that means."""
    token = token_of(request.actor, number)
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        lambda actor: revoke_token(actor, token),
        page="accounts/revoke_token.html",
        partial="accounts/_revoke_token_form.html",
        then=lambda _nothing: finished(
            request,
            _("“%(name)s” no longer opens anything.") % {"name": token.name},
            to=reverse("accounts:tokens"),
        ),
        context={"token": token},
    )
