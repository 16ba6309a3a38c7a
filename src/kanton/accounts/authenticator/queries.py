"""Reads of the Authenticator."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from kanton.accounts.authenticator.errors import (
    AccountBlocked,
    CodeGone,
    DeviceRemoved,
    RequestGone,
    UnknownDevice,
)
from kanton.accounts.authenticator.models import Device, LinkCode, SignInRequest, State
from kanton.accounts.authenticator.protocol import normal_code
from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.core.secrets import token_hash
from kanton.core.throttle import peek

PATIENCE = timedelta(minutes=10)
UNANSWERED = 3  # more than that within PATIENCE pause the questions (ACC-89)
PAUSE = timedelta(minutes=60)


def linked_devices(person: Person) -> QuerySet[Device]:
    """The phones that may approve for this account."""
    return Device.objects.filter(person=person, removed_at=None)


def has_authenticator(person: Person) -> bool:
    """Is the Authenticator a second factor of this account?"""
    return linked_devices(person).exists()


def authenticators_of(actor: Actor) -> QuerySet[Device]:
    """The actor's own linked phones, oldest first."""
    return Device.objects.filter(person_id=actor.person_id or 0, removed_at=None).order_by("pk")


def authenticator_of(actor: Actor, public_id: str) -> Device:
    """One of the actor's own linked phones, or NotFound."""
    return get_or_not_found(authenticators_of(actor).select_related("person"), public_id=public_id)


def device_called(public_id: str) -> Device:
    """The device that calls itself so, linked or removed; UnknownDevice."""
    device = Device.objects.select_related("person").filter(public_id=public_id).first()
    if device is None:
        raise UnknownDevice
    return device


def still_linked(device: Device) -> Device:
    """The device itself, or DeviceRemoved, or AccountBlocked."""
    if not device.is_linked:
        raise DeviceRemoved
    if not device.person.is_active:
        raise AccountBlocked
    return device


def usable_code(typed: str) -> LinkCode:
    """The code that was typed or scanned, or CodeGone. Looking does not use it up."""
    code = (
        LinkCode.objects.select_related("person")
        .filter(digest=token_hash(normal_code(typed)), person__is_active=True)
        .first()
    )
    if code is None or not code.is_usable:
        raise CodeGone
    return code


def waiting_request(person: Person) -> SignInRequest | None:
    """The sign-in that the account's phones are asked about now."""
    request = SignInRequest.objects.filter(person=person, state=State.WAITING).first()
    return request if request is not None and request.is_waiting else None


def request_of(device: Device, public_id: str) -> SignInRequest:
    """A sign-in of the device's own account, or RequestGone."""
    request = SignInRequest.objects.filter(person_id=device.person_id, public_id=public_id).first()
    if request is None:
        raise RequestGone
    return request


def request_called(person: Person, public_id: str) -> SignInRequest | None:
    """The request that a browser remembers, if it is this person's."""
    return SignInRequest.objects.filter(person=person, public_id=public_id).first()


def too_many_unanswered(person: Person) -> bool:
    """Did more than three questions of the last ten minutes stay without answer?"""
    recent = SignInRequest.objects.filter(
        person=person, created_at__gt=clock.now() - PATIENCE, state__in=SignInRequest.UNANSWERED
    )
    return recent.count() > UNANSWERED


def pause_key(person: Person) -> str:
    """The counter that remembers the pause."""
    return f"authenticator-pause:{person.pk}"


def paused_minutes(person: Person) -> int:
    """How long the phones are not asked any more; 0 when they are."""
    verdict = peek(pause_key(person), 1, PAUSE)
    return 0 if verdict else max(1, int(verdict.reset_in / 60 + 0.999))
