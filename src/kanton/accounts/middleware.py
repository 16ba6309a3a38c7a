"""Who is asking, and in which language."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from kanton.accounts.models import Person
from kanton.accounts.passwords import proving
from kanton.accounts.reauthentication import is_fresh
from kanton.accounts.second_factor import PROVEN_ELSEWHERE
from kanton.core.actor import Actor, ActorKind, visitor
from kanton.core.errors import DomainError
from kanton.core.web import client_address, domain_error_page

GetResponse = Callable[[HttpRequest], HttpResponseBase]
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


def language_of(request: HttpRequest) -> str:
    """The language in which this request is answered."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return chosen if chosen in LANGUAGES else _wanted(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


@lru_cache(maxsize=512)
def _wanted(accepted: str) -> str:
    """The language that a browser asks for; browsers say few different things."""
    asking = HttpRequest()
    asking.META["HTTP_ACCEPT_LANGUAGE"] = accepted
    return translation.get_language_from_request(asking)


class LanguageMiddleware:
    """The language of the cookie (set at sign-in from the profile), else of the browser. Costs no query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the reader's language."""
        language = language_of(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            patch_vary_headers(response, ("Accept-Language",))
        return response


def actor_of(person: Person, request: HttpRequest) -> Actor:
    """The actor for a signed-in person's request."""
    return Actor(
        kind=ActorKind.PERSON,
        label=person.display_name,
        person_id=person.pk,
        is_staff=person.is_staff,
        ip=client_address(request),
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:300],
        language=person.language,
        time_zone=person.time_zone,
        has_proof_elsewhere=request.session.get(PROVEN_ELSEWHERE) == person.pk,
    )


class ActorMiddleware:
    """Puts `request.actor` on every request, and turns business errors that no form caught into pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the actor known, who is looked up only when somebody asks, and in their time zone (ACC-18)."""
        request.actor = SimpleLazyObject(lambda: self._actor(request))  # type: ignore[attr-defined]
        with (
            timezone.override(timezone.get_current_timezone()),
            proving(lambda person: is_fresh(request, person)),
        ):
            return self.get_response(request)

    def _actor(self, request: HttpRequest) -> Actor:
        user: Any = request.user
        if user.is_authenticated and user.is_active:
            timezone.activate(user.time_zone)
            return actor_of(user, request)
        return visitor(
            ip=client_address(request),
            user_agent=request.headers.get("User-Agent", "")[:300],
            language=translation.get_language() or "en",
        )

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A DomainError becomes its page."""
        return domain_error_page(request, exception) if isinstance(exception, DomainError) else None
