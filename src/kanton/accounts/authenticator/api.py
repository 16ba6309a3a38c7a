"""The Authenticator by program: which phones are linked, and removing one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.authenticator.actions import remove_authenticator
from kanton.accounts.authenticator.models import Device
from kanton.accounts.authenticator.queries import authenticator_of, authenticators_of
from kanton.accounts.errors import EnforcedByOrganization, WrongPassword
from kanton.accounts.factors.errors import SecondStepNeeded
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Router, Timestamp
from kanton.core.parity import exposes

router = Router("Authenticator")


class AuthenticatorOut(TypedDict):
    """A phone that approves sign-ins of the account."""

    id: str
    name: str
    key_fingerprint: str
    created_at: Timestamp
    last_seen_at: Timestamp | None


class RemovalIn(Body):
    """The login password again."""

    current_password: Annotated[str, Field(max_length=1000)]


def authenticator_out(device: Device) -> AuthenticatorOut:
    """The phone as the API tells it."""
    return {
        "id": device.public_id,
        "name": device.name,
        "key_fingerprint": device.fingerprint,
        "created_at": clock.timestamp(device.created_at) or 0,
        "last_seen_at": clock.timestamp(device.last_seen_at),
    }


@router.get("/2/profile/authenticators", scopes=("user_info",))
@exposes(authenticators_of)
def list_authenticators(request: ApiRequest) -> list[AuthenticatorOut]:
    """List the phones whose Authenticator approves sign-ins of the account."""
    return [authenticator_out(device) for device in authenticators_of(request.actor)]


@router.post(
    "/2/profile/authenticators/{device}/removal",
    scopes=("profile_update",),
    errors=(WrongPassword, SecondStepNeeded, EnforcedByOrganization),
    example={"current_password": "correct horse battery staple"},
)
@exposes(remove_authenticator)
def remove(request: ApiRequest, device: str, data: RemovalIn) -> bool:
    """Remove a phone: it no longer approves anything, and is told.

    The last second factor is removed in a browser, after a sign-in with it.
    """
    phone = authenticator_of(request.actor, device)
    remove_authenticator(request.actor, phone, current_password=data.current_password)
    return True
