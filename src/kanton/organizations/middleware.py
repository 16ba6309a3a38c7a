"""Which organization a page belongs to: the one in its address (ORG-20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from kanton.core.errors import DomainError
from kanton.core.web import domain_error_page
from kanton.organizations import holds
from kanton.organizations.queries import organization_for, suspended_from


class OrganizationMiddleware:
    """Takes `organization` out of the address's arguments and puts the object on the request.

    Signed-out readers go to sign-in first; strangers get 404.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Resolve the organization before the view runs."""
        if "organization" not in kwargs:
            return None
        actor = request.actor  # type: ignore[attr-defined]
        if not actor.is_signed_in:
            return HttpResponseRedirect(
                f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}"
            )
        slug = kwargs.pop("organization")
        try:
            request.organization = organization_for(actor, slug)  # type: ignore[attr-defined]
        except DomainError as missing:
            # Members know that it exists: they are told why it is closed to them. What happens before the view is
            # not seen by `process_exception`.
            closed = suspended_from(actor, slug)
            return domain_error_page(request, missing if closed is None else holds.why(closed))
        return None
