"""The page "Security" of one's own account."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from kanton.accounts import security
from kanton.accounts.web import AccountRequest, signed_in
from kanton.ui.hx import hx_render


@signed_in
@require_GET
def page(request: AccountRequest) -> HttpResponse:
    """How the account is protected, box by box."""
    template = "accounts/security.html"
    return hx_render(request, template, template, {"boxes": list(security.boxes(request))})
