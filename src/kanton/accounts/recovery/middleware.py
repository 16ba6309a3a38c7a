"""Nothing else is reachable until a deleted login address is replaced (ACC-62)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from kanton.accounts.identifiers import is_substitute
from kanton.ui.hx import send_to

OPEN = (
    "/login", "/logout", "/account/new-address", "/account/address/", settings.STATIC_URL, "/help/", "/identity",
)  # fmt: skip


class LoginAddressMiddleware:
    """Leads whoever signed in with a recovery identifier to the page that asks for the new login e-mail."""

    is_gate = True  # the console's front door asks it too

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Costs nothing for visitors; for the others the session's person is known already."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Only for pages of ours that exist."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path.startswith(OPEN):
            return None
        user: Any = request.user
        if not user.is_authenticated or not is_substitute(user.email):
            return None
        return send_to(request, reverse("recovery:new_address"))
