"""Reads of app passwords."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db.models import Q, QuerySet

from kanton.accounts.apppasswords import secrets
from kanton.accounts.apppasswords.models import AppPassword, Scope
from kanton.accounts.models import Person, address_key
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found


def app_passwords_of(actor: Actor) -> QuerySet[AppPassword]:
    """The actor's own app passwords, newest first."""
    return AppPassword.objects.filter(person_id=actor.person_id or 0).order_by("-pk")


def app_password_of(actor: Actor, number: int) -> AppPassword:
    """One of the actor's own, or NotFound."""
    return get_or_not_found(app_passwords_of(actor).select_related("person"), pk=number)


def person_by_app_password(login: str, password: str, scope: Scope) -> Person | None:
    """Who logs in to CalDAV, CardDAV or WebDAV with this app password: one look-up, no slow hash. None when the
    password is another person's, expired, or not made for this."""
    found = (
        AppPassword.objects.usable()
        .filter(digest=secrets.digest_of(password), person__email_key=address_key(login))
        .select_related("person")
        .first()
    )
    return found.person if found is not None and scope.value in found.scopes else None


def digests_of(
    person_ids: Iterable[int], scope: Scope, *, with_second_factor: bool = False
) -> dict[int, list[str]]:
    """The published hashes of these people's app passwords for one scope; on demand only of those that were made with a
    second factor (ORG-62). One query."""
    found: dict[int, list[str]] = {}
    rows = AppPassword.objects.usable().filter(person_id__in=list(person_ids)).order_by("pk")
    if with_second_factor:
        rows = rows.filter(with_second_factor=True)
    for person_id, digest, scopes in rows.values_list("person_id", "digest", "scopes"):
        if scope.value in scopes:
            found.setdefault(person_id, []).append(digest)
    return found


def note_uses(uses: Mapping[str, dt.datetime]) -> int:
    """Keep the last use that engines noted, by the beginning of the hash; returns how many app passwords it concerned.
    An engine notes a use at most once in ten minutes, so that fetching mail writes nothing (ACC-76)."""
    number = 0
    for beginning, at in uses.items():
        older = Q(last_used_at=None) | Q(last_used_at__lt=at)
        number += AppPassword.objects.filter(older, digest__startswith=beginning).update(last_used_at=at)
    return number
