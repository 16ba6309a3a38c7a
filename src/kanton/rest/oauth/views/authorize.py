"""`/authorize`: who asks for what, and the person's answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kanton.accounts.passwords import password_again
from kanton.accounts.reauthentication import proof_instead
from kanton.accounts.second_factor import enforced_by, methods_of
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.rest.oauth.actions import allow
from kanton.rest.oauth.errors import Refused
from kanton.rest.oauth.forms import PasswordForm
from kanton.rest.oauth.models import Application, Consent
from kanton.rest.oauth.pkce import is_challenge
from kanton.rest.oauth.queries import application_called
from kanton.rest.oauth.redirects import goes_to_device, is_registered, source_of
from kanton.rest.oauth.scopes import in_words
from kanton.rest.oauth.views.protocol import asked_scopes, authenticated_at, single

PARAMETERS = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
              "code_challenge_method", "nonce", "prompt", "max_age", "access_type")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be answered: its application and where the answer goes are certain."""

    application: Application
    redirect_uri: str
    state: str
    scopes: list[str] = field(default_factory=list)
    challenge: str = ""
    nonce: str = ""
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    wants_refresh: bool = True


@never_cache
@xframe_options_deny
@sensitive_post_parameters("current_password")
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Ask the person, and send the browser back with a code or with the reason why there is none."""
    given = request.POST if request.method == "POST" else request.GET
    try:
        application, redirect_uri = _where(given)
    except Refused as error:
        # Without a known place to go there is none to send the reader to (RFC 6749, 4.1.2.1).
        return render(request, "oauth/refused.html", {"error": error}, status=400)
    state = given.getlist("state")[0][:2000] if given.getlist("state") else ""
    try:
        asked = _read(given, application, redirect_uri, state)
        return _answer(request, given, asked)
    except Refused as error:
        return _back(redirect_uri, state, error=error.error, error_description=error.reason)


def _where(given: QueryDict) -> tuple[Application, str]:
    application = application_called(single(given, "client_id"))
    if application is None:
        raise Refused("invalid_client", "client_unknown")
    redirect_uri = single(given, "redirect_uri")
    if not is_registered(redirect_uri, application.redirect_uris):
        raise Refused("invalid_request", "redirect_uri_mismatch")
    return application, redirect_uri


def _read(given: QueryDict, application: Application, redirect_uri: str, state: str) -> Asked:
    values = {name: single(given, name) for name in PARAMETERS}
    if given.get("request") or given.get("request_uri"):
        error = "request_not_supported" if given.get("request") else "request_uri_not_supported"
        raise Refused(error, "request_object_not_supported")
    if values["response_type"] != "code":
        raise Refused("unsupported_response_type", "response_type_not_code")
    challenge, method = values["code_challenge"], values["code_challenge_method"]
    if challenge and (method != "S256" or not is_challenge(challenge)):
        raise Refused("invalid_request", "code_challenge_not_s256")
    if not challenge and (method or not application.is_confidential):
        raise Refused("invalid_request", "code_challenge_missing")
    prompts = frozenset(values["prompt"].split())
    if "none" in prompts and len(prompts) > 1:
        raise Refused("invalid_request", "prompt_contradicts_itself")
    if values["max_age"] and not (values["max_age"].isdigit() and len(values["max_age"]) < 10):
        raise Refused("invalid_request", "max_age_invalid")
    return Asked(
        application, redirect_uri, state,
        scopes=asked_scopes(values["scope"], application),
        challenge=challenge,
        nonce=single(given, "nonce", longest=500),
        prompts=prompts,
        max_age=int(values["max_age"]) if values["max_age"] else None,
        wants_refresh=values["access_type"] != "online",
    )  # fmt: skip


def _answer(request: HttpRequest, given: QueryDict, asked: Asked) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_signed_in:
        if "none" in asked.prompts:
            raise Refused("login_required", "not_signed_in")
        query = urlencode([(name, given[name]) for name in PARAMETERS if name in given])
        back = urlencode({"next": f"{request.path}?{query}"})
        response = HttpResponse(status=302)
        response["Location"] = f"{settings.LOGIN_URL}?{back}"
        return response
    person: Any = request.user
    proven_at = authenticated_at(request, person)
    is_stale = "login" in asked.prompts or (
        asked.max_age is not None and (clock.now() - proven_at).total_seconds() > asked.max_age
    )
    needs_more = lacks_second_factor(person)
    if request.method == "GET":
        is_known = _is_known(asked, person.pk) and not is_stale and not needs_more
        if "none" in asked.prompts:
            if not is_known:
                raise Refused("login_required" if is_stale else "consent_required", "person_must_be_asked")
            return _allowed(actor, person, asked, proven_at)
        if is_known and not asked.prompts & {"consent", "select_account"}:
            return _allowed(actor, person, asked, proven_at)
        if is_stale and (first := proof_instead(request, person)):
            return first
        return _page(request, given, asked, _form(request, is_stale), is_stale, needs_more)
    if given.get("answer") != "allow":
        raise Refused("access_denied", "refused_by_person")
    form = _form(request, is_stale)
    if form.is_valid() and not needs_more:
        with form.catching():
            if is_stale:
                password_again(person, form.cleaned_data["current_password"])
                proven_at = clock.now()
            return _allowed(actor, person, asked, proven_at)
    return _page(request, given, asked, form, is_stale, needs_more, status=422)


def _form(request: HttpRequest, is_stale: bool) -> PasswordForm:
    """The password is asked only when the application wants a fresh proof of the person."""
    form = PasswordForm(request.POST if request.method == "POST" else None, person=request.user)  # type: ignore[arg-type]
    form.fields["current_password"].required &= is_stale
    return form


def lacks_second_factor(person: Any) -> bool:
    """Does an organization of this person demand a second factor that is not set up yet (API-20)?"""
    return bool(enforced_by(person)) and not methods_of(person)


def _is_known(asked: Asked, person_id: int) -> bool:
    """Was this allowed before, to an application that only its own server can play (RFC 8252, 8.6)?"""
    if not asked.application.is_confidential or goes_to_device(asked.redirect_uri):
        return False
    known = Consent.objects.filter(application=asked.application, person_id=person_id).first()
    return (
        known is not None
        and set(asked.scopes) <= set(known.scopes)
        and known.granted_at >= asked.application.changed_at
    )


def _allowed(actor: Actor, person: Any, asked: Asked, proven_at: datetime) -> HttpResponse:
    code = allow(
        actor, person, application=asked.application, scopes=asked.scopes, redirect_uri=asked.redirect_uri,
        auth_time=proven_at, challenge=asked.challenge, nonce=asked.nonce, wants_refresh=asked.wants_refresh,
    )  # fmt: skip
    return _back(asked.redirect_uri, asked.state, code=code)


def _back(redirect_uri: str, state: str, **values: str) -> HttpResponse:
    """To the application. `iss` tells it whose answer this is (RFC 9207)."""
    values |= {"state": state} if state else {}
    values["iss"] = config.web.address
    joint = "&" if "?" in redirect_uri else "?"
    response = HttpResponse(status=302)  # not Django's redirect, which refuses the schemes of apps
    response["Location"] = f"{redirect_uri}{joint}{urlencode(values)}"
    return response


def _page(
    request: HttpRequest,
    given: QueryDict,
    asked: Asked,
    form: PasswordForm,
    is_stale: bool,
    needs_more: bool,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "application": asked.application,
        "scopes": in_words(asked.scopes),
        "hidden": [(name, given[name]) for name in PARAMETERS if name in given],
        "target": source_of(asked.redirect_uri),
        "goes_to_device": goes_to_device(asked.redirect_uri),
        "is_stale": is_stale,
        "needs_second_factor": needs_more,
    }
    response = render(request, "oauth/consent.html", context, status=status)
    return guarded(response, asked.redirect_uri)


def guarded(response: HttpResponse, redirect_uri: str = "") -> HttpResponse:
    """A page that nobody may frame, and whose form may end at the application."""
    target = f" {source_of(redirect_uri)}" if redirect_uri else ""
    response["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        f"form-action 'self'{target}; frame-ancestors 'none'"
    )
    response["Referrer-Policy"] = "no-referrer"
    return response
