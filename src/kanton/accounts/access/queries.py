"""Reads of sessions, trusted browsers and wishes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from kanton.accounts.access.models import Device, Watch
from kanton.accounts.browsers import Browser, browser_of
from kanton.accounts.geo import place_of
from kanton.accounts.queries import person_of
from kanton.accounts.web import AccountRequest
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import NotFound


@dataclass(frozen=True)
class OpenSession:
    """A browser that is signed in."""

    number: int
    browser: Browser
    address: str
    place: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    is_present: bool


def open_sessions(actor: Actor, present: str = "") -> list[OpenSession]:
    """The actor's sessions that still open something, the latest first; `present` is the key of this one."""
    return sessions_of(actor.person_id or 0, present)


def sessions_of(person_number: int, present: str = "") -> list[OpenSession]:
    """The same of anybody; whoever asks has looked whether they may."""
    rows = list(UserSession.objects.filter(user_id=person_number).order_by("-last_seen_at"))
    alive = set(
        Session.objects.filter(
            session_key__in=[row.session_key for row in rows], expire_date__gt=clock.now()
        ).values_list("session_key", flat=True)
    )
    return [
        OpenSession(
            row.pk, browser_of(row.user_agent), row.ip, place_of(row.ip), row.user_agent,
            row.created_at, row.last_seen_at, row.session_key == present,
        )
        for row in rows
        if row.session_key in alive
    ]  # fmt: skip


def session_of(actor: Actor, number: int) -> UserSession:
    """One of the actor's own sessions, or NotFound."""
    found = UserSession.objects.filter(user_id=actor.person_id or 0, pk=number).first()
    if found is None:
        raise NotFound(model="session")
    return found


def trusted_browsers(actor: Actor) -> list[Device]:
    """The actor's browsers that go without second factor now."""
    return list(
        Device.objects.filter(person_id=actor.person_id or 0, trusted_until__gt=clock.now()).order_by(
            "-last_used_at"
        )
    )


def trusted_browser_of(actor: Actor, number: int) -> Device:
    """One of them, or NotFound."""
    for device in trusted_browsers(actor):
        if device.pk == number:
            return device
    raise NotFound(model="browser")


def watch_of(actor: Actor) -> Watch:
    """What the actor wants to be told."""
    return Watch.of(person_of(actor))


def box(request: AccountRequest) -> dict[str, Any]:
    """For the page "Security"."""
    sessions = open_sessions(request.actor, request.session.session_key or "")
    return {"sessions": len(sessions), "watch": Watch.of(request.user)}
