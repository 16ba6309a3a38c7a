"""The front door of lists: a page that only shows a list is answered without Django's chain of middlewares.

Only the plain case: a signed-in reader, a list page of an organization, nothing to tell, nothing to save. Whatever
is unusual (an old session, a message to show, a form, an error, a stranger) is left to the chain, which then does
all of it from the start; nothing was changed by then. The answer is the chain's to the last header: a test compares
them (docs/decisions/0040). The door stays closed when the chain has a middleware that is neither known here nor
a gate: one that does nothing but look at the request before the view (`is_gate = True`), which the door asks too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CSRF_SECRET_LENGTH
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from kanton.accounts.access.last_seen import last_seen
from kanton.accounts.backend import AddressBackend
from kanton.accounts.middleware import actor_of, language_of
from kanton.accounts.sessions import SessionStore
from kanton.core import hosts
from kanton.core.parity import name_of
from kanton.core.prepared import at_one_moment
from kanton.organizations.queries import organization_for
from kanton.ui.pages import LIST_PAGES
from kanton.ui.policy import POLICY

# What the door stands for. Before a line is added, what it does must be done below, or make the door decline.
KNOWN = frozenset(
    {
        "kanton.rest.middleware.ApiMiddleware",
        "kanton.console.door.DoorMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "kanton.products.brand.middleware.BrandHostMiddleware",
        "kanton.accounts.middleware.LanguageMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "kanton.ui.policy.ContentSecurityPolicy",
        "django_htmx.middleware.HtmxMiddleware",
        "allauth.account.middleware.AccountMiddleware",
        "allauth.usersessions.middleware.UserSessionsMiddleware",
        "kanton.accounts.middleware.ActorMiddleware",
        "kanton.accounts.access.middleware.LastSeenMiddleware",
        "kanton.organizations.middleware.OrganizationMiddleware",
    }
)
BACKEND = f"{AddressBackend.__module__}.{AddressBackend.__qualname__}"
ALWAYS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Vary", "HX-Request, Cookie, Accept-Language"),
    ("Content-Security-Policy", POLICY),
    ("X-Frame-Options", settings.X_FRAME_OPTIONS),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", settings.SECURE_REFERRER_POLICY),
    ("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY),
]


class Answer(NamedTuple):
    """What goes back to the web server."""

    body: bytes
    headers: list[tuple[str, str]]


Gate = Callable[[HttpRequest, Any, Any, Any], HttpResponseBase | None]


class Plain(Exception):
    """Not the plain case: the chain answers."""


def is_open() -> bool:
    """Whether the door may answer at all with these settings."""
    return _gates(tuple(settings.MIDDLEWARE)) is not None and not (
        settings.DEBUG
        or settings.SESSION_SAVE_EVERY_REQUEST
        or getattr(settings, "USERSESSIONS_TRACK_ACTIVITY", False)
    )


@lru_cache(maxsize=8)
def _gates(middlewares: tuple[str, ...]) -> tuple[Gate, ...] | None:
    """The gates among the chain's middlewares; None when one of them is strange."""
    found = []
    for name in middlewares:
        if name in KNOWN:
            continue
        middleware = import_string(name)
        if not getattr(middleware, "is_gate", False):
            return None
        found.append(middleware(_nothing_behind).process_view)
    return tuple(found)


def _nothing_behind(request: HttpRequest) -> HttpResponseBase:
    raise AssertionError("a gate only looks before the view")


def answer(environ: dict[str, Any]) -> Answer | None:
    """The page, or None when it is for the chain to answer."""
    path: str = environ.get("PATH_INFO", "")
    if environ["REQUEST_METHOD"] != "GET" or not path.startswith("/o/"):
        return None
    slug, _slash, rest = path[3:].partition("/")
    match = _list_at(rest) if slug else None
    if match is None or not is_open() or not _is_plain(environ):
        return None
    try:
        # A copy: what is left to the chain must look untouched.
        with at_one_moment():
            return _answer(WSGIRequest(dict(environ)), slug, match)
    except Exception:  # noqa: BLE001 - the chain meets the same trouble, reports it and makes a page of it
        return None


def _is_plain(environ: dict[str, Any]) -> bool:
    return not (
        environ.get("SCRIPT_NAME")
        or "HTTP_HX_REQUEST" in environ
        or "HTTP_AUTHORIZATION" in environ
        or "kanton_session=" not in environ.get("HTTP_COOKIE", "")
        or "messages=" in environ["HTTP_COOKIE"]
        or not _is_host(environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""))
    )


@lru_cache(maxsize=64)
def _is_host(name: str) -> bool:
    """Whether this is a name of the provider's own, which Django would take."""
    request = HttpRequest()
    request.META["HTTP_HOST"] = name
    try:
        # Under a customer's name other rules hold, which the chain knows.
        return bool(name and hosts.is_own(hosts.bare(request.get_host())))
    except DisallowedHost:
        return False


@lru_cache(maxsize=512)
def _list_at(rest: str) -> ResolverMatch | None:
    """The list page at this path below an organization."""
    if len(rest) > 60:
        return None
    try:
        match = resolve(f"/o/x/{rest}")
    except Resolver404:
        return None
    if match.kwargs != {"organization": "x"} or match.args or name_of(match.func) not in LIST_PAGES:
        return None
    match.kwargs.clear()
    return match


def _answer(request: WSGIRequest, slug: str, match: ResolverMatch) -> Answer:
    who: Any = request
    session = who.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    person = _person(session)
    _read_secret(request)
    language = language_of(request)
    with translation.override(language), timezone.override(person.time_zone):
        who.LANGUAGE_CODE = language
        who.user, who.actor = person, actor_of(person, request)
        who.organization = organization_for(who.actor, slug)
        request.resolver_match = match
        for gate in _gates(tuple(settings.MIDDLEWARE)) or ():
            if gate(request, match.func, (), {}) is not None:
                raise Plain
        response: HttpResponseBase = match.func(request)
    if (
        type(response) is not HttpResponse
        or response.status_code != 200
        or response.cookies
        or session.modified
        or response.headers.get("Vary") != "HX-Request"
        or len(response.headers) != 2
    ):
        raise Plain
    if session.session_key:
        last_seen.note(session, who.actor.ip)
    body = response.content
    headers = [*ALWAYS, ("Content-Language", language), ("Content-Length", str(len(body)))]
    if request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
        headers.append(
            (
                "Set-Cookie",
                _secret_cookie(int(time.time() // 60)).replace("SECRET", request.META["CSRF_COOKIE"], 1),
            )
        )
    return Answer(body, headers)


def _person(session: SessionStore) -> Any:
    """Whose session it is, proved as Django proves it."""
    if session.get(BACKEND_SESSION_KEY) != BACKEND or BACKEND not in settings.AUTHENTICATION_BACKENDS:
        raise Plain
    person = AddressBackend().get_user(session[SESSION_KEY])
    if person is None or not constant_time_compare(
        session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()
    ):
        raise Plain
    return person


def _read_secret(request: WSGIRequest) -> None:
    """The secret against forged forms, as Django's middleware reads it."""
    secret = request.COOKIES.get(settings.CSRF_COOKIE_NAME)
    if secret is None:
        return
    if len(secret) != CSRF_SECRET_LENGTH or not set(secret).issubset(CSRF_ALLOWED_CHARS):
        raise Plain
    request.META["CSRF_COOKIE"] = secret


@lru_cache(maxsize=2)
def _secret_cookie(_minute: int) -> str:
    """The header that renews the secret's cookie, with SECRET in its place; the same for a minute."""
    response = HttpResponse()
    response.set_cookie(
        settings.CSRF_COOKIE_NAME,
        "SECRET",
        max_age=settings.CSRF_COOKIE_AGE,
        domain=settings.CSRF_COOKIE_DOMAIN,
        path=settings.CSRF_COOKIE_PATH,
        secure=settings.CSRF_COOKIE_SECURE,
        httponly=settings.CSRF_COOKIE_HTTPONLY,
        samesite=settings.CSRF_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )
    return response.cookies[settings.CSRF_COOKIE_NAME].output(header="")


Wsgi = Callable[..., Iterable[bytes]]
DECLINED = "kanton.door.declined"


def in_front_of(application: Wsgi) -> Wsgi:
    """The web application with the door before it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "")[:3] != "/o/":
            return application(environ, start_response)
        database = connections["default"]
        if database.connection is not None:
            database.close_if_unusable_or_obsolete()
        found = answer(environ)
        if found is None:
            environ[DECLINED] = True
            return application(environ, start_response)
        start_response("200 OK", found.headers)
        return [found.body]

    return serve


class DoorMiddleware:
    """The door where Django's own handler runs the show: in tests, and under `runserver`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        found = None if DECLINED in request.META else answer(request.META)
        if found is None:
            return self.get_response(request)
        response = HttpResponse(found.body)
        for name, value in found.headers:
            if name == "Set-Cookie":
                response.cookies.load(value)
            else:
                response[name] = value
        return response
