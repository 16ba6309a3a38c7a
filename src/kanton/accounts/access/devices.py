"""Browsers known by their cookie: what makes a place new, what a lock lets through, what needs no second factor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kanton.accounts.access.models import Device, KnownNetwork, network_of
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.secrets import new_token, token_hash
from kanton.core.web import client_address

COOKIE = "kanton_device"
YEAR = 365 * 24 * 3600
FAMILIAR = timedelta(days=90)


def device_of(request: HttpRequest, person_number: int) -> Device | None:
    """This browser, if the person signed in with it before."""
    secret = request.COOKIES.get(COOKIE, "")
    if not secret:
        return None
    return Device.objects.filter(person_id=person_number, digest=token_hash(secret)).first()


def is_familiar(request: HttpRequest, person_number: int) -> bool:
    """A browser, or else a network, from which the person signed in during the last months."""
    recent = clock.now() - FAMILIAR
    device = device_of(request, person_number)
    if device is not None and device.last_used_at > recent:
        return True
    known = KnownNetwork.objects.filter(
        person_id=person_number,
        network=network_of(client_address(request)),
        last_used_at__gt=recent,
    )
    return known.exists()


def is_trusted(request: HttpRequest, person: Person) -> bool:
    """May this browser go without second factor?"""
    if not config.sign_in.trusted_browser_days:
        return False
    device = device_of(request, person.pk)
    return device is not None and device.is_trusted


def remember(request: HttpRequest, response: HttpResponseBase | None, person: Person, actor: Actor) -> bool:
    """Know this browser and network from now on. Returns whether either was new, except at the very first sign-in."""
    now, network = clock.now(), network_of(actor.ip)
    knows_something = KnownNetwork.objects.filter(person=person).exists()
    seen = KnownNetwork.objects.filter(person=person, network=network).update(last_used_at=now)
    if not seen and network:
        KnownNetwork.objects.get_or_create(person=person, network=network)
    device = device_of(request, person.pk)
    is_new = device is None or not seen
    if device is None:
        secret = request.COOKIES.get(COOKIE, "") or new_token()
        device = Device.objects.create(person=person, digest=token_hash(secret))
        if response is not None:
            _keep_cookie(response, secret)
    Device.objects.filter(pk=device.pk).update(
        last_used_at=now, user_agent=actor.user_agent[:300], address=actor.ip
    )
    request.kanton_device = device  # type: ignore[attr-defined]
    return is_new and knows_something


def trust(request: HttpRequest, person: Person, code: str, response: HttpResponse) -> None:
    """After a second factor was right: no more questions in this browser for a while, if the reader ticked that."""
    from kanton.accounts.access.actions import trust_browser
    from kanton.accounts.middleware import actor_of

    device: Any = getattr(request, "kanton_device", None)
    if request.POST.get("trust") and device is not None and config.sign_in.trusted_browser_days:
        trust_browser(actor_of(person, request), person, device)


def forget_trust(person: Person) -> None:
    """No browser goes without second factor any more."""
    Device.objects.filter(person=person).update(trusted_until=None)


def _keep_cookie(response: HttpResponseBase, secret: str) -> None:
    response.set_cookie(
        COOKIE,
        secret,
        max_age=YEAR,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
