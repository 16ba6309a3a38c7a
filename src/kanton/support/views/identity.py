"""Proving who one is: asked for, handed in from a phone, stopped."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kanton.accounts.identifiers import login_of
from kanton.accounts.second_factor import pending
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.actor import Actor
from kanton.core.secrets import token_hash
from kanton.support.actions.identity import (
    ask_for_identity_check,
    begin_identity_check,
    resend_identity_check,
    stop_identity_check,
    submit_identity_check,
)
from kanton.support.errors import CheckGone
from kanton.support.forms import HelpForm, PhotosForm
from kanton.support.models import LINK_LIFE
from kanton.support.photos import MAX_BYTES
from kanton.support.queries import check_by_link, check_by_stop_link, own_identity_check
from kanton.ui.hx import finished

COOKIE = "kanton_identity"


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for the procedure: the same page and answer for every account (ACC-52, ACC-81, SUP-42)."""
    person = pending(request)
    reason = "second_factor" if person is not None else request.GET.get("reason", "password")
    form = HelpForm(request.POST or None, initial={"reason": reason, "email": request.GET.get("email", "")})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data | {"email": login_of(form.cleaned_data["email"])}
        with form.catching():
            ask_for_identity_check(
                _actor(request),
                **values,
                language=get_language() or "en",
                person_id=person.pk if person is not None else None,
            )
            return render(request, "support/asked.html", {"contact": values["contact"]})
    return render(request, "support/ask.html", {"form": form}, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def hand_in(request: HttpRequest, secret: str) -> HttpResponse:
    """Begin in one browser, then send the photographs. The page shows nothing of the account (SUP-39)."""
    case = check_by_link(secret)
    if case is None:
        raise CheckGone
    session = request.COOKIES.get(COOKIE, "")
    if not case.session_digest:
        return _begin(request, secret)
    if not session or token_hash(session) != case.session_digest:
        raise CheckGone
    form = PhotosForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            photos = {kind: file.read(MAX_BYTES + 1) for kind, file in form.cleaned_data.items() if file}
            submit_identity_check(_actor(request), secret=secret, session=session, photos=photos)
            response = render(request, "support/handed_in.html")
            response.delete_cookie(COOKIE, path="/identity")
            return response
    return render(request, "support/hand_in.html", {"form": form}, status=422 if form.is_bound else 200)


def _begin(request: HttpRequest, secret: str) -> HttpResponse:
    """Mail scanners follow links, so a button begins."""
    if request.method == "GET":
        return render(request, "support/begin.html")
    session = begin_identity_check(_actor(request), secret=secret)
    response = HttpResponseRedirect(request.path, status=303)
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(LINK_LIFE.total_seconds()),
        path="/identity",
        httponly=True,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        samesite="Lax",
    )
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, secret: str) -> HttpResponse:
    """Stop what was accepted before it takes effect."""
    case = check_by_stop_link(secret)
    if case is None:
        raise CheckGone
    if request.method == "GET":
        return render(request, "support/stop.html", {"case": case})
    stop_identity_check(_actor(request), secret=secret)
    return render(request, "support/was_stopped.html")


@signed_in
@require_POST
def resend(request: AccountRequest, number: int) -> HttpResponse:
    """Send the procedure of one's own case again (SUP-44)."""
    resend_identity_check(request.actor, own_identity_check(request.actor, number))
    return finished(
        request, _("The procedure is on its way to your login e-mail."), to=reverse("accounts:security")
    )
