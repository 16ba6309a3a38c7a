"""The API's front door where Django's own handler runs the show: in tests, and under `runserver`."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kanton.rest.front import Front


class ApiMiddleware:
    """Answers API requests and passes the others on. First in the list, so that nothing else touches them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._front: Front | None = None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        path = request.path_info
        if not (path[1:2].isdigit() or "HTTP_AUTHORIZATION" in request.META):
            return self.get_response(request)
        if self._front is None:  # the rooms' API modules need all models loaded
            self._front = Front(at_once=True)
        answer = self._front.answer(cast("WSGIRequest", request).environ)
        if answer is None:
            return self.get_response(request)
        response = HttpResponse(answer.body, status=answer.status)
        for name, value in answer.headers:
            response[name] = value
        return response
