"""Reads of single sign-on."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db.models import Q, QuerySet

from kanton.accounts.models import Person, address_key
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.core.rights import Role
from kanton.organizations.models import Membership, Organization
from kanton.organizations.queries import require
from kanton.organizations.sso.models import ClaimedDomain, Connection, Identity, SsoSession
from kanton.organizations.sso.rights import SSO_MANAGE


def require_managing(actor: Actor, organization: Organization) -> None:
    """Raises Forbidden unless the actor may manage single sign-on there."""
    require(actor, SSO_MANAGE, organization)


def domains_of(actor: Actor, organization: Organization) -> QuerySet[ClaimedDomain]:
    """The domains that the organization claims, by name."""
    require_managing(actor, organization)
    return (
        ClaimedDomain.objects.filter(organization=organization)
        .select_related("organization")
        .order_by("name")
    )


def domain_of(actor: Actor, organization: Organization, number: int) -> ClaimedDomain:
    """One claimed domain, or NotFound."""
    return get_or_not_found(domains_of(actor, organization), pk=number)


def connection_of(actor: Actor, organization: Organization) -> Connection:
    """The organization's identity provider, or NotFound."""
    require_managing(actor, organization)
    return get_or_not_found(Connection.objects.select_related("organization"), organization=organization)


def identities_of(actor: Actor, organization: Organization) -> QuerySet[Identity]:
    """Whom the provider vouches for."""
    require_managing(actor, organization)
    found = Identity.objects.filter(organization=organization).select_related("person", "organization")
    return found.order_by("email", "pk")


def identity_of(actor: Actor, organization: Organization, number: int) -> Identity:
    """One of them, or NotFound."""
    return get_or_not_found(identities_of(actor, organization), pk=number)


def connection_for(email: str) -> Connection | None:
    """The provider at which people with such an address sign in."""
    domain = address_key(email).rpartition("@")[2]
    return (
        Connection.objects.select_related("organization")
        .filter(
            is_on=True, organization__claimed_domains__name=domain,
            organization__claimed_domains__proven_at__isnull=False,
        )
        .first()
    )  # fmt: skip


def connection_called(slug: str) -> Connection | None:
    """The provider of the organization with this slug."""
    return Connection.objects.select_related("organization").filter(organization__slug=slug).first()


def forcing(person: Person) -> Organization | None:
    """The organization that wants this person to sign in through its provider; owners keep their password, so that a
    broken provider shuts nobody out for good."""
    domain = person.email_key.rpartition("@")[2]
    found = (
        Connection.objects.select_related("organization")
        .filter(
            is_on=True, is_forced=True, organization__claimed_domains__name=domain,
            organization__claimed_domains__proven_at__isnull=False,
            organization__memberships__person=person, organization__memberships__suspended_at=None,
        )
        .exclude(organization__memberships__in=person.memberships.filter(role=Role.OWNER))
        .first()
    )  # fmt: skip
    return found.organization if found is not None else None


def password_sessions(connection: Connection) -> QuerySet[UserSession]:
    """The sessions of those whom `forcing` concerns that were not opened at the provider."""
    domains = ClaimedDomain.objects.filter(
        organization_id=connection.organization_id, proven_at__isnull=False
    ).values_list("name", flat=True)
    own = Q(pk__in=[])
    for name in domains:
        own |= Q(email_key__endswith=f"@{name}")
    members = Membership.objects.filter(organization_id=connection.organization_id, suspended_at=None)
    people = Person.objects.filter(own, pk__in=members.exclude(role=Role.OWNER).values("person_id"))
    found: QuerySet[UserSession] = UserSession.objects.filter(user__in=people).exclude(
        session_key__in=SsoSession.objects.filter(organization_id=connection.organization_id).values(
            "session_key"
        )
    )
    return found


def own_identities(person: Person) -> list[Identity]:
    """The sign-ins with which this account is connected."""
    return list(
        Identity.objects.filter(person=person).select_related("organization").order_by("organization__name")
    )


def connectable(person: Person) -> list[Organization]:
    """Organizations of this person whose sign-in is not connected with the account yet."""
    found = Organization.objects.filter(
        sso__is_on=True, memberships__person=person, memberships__suspended_at=None
    ).exclude(identities__person=person)
    return list(found.order_by("name"))


def session_of(session_key: str | None) -> SsoSession | None:
    """The provider's session behind a browser's, if there is one."""
    if not session_key:
        return None
    found = SsoSession.objects.select_related("identity", "organization__sso__organization")
    return found.filter(session_key=session_key).first()
