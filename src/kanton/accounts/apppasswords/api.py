"""App passwords by program."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.apppasswords.actions import create_app_password, revoke_app_password
from kanton.accounts.apppasswords.errors import NoScope, TooManyAppPasswords
from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.apppasswords.queries import app_password_of, app_passwords_of
from kanton.accounts.errors import NotConfirmed, WrongPassword
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Lists, Router, Rows, Timestamp, invalid
from kanton.core.parity import exposes

router = Router("App passwords")


class AppPasswordOut(TypedDict):
    """An app password. Its text is told only when it is made."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    password: NotRequired[str]


class AppPasswordIn(Body):
    """A new app password."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: Annotated[list[Literal["mail", "calendar", "drive"]], Field(min_length=1, max_length=3)]
    current_password: Annotated[str, Field(max_length=1000)] = ""
    expires_at: Annotated[int | None, Field(ge=0)] = None


def app_password_out(one: AppPassword) -> AppPasswordOut:
    """An app password without its text."""
    return {
        "id": one.pk,
        "name": one.name,
        "hint": one.hint,
        "scopes": one.scopes,
        "created_at": int(one.created_at.timestamp()),
        "expires_at": clock.timestamp(one.expires_at),
        "last_used_at": clock.timestamp(one.last_used_at),
    }


@router.get(
    "/2/profile/app-passwords",
    scopes=("user_info",),
    lists=Lists(
        order={"id": "pk", "name": "name", "last_used_at": "last_used_at"}, default="-id", search=("name",)
    ),
)
@exposes(app_passwords_of)
def list_app_passwords(request: ApiRequest) -> Rows[AppPasswordOut]:
    """List the app passwords with their last use."""
    return Rows(app_passwords_of(request.actor), app_password_out)


@router.post(
    "/2/profile/app-passwords",
    scopes=("profile_update",),
    status=201,
    errors=(WrongPassword, NoScope, TooManyAppPasswords, NotConfirmed),
    example={"name": "Phone", "scopes": ["mail"], "current_password": "correct horse battery staple"},
)
@exposes(create_app_password)
def make_app_password(request: ApiRequest, data: AppPasswordIn) -> AppPasswordOut:
    """Make an app password; its text is in this answer only."""
    until = None
    if data.expires_at is not None:
        try:
            until = datetime.fromtimestamp(data.expires_at, UTC)
        except (ValueError, OverflowError, OSError):
            raise invalid("expires_at", "This is no instant in seconds since 1970.") from None
    made = create_app_password(
        request.actor,
        person_of(request.actor),
        name=data.name,
        scopes=data.scopes,
        current_password=data.current_password,
        expires_at=until,
    )
    return {**app_password_out(made.app_password), "password": made.password}


@router.delete("/2/profile/app-passwords/{number}", scopes=("profile_update",))
@exposes(revoke_app_password)
def delete_app_password(request: ApiRequest, number: int) -> bool:
    """Revoke an app password; the program is refused from its next login on."""
    revoke_app_password(request.actor, app_password_of(request.actor, number))
    return True
