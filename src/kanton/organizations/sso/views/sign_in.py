"""The way to the identity provider and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts import reauthentication
from kanton.accounts.models import Person
from kanton.accounts.web import AccountRequest, safe_next, signed_in
from kanton.core import clock
from kanton.core.errors import DomainError
from kanton.core.secrets import token_hash
from kanton.core.throttle import Rule, throttle, throttle_all
from kanton.core.web import client_address
from kanton.organizations.queries import organization_for
from kanton.organizations.sso import oidc, sessions
from kanton.organizations.sso.actions import link, note_test, provider_signed_out, sign_in
from kanton.organizations.sso.errors import NoConnection, SignInFirst, SignInRefused
from kanton.organizations.sso.forms import AddressForm
from kanton.organizations.sso.models import Connection, Identity
from kanton.organizations.sso.oidc import Claims, Flow
from kanton.organizations.sso.queries import connection_called, connection_for, require_managing
from kanton.ui.hx import finished

QUARTER = timedelta(minutes=15)
LINK_SECONDS = 15 * 60


@never_cache
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Type the address at work, and go to the provider of its domain (ACC-112)."""
    form = AddressForm(request.POST or None, initial={"email": request.GET.get("email", "")})
    if request.method == "POST" and form.is_valid():
        with form.catching():
            throttle_all([Rule(f"sso:{client_address(request)}", 60, QUARTER)]).or_refuse()
            email = form.cleaned_data["email"]
            connection = connection_for(email)
            if connection is None:
                raise NoConnection
            target = safe_next(request, otherwise=settings.LOGIN_REDIRECT_URL)
            return go_there(request, connection, purpose="sign-in", target=target, login_hint=email)
    context = {"form": form, "next": safe_next(request)}
    return render(request, "sso/begin.html", context, status=422 if form.is_bound else 200)


def go_there(
    request: HttpRequest,
    connection: Connection,
    *,
    purpose: str,
    target: str,
    login_hint: str = "",
    wants_fresh: bool = False,
) -> HttpResponse:
    """Send the browser to the provider, with secrets that come back to it only."""
    oidc.refresh_metadata(connection)
    flow = sessions.begin(request, connection, purpose=purpose, target=target, wants_fresh=wants_fresh)
    return HttpResponseRedirect(oidc.way_there(connection, flow, login_hint=login_hint))


@never_cache
@sensitive_post_parameters()
@require_GET
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """The browser is back: check what it brings, and go on with what was begun."""
    connection = connection_called(slug)
    if connection is None:
        raise Http404
    answer = {name: values[0][:8000] for name, values in request.GET.lists() if len(values) == 1}
    flow = sessions.take(request, answer.get("state", ""), connection.organization_id)
    if flow is None:
        return _did_not_work(request, SignInRefused(reason="not_begun_in_this_browser"))
    try:
        claims = oidc.come_back(connection, flow, answer)
        match flow.purpose:
            case "test":
                return _tested(request, connection, claims)
            case "again":
                return _proven_again(request, connection, claims, flow)
            case "link":
                return _offer_link(request, connection, claims, target=flow.target)
            case _:
                return _signed_in(request, connection, claims, flow)
    except DomainError as error:
        return _did_not_work(request, error)


def _signed_in(request: HttpRequest, connection: Connection, claims: Claims, flow: Flow) -> HttpResponse:
    actor: Any = request.actor  # type: ignore[attr-defined]
    try:
        identity = sign_in(actor, connection, claims=claims)
    except SignInFirst as error:
        response = _offer_link(request, connection, claims, target=flow.target)
        if actor.is_signed_in:
            return response
        return finished(
            request,
            error.sentence,
            kind="note",
            to=f"{settings.LOGIN_URL}?{urlencode({'email': claims.email, 'next': reverse('sso:link')})}",
        )
    return open_session(request, identity, claims, target=flow.target)


def open_session(request: HttpRequest, identity: Identity, claims: Claims, *, target: str) -> HttpResponse:
    """Enter the pipeline of sign-in steps: the second factor is asked unless the provider proved one (ACC-120)."""
    person = identity.person
    sessions.keep_proof(request, identity, claims)
    record_authentication(request, person, method="sso", organization=identity.organization_id)
    response: HttpResponse = perform_login(
        request, Login(user=person, email=person.email, redirect_url=target)
    )
    return response


def _tested(request: HttpRequest, connection: Connection, claims: Claims) -> HttpResponse:
    """Show what the provider says about the person who tests it."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    if not actor.is_signed_in:
        raise SignInRefused(reason="not_begun_in_this_browser")
    organization = organization_for(actor, connection.organization.slug)
    require_managing(actor, organization)
    note_test(actor, connection, claims=claims)
    shown = {
        name: value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
        for name, value in sorted(claims.everything.items())
        if name not in ("nonce", "at_hash")
    }
    context = {"connection": connection, "claims": claims, "shown": shown}
    request.organization = organization  # type: ignore[attr-defined]
    return render(request, "sso/tested.html", context)


def _proven_again(request: HttpRequest, connection: Connection, claims: Claims, flow: Flow) -> HttpResponse:
    """The same person was asked again at the provider, just now (ACC-34)."""
    person: Any = request.user
    identity = Identity.objects.filter(
        organization_id=connection.organization_id, issuer=claims.issuer, subject=claims.subject
    ).first()
    if identity is None or not person.is_authenticated or identity.person_id != person.pk:
        raise SignInRefused(reason="somebody_else")
    reauthentication.remember(request, person)
    return HttpResponseRedirect(flow.target)


def _offer_link(request: HttpRequest, connection: Connection, claims: Claims, *, target: str) -> HttpResponse:
    """Keep what was proven, and ask on a page of its own whether the two shall be connected."""
    top = connection.role_claim.partition(".")[0]
    kept = asdict(claims) | {
        "everything": {top: claims.everything[top]} if top in claims.everything else {},
        "id_token": "",
    }
    request.session[sessions.PENDING] = {
        "organization": connection.organization_id,
        "claims": kept,
        "target": target,
        "at": clock.now().timestamp(),
    }
    return HttpResponseRedirect(reverse("sso:link"))


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def confirm_link(request: AccountRequest) -> HttpResponse:
    """Connect the account with the sign-in that was just proven, after saying what that means (ACC-118)."""
    kept: Any = request.session.get(sessions.PENDING)
    is_fresh = isinstance(kept, dict) and 0 <= clock.now().timestamp() - float(kept["at"]) < LINK_SECONDS
    connection = (
        Connection.objects.select_related("organization").filter(pk=kept["organization"]).first()
        if is_fresh
        else None
    )
    if connection is None:
        return _did_not_work(request, SignInRefused(reason="not_begun_in_this_browser"))
    claims = Claims(**kept["claims"])
    if request.method == "POST":
        del request.session[sessions.PENDING]
        link(request.actor, request.user, connection=connection, claims=claims)
        text = _("From now on you can sign in through %(organization)s.")
        return finished(request, text % {"organization": connection.organization.name}, to=kept["target"])
    return render(request, "sso/link.html", {"organization": connection.organization, "claims": claims})


@require_POST
@signed_in
def connect_own(request: AccountRequest, slug: str) -> HttpResponse:
    """From the page “Security”: prove oneself at an organization's provider, to connect the account with it."""
    organization = organization_for(request.actor, slug)
    connection = connection_called(organization.slug)
    if connection is None or not connection.is_on:
        raise NoConnection
    return go_there(request, connection, purpose="link", target=reverse("accounts:security"))


@never_cache
@signed_in
@require_GET
def again(request: AccountRequest) -> HttpResponse:
    """Prove oneself anew at the provider before something sensitive (ACC-34)."""
    identity = own_identity(request.user)
    connection = connection_called(identity.organization.slug) if identity is not None else None
    if identity is None or connection is None or not connection.is_on:
        raise NoConnection
    return go_there(
        request,
        connection,
        purpose="again",
        target=reauthentication.target(request),
        login_hint=identity.email,
        wants_fresh=True,
    )


def own_identity(person: Person) -> Identity | None:
    """The sign-in by which this person can prove themselves anew."""
    found = Identity.objects.filter(person=person, organization__sso__is_on=True)
    return found.select_related("organization").order_by("-last_sign_in_at").first()


def can_prove_again(person: Person) -> bool:
    """Is there one?"""
    return own_identity(person) is not None


@csrf_exempt
@require_POST
def back_channel(request: HttpRequest, slug: str) -> HttpResponse:
    """The provider says that somebody signed out there (OpenID Connect Back-Channel Logout)."""
    connection = connection_called(slug)
    if connection is None or not connection.is_on:
        raise Http404
    try:
        subject, sid, jti = oidc.logged_out(connection, request.POST.get("logout_token", "")[:16_000])
        if not throttle(f"sso-logout:{token_hash(connection.issuer + jti)[:24]}", 1, QUARTER):
            raise SignInRefused(reason="logout_token_used")
    except SignInRefused as error:
        response = HttpResponse(
            f'{{"error":"invalid_request","reason":"{error.params["reason"]}"}}', status=400
        )
        response["Content-Type"] = "application/json"
    else:
        provider_signed_out(request.actor, connection, subject=subject, sid=sid)  # type: ignore[attr-defined]
        response = HttpResponse(status=200)
    response["Cache-Control"] = "no-store"
    return response


def _did_not_work(request: HttpRequest, error: DomainError) -> HttpResponse:
    return render(request, "sso/did_not_work.html", {"error": error}, status=error.status)
