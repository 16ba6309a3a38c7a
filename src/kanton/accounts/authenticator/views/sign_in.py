"""The second step of sign-in by the Authenticator: ask the phone and wait, or type the code that it shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.authenticator.actions import METHOD, ask_phones, use_approval, use_code
from kanton.accounts.authenticator.errors import WrongCode
from kanton.accounts.authenticator.forms import CodeForm
from kanton.accounts.authenticator.models import SignInRequest, State
from kanton.accounts.authenticator.queries import has_authenticator, paused_minutes, request_called
from kanton.accounts.browsers import browser_of
from kanton.accounts.geo import place_of
from kanton.accounts.models import Person
from kanton.accounts.second_factor import (
    admit,
    attempt_of,
    back_to_sign_in,
    failed,
    passed,
    pending,
    step_context,
)
from kanton.core.web import client_address
from kanton.ui.hx import is_htmx

REMEMBERED = "authenticator_request"


@never_cache
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest) -> HttpResponse:
    """Show the number and wait (ACC-88); then go on, or check the code (ACC-90). Asks once for each sign-in."""
    person = pending(request)
    if person is None or not has_authenticator(person):
        return back_to_sign_in()
    if "code" in request.POST:
        return _check_code(request, person)
    asked = _asked(request, person)
    if request.method == "POST":
        return _go_on(request, asked)
    if asked is None and not _has_asked(request):
        asked = _ask(request, person)
    return _page(request, person, asked)


@never_cache
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """The part of the page that watches for the answer. Once it is yes, it sends its form and goes on."""
    person = pending(request)
    if person is None or not is_htmx(request):
        to = reverse("authenticator:step")
        return HttpResponse(status=204, headers={"HX-Redirect": to}) if is_htmx(request) else _to(to)
    return render(request, "authenticator/_waiting.html", _context(person, _asked(request, person)))


@never_cache
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Ask the phones again; the older question is withdrawn."""
    person = pending(request)
    if person is None or not has_authenticator(person):
        return back_to_sign_in()
    admit(request)
    _ask(request, person)
    return _to(reverse("authenticator:step"))


def _go_on(request: HttpRequest, asked: SignInRequest | None) -> HttpResponse:
    """The approval is used, once, by the browser that asked for it."""
    if asked is None or not use_approval(request.actor, asked):  # type: ignore[attr-defined]
        return _to(reverse("authenticator:step"))
    request.session.pop(REMEMBERED, None)
    response = passed(request, METHOD)
    if not is_htmx(request) or "Location" not in response:
        return response
    # htmx would follow a redirection by itself and draw the page into this one.
    answer = HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    answer.cookies = response.cookies
    return answer


def _to(address: str) -> HttpResponse:
    return HttpResponseRedirect(address, status=303)


def _check_code(request: HttpRequest, person: Person) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, person, _asked(request, person), form)
    try:
        admit(request)
        use_code(request.actor, person, code=form.cleaned_data["code"])  # type: ignore[attr-defined]
    except WrongCode as error:
        form.add_domain_error(error)
        return failed(request, METHOD, page=lambda: _page(request, person, _asked(request, person), form))
    request.session.pop(REMEMBERED, None)
    return passed(request, METHOD)


def _ask(request: HttpRequest, person: Person) -> SignInRequest | None:
    asked = ask_phones(
        request.actor,  # type: ignore[attr-defined]
        person,
        browser=str(browser_of(request.headers.get("User-Agent", ""))),
        address=client_address(request),
        place=place_of(client_address(request)),
    )
    request.session[REMEMBERED] = [attempt_of(request), asked.public_id if asked else ""]
    return asked


def _has_asked(request: HttpRequest) -> bool:
    attempt, _request = request.session.get(REMEMBERED, ["", ""])
    return bool(attempt) and attempt == attempt_of(request)


def _asked(request: HttpRequest, person: Person) -> SignInRequest | None:
    """The question that this very browser caused in this very sign-in."""
    _attempt, name = request.session.get(REMEMBERED, ["", ""])
    return request_called(person, name) if name and _has_asked(request) else None


def _page(
    request: HttpRequest, person: Person, asked: SignInRequest | None, form: CodeForm | None = None
) -> HttpResponse:
    context = {**_context(person, asked), **step_context(request, METHOD), "form": form or CodeForm()}
    return render(request, "authenticator/step.html", context, status=422 if form is not None else 200)


def _context(person: Person, asked: SignInRequest | None) -> dict[str, Any]:
    """What there is to see: `look` names one of the waiting page's states."""
    if asked is None:
        return {"look": "paused", "minutes": max(1, paused_minutes(person))}
    if asked.is_waiting:
        look = "waiting"
    elif asked.is_usable:
        look = "approved"
    elif asked.state in (State.WAITING, State.APPROVED, State.USED):
        look = "expired"
    else:
        look = str(asked.state)
    return {"look": look, "asked": asked}
