"""Writes: dry runs, confirmations, keys that make a repetition harmless, and versions that must still be current."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.db import connection, transaction

from kanton.core.action import Effect, dry_run, observed
from kanton.core.api.errors import ApiError
from kanton.core.api.lists import Rows, cut
from kanton.core.api.query import truth
from kanton.core.api.request import ApiRequest
from kanton.core.api.routing import Route, table
from kanton.core.api.schemas import money_out
from kanton.rest import confirmation, idempotency
from kanton.rest.answers import Answer, success
from kanton.rest.etags import tag_of, withs_in


def run(request: ApiRequest, route: Route, arguments: dict[str, Any], raw: bytes) -> Answer:
    """Do it; or with `?dry_run=1`, say what it would do."""
    if truth(request.fields.get("dry_run")):
        return _tried(request, route, arguments, raw)
    key = request.header("Idempotency-Key")
    if key and route.method == "POST":
        return idempotency.once(request, key, raw, lambda: _done(request, route, arguments, raw))
    return _done(request, route, arguments, raw)


def _done(request: ApiRequest, route: Route, arguments: dict[str, Any], raw: bytes) -> Answer:
    expected = request.header("If-Match")
    token = request.header("X-Confirmation")
    if route.needs_confirmation and not token:
        raise ApiError(
            409,
            "confirmation_required",
            "This costs money or cannot be undone. Send it with ?dry_run=1 first, then again with the header"
            " X-Confirmation that you are given.",
        )
    reader = _reader_of(route) if expected else None
    if not (reader or token):
        # No transaction of ours: what asks the world does it before the action opens its own.
        return _answered(request, route, route.handler(request, **arguments))
    with transaction.atomic():
        if expected and reader:
            _still_matches(request, route, reader, arguments, expected)
        with observed() if token else nullcontext() as effect:
            result = route.handler(request, **arguments)
        if effect is not None:
            confirmation.check(token, request, raw, effect)
        return _answered(request, route, result)


def _answered(request: ApiRequest, route: Route, result: Any) -> Answer:
    if isinstance(result, Rows):
        assert route.lists is not None
        data, keys = cut(result, route.lists, request.listing)
        return Answer(route.status, success(data, keys))
    return Answer(route.status, success(result))


def _tried(request: ApiRequest, route: Route, arguments: dict[str, Any], raw: bytes) -> Answer:
    request.is_dry_run = True
    effect = dry_run(
        lambda _actor: _answered(request, route, route.handler(request, **arguments)), request.actor
    )
    told = told_effect(effect)
    is_grave = bool(effect.costs or effect.irreversible)
    if is_grave or route.needs_confirmation:
        told["confirmation"] = confirmation.issue(request, raw, effect)
    return Answer(200, success(told))


def told_effect(effect: Effect) -> dict[str, Any]:
    """What an action would do, as the API tells it: changes, price, mails, jobs, what is final and what it means."""
    return {
        "dry_run": True,
        "changes": [{"code": each.kind.code, "description": each.sentence} for each in effect.records],
        "price": [{"label": str(label), "amount": money_out(amount)} for label, amount in effect.costs],
        "mails": [{"to": to, "subject": str(subject)} for to, subject in effect.mails],
        "jobs": [{"task": job.task} for job in effect.jobs],
        "irreversible": [str(sentence) for sentence in effect.irreversible],
        "notes": [str(sentence) for sentence in effect.notes],
        "confirmation": None,
    }


def _still_matches(
    request: ApiRequest, route: Route, reader: Route, arguments: dict[str, Any], expected: str
) -> None:
    """412 unless the thing still looks as the caller last read it. Runs in the transaction of the write."""
    if connection.vendor == "postgresql":
        # Two writers who both ask for the same version: the second waits here and then sees the first one's.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [request.path])
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # the transaction is IMMEDIATE: from here on nobody else writes
    places = [arguments[name] for name in route.path_names]
    tags = [tag.strip().removeprefix("W/") for tag in expected.split(",")]
    if "*" in tags:
        reader.handler(request, **dict(zip(reader.path_names, places, strict=True)))
        return
    for tag in tags:
        withs = withs_in(tag)
        seen = request.withs
        request.withs = withs
        try:
            result = reader.handler(request, **dict(zip(reader.path_names, places, strict=True)))
        finally:
            request.withs = seen
        if tag_of(success(result), withs) == tag:
            return
    raise ApiError(
        412,
        "precondition_failed",
        "Somebody changed this in the meantime. Read it again, and repeat what is still needed.",
    )


def _reader_of(route: Route) -> Route | None:
    """The GET of the same address, if it reads one thing."""
    node = table().get(route.version)
    for segment in route.segments:
        if node is None:
            return None
        node = node.any if segment == "{}" else node.named.get(segment)
    reader = node.methods.get("GET") if node is not None else None
    return reader if reader is not None and not reader.is_list and reader.query is None else None
