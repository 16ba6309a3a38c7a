"""What stands before the pages of an organization: the second factor, the length of sessions, allowed networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from kanton.core.web import domain_error_page
from kanton.organizations.errors import NetworkNotAllowed
from kanton.organizations.policies.queries import meets
from kanton.organizations.policies.sessions import prove_again
from kanton.organizations.resolver import held_by
from kanton.ui.hx import send_to


class PolicyMiddleware:
    """The gate before an organization's pages. The account's pages and other organizations stay (ORG-65).

    All rules come with the organization's row, so that pages of those who meet them cost no query more.
    """

    is_gate = True  # the console's front door asks it too

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """The first rule that is not met answers."""
        organization: Any = getattr(request, "organization", None)
        if organization is None:
            return None
        actor = request.actor  # type: ignore[attr-defined]
        if organization.admin_networks:
            try:
                held_by(actor, organization.pk)
            except NetworkNotAllowed as error:
                request.organization = None  # type: ignore[attr-defined] # the frame must not ask again
                return domain_error_page(request, error)
        if (again := prove_again(request, organization, home=f"/o/{organization.slug}/")) is not None:
            return again
        if meets(actor, organization):
            return None
        wall = reverse("policies:needed", args=[organization.slug])
        return None if request.path.startswith(wall) else send_to(request, wall)
