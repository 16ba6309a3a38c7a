"""Login e-mail and the ways back by program. Links and codes are opened in a browser, or typed here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.errors import NotANumber, SameAddress, WrongPassword
from kanton.accounts.queries import person_of
from kanton.accounts.recovery.actions.login_address import change_login_address
from kanton.accounts.recovery.actions.ways_back import change_phone, change_recovery_email, confirm_phone
from kanton.accounts.recovery.errors import (
    AddressTaken,
    DiffersNot,
    NotAMobile,
    UnchangedAddress,
    WrongCode,
)
from kanton.core.api import ApiRequest, Body, Router
from kanton.core.parity import exposes

router = Router("Profile")
Password = Annotated[str, Field(max_length=1000)]


class AddressIn(Body):
    """An address and the present login password."""

    email: Annotated[str, Field(max_length=254)]
    current_password: Password


class PhoneIn(Body):
    """A number, international or of the person's country, and the present login password."""

    phone: Annotated[str, Field(max_length=40)]
    current_password: Password


class CodeIn(Body):
    """What the text message said, for the change that answered this secret."""

    secret: Annotated[str, Field(max_length=100)]
    code: Annotated[str, Field(max_length=12)]


class WaitingOut(TypedDict):
    """What counts once it is confirmed."""

    value: str
    is_waiting: bool
    secret: str


@router.put(
    "/2/profile/login-address",
    scopes=("profile_update",),
    errors=(WrongPassword, AddressTaken, DiffersNot, UnchangedAddress),
    example={"email": "lea@example.ch", "current_password": "correct horse battery staple"},
)
@exposes(change_login_address)
def put_login_address(request: ApiRequest, data: AddressIn) -> WaitingOut:
    """Ask for another login e-mail; it takes effect once the link sent to it is opened."""
    change = change_login_address(
        request.actor, person_of(request.actor), email=data.email, current_password=data.current_password
    )
    return {"value": change.new, "is_waiting": True, "secret": ""}


@router.put(
    "/2/profile/recovery-email",
    scopes=("profile_update",),
    errors=(WrongPassword, SameAddress, UnchangedAddress),
    example={"email": "lea@elsewhere.example", "current_password": "correct horse battery staple"},
)
@exposes(change_recovery_email)
def put_recovery_email(request: ApiRequest, data: AddressIn) -> WaitingOut:
    """Enter another recovery e-mail; it counts once the link sent to it is opened. Nothing removes it."""
    change = change_recovery_email(
        request.actor, person_of(request.actor), email=data.email, current_password=data.current_password
    )
    return {"value": data.email.strip(), "is_waiting": change is not None, "secret": ""}


@router.put(
    "/2/profile/recovery-phone",
    scopes=("profile_update",),
    errors=(WrongPassword, NotANumber, NotAMobile, UnchangedAddress),
    example={"phone": "+41791234567", "current_password": "correct horse battery staple"},
)
@exposes(change_phone)
def put_recovery_phone(request: ApiRequest, data: PhoneIn) -> WaitingOut:
    """Enter another mobile number; where a code is sent, the number counts once it is posted."""
    made = change_phone(
        request.actor, person_of(request.actor), phone=data.phone, current_password=data.current_password
    )
    return {"value": made.number, "is_waiting": bool(made.secret), "secret": made.secret}


@router.post(
    "/2/profile/recovery-phone/confirmation",
    scopes=("profile_update",),
    errors=(WrongCode,),
    example={"secret": "…", "code": "123456"},
)
@exposes(confirm_phone)
def post_recovery_phone_confirmation(request: ApiRequest, data: CodeIn) -> bool:
    """Prove the mobile number by the code sent to it."""
    confirm_phone(request.actor, person_of(request.actor), secret=data.secret, code=data.code)
    return True
