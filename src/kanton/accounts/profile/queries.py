"""Reads of profiles."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from kanton.accounts import ending
from kanton.accounts.ending import Effect, Obstacle
from kanton.accounts.models import Person
from kanton.accounts.profile.models import BirthDate, Export, Picture
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.outbox.models import Mail
from kanton.core.query import get_or_not_found


def picture_of(actor: Actor) -> Picture | None:
    """The actor's own picture, without its pixels."""
    return Picture.objects.filter(person_id=actor.person_id or 0).defer("large", "small").first()


def picture_by_key(key: str) -> Picture:
    """The picture behind an address, or NotFound. Who knows the address may see it."""
    return get_or_not_found(Picture.objects.all(), key=key)


def birth_date_of(actor: Actor) -> dt.date | None:
    """The actor's own date of birth, if they told it."""
    return BirthDate.objects.filter(person_id=actor.person_id or 0).values_list("born_on", flat=True).first()


def end_of_account(actor: Actor) -> tuple[Person, list[Effect], list[Obstacle]]:
    """What would happen if the actor deleted the account now, and what stands in the way (ACC-68…70)."""
    person = person_of(actor)
    return person, ending.effects_of(person), ending.obstacles_of(person)


def exports_of(actor: Actor) -> list[Export]:
    """The actor's latest file with all data, as a list of one or none; an expired one is none."""
    found = Export.objects.filter(person_id=actor.person_id or 0)
    return list(found.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now())).order_by("-pk")[:1])


def export_of(actor: Actor, number: int) -> Export:
    """One of the actor's own files, or NotFound."""
    return get_or_not_found(
        Export.objects.filter(person_id=actor.person_id or 0).select_related("person"), pk=number
    )


def mails_to(actor: Actor) -> QuerySet[Mail]:
    """What we really wrote to the actor's addresses in the last twelve months, newest first (ACC-129)."""
    if actor.person_id is None:
        return Mail.objects.none()
    person = person_of(actor)
    addresses = [address for address in (person.email, person.recovery_email) if address]
    since = max(clock.now() - dt.timedelta(days=365), person.created_at)
    return Mail.objects.filter(to__in=addresses, created_at__gte=since).order_by("-pk")
