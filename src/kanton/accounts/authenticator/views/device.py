"""What apps ask: JSON, without cookies; each request is signed by the device. See docs/authenticator.md."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from kanton.accounts.authenticator import protocol, shapes
from kanton.accounts.authenticator.actions import (
    answer_request,
    disown_request,
    is_seen_lately,
    link_device,
    note_seen,
    reach_device,
)
from kanton.accounts.authenticator.errors import ClockWrong, NotASignature, NumberMismatch
from kanton.accounts.authenticator.models import Device, State
from kanton.accounts.authenticator.queries import device_called, request_of, still_linked, usable_code
from kanton.accounts.authenticator.webpush import Subscription
from kanton.accounts.middleware import actor_of
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor, visitor
from kanton.core.errors import DomainError
from kanton.core.throttle import Rule, throttle, throttle_all
from kanton.core.web import client_address

SCHEME = "Kanton-Device "
CLOCK_TOLERANCE = 90  # seconds
MINUTE = timedelta(minutes=1)
LONGEST_BODY = 8000

View = Callable[..., dict[str, Any]]


def answers(view: View) -> Callable[..., HttpResponse]:
    """JSON out; a business error becomes its code and sentence, with our time for apps whose clock is off."""

    @never_cache
    @csrf_exempt
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            throttle(f"authenticator:{client_address(request)}", 600, MINUTE).or_refuse()
            return JsonResponse(view(request, *args, **kwargs))
        except DomainError as error:
            told = {
                "code": error.code,
                "message": error.sentence,
                "server_time": int(clock.now().timestamp()),
            }
            return JsonResponse(told, status=error.status)

    return answer


def signed(view: Callable[[HttpRequest, Actor, Device], dict[str, Any]]) -> Callable[..., HttpResponse]:
    """For requests that carry a device's signature; the view gets the device and the person behind it as actor."""

    @functools.wraps(view)
    def check(request: HttpRequest) -> dict[str, Any]:
        device = signing_device(request)
        throttle(f"authenticator:{device.public_id}", 120, MINUTE).or_refuse()
        return view(request, acting_as(device, request), device)

    return answers(check)


def signing_device(request: HttpRequest) -> Device:
    """The linked device that signed this request."""
    header = request.headers.get("Authorization", "")
    name, time, signature = [*header.removeprefix(SCHEME).split("."), "", "", ""][:3]
    if not header.startswith(SCHEME) or not time.isascii() or not time.isdigit() or len(time) > 12:
        raise NotASignature
    device = device_called(name)
    method, path = str(request.method), request.path
    text = protocol.request_text(config.web.address, name, method, path, time, _body(request))
    if not protocol.is_signed_by(device.public_key, signature, text):
        raise NotASignature
    if abs(int(time) - clock.now().timestamp()) > CLOCK_TOLERANCE:
        raise ClockWrong
    return still_linked(device)


def acting_as(device: Device, request: HttpRequest) -> Actor:
    """The account's person, by way of this device."""
    from dataclasses import replace

    timezone.activate(device.person.time_zone)
    return replace(actor_of(device.person, request), via=f"Authenticator {device.name}"[:80])


def _body(request: HttpRequest) -> bytes:
    body = request.body
    if len(body) > LONGEST_BODY:
        raise NotASignature
    return body


def _guest(request: HttpRequest) -> Actor:
    agent = request.headers.get("User-Agent", "")[:300]
    return visitor(ip=client_address(request), user_agent=agent, language=translation.get_language() or "en")


def _limit_codes(request: HttpRequest) -> None:
    """Codes have 60 bits and live five minutes; still nobody tries many."""
    ip = client_address(request)
    rules = [
        Rule(f"authenticator-link:{ip}", 20, MINUTE),
        Rule(f"authenticator-links:{ip}", 100, MINUTE * 60),
    ]
    throttle_all(rules).or_refuse()


@require_GET
@answers
def about(request: HttpRequest) -> dict[str, Any]:
    """Who answers here."""
    return shapes.about()


@require_POST
@answers
def look(request: HttpRequest) -> dict[str, Any]:
    """Which account a code belongs to, to be confirmed before anything is linked."""
    _limit_codes(request)
    code = usable_code(shapes.read(shapes.CodeIn, _body(request)).code)
    return {
        "account": shapes.account(code.person),
        "expires": int(code.expires_at.timestamp()),
        **shapes.about(),
    }


@require_POST
@answers
def link(request: HttpRequest) -> dict[str, Any]:
    """Link this device with its new key."""
    _limit_codes(request)
    data = shapes.read(shapes.LinkIn, _body(request))
    made = link_device(_guest(request), **data.model_dump())
    return shapes.linked(made.device, made.backup_codes)


@require_GET
@signed
def state(request: HttpRequest, actor: Actor, device: Device) -> dict[str, Any]:
    """What waits for this device; 410 when it was removed."""
    if not is_seen_lately(device, clock.now()):
        note_seen(actor, device)
    return shapes.state(device)


@require_POST
@answers
def answer(request: HttpRequest) -> dict[str, Any]:
    """Approve or refuse a sign-in; the answer itself is signed."""
    data = shapes.read(shapes.AnswerIn, _body(request))
    device = still_linked(device_called(data.device))
    throttle(f"authenticator-answer:{device.public_id}", 30, MINUTE).or_refuse()
    answered = answer_request(
        acting_as(device, request),
        device,
        request_of(device, data.request),
        decision=data.decision,
        number=data.number,
        signature=data.signature,
    )
    if answered.state == State.MISMATCH:
        raise NumberMismatch
    return {"state": answered.state}


@require_POST
@signed
def not_me(request: HttpRequest, actor: Actor, device: Device) -> dict[str, Any]:
    """“This was not me”."""
    wanted = request_of(device, shapes.read(shapes.RequestIn, _body(request)).request)
    disown_request(actor, device, wanted)
    return {"guide": f"{config.web.address}/account/protect?after=sign-in"}


@require_POST
@signed
def push(request: HttpRequest, actor: Actor, device: Device) -> dict[str, Any]:
    """Where this device's browser takes messages."""
    data = shapes.read(shapes.PushIn, _body(request))
    wanted = Subscription(**data.model_dump()) if data.endpoint else None
    reach_device(actor, device, subscription=wanted)
    return {"push": wanted is not None}
