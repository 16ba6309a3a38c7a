"""Who calls: the person behind a token, found with one query, never able to do more than that person (API-19)."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Model, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from kanton.accounts.models import ApiToken
from kanton.core import clock
from kanton.core.actor import Actor, ActorKind
from kanton.core.api import ApiRequest, expand
from kanton.core.api.errors import ApiError
from kanton.core.prepared import Prepared
from kanton.core.secrets import token_hash
from kanton.core.web import client_address
from kanton.rest.limits import PERSON_FACTOR
from kanton.rest.oauth.models import ACCESS_PREFIX, Consent
from kanton.rest.oauth.queries import access_by_digest

log = logging.getLogger("kanton.api")

NOTE_USE_EVERY: Final = timedelta(minutes=1)
FLUSH_AFTER_SECONDS: Final = 3.0


def _number_of(model: type[Model]) -> Coalesce:
    of_person = (
        model._default_manager.filter(person_id=OuterRef("person_id"))
        .order_by()
        .values("person_id")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return Coalesce(Subquery(of_person), Value(0))


def _by_digest(digest: str) -> Any:
    return (
        ApiToken.objects.filter(digest=digest, revoked_at=None, person__is_active=True)
        .annotate(ways=_number_of(ApiToken) + _number_of(Consent))
        .order_by()
        .values_list(
            "pk", "name", "scopes", "created_at", "expires_at", "last_used_at",
            "person_id", "person__first_name", "person__last_name", "person__email",
            "person__is_staff", "person__language", "person__time_zone", "ways",
        )
    )  # fmt: skip


_token_with = Prepared(_by_digest, str)


class _Times(NamedTuple):
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: None = None


class Caller(NamedTuple):
    """Who calls, by which token. Calls are counted under `digest`; `ways` is how many tokens the person has or had, and
    applications that may act for them."""

    actor: Actor
    token_id: int | None
    digest: str
    person_id: int
    ways: int


def caller_of(request: ApiRequest, notes: LastUse) -> Caller | None:
    """The caller by the request's bearer token; None when it carries none. Raises 401 for a token that is no good."""
    scheme, _space, secret = request.header("Authorization").partition(" ")
    if scheme.lower() != "bearer":
        return None
    secret = secret.strip()
    digest = token_hash(secret)
    if secret.startswith(ACCESS_PREFIX):
        return _application_of(request, digest, notes)
    row = _token_with.first(digest)
    if row is None:
        raise not_authorized("The token is unknown, revoked or has expired. Make a new one in the Manager.")
    pk, name, scopes, created_at, expires_at, last_used_at, *person, ways = row
    now = clock.now()
    # The model's own rule, without the price of making a model.
    if not ApiToken.is_usable_at(_Times(created_at, expires_at, last_used_at), now):  # type: ignore[arg-type]
        raise not_authorized("The token is unknown, revoked or has expired. Make a new one in the Manager.")
    if last_used_at is None or now - last_used_at >= NOTE_USE_EVERY:
        notes.note(ApiToken, pk, now)
    actor = _actor(request, scopes, name, *person)
    return Caller(actor, pk, digest, person[0], ways)


def _application_of(request: ApiRequest, digest: str, notes: LastUse) -> Caller:
    """The caller by the access token of an application that its person allowed (API-20). Counted by consent, so that
    fresh tokens bring no fresh allowance."""
    row = access_by_digest.first(digest)
    now = clock.now()
    if row is None or row[3] <= now:
        raise not_authorized(
            "The access token is unknown, revoked or has expired. Refresh it, or sign in again."
        )
    consent_id, name, scopes, _expires_at, last_used_at, *person = row
    if last_used_at is None or now - last_used_at >= NOTE_USE_EVERY:
        notes.note(Consent, consent_id, now)
    actor = _actor(request, scopes, name, *person)
    return Caller(actor, None, f"consent:{consent_id}", person[0], PERSON_FACTOR + 1)


_known: dict[tuple[str, ...], frozenset[str]] = {}


def _actor(
    request: ApiRequest, scopes: str | list[str], via: str,
    person_id: int, first_name: str, last_name: str, email: str, is_staff: bool, language: str, time_zone: str,
) -> Actor:  # fmt: skip
    return Actor(
        kind=ActorKind.TOKEN,
        label=f"{first_name} {last_name}".strip() or email,
        person_id=person_id,
        is_staff=is_staff,
        # PostgreSQL hands out JSON read, SQLite as text.
        scopes=_expanded(json.loads(scopes) if isinstance(scopes, str) else scopes),
        via=via,
        ip=client_address(request),  # type: ignore[arg-type]
        user_agent=request.header("User-Agent")[:300],
        language=language,
        time_zone=time_zone,
    )


def _expanded(scopes: list[str]) -> frozenset[str]:
    key = tuple(scopes)
    found = _known.get(key)
    if found is None:
        if len(_known) > 1000:
            _known.clear()
        found = _known[key] = expand(scopes)
    return found


def not_authorized(description: str, *, context: dict[str, Any] | None = None) -> ApiError:
    """401, with the header that says how to authorize."""
    return ApiError(
        401,
        "not_authorized",
        description,
        context=context,
        headers={"WWW-Authenticate": 'Bearer realm="Kanton"'},
    )


class LastUse:
    """Remembers when tokens were used, and writes it a little later, many at once.

    A write for every first call of a token would make reading as slow as writing; what a crash loses here is three
    seconds of “last used”.
    """

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._noted: dict[tuple[type[Model], int], datetime] = {}
        self._is_waiting = False

    def note(self, kind: type[Model], number: int, moment: datetime) -> None:
        """This token was used."""
        if self._at_once:
            _write({(kind, number): moment})
            return
        with self._lock:
            self._noted[kind, number] = moment
            if self._is_waiting:
                return
            self._is_waiting = True
        timer = threading.Timer(FLUSH_AFTER_SECONDS, self._flush)
        timer.daemon = True
        timer.start()

    def _flush(self) -> None:
        with self._lock:
            noted, self._noted = self._noted, {}
            self._is_waiting = False
        try:
            _write(noted)
        except DatabaseError as trouble:
            log.warning("When tokens were last used could not be written: %s", trouble)
        finally:
            connection.close()


def _write(noted: dict[tuple[type[Model], int], datetime]) -> None:
    with transaction.atomic():
        for (kind, number), moment in noted.items():
            kind._default_manager.filter(pk=number).update(last_used_at=moment)
