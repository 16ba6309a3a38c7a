"""Confirmation tokens: “yes, exactly this”, for what costs money or cannot be undone."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from django.core import signing

from kanton.core import clock
from kanton.core.action import Effect
from kanton.core.api.errors import ApiError
from kanton.core.api.request import ApiRequest

LIFE: Final = timedelta(minutes=10)
_SALT: Final = "kanton.rest.confirmation"


def _digest(request: ApiRequest, raw: bytes, effect: Effect) -> str:
    """What is confirmed: who, which request with which body, and what it costs and destroys."""
    parts = [
        str(request.actor.person_id),
        request.method,
        request.path,
        *(f"{label}={amount}" for label, amount in effect.costs),
        *(str(sentence) for sentence in effect.irreversible),
    ]
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + raw.strip()).hexdigest()


def issue(request: ApiRequest, raw: bytes, effect: Effect) -> dict[str, Any]:
    """A token for the request that was tried, good for ten minutes."""
    ends = clock.timestamp(clock.now() + LIFE)
    token = signing.dumps({"digest": _digest(request, raw, effect), "ends": ends}, salt=_SALT)
    return {"token": token, "expires_at": ends}


def check(token: str, request: ApiRequest, raw: bytes, effect: Effect) -> None:
    """Raise 409 when the token is not for exactly this, or when it would now cost or destroy something else."""
    try:
        told = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        told = {}
    ends = told.get("ends")
    is_fresh = isinstance(ends, int) and clock.now() < datetime.fromtimestamp(ends, tz=clock.now().tzinfo)
    if not (is_fresh and told.get("digest") == _digest(request, raw, effect)):
        raise ApiError(
            409,
            "confirmation_stale",
            "This confirmation is too old, or the request or its price has changed. Try it with ?dry_run=1 again.",
        )
