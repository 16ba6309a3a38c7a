"""What account pages share: the request of somebody signed in, and the cookie of the language."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from kanton.accounts.models import Person
from kanton.accounts.sessions import begin
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.rights import STAFF

P = ParamSpec("P")
YEAR = 365 * 24 * 3600


class AccountRequest(HttpRequest):
    """The request of somebody who is signed in."""

    actor: Actor
    user: Person


def signed_in(
    view: Callable[Concatenate[AccountRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For pages of one's own account: whoever is not signed in does that first and comes back."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.actor.is_signed_in:  # type: ignore[attr-defined]
            back = {"next": request.get_full_path()} if request.method == "GET" else {}
            return HttpResponseRedirect(
                f"{settings.LOGIN_URL}?{urlencode(back)}" if back else settings.LOGIN_URL
            )
        return view(cast("AccountRequest", request), *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", answer)


def staff_page(
    view: Callable[Concatenate[AccountRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For pages of the provider's staff: to everybody else they are not there."""
    for_signed_in = signed_in(view)

    @functools.wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if actor.is_signed_in:
            require_staff(actor)
        return for_signed_in(request, *args, **kwargs)

    return answer


def require_staff(actor: Actor) -> None:
    """NotFound for everybody who is not of the provider's staff."""
    if not actor.has_right(STAFF):
        raise NotFound(model="page")


def safe_next(request: HttpRequest, *, otherwise: str = "") -> str:
    """Where the reader was going, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else otherwise


def keep_language(response: HttpResponseBase, language: str) -> None:
    """The cookie by which pages know the reader's language without asking the database."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        samesite="Lax",
    )


def on_signed_in(
    sender: Any, *, request: HttpRequest, user: Person, response: Any = None, **more: Any
) -> None:
    """After the last step of a sign-in, whatever steps there were: remember it, and speak the person's language."""
    from kanton.accounts.actions import note_sign_in
    from kanton.accounts.middleware import actor_of

    begin(request.session)
    note_sign_in(actor_of(user, request), user)
    if response is not None:
        keep_language(response, user.language)
