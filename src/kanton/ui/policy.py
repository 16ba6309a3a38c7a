"""What a page of ours may load: only our own files, and no code or style inside the page itself."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kanton.config import config

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'self'",  # the PDF of an invoice
        "base-uri 'self'",
        # A form may end at a payment provider, at an identity provider or at an application that signs in with us.
        f"form-action 'self' https:{' http:' if config.sso.private_networks else ''}",
        "frame-ancestors 'self'",
    )
)


class ContentSecurityPolicy:
    """Middleware: the policy on every HTML page that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the policy."""
        response = self.get_response(request)
        if settings.DEBUG and response.status_code in (404, 500):
            # Django's own pages for developers are made of inline code.
            return response
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
