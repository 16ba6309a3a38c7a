"""What apps send and get, as JSON."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kanton.accounts.authenticator import totp, webpush
from kanton.accounts.authenticator.errors import WrongShape
from kanton.accounts.authenticator.models import Device, SignInRequest
from kanton.accounts.authenticator.protocol import VERSION
from kanton.accounts.authenticator.queries import paused_minutes, waiting_request
from kanton.accounts.models import Person
from kanton.config import config
from kanton.core import clock

S = TypeVar("S", bound="Sent")
Word = Annotated[str, Field(max_length=200)]


class Sent(BaseModel):
    """The body of a request; what is not in the protocol is ignored, so that newer apps can ask older servers."""

    model_config = ConfigDict(extra="ignore", strict=True)


class CodeIn(Sent):
    """A code that was scanned or typed."""

    code: Word


class LinkIn(CodeIn):
    """A new device with its key."""

    name: Word = ""
    public_key: Word
    signature: Word


class AnswerIn(Sent):
    """The signed answer to a sign-in."""

    device: Word
    request: Word
    decision: Word
    number: Word = ""
    signature: Word


class RequestIn(Sent):
    """Which sign-in is meant."""

    request: Word


class PushIn(Sent):
    """Where the browser takes messages; without an address: nowhere."""

    endpoint: Annotated[str, Field(max_length=1000)] = ""
    p256dh: Word = ""
    auth: Word = ""


def read(shape: type[S], body: bytes) -> S:
    """The body in this shape, or WrongShape."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise WrongShape from error


def about() -> dict[str, Any]:
    """Who answers here, and how."""
    return {
        "protocol": VERSION,
        "origin": config.web.address,
        "provider": config.operator.name,
        "push_key": webpush.public_key(),
        "server_time": int(clock.now().timestamp()),
    }


def account(person: Person) -> dict[str, str]:
    """The account as the app lists it."""
    return {"login": person.email, "name": person.display_name}


def linked(device: Device, backup_codes: list[str]) -> dict[str, Any]:
    """The answer to a link: the only time that the secret of the codes is told."""
    return {
        "backup_codes": backup_codes,
        "device": device.public_id,
        "account": account(device.person),
        "codes": {
            "secret": device.secret,
            "algorithm": "SHA1",
            "digits": totp.DIGITS,
            "period": totp.PERIOD,
        },
        **about(),
    }


def state(device: Device) -> dict[str, Any]:
    """What the app shows for this account. The number to match is not in it."""
    waiting = waiting_request(device.person)
    return {
        "device": device.public_id,
        "account": account(device.person),
        "requests": [] if waiting is None else [asked(waiting)],
        "paused_minutes": paused_minutes(device.person),
        "push": bool(device.push),
        **about(),
    }


def asked(request: SignInRequest) -> dict[str, Any]:
    """The sign-in in question: place, device, time (ACC-89)."""
    return {
        "request": request.public_id,
        "browser": request.browser,
        "address": request.address,
        "place": request.place,
        "created": int(request.created_at.timestamp()),
        "expires": int(request.expires_at.timestamp()),
    }
