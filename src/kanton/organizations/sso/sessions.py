"""The part of single sign-on that lives in the browser's session: what is on its way, and what was proven."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest

from kanton.accounts import second_factor
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.organizations.sso.models import SESSION_LIFE, Connection, Identity, SsoSession
from kanton.organizations.sso.oidc import Claims, Flow
from kanton.organizations.sso.queries import connectable, forcing, own_identities, session_of

FLOWS = "sso_flows"
PROVEN = "sso_proven"
PENDING = "sso_pending_link"
MOST_FLOWS = 5
FLOW_SECONDS = 15 * 60


def begin(
    request: HttpRequest, connection: Connection, *, purpose: str, target: str, wants_fresh: bool = False
) -> Flow:
    """Remember a sign-in that goes out from this browser, with secrets that only it has."""
    flow = Flow(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        organization_id=connection.organization_id,
        purpose=purpose,
        target=target,
        started_at=clock.now().timestamp(),
        wants_fresh=wants_fresh,
    )
    flows = list(request.session.get(FLOWS, []))[-(MOST_FLOWS - 1) :]
    request.session[FLOWS] = [*flows, asdict(flow)]
    return flow


def take(request: HttpRequest, state: str, organization_id: int) -> Flow | None:
    """The sign-in with this state, which is used up: what comes back a second time finds nothing."""
    flows = list(request.session.get(FLOWS, []))
    found = next((flow for flow in flows if state and secrets.compare_digest(flow["state"], state)), None)
    if found is None:
        return None
    request.session[FLOWS] = [flow for flow in flows if flow is not found]
    flow = Flow(**found)
    is_fresh = 0 <= clock.now().timestamp() - flow.started_at < FLOW_SECONDS
    return flow if is_fresh and flow.organization_id == organization_id else None


def keep_proof(request: HttpRequest, identity: Identity, claims: Claims) -> None:
    """Who was proven, until the sign-in has gone through its further steps."""
    request.session[PROVEN] = {
        "identity": identity.pk,
        "person": identity.person_id,
        "mfa": claims.has_mfa,
        "sid": claims.sid,
        "id_token": claims.id_token,
        "at": clock.now().timestamp(),
    }


def _proof(request: HttpRequest, person: Person) -> dict[str, Any] | None:
    kept: Any = request.session.get(PROVEN)
    if not isinstance(kept, dict) or kept.get("person") != person.pk:
        return None
    return kept if 0 <= clock.now().timestamp() - float(kept["at"]) < FLOW_SECONDS else None


def proves_second_factor(request: HttpRequest, person: Person) -> bool:
    """Did the provider say, in this sign-in, that it asked for more than a password (ACC-120)?"""
    kept = _proof(request, person)
    return bool(kept and kept["mfa"])


def gate(request: HttpRequest, person: Person) -> None:
    """Where an organization wants single sign-on, no other way opens a session; but whoever is about to connect an
    account with it must sign in to that account once."""
    from kanton.organizations.sso.errors import SsoRequired

    if _proof(request, person) is not None:
        return
    organization = forcing(person)
    if organization is None:
        return
    kept: Any = request.session.get(PENDING)
    if isinstance(kept, dict) and kept.get("organization") == organization.pk:
        return
    raise SsoRequired(organization=organization.name)


def on_signed_in(sender: Any, *, request: HttpRequest, user: Person, **more: Any) -> None:
    """A session that the provider opened lasts twelve hours and is remembered, so that it can be ended (ACC-119)."""
    kept = _proof(request, user)
    request.session.pop(PROVEN, None)
    if kept is None:
        return
    if not request.session.session_key:
        request.session.save()
    request.session.set_expiry(clock.now() + SESSION_LIFE)
    if kept["mfa"]:
        second_factor.note_elsewhere(request, user)
    identity = Identity.objects.get(pk=kept["identity"])
    SsoSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "identity": identity,
            "organization_id": identity.organization_id,
            "sid": kept["sid"],
            "id_token": kept["id_token"],
            "started_at": clock.now(),
        },
    )


def box_of(person: Person) -> dict[str, Any] | None:
    """For the page “Security”: what the account is connected with, and with what it could be."""
    own, more = own_identities(person), connectable(person)
    return {"identities": own, "connectable": more} if own or more else None


def sign_out_target(request: HttpRequest) -> str:
    """Where signing out goes on to end the session at the provider too; "" for other sessions."""
    from kanton.organizations.sso.oidc import way_out

    found = session_of(request.session.session_key)
    if found is None:
        return ""
    connection = getattr(found.organization, "sso", None)
    id_token = found.id_token
    found.delete()
    return way_out(connection, id_token) if connection is not None else ""
