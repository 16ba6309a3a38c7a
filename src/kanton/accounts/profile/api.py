"""Picture, date of birth and the end of one's own account by program."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kanton.accounts.ending import Fate
from kanton.accounts.errors import WrongPassword
from kanton.accounts.profile.actions import (
    ask_for_export,
    delete_account,
    remove_picture,
    set_birth_date,
    set_picture,
)
from kanton.accounts.profile.errors import AccountCannotEnd, ExportUnderWay, NotABirthDate
from kanton.accounts.profile.images import prepare
from kanton.accounts.profile.models import Export
from kanton.accounts.profile.pictures import address_of
from kanton.accounts.profile.queries import (
    birth_date_of,
    end_of_account,
    exports_of,
    mails_to,
    picture_of,
)
from kanton.accounts.queries import person_of
from kanton.config import config
from kanton.core import clock, pictures
from kanton.core.api import ApiRequest, Body, Lists, Router, Rows, Timestamp, from_base64
from kanton.core.outbox.models import Mail
from kanton.core.parity import exposes

router = Router("Profile")


class PictureOut(TypedDict):
    """The profile picture: square, in two sizes, as WebP."""

    large: str
    small: str
    uploaded_at: Timestamp


class PictureIn(Body):
    """The file in Base64. JPEG, PNG or WebP."""

    content: Annotated[str, Field(min_length=1)]


def _picture_out(request: ApiRequest) -> PictureOut | None:
    picture = picture_of(request.actor)
    if picture is None:
        return None
    base = config.web.address
    return {
        "large": base + address_of(picture.key, size="large"),
        "small": base + address_of(picture.key),
        "uploaded_at": clock.timestamp(picture.uploaded_at) or 0,
    }


@router.get("/2/profile/picture", scopes=("user_info",))
@exposes(picture_of)
def read_picture(request: ApiRequest) -> PictureOut | None:
    """Tell where the profile picture is, or null when there is none."""
    return _picture_out(request)


@router.put(
    "/2/profile/picture",
    scopes=("profile_update",),
    errors=pictures.REFUSALS,
    example={
        "content": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    },
)
@exposes(set_picture)
def put_picture(request: ApiRequest, data: PictureIn) -> PictureOut | None:
    """Set the profile picture.

    It is drawn anew, so that nothing but the pixels is kept. The body of a call is limited; the page in the console
    takes larger files.
    """
    content = from_base64("content", data.content)
    set_picture(request.actor, person_of(request.actor), picture=prepare(content))
    return _picture_out(request)


@router.delete("/2/profile/picture", scopes=("profile_update",))
@exposes(remove_picture)
def delete_picture(request: ApiRequest) -> bool:
    """Remove the profile picture; the initials are shown again."""
    remove_picture(request.actor, person_of(request.actor))
    return True


class BirthDateOut(TypedDict):
    """The date of birth, as YYYY-MM-DD, or null."""

    born_on: str | None


class BirthDateIn(Body):
    """The date of birth; null has it forgotten."""

    born_on: dt.date | None


@router.get("/2/profile/birth-date", scopes=("user_info",))
@exposes(birth_date_of)
def read_birth_date(request: ApiRequest) -> BirthDateOut:
    """Read the date of birth, if it was told."""
    day = birth_date_of(request.actor)
    return {"born_on": day.isoformat() if day else None}


@router.put(
    "/2/profile/birth-date",
    scopes=("profile_update",),
    errors=(NotABirthDate,),
    example={"born_on": "1984-05-17"},
)
@exposes(set_birth_date)
def put_birth_date(request: ApiRequest, data: BirthDateIn) -> BirthDateOut:
    """Tell the date of birth, or have it forgotten."""
    set_birth_date(request.actor, person_of(request.actor), born_on=data.born_on)
    return read_birth_date(request)


class ObstacleOut(TypedDict):
    """Why the account cannot be deleted yet, and the page where that is mended."""

    text: str
    url: str | None


class EndOut(TypedDict):
    """What the deletion of the account would do."""

    ends: list[str]
    stays: list[str]
    obstacles: list[ObstacleOut]


class DeletionIn(Body):
    """The login password."""

    current_password: Annotated[str, Field(max_length=1000)] = ""


@router.get("/2/profile/deletion", scopes=("user_info",))
@exposes(end_of_account)
def read_deletion(request: ApiRequest) -> EndOut:
    """List everything that the deletion of the account would end, and what stands in its way."""
    _person, effects, obstacles = end_of_account(request.actor)
    return {
        "ends": [str(effect.text) for effect in effects if effect.fate is Fate.ENDS],
        "stays": [str(effect.text) for effect in effects if effect.fate is Fate.STAYS],
        "obstacles": [
            {"text": str(one.text), "url": config.web.address + one.url if one.url else None}
            for one in obstacles
        ],
    }


@router.post(
    "/2/profile/deletion",
    scopes=("profile_update",),
    errors=(WrongPassword, AccountCannotEnd),
    needs_confirmation=True,
    example={"current_password": "correct horse battery staple"},
)
@exposes(delete_account)
def make_deletion(request: ApiRequest, data: DeletionIn) -> bool:
    """Delete the account, at once and for good. The token that asks ends with it."""
    delete_account(request.actor, person_of(request.actor), current_password=data.current_password)
    return True


class ExportOut(TypedDict):
    """The file with everything the account knows. It is downloaded on the page, with the login password."""

    id: int
    state: str
    done: int
    parts: int
    size_bytes: int
    asked_at: Timestamp
    expires_at: Timestamp | None
    page: str


def export_out(export: Export) -> ExportOut:
    """Where the file stands."""
    return {
        "id": export.pk,
        "state": export.state,
        "done": export.done,
        "parts": export.parts,
        "size_bytes": export.size_bytes,
        "asked_at": int(export.asked_at.timestamp()),
        "expires_at": clock.timestamp(export.expires_at),
        "page": f"{config.web.address}/account/data",
    }


@router.get("/2/profile/exports", scopes=("user_info",))
@exposes(exports_of)
def list_exports(request: ApiRequest) -> list[ExportOut]:
    """Tell where the file with everything the account knows stands."""
    return [export_out(one) for one in exports_of(request.actor)]


@router.post(
    "/2/profile/exports",
    scopes=("profile_update",),
    status=201,
    errors=(WrongPassword, ExportUnderWay),
    example={"current_password": "correct horse battery staple"},
)
@exposes(ask_for_export)
def make_export(request: ApiRequest, data: DeletionIn) -> ExportOut:
    """Have a file made with everything the account knows about its person; a mail tells when it is ready."""
    return export_out(
        ask_for_export(request.actor, person_of(request.actor), current_password=data.current_password)
    )


class MailOut(TypedDict):
    """A mail that we really wrote. Never what it says."""

    id: int
    to: str
    subject: str
    message_id: str
    state: str
    created_at: Timestamp


def mail_out(mail: Mail) -> MailOut:
    """A mail without its text."""
    return {
        "id": mail.pk,
        "to": mail.to,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "state": mail.state,
        "created_at": int(mail.created_at.timestamp()),
    }


@router.get(
    "/2/profile/mails",
    scopes=("user_info",),
    lists=Lists(order={"id": "pk"}, default="-id", search=("subject", "message_id")),
)
@exposes(mails_to)
def list_mails(request: ApiRequest) -> Rows[MailOut]:
    """List the mails that we really wrote to the account's addresses, to tell them from forged ones."""
    return Rows(mails_to(request.actor), mail_out)
