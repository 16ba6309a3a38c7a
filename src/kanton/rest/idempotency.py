"""A POST that is repeated with its key returns the first answer, and does nothing a second time (API-27)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction

from kanton.core import clock
from kanton.core.api.errors import ApiError, of_domain_error
from kanton.core.api.request import ApiRequest
from kanton.core.errors import DomainError
from kanton.rest.answers import Answer, failure
from kanton.rest.models import KeptAnswer

LIFE: Final = timedelta(hours=24)
LONGEST_KEY: Final = 255


def once(request: ApiRequest, key: str, raw: bytes, do: Callable[[], Answer]) -> Answer:
    """The answer of the first time. It is written in the same transaction as what it tells of."""
    if len(key) > LONGEST_KEY or not key.isprintable() or not key.isascii():
        raise ApiError(
            400,
            "bad_request",
            f"The Idempotency-Key must be at most {LONGEST_KEY} printable ASCII characters.",
        )
    person_id = request.actor.person_id
    if person_id is None:
        return do()
    query = str(request.META.get("QUERY_STRING", ""))
    what = "\n".join((request.method, request.path, query)).encode() + b"\n" + raw
    digest = hashlib.sha256(what).hexdigest()
    with transaction.atomic():
        # The second of two at once waits here, on the row of the first.
        kept, is_new = KeptAnswer.objects.select_for_update().get_or_create(
            person_id=person_id, key=key, defaults={"digest": digest}
        )
        if not is_new and clock.now() - kept.created_at < LIFE:
            if kept.digest != digest:
                raise ApiError(
                    409,
                    "conflict_error",
                    "This Idempotency-Key was used for another request. Take a new key for a new request.",
                )
            return Answer(kept.status, kept.body.encode(), [("Idempotency-Replayed", "true")])
        answer = _attempt(do)
        kept.digest, kept.status, kept.body = digest, answer.status, answer.body.decode()
        kept.created_at = clock.now()
        kept.save()
        return answer


def _attempt(do: Callable[[], Answer]) -> Answer:
    """The answer, also when it is a refusal: what was refused left nothing behind."""
    try:
        with transaction.atomic():
            return do()
    except DomainError as error:
        return failure(of_domain_error(error))
    except ApiError as error:
        if error.status >= 500:
            raise
        return failure(error)
