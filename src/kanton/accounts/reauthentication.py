"""Proving oneself again inside a session before something sensitive (ACC-33), also without a password (ACC-34).

A page that needs it is decorated with `proven_again`; its actions call `passwords.password_again(person, "")`, which is
content while the session's proof is fresh. Rooms register further ways, such as a passkey or the identity provider:
their page calls `remember(request, person)` at its end and goes on to `target(request)`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from kanton.accounts.models import Person
from kanton.accounts.web import AccountRequest, safe_next
from kanton.core import clock
from kanton.ui.hx import is_htmx
from kanton.ui.shell import Text

P = ParamSpec("P")
SESSION_KEY = "proven_again"
FRESH_SECONDS = 5 * 60


@dataclass(frozen=True)
class Way:
    """Another way than the password: a button on the page that asks, leading to `url` with `next`."""

    code: str
    label: Text
    icon: str
    is_possible: Callable[[Person], bool]
    url: str


_ways: dict[str, Way] = {}


def register_way(way: Way) -> None:
    """Called when Django starts."""
    _ways[way.code] = way


def ways_of(person: Person) -> list[Way]:
    """The ways that this person has."""
    return [way for way in _ways.values() if way.is_possible(person)]


def remember(request: HttpRequest, person: Person) -> None:
    """This session has just proven its person again."""
    request.session[SESSION_KEY] = {"person": person.pk, "at": clock.now().timestamp()}


def is_fresh(request: HttpRequest, person: Person) -> bool:
    """Was this person proven again within the last five minutes, in this session?"""
    kept: Any = request.session.get(SESSION_KEY) or {}
    age = clock.now().timestamp() - float(kept.get("at", 0))
    return bool(kept.get("person") == person.pk and 0 <= age < FRESH_SECONDS)


def target(request: HttpRequest) -> str:
    """Where the reader was going when asked."""
    return safe_next(request, otherwise=reverse("accounts:security"))


def proven_again(
    view: Callable[Concatenate[AccountRequest, P], HttpResponse],
) -> Callable[Concatenate[AccountRequest, P], HttpResponse]:
    """For pages that change how one signs in: who has not just proven themselves does that first and comes back."""

    @functools.wraps(view)
    def answer(request: AccountRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_fresh(request, request.user):
            return view(request, *args, **kwargs)
        there = request.get_full_path() if request.method == "GET" else request.path
        to = f"{reverse('accounts:again')}?{urlencode({'next': there})}"
        if is_htmx(request) and request.method != "GET":
            return HttpResponse(status=204, headers={"HX-Redirect": to})
        return HttpResponseRedirect(to)

    return cast("Callable[Concatenate[AccountRequest, P], HttpResponse]", answer)


def proof_instead(request: HttpRequest, person: Person) -> HttpResponse | None:
    """For pages that ask for the password: who has none proves themselves otherwise first, and comes back (ACC-34)."""
    if person.has_usable_password() or is_fresh(request, person):
        return None
    there = request.get_full_path() if request.method == "GET" else request.path
    return HttpResponseRedirect(f"{reverse('accounts:again')}?{urlencode({'next': there})}")
