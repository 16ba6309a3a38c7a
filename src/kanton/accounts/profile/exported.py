"""What the account itself knows about its person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.usersessions.models import UserSession
from django.utils.translation import gettext_lazy as _

from kanton.accounts.models import Person
from kanton.accounts.profile.exporting import Extra, Part
from kanton.accounts.profile.models import BirthDate, Picture
from kanton.activity.models import Activity
from kanton.core.outbox.models import Mail


def _profile(person: Person) -> Iterator[dict[str, Any]]:
    born = BirthDate.objects.filter(person=person).first()
    yield {
        "login_email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "date_of_birth": born.born_on if born else None,
        "phone": person.phone,
        "recovery_email": person.recovery_email,
        "language": person.language,
        "country": person.country,
        "time_zone": person.time_zone,
        "created_at": person.created_at,
        "confirmed_at": person.confirmed_at,
        "last_sign_in": person.last_login,
    }


def _sessions(person: Person) -> Iterator[dict[str, Any]]:
    for session in UserSession.objects.filter(user=person).order_by("created_at"):
        yield {
            "address": session.ip,
            "browser": session.user_agent,
            "since": session.created_at,
            "last_seen": session.last_seen_at,
        }


def _tokens(person: Person) -> Iterator[dict[str, Any]]:
    for token in person.api_tokens.order_by("pk"):
        yield {
            "name": token.name,
            "scopes": token.scopes,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "last_used_at": token.last_used_at,
            "revoked_at": token.revoked_at,
        }


def _mails(person: Person) -> Iterator[dict[str, Any]]:
    addresses = [address for address in (person.email, person.recovery_email) if address]
    for mail in Mail.objects.filter(to__in=addresses).order_by("pk").iterator():
        yield {"to": mail.to, "subject": mail.subject, "written_at": mail.created_at, "sent_at": mail.sent_at}


def _activity(person: Person) -> Iterator[dict[str, Any]]:
    for row in Activity.objects.filter(person_id=person.pk).order_by("pk").iterator():
        yield {"at": row.at, "what": row.sentence, "product": row.product, "address": row.address}


def _picture(person: Person) -> bytes | None:
    picture = Picture.objects.filter(person=person).first()
    return bytes(picture.large) if picture is not None else None


PARTS = (
    Part("profile", _("Profile"), _profile, order=0),
    Part("sessions", _("Sessions"), _sessions, order=20),
    Part("api-tokens", _("API tokens"), _tokens, order=30),
    Part("mails", _("Mails we wrote to you"), _mails, order=80),
    Part("activity", _("Account activity"), _activity, order=90),
)
PICTURE = Extra("picture.webp", _picture)
