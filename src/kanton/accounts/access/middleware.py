"""When each session was last used: noted with every answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kanton.accounts.access.last_seen import last_seen
from kanton.core.web import client_address


class LastSeenMiddleware:
    """Notes the use of a session; what was noted lately stays in memory, so most requests write nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, then note."""
        response = self.get_response(request)
        session: Any = getattr(request, "session", None)
        if session is not None and session.accessed and session.session_key and "_auth_user_id" in session:
            last_seen.note(session, client_address(request))
        return response
