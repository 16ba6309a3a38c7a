"""Sessions in the database, as Django keeps them, read by a query that is written once.

A session of somebody signed in ends when it was unused for some days, and at last so many days after the sign-in,
however often it was used (`sign_in.session_idle_days`, `sign_in.session_days`).
"""

from __future__ import annotations

import json
import zlib
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from kanton.config import config
from kanton.core import clock
from kanton.core.prepared import PreparedModels
from kanton.core.seals import seal

_open = PreparedModels(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now),
    str,
    datetime,
)


UNTIL = "signed_in_until"


def begin(session: Any) -> None:
    """Somebody has just signed in: from now on the session has an end."""
    until = clock.now() + timedelta(days=config.sign_in.session_days)
    session[UNTIL] = until.timestamp()


def unused_until(session: Any) -> datetime | None:
    """When the session ends if nobody uses it any more; None for those who are not signed in."""
    if UNTIL not in session:
        return None
    idle = clock.now() + timedelta(days=config.sign_in.session_idle_days)
    return min(idle, datetime.fromtimestamp(session[UNTIL], tz=idle.tzinfo))


HOST = "host"


class SessionStore(DatabaseStore):
    """What `settings.SESSION_ENGINE` names.

    `host` is the customer's host name under which the request came, "" for the provider's. A session counts only where
    it began: who steals it at a name of their own gets into nothing else (docs/decisions/0060).
    """

    host = ""

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What the session holds: what Django reads in it, by the short way when it is sealed as it is now."""
        text = str(session_data)
        signed, _colon, found = text.rpartition(":")
        wanted = signing.b64_encode(seal(f"{self.key_salt}signer", signed))
        if self.serializer is not signing.JSONSerializer or not constant_time_compare(found.encode(), wanted):
            return super().decode(text)
        packed = signed.rpartition(":")[0].encode()
        plain = signing.b64_decode(packed.removeprefix(b"."))
        held: dict[str, Any] = json.loads(zlib.decompress(plain) if packed.startswith(b".") else plain)
        return held

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """The row, which ends with the first of Django's own date, disuse, and the end of the sign-in."""
        if self.host:
            data = {**data, HOST: self.host}
        row = super().create_model_instance(data)
        until = unused_until(data)
        if until is not None:
            row.expire_date = min(row.expire_date, until)
        return row

    def load(self) -> dict[str, Any]:
        """What the session keeps; nothing once its sign-in ended."""
        row = self._get_session_from_db()
        data: dict[str, Any] = self.decode(row.session_data) if row is not None else {}
        if data.get(HOST, "") != self.host or (UNTIL in data and row.expire_date <= clock.now()):
            self._session_key = None
            return {}
        return data

    def _get_session_from_db(self) -> Any:
        found = _open.first(self.session_key, timezone.now()) if self.session_key else None
        if found is None:
            self._session_key = None
        return found
