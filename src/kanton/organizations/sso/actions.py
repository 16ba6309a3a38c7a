"""Every change of single sign-on. What asks the world (DNS, the provider) happens before and outside a transaction."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import IntegrityError, transaction

from kanton.accounts.models import Person, address_key
from kanton.accounts.places import time_zone_of
from kanton.core import clock
from kanton.core.action import action, note_irreversible, record
from kanton.core.actor import Actor, System
from kanton.core.parity import internal
from kanton.core.rights import PUBLIC, SELF, Role
from kanton.organizations.actions import change_role
from kanton.organizations.models import Membership, Organization
from kanton.organizations.sso import emails, oidc, proofs, roles
from kanton.organizations.sso.activity import Happened
from kanton.organizations.sso.errors import (
    AlreadyClaimed,
    AlreadyLinked,
    BadDomain,
    DomainTaken,
    ForeignAddress,
    NoDomain,
    NotProvenYet,
    NotTested,
    OwnersByHand,
    ProviderUnreachable,
    SignInFirst,
    SignInRefused,
)
from kanton.organizations.sso.models import ClaimedDomain, Connection, Identity, SsoSession
from kanton.organizations.sso.oidc import Claims
from kanton.organizations.sso.queries import password_sessions, require_managing
from kanton.organizations.sso.rights import SSO_MANAGE


@action(right=SSO_MANAGE)
def claim_domain(actor: Actor, organization: Organization, *, name: str) -> ClaimedDomain:
    """Say that an e-mail domain is one's own. It counts once a TXT record proves it; at once if it is hosted here."""
    plain = domain_key(name)
    if ClaimedDomain.objects.filter(organization=organization, name=plain).exists():
        raise AlreadyClaimed(name=plain)
    claimed = ClaimedDomain.objects.create(organization=organization, name=plain)
    record(actor, Happened.DOMAIN_CLAIMED, claimed)
    if proofs.is_hosted_here(organization.pk, plain):
        _prove(actor, claimed)
    return claimed


def look_for_record(claimed: ClaimedDomain) -> None:
    """Raises NotProvenYet unless the record is there, or the domain is hosted here in the same hands."""
    if proofs.is_hosted_here(claimed.organization_id, claimed.name):
        return
    if claimed.proof not in [text.strip() for text in proofs.texts_of(claimed.record_name)]:
        raise NotProvenYet(record=claimed.record_name, value=claimed.proof)


def check_domain(actor: Actor, claimed: ClaimedDomain) -> ClaimedDomain:
    """Look for the record, and count the domain as proven if it is there. Raises NotProvenYet."""
    require_managing(actor, claimed.organization)
    look_for_record(claimed)
    return prove_domain(actor, claimed)


@action(right=SSO_MANAGE)
def prove_domain(actor: Actor, claimed: ClaimedDomain) -> ClaimedDomain:
    """The record was seen: the domain is the organization's (ACC-118)."""
    _prove(actor, claimed)
    return claimed


@action(right=SSO_MANAGE)
def release_domain(actor: Actor, claimed: ClaimedDomain) -> None:
    """Give a domain up. Without any, single sign-on is switched off."""
    organization = claimed.organization
    record(actor, Happened.DOMAIN_RELEASED, claimed)
    claimed.delete()
    if not ClaimedDomain.objects.filter(organization=organization, proven_at__isnull=False).exists():
        Connection.objects.filter(organization=organization).update(is_on=False, is_forced=False)


def connect(
    actor: Actor, organization: Organization, *, discovery_url: str, client_id: str, client_secret: str = ""
) -> Connection:
    """Read what the provider says about itself, then keep it. Raises ProviderUnreachable."""
    require_managing(actor, organization)
    url, metadata = oidc.discover(discovery_url)
    return save_connection(
        actor,
        organization,
        discovery_url=url,
        metadata=metadata,
        client_id=client_id,
        client_secret=client_secret,
    )


@action(right=SSO_MANAGE)
def save_connection(
    actor: Actor,
    organization: Organization,
    *,
    discovery_url: str,
    metadata: dict[str, Any],
    client_id: str,
    client_secret: str = "",
) -> Connection:
    """Keep the provider, its name for us and our secret there. It must be tested before it is switched on."""
    kept = Connection.objects.select_for_update(of=("self",)).filter(organization=organization).first()
    if not client_secret and (kept is None or kept.issuer != metadata["issuer"]):
        # A secret is never sent to another provider than the one it was entered for.
        raise ProviderUnreachable(field="client_secret", reason="the client secret is missing")
    connection = kept or Connection(organization=organization)
    connection.discovery_url, connection.issuer = discovery_url, metadata["issuer"]
    connection.client_id = client_id.strip()
    if client_secret:
        connection.client_secret = client_secret.strip()
    connection.metadata, connection.metadata_at = metadata, clock.now()
    connection.jwks, connection.jwks_at = {}, None
    connection.tested_at, connection.is_on, connection.is_forced = None, False, False
    connection.save()
    record(actor, Happened.CONNECTED, connection)
    return connection


@internal("A test needs the person's own browser at the provider.")
@action(right=SSO_MANAGE)
def note_test(actor: Actor, connection: Connection, *, claims: Claims) -> Connection:
    """Somebody who may manage it came back from the provider with a good answer."""
    connection.tested_at = clock.now()
    connection.save(update_fields=["tested_at"])
    record(actor, Happened.TESTED, connection)
    return connection


@action(right=SSO_MANAGE)
def switch_on(actor: Actor, connection: Connection) -> Connection:
    """People can sign in through it from now on."""
    if connection.tested_at is None:
        raise NotTested
    domains = ClaimedDomain.objects.filter(
        organization_id=connection.organization_id, proven_at__isnull=False
    )
    if not domains.exists():
        raise NoDomain
    connection.is_on = True
    connection.save(update_fields=["is_on"])
    record(actor, Happened.SWITCHED_ON, connection)
    return connection


@action(right=SSO_MANAGE)
def switch_off(actor: Actor, connection: Connection) -> Connection:
    """Nobody signs in through it any more; its sessions end."""
    connection.is_on = connection.is_forced = False
    connection.save(update_fields=["is_on", "is_forced"])
    _end(SsoSession.objects.filter(organization_id=connection.organization_id))
    record(actor, Happened.SWITCHED_OFF, connection)
    return connection


@action(right=SSO_MANAGE)
def change_policy(
    actor: Actor,
    connection: Connection,
    *,
    default_role: str,
    role_claim: str,
    rules: Sequence[str],
    is_forced: bool,
) -> Connection:
    """Who gets which role, and whether members of the proven domains must sign in through it.

    Once they must, sessions that a password opened end, except those of whoever decides it.
    """
    if default_role == Role.OWNER or default_role not in Role.values:
        raise OwnersByHand(field="default_role")
    if is_forced and not connection.is_on:
        raise NotTested(field="is_forced")
    is_new = is_forced and not connection.is_forced
    connection.default_role, connection.role_claim = default_role, role_claim.strip()[:80]
    connection.rules, connection.is_forced = roles.read(rules), is_forced
    connection.save(update_fields=["default_role", "role_claim", "rules", "is_forced"])
    record(actor, Happened.POLICY_CHANGED, connection)
    if is_new:
        _end_keys(password_sessions(connection).exclude(user_id=actor.person_id))
    return connection


@action(right=SSO_MANAGE)
def disconnect(actor: Actor, connection: Connection) -> None:
    """The provider and whom it vouched for are forgotten; its sessions end. People and memberships stay."""
    record(actor, Happened.DISCONNECTED, connection)
    note_irreversible(connection.issuer)
    _end(SsoSession.objects.filter(organization_id=connection.organization_id))
    Identity.objects.filter(organization_id=connection.organization_id).delete()
    connection.delete()


@action(right=SSO_MANAGE)
def end_sessions(actor: Actor, connection: Connection) -> int:
    """End every session that the provider opened (ACC-119)."""
    count = _end(SsoSession.objects.filter(organization_id=connection.organization_id))
    record(actor, Happened.SESSIONS_ENDED, connection, count=count)
    return count


@action(right=SSO_MANAGE)
def unlink(actor: Actor, identity: Identity) -> None:
    """Separate an account from the provider; its sessions from there end. The account stays."""
    record(actor, Happened.UNLINKED, identity)
    _end(identity.sessions.all())
    person = identity.person
    identity.delete()
    emails.unlinked(person, identity.organization)


@internal("Only a browser comes back from an identity provider.")
@action(right=PUBLIC)
def sign_in(actor: Actor, connection: Connection, *, claims: Claims) -> Identity:
    """Who the provider vouches for: known by issuer and subject, or new, and then a member at once (ACC-118, ACC-119).

    Raises SignInFirst when the address has an account that is not connected: its owner connects the two themselves.
    """
    if not connection.is_on:
        raise SignInRefused(reason="switched_off")
    identity = _known(connection, claims)
    if identity is None:
        identity = _arrive(actor, connection, claims)
    elif not identity.person.is_active:
        raise SignInRefused(reason="account_closed")
    else:
        _follow(identity, connection, claims)
    identity.email, identity.last_sign_in_at = claims.email, clock.now()
    identity.save(update_fields=["email", "last_sign_in_at"])
    record(actor, Happened.SIGNED_IN, identity, subject=claims.subject)
    return identity


@internal("Only a browser comes back from an identity provider.")
@action(right=SELF)
def link(actor: Actor, person: Person, *, connection: Connection, claims: Claims) -> Identity:
    """Connect an account with the sign-in of an organization; its person is signed in to both (ACC-118)."""
    if not connection.is_on:
        raise SignInRefused(reason="switched_off")
    organization = connection.organization
    if (
        _known(connection, claims)
        or Identity.objects.filter(organization=organization, person=person).exists()
    ):
        raise AlreadyLinked
    is_member = Membership.objects.filter(organization=organization, person=person).exists()
    if not is_member:
        _require_own_domain(connection, claims.email)
    identity = Identity.objects.create(
        organization=organization,
        person=person,
        issuer=claims.issuer,
        subject=claims.subject,
        email=claims.email,
    )
    if not is_member:
        _join(actor, identity, connection, claims)
    record(actor, Happened.LINKED, _Own(person, organization), organization=organization.name)
    emails.linked(person, organization)
    return identity


@internal("The provider itself says that somebody signed out there.")
@action(right=PUBLIC, may_be_silent=True)
def provider_signed_out(actor: Actor, connection: Connection, *, subject: str, sid: str) -> int:
    """End the sessions that the provider names: one by its id, or all of a subject (Back-Channel Logout)."""
    sessions = SsoSession.objects.filter(
        organization_id=connection.organization_id, identity__issuer=connection.issuer
    )
    if subject:
        sessions = sessions.filter(identity__subject=subject)
    if sid:
        sessions = sessions.filter(sid=sid)
    first = sessions.select_related("identity").first()
    if first is None:
        return 0
    count = _end(sessions)
    record(actor, Happened.PROVIDER_SIGNED_OUT, first.identity, count=count)
    return count


class _Own:
    """The target of a record in a person's own log."""

    def __init__(self, person: Person, organization: Organization) -> None:
        self.person_id, self._name = person.pk, str(person)

    def __str__(self) -> str:
        return self._name


def domain_key(name: str) -> str:
    """A domain as it is compared: small letters, IDNA. Raises BadDomain."""
    text = unicodedata.normalize("NFKC", name.strip()).casefold().strip(".").removeprefix("@")
    try:
        plain = text.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadDomain(name=name[:100]) from None
    labels = plain.split(".")
    if len(labels) < 2 or len(plain) > 253 or not all(_is_label(label) for label in labels):
        raise BadDomain(name=name[:100])
    if labels[-1].isdigit():
        raise BadDomain(name=name[:100])
    return plain


def _is_label(label: str) -> bool:
    return (
        0 < len(label) < 64
        and not label.startswith("-")
        and not label.endswith("-")
        and label.replace("-", "").isalnum()
    )


def _prove(actor: Actor, claimed: ClaimedDomain) -> None:
    if claimed.proven_at is None:
        claimed.proven_at = clock.now()
        try:
            with transaction.atomic():
                claimed.save(update_fields=["proven_at"])
        except IntegrityError:
            raise DomainTaken(name=claimed.name) from None
    record(actor, Happened.DOMAIN_PROVEN, claimed)


def _known(connection: Connection, claims: Claims) -> Identity | None:
    return (
        Identity.objects.select_related("person")
        .filter(organization_id=connection.organization_id, issuer=claims.issuer, subject=claims.subject)
        .first()
    )


def _require_own_domain(connection: Connection, email: str) -> None:
    domain = address_key(email).rpartition("@")[2]
    own = ClaimedDomain.objects.filter(
        organization_id=connection.organization_id, name=domain, proven_at__isnull=False
    )
    if not own.exists():
        raise ForeignAddress(email=email)


def _arrive(actor: Actor, connection: Connection, claims: Claims) -> Identity:
    """A new account without a password, and its membership."""
    if "@" not in claims.email:
        raise SignInRefused(reason="no_email_claim")
    _require_own_domain(connection, claims.email)
    organization = connection.organization
    person = Person(
        email=claims.email,
        first_name=claims.first_name,
        last_name=claims.last_name,
        language=organization.language,
        country=organization.country,
        time_zone=time_zone_of(organization.country),
        confirmed_at=clock.now(),
    )
    person.set_unusable_password()
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError:
        raise SignInFirst(email=claims.email) from None
    identity = Identity.objects.create(
        organization=organization,
        person=person,
        issuer=claims.issuer,
        subject=claims.subject,
        email=claims.email,
    )
    _join(actor, identity, connection, claims)
    return identity


def _join(actor: Actor, identity: Identity, connection: Connection, claims: Claims) -> None:
    role, teams = roles.applied(connection.rules, connection.role_claim, claims.everything)
    membership = Membership.objects.create(
        organization=connection.organization, person=identity.person, role=role or connection.default_role
    )
    actor.loaded.clear()
    roles.put_into_teams(membership, teams)
    record(actor, Happened.JOINED, identity, role=membership.role)


def _follow(identity: Identity, connection: Connection, claims: Claims) -> None:
    """Role and teams as the provider's rules say now. Owners are made and unmade by hand; who was removed stays out."""
    role, teams = roles.applied(connection.rules, connection.role_claim, claims.everything)
    membership = (
        Membership.objects.select_related("organization", "person")
        .filter(organization_id=identity.organization_id, person_id=identity.person_id)
        .first()
    )
    if membership is None or membership.role == Role.OWNER:
        return
    if role and role != membership.role:
        membership = change_role(System("sso"), membership, role=Role(role))
    roles.put_into_teams(membership, teams)


def _end(sessions: Any) -> int:
    """End these sessions: their browsers are signed out at their next request."""
    count = _end_keys(sessions)
    sessions.delete()
    return count


def _end_keys(sessions: Any) -> int:
    keys = list(sessions.values_list("session_key", flat=True))
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store().delete(key)
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)
