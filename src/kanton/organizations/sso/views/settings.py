"""The page on which an organization sets single sign-on up."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.config import config
from kanton.core.parity import shows
from kanton.organizations.sso import roles
from kanton.organizations.sso.actions import (
    change_policy,
    check_domain,
    claim_domain,
    connect,
    disconnect,
    end_sessions,
    release_domain,
    switch_off,
    switch_on,
    unlink,
)
from kanton.organizations.sso.errors import NotProvenYet
from kanton.organizations.sso.forms import ConnectForm, DomainForm, PolicyForm
from kanton.organizations.sso.models import Connection
from kanton.organizations.sso.oidc import SCOPES
from kanton.organizations.sso.queries import (
    connection_of,
    domain_of,
    domains_of,
    identities_of,
    identity_of,
)
from kanton.organizations.sso.rights import SSO_MANAGE
from kanton.organizations.sso.views.sign_in import go_there
from kanton.organizations.web import ConsoleRequest, needs
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished

CLAIMS = ("sub", "email", "given_name", "family_name", "groups", "amr", "sid")


def data_for_provider(slug: str) -> dict[str, Any]:
    """All that the identity provider needs to know about us (ACC-117)."""
    here = config.web.address
    return {
        "redirect_address": f"{here}/login/sso/{slug}/callback",
        "sign_out_address": f"{here}/login",
        "back_channel_address": f"{here}/login/sso/{slug}/signed-out",
        "scopes": " ".join(SCOPES),
        "claims": list(CLAIMS),
    }


@require_GET
@needs(SSO_MANAGE)
@shows(domains_of, identities_of, connection_of)
def overview(request: ConsoleRequest) -> HttpResponse:
    """Domains, provider, rules and people, in the order in which one sets them up."""
    organization = request.organization
    connection = Connection.objects.filter(organization=organization).first()
    context = {
        "domains": domains_of(request.actor, organization),
        "domain_form": DomainForm(),
        "connection": connection,
        "rules": roles.written(connection.rules) if connection else [],
        "identities": identities_of(request.actor, organization)[:200],
        "data": data_for_provider(organization.slug),
        "api_path": f"/2/accounts/{organization.pk}/sso",
    }
    return render(request, "sso/overview.html", context)


@needs(SSO_MANAGE)
@require_http_methods(["GET", "POST"])
def claim(request: ConsoleRequest) -> HttpResponse:
    """Claim a domain."""
    return carry_out(
        request,
        DomainForm(request.POST or None),
        claim_domain,
        request.organization,
        page="sso/claim.html",
        partial="sso/_claim_form.html",
        then=lambda claimed: finished(
            request,
            _("%(domain)s is proven.") % {"domain": claimed}
            if claimed.proven_at
            else _("Now add the record that proves %(domain)s.") % {"domain": claimed},
            to=_here(request),
        ),
    )


@require_POST
@needs(SSO_MANAGE)
def check(request: ConsoleRequest, number: int) -> HttpResponse:
    """Look for the record now."""
    claimed = domain_of(request.actor, request.organization, number)
    try:
        check_domain(request.actor, claimed)
    except NotProvenYet as error:
        return finished(request, error.sentence, to=_here(request), kind="waiting")
    return finished(request, _("%(domain)s is proven.") % {"domain": claimed}, to=_here(request))


@require_POST
@needs(SSO_MANAGE)
def release(request: ConsoleRequest, number: int) -> HttpResponse:
    """Give a domain up."""
    claimed = domain_of(request.actor, request.organization, number)
    release_domain(request.actor, claimed)
    text = _("%(domain)s no longer belongs to your single sign-on.") % {"domain": claimed}
    return finished(request, text, to=_here(request))


@sensitive_post_parameters("client_secret")
@needs(SSO_MANAGE)
@require_http_methods(["GET", "POST"])
def connection(request: ConsoleRequest) -> HttpResponse:
    """Connect the identity provider by its discovery address."""
    known = Connection.objects.filter(organization=request.organization).first()
    initial = {"discovery_url": known.discovery_url, "client_id": known.client_id} if known else {}
    return carry_out(
        request,
        ConnectForm(request.POST or None, initial=initial),
        connect,
        request.organization,
        page="sso/connect.html",
        partial="sso/_connect_form.html",
        then=lambda _connection: finished(
            request, _("The provider answers. Test the sign-in next."), to=_here(request)
        ),
        context={"data": data_for_provider(request.organization.slug)},
    )


@require_POST
@needs(SSO_MANAGE)
def test(request: ConsoleRequest) -> HttpResponse:
    """Sign in at the provider to see what it says."""
    found = connection_of(request.actor, request.organization)
    return go_there(request, found, purpose="test", target=_here(request), login_hint=request.user.email)


@require_POST
@needs(SSO_MANAGE)
def switch(request: ConsoleRequest, to: str) -> HttpResponse:
    """On or off."""
    found = connection_of(request.actor, request.organization)
    if to == "on":
        switch_on(request.actor, found)
        return finished(request, _("Single sign-on is on."), to=_here(request))
    switch_off(request.actor, found)
    return finished(request, _("Single sign-on is off; its sessions have ended."), to=_here(request))


@needs(SSO_MANAGE)
@require_http_methods(["GET", "POST"])
def policy(request: ConsoleRequest) -> HttpResponse:
    """Roles, teams, and whether it is the only way in."""
    found = connection_of(request.actor, request.organization)
    initial = {
        "default_role": found.default_role,
        "role_claim": found.role_claim,
        "rules": roles.written(found.rules),
        "is_forced": found.is_forced,
    }
    return carry_out(
        request,
        PolicyForm(request.POST or None, initial=initial),
        change_policy,
        found,
        page="sso/policy.html",
        partial="sso/_policy_form.html",
        then=lambda _connection: finished(request, _("The rules are saved."), to=_here(request)),
    )


@require_POST
@needs(SSO_MANAGE)
def end(request: ConsoleRequest) -> HttpResponse:
    """End all sessions that the provider opened."""
    count = end_sessions(request.actor, connection_of(request.actor, request.organization))
    return finished(request, _("%(count)s sessions have ended.") % {"count": count}, to=_here(request))


@require_POST
@needs(SSO_MANAGE)
def separate(request: ConsoleRequest, number: int) -> HttpResponse:
    """Separate one account from the provider."""
    identity = identity_of(request.actor, request.organization, number)
    unlink(request.actor, identity)
    text = _("%(person)s no longer signs in through your provider.") % {"person": identity.person}
    return finished(request, text, to=_here(request))


@needs(SSO_MANAGE)
@require_http_methods(["GET", "POST"])
def remove(request: ConsoleRequest) -> HttpResponse:
    """Disconnect the provider, after showing what that means."""
    found = connection_of(request.actor, request.organization)
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        lambda actor: disconnect(actor, found),
        page="sso/disconnect.html",
        partial="sso/_disconnect_form.html",
        then=lambda _nothing: finished(
            request, _("The identity provider is disconnected."), to=_here(request)
        ),
        context={"connection": found},
    )


def _here(request: ConsoleRequest) -> str:
    return reverse("sso:overview", args=[request.organization.slug])
