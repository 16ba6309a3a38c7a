"""One's own second factors by program. Passkeys are made by browsers: here they are listed, renamed, removed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.errors import EnforcedByOrganization, NotANumber, WrongPassword
from kanton.accounts.factors.actions import (
    add_text_number,
    add_totp,
    make_backup_codes,
    remove_factor,
    rename_key,
    send_text_code,
)
from kanton.accounts.factors.errors import (
    AlreadySetUp,
    BadSecret,
    NotSetUp,
    SecondStepNeeded,
    SmsNotOffered,
    WrongCode,
)
from kanton.accounts.factors.queries import Factor, backup_codes_left, factor_of, factors_of
from kanton.accounts.queries import person_of
from kanton.core import clock
from kanton.core.api import ApiRequest, Body, Router, Timestamp
from kanton.core.parity import exposes

router = Router("Second factors")


class FactorOut(TypedDict):
    """Something that proves the person after the password."""

    id: str
    kind: Literal["key", "totp", "sms"]
    name: str
    signs_in_alone: bool
    created_at: Timestamp
    last_used_at: Timestamp | None


class BackupCodesOut(TypedDict):
    """New backup codes, told only now. Empty when the account had some already."""

    backup_codes: list[str]


class LeftOut(TypedDict):
    """How many backup codes still work."""

    left: int


class PasswordIn(Body):
    """The login password once more."""

    current_password: Annotated[str, Field(max_length=1000)]


class TotpIn(PasswordIn):
    """A key for one-time passwords made by the client, and its code of now."""

    secret: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(min_length=6, max_length=12)]


class PhoneIn(PasswordIn):
    """The number that is to get codes."""

    phone: Annotated[str, Field(min_length=1, max_length=40)]


class TextCodeIn(PasswordIn):
    """The code that arrived."""

    code: Annotated[str, Field(min_length=6, max_length=12)]


class NameIn(Body):
    """What a passkey is called."""

    name: Annotated[str, Field(min_length=1, max_length=80)]


def factor_out(factor: Factor) -> FactorOut:
    """A factor as the API tells it."""
    return {
        "id": factor.code,
        "kind": factor.method,  # type: ignore[typeddict-item]
        "name": factor.name,
        "signs_in_alone": factor.signs_in_alone,
        "created_at": int(factor.created_at.timestamp()),
        "last_used_at": clock.timestamp(factor.last_used_at),
    }


@router.get("/2/profile/second-factors", scopes=("user_info",))
@exposes(factors_of)
def list_factors(request: ApiRequest) -> list[FactorOut]:
    """List the passkeys, keys, app and number that prove the person."""
    return [factor_out(factor) for factor in factors_of(request.actor)]


@router.post(
    "/2/profile/second-factors/totp",
    scopes=("profile_update",),
    status=201,
    errors=(WrongPassword, BadSecret, WrongCode, AlreadySetUp),
    example={
        "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "code": "123456",
        "current_password": "correct horse battery staple",
    },
)
@exposes(add_totp)
def set_up_totp(request: ApiRequest, data: TotpIn) -> BackupCodesOut:
    """Set up a one-time password app with a key that the client made, proven by its code of now."""
    codes = add_totp(
        request.actor,
        person_of(request.actor),
        secret=data.secret,
        code=data.code,
        current_password=data.current_password,
    )
    return {"backup_codes": codes}


@router.post(
    "/2/profile/second-factors/sms/code",
    scopes=("profile_update",),
    errors=(WrongPassword, SmsNotOffered, NotANumber),
    example={"phone": "+41 79 123 45 67", "current_password": "correct horse battery staple"},
)
@exposes(send_text_code)
def send_code(request: ApiRequest, data: PhoneIn) -> bool:
    """Send a code to a number that is to become a second factor."""
    send_text_code(
        request.actor,
        person_of(request.actor),
        phone=data.phone,
        current_password=data.current_password,
    )
    return True


@router.post(
    "/2/profile/second-factors/sms",
    scopes=("profile_update",),
    status=201,
    errors=(WrongPassword, SmsNotOffered, WrongCode),
    example={"code": "123456", "current_password": "correct horse battery staple"},
)
@exposes(add_text_number)
def set_up_sms(request: ApiRequest, data: TextCodeIn) -> BackupCodesOut:
    """Make the number that got the code a second factor."""
    codes = add_text_number(
        request.actor, person_of(request.actor), code=data.code, current_password=data.current_password
    )
    return {"backup_codes": codes}


@router.patch(
    "/2/profile/second-factors/{factor_id}",
    scopes=("profile_update",),
    example={"name": "Work laptop"},
)
@exposes(rename_key)
def rename_factor(request: ApiRequest, factor_id: str, data: NameIn) -> bool:
    """Call a passkey or security key otherwise."""
    rename_key(request.actor, person_of(request.actor), code=factor_id, name=data.name)
    return True


@router.post(
    "/2/profile/second-factors/{factor_id}/remove",
    scopes=("profile_update",),
    errors=(WrongPassword, EnforcedByOrganization, SecondStepNeeded),
    example={"current_password": "correct horse battery staple"},
)
@exposes(remove_factor, factor_of)
def take_away(request: ApiRequest, factor_id: str, data: PasswordIn) -> bool:
    """Remove a second factor. The last one is removed in the console, after signing in with it."""
    remove_factor(
        request.actor,
        person_of(request.actor),
        factor_of(request.actor, factor_id),
        current_password=data.current_password,
    )
    return True


@router.get("/2/profile/backup-codes", scopes=("user_info",))
@exposes(backup_codes_left)
def count_backup_codes(request: ApiRequest) -> LeftOut:
    """Tell how many backup codes still work."""
    return {"left": backup_codes_left(person_of(request.actor))}


@router.post(
    "/2/profile/backup-codes",
    scopes=("profile_update",),
    status=201,
    errors=(WrongPassword, NotSetUp),
    example={"current_password": "correct horse battery staple"},
)
@exposes(make_backup_codes)
def replace_backup_codes(request: ApiRequest, data: PasswordIn) -> BackupCodesOut:
    """Make ten new backup codes; all earlier ones become void."""
    codes = make_backup_codes(request.actor, person_of(request.actor), current_password=data.current_password)
    return {"backup_codes": codes}
