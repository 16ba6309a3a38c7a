"""Reads of applications, consents and tokens."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.prepared import Prepared
from kanton.core.query import get_or_not_found
from kanton.core.secrets import token_hash
from kanton.organizations.models import Organization
from kanton.organizations.queries import require
from kanton.rest.oauth.models import AccessToken, Application, Consent, DeviceRequest
from kanton.rest.oauth.rights import APPLICATIONS_MANAGE

# What the API asks with every call of an application: one query, as for tokens that people make themselves.
access_by_digest = Prepared(
    lambda digest: (
        AccessToken.objects.filter(digest=digest, consent__person__is_active=True)
        .order_by()
        .values_list(
            "consent_id", "consent__application__name", "scopes", "expires_at", "consent__last_used_at",
            "consent__person_id", "consent__person__first_name", "consent__person__last_name",
            "consent__person__email", "consent__person__is_staff", "consent__person__language",
            "consent__person__time_zone",
        )
    ),
    str,
)  # fmt: skip


def applications_of(actor: Actor, organization: Organization) -> QuerySet[Application]:
    """The applications of an organization, by name, with how many people allowed each."""
    require(actor, APPLICATIONS_MANAGE, organization)
    return (
        Application.objects.filter(organization=organization)
        .select_related("organization", "acts_for")
        .annotate(people=Count("consents"))
        .order_by("name", "pk")
    )


def application_of(actor: Actor, organization: Organization, number: int) -> Application:
    """One application of an organization, or NotFound."""
    return get_or_not_found(applications_of(actor, organization), pk=number)


def application_called(client_id: str) -> Application | None:
    """The application with this name in the protocol."""
    if not client_id or "\0" in client_id:
        return None
    found = Application.objects.select_related("organization", "acts_for")
    return found.filter(client_id=client_id[:100]).first()


def consents_of(actor: Actor) -> QuerySet[Consent]:
    """What the actor allowed, newest first."""
    mine = Consent.objects.filter(person_id=actor.person_id or 0)
    return mine.select_related("application__organization", "person").order_by("-pk")


def consent_of(actor: Actor, number: int) -> Consent:
    """One of the actor's own consents, or NotFound."""
    return get_or_not_found(consents_of(actor), pk=number)


def open_request(user_code: str) -> DeviceRequest | None:
    """The device that waits under these eight letters, however they are typed."""
    letters = "".join(letter for letter in user_code.upper() if letter.isalnum())[:20]
    waiting = DeviceRequest.objects.select_related("application__organization")
    return waiting.filter(
        user_code=letters, used_at=None, refused_at=None, consent=None, expires_at__gt=clock.now()
    ).first()


def bearer_of(secret: str) -> Any:
    """The living access token with this secret, with person and application; None when there is none."""
    found = AccessToken.objects.select_related("consent__person", "consent__application")
    return found.filter(
        digest=token_hash(secret), expires_at__gt=clock.now(), consent__person__is_active=True
    ).first()
