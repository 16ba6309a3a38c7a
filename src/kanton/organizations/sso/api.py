"""Single sign-on of an organization by program."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Lists, Router, Rows, Timestamp
from kanton.core.parity import exposes
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id
from kanton.organizations.sso import roles
from kanton.organizations.sso.actions import (
    change_policy,
    claim_domain,
    disconnect,
    end_sessions,
    look_for_record,
    prove_domain,
    release_domain,
    save_connection,
    switch_off,
    switch_on,
    unlink,
)
from kanton.organizations.sso.errors import (
    AlreadyClaimed,
    BadDomain,
    BadRule,
    DomainTaken,
    NoDomain,
    NotProvenYet,
    NotTested,
    OwnersByHand,
    ProviderUnreachable,
)
from kanton.organizations.sso.models import ClaimedDomain, Connection, Identity
from kanton.organizations.sso.oidc import discover
from kanton.organizations.sso.queries import (
    connection_of,
    domain_of,
    domains_of,
    identities_of,
    identity_of,
    require_managing,
)
from kanton.organizations.sso.views.settings import data_for_provider

router = Router("Single sign-on")
SCOPES = ("accounts",)
BASE = "/2/accounts/{account}/sso"


class DomainOut(TypedDict):
    """A claimed e-mail domain, and the TXT record that proves it."""

    id: int
    name: str
    record_name: str
    record_value: str
    claimed_at: Timestamp
    proven_at: Timestamp | None


class DataOut(TypedDict):
    """What the identity provider needs to know."""

    redirect_address: str
    sign_out_address: str
    back_channel_address: str
    scopes: str
    claims: list[str]


class ConnectionOut(TypedDict):
    """The identity provider. Its secret is never told."""

    discovery_url: str
    issuer: str
    client_id: str
    tested_at: Timestamp | None
    is_on: bool
    is_forced: bool
    default_role: str
    role_claim: str
    rules: list[str]
    provider_needs: DataOut


class IdentityOut(TypedDict):
    """Somebody for whom the provider vouches."""

    id: int
    user_id: int
    email: str
    subject: str
    linked_at: Timestamp
    last_sign_in_at: Timestamp | None


class DomainIn(Body):
    """A domain to claim."""

    name: Annotated[str, Field(min_length=1, max_length=253)]


class ConnectionIn(Body):
    """What the provider gave. Without a secret, the present one stays."""

    discovery_url: Annotated[str, Field(min_length=1, max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=255)]
    client_secret: Annotated[str, Field(max_length=500)] = ""


class PolicyIn(Body):
    """Roles, teams, and whether SSO is the only way in. Rules are written “group = role: team, team”."""

    default_role: Literal["administrator", "collaborator", "external"] = "collaborator"
    role_claim: Annotated[str, Field(max_length=80)] = "groups"
    rules: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=50)] = []
    is_forced: bool = False


class StateIn(Body):
    """On or off."""

    is_on: bool


def domain_out(claimed: ClaimedDomain) -> DomainOut:
    """A claimed domain as the API tells it."""
    return {
        "id": claimed.pk,
        "name": claimed.name,
        "record_name": claimed.record_name,
        "record_value": claimed.proof,
        "claimed_at": int(claimed.claimed_at.timestamp()),
        "proven_at": clock.timestamp(claimed.proven_at),
    }


def connection_out(connection: Connection, organization: Organization) -> ConnectionOut:
    """The provider as the API tells it."""
    data = data_for_provider(organization.slug)
    return {
        "discovery_url": connection.discovery_url,
        "issuer": connection.issuer,
        "client_id": connection.client_id,
        "tested_at": clock.timestamp(connection.tested_at),
        "is_on": connection.is_on,
        "is_forced": connection.is_forced,
        "default_role": connection.default_role,
        "role_claim": connection.role_claim,
        "rules": roles.written(connection.rules),
        "provider_needs": {
            "redirect_address": data["redirect_address"],
            "sign_out_address": data["sign_out_address"],
            "back_channel_address": data["back_channel_address"],
            "scopes": data["scopes"],
            "claims": data["claims"],
        },
    }


def identity_out(identity: Identity) -> IdentityOut:
    """An identity as the API tells it."""
    return {
        "id": identity.pk,
        "user_id": identity.person_id,
        "email": identity.email,
        "subject": identity.subject,
        "linked_at": int(identity.linked_at.timestamp()),
        "last_sign_in_at": clock.timestamp(identity.last_sign_in_at),
    }


@router.get(f"{BASE}/domains", scopes=SCOPES, lists=Lists(order={"name": "name"}, search=("name",)))
@exposes(domains_of)
def list_domains(request: ApiRequest, account: int) -> Rows[DomainOut]:
    """List the e-mail domains that the organization claims."""
    return Rows(domains_of(request.actor, organization_by_id(request.actor, account)), domain_out)


@router.post(
    f"{BASE}/domains", scopes=SCOPES, status=201, errors=(BadDomain, DomainTaken, AlreadyClaimed),
    example={"name": "acme.ch"},
)  # fmt: skip
@exposes(claim_domain)
def create_domain(request: ApiRequest, account: int, data: DomainIn) -> DomainOut:
    """Claim an e-mail domain; the answer holds the TXT record that proves it."""
    organization = organization_by_id(request.actor, account)
    return domain_out(claim_domain(request.actor, organization, name=data.name))


@router.post(f"{BASE}/domains/{{domain}}/check", scopes=SCOPES, errors=(NotProvenYet, DomainTaken))
@exposes(prove_domain, domain_of)
def check(request: ApiRequest, account: int, domain: int) -> DomainOut:
    """Look for the record now."""
    claimed = domain_of(request.actor, organization_by_id(request.actor, account), domain)
    look_for_record(claimed)
    return domain_out(prove_domain(request.actor, claimed))


@router.delete(f"{BASE}/domains/{{domain}}", scopes=SCOPES)
@exposes(release_domain)
def delete_domain(request: ApiRequest, account: int, domain: int) -> bool:
    """Give a domain up; without any, single sign-on is switched off."""
    release_domain(
        request.actor, domain_of(request.actor, organization_by_id(request.actor, account), domain)
    )
    return True


@router.get(BASE, scopes=SCOPES)
@exposes(connection_of)
def read_connection(request: ApiRequest, account: int) -> ConnectionOut:
    """Read the identity provider, its rules, and what it needs to know."""
    organization = organization_by_id(request.actor, account)
    return connection_out(connection_of(request.actor, organization), organization)


@router.put(
    BASE, scopes=SCOPES, errors=(ProviderUnreachable,),
    example={"discovery_url": "https://id.acme.ch/realms/acme", "client_id": "kanton", "client_secret": "…"},
)  # fmt: skip
@exposes(save_connection)
def change_connection(request: ApiRequest, account: int, data: ConnectionIn) -> ConnectionOut:
    """Connect the identity provider. A person tests it in the browser before it can be switched on."""
    organization = organization_by_id(request.actor, account)
    require_managing(request.actor, organization)
    url, metadata = discover(data.discovery_url)
    connection = save_connection(
        request.actor,
        organization,
        discovery_url=url,
        metadata=metadata,
        client_id=data.client_id,
        client_secret=data.client_secret,
    )
    return connection_out(connection, organization)


@router.put(f"{BASE}/rules", scopes=SCOPES, errors=(BadRule, OwnersByHand, NotTested))
@exposes(change_policy)
def change_rules(request: ApiRequest, account: int, data: PolicyIn) -> ConnectionOut:
    """Change roles, teams, and whether SSO is the only way in."""
    organization = organization_by_id(request.actor, account)
    found = connection_of(request.actor, organization)
    return connection_out(change_policy(request.actor, found, **data.model_dump()), organization)


@router.put(f"{BASE}/state", scopes=SCOPES, errors=(NotTested, NoDomain), example={"is_on": True})
@exposes(switch_on, switch_off)
def change_state(request: ApiRequest, account: int, data: StateIn) -> ConnectionOut:
    """Switch single sign-on on or off."""
    organization = organization_by_id(request.actor, account)
    switch = switch_on if data.is_on else switch_off
    return connection_out(switch(request.actor, connection_of(request.actor, organization)), organization)


@router.delete(BASE, scopes=SCOPES)
@exposes(disconnect)
def delete_connection(request: ApiRequest, account: int) -> bool:
    """Disconnect the identity provider. People and memberships stay."""
    disconnect(request.actor, connection_of(request.actor, organization_by_id(request.actor, account)))
    return True


@router.delete(f"{BASE}/sessions", scopes=SCOPES)
@exposes(end_sessions)
def delete_sessions(request: ApiRequest, account: int) -> int:
    """End every session that the provider opened; the answer says how many."""
    return end_sessions(
        request.actor, connection_of(request.actor, organization_by_id(request.actor, account))
    )


@router.get(f"{BASE}/identities", scopes=SCOPES, lists=Lists(order={"id": "pk"}, search=("email",)))
@exposes(identities_of)
def list_identities(request: ApiRequest, account: int) -> Rows[IdentityOut]:
    """List for whom the provider vouches."""
    return Rows(identities_of(request.actor, organization_by_id(request.actor, account)), identity_out)


@router.delete(f"{BASE}/identities/{{identity}}", scopes=SCOPES)
@exposes(unlink, identity_of)
def delete_identity(request: ApiRequest, account: int, identity: int) -> bool:
    """Separate an account from the provider."""
    unlink(request.actor, identity_of(request.actor, organization_by_id(request.actor, account), identity))
    return True
