"""Reads of accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet

from kanton.accounts.errors import NotConfirmed
from kanton.accounts.models import ApiToken, OneTimeLink, Person, Purpose
from kanton.activity.models import Activity
from kanton.core.actor import Actor, ActorKind
from kanton.core.errors import NotFound
from kanton.core.query import get_or_not_found
from kanton.core.secrets import token_hash


def person_of(actor: Actor) -> Person:
    """The person behind the actor, or NotFound for visitors and the system."""
    if actor.person_id is None:
        raise NotFound(model="person")
    return get_or_not_found(Person.objects.all(), pk=actor.person_id)


def require_confirmed(actor: Actor) -> None:
    """Raises NotConfirmed while the actor's login address is not proven: no orders, invitations, tickets (ACC-6)."""
    if actor.person_id is not None and not person_of(actor).is_confirmed:
        raise NotConfirmed


def names_of(people: Iterable[int]) -> dict[int, str]:
    """The display names of these people. One query."""
    return {person.pk: person.display_name for person in Person.objects.filter(pk__in=list(people))}


def become(actor: Actor, person: Person) -> Actor:
    """The same visitor acting as this person, right after they proved to be."""
    return Actor(
        kind=ActorKind.PERSON,
        label=person.display_name,
        person_id=person.pk,
        is_staff=person.is_staff,
        via=actor.via,
        ip=actor.ip,
        user_agent=actor.user_agent,
        language=person.language,
        time_zone=person.time_zone,
    )


def tokens_of(actor: Actor) -> QuerySet[ApiToken]:
    """The actor's own API tokens that are not revoked, newest first."""
    return ApiToken.objects.filter(person_id=actor.person_id or 0, revoked_at=None).order_by("-pk")


def token_of(actor: Actor, number: int) -> ApiToken:
    """One of the actor's own tokens, or NotFound."""
    return get_or_not_found(tokens_of(actor).select_related("person"), pk=number)


def activity_of(actor: Actor) -> QuerySet[Activity]:
    """What this account did, and what was done to it, newest first (ACC-108)."""
    mine = Q(person_id=actor.person_id) | Q(chain=f"person:{actor.person_id}")
    return Activity.objects.filter(mine).order_by("-pk")


# Where rooms keep second factors: each tells, for the person at a path of a query, whether there is one.
_factor_rows: list[Callable[[str], Any]] = []


def register_factor_rows(rows: Callable[[str], Any]) -> None:
    """Called when Django starts with a condition on the person at a path, such as an `Exists`."""
    _factor_rows.append(rows)


def has_second_factor(person_path: str = "pk") -> Any:
    """For annotations: does the person (at this path) have a second factor?"""
    second = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    found: Any = Exists(Authenticator.objects.filter(user=OuterRef(person_path), type__in=second))
    for rows in _factor_rows:
        found = found | rows(person_path)
    return found


def is_protected(person_id: int) -> bool:
    """Has this person a second factor?"""
    return Person.objects.filter(has_second_factor(), pk=person_id).exists()


def has_proved_twice(actor: Actor) -> bool:
    """Has whoever acts a second factor, here or at an identity provider that asked for one?"""
    return actor.has_proof_elsewhere or is_protected(actor.person_id or 0)


def person_by_link(secret: str, purpose: Purpose) -> Person | None:
    """Whose link this is, if it still works. Looking does not use it up."""
    link = (
        OneTimeLink.objects.select_related("person")
        .filter(digest=token_hash(secret), purpose=purpose)
        .first()
    )
    return link.person if link is not None and link.is_usable else None
