"""Everybody minds their own profile."""

from __future__ import annotations

import datetime as dt

from kanton.accounts.models import Person
from kanton.accounts.profile.actions import (
    ask_for_export,
    delete_account,
    fetch_export,
    finish_export,
    remove_picture,
    set_birth_date,
    set_picture,
)
from kanton.accounts.profile.errors import AccountCannotEnd
from kanton.accounts.profile.images import Prepared
from kanton.accounts.profile.models import Export, Picture
from kanton.core.errors import NotFound
from kanton.testing import PASSWORD
from kanton.testing_matrix import EVERYBODY, NOBODY, OWNER_ONLY, SIGNED_IN, Cast, Line, Who, act, api, page

PICTURE = Prepared(b"large", b"small", 500)


def own(cast: Cast) -> Person:
    """The owner's account: everybody else is a stranger to it."""
    return cast.people[Who.OWNER]


def file(cast: Cast) -> dict[str, str]:
    """The address of the owner's picture."""
    Picture.objects.create(person=own(cast), key="k" * 43, large=b"large", small=b"small")
    return {"key": "k" * 43, "size": "small"}


def export(cast: Cast) -> Export:
    """A file of the owner that is being made."""
    return Export.objects.create(person=own(cast))


LINES: list[Line] = [
    act(
        "accounts.set_picture",
        lambda actor, cast: set_picture(actor, own(cast), picture=PICTURE),
        allowed=OWNER_ONLY,
    ),
    act("accounts.remove_picture", lambda actor, cast: remove_picture(actor, own(cast)), allowed=OWNER_ONLY),
    act(
        "accounts.set_birth_date",
        lambda actor, cast: set_birth_date(actor, own(cast), born_on=dt.date(1984, 5, 17)),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.delete_account",
        lambda actor, cast: delete_account(actor, own(cast), current_password=PASSWORD),
        allowed=OWNER_ONLY,
        fails=AccountCannotEnd,
    ),
    page("/account/picture", allowed=SIGNED_IN),
    page("/account/picture/removal", post={}, allowed=SIGNED_IN),
    page("/account/birth-date", allowed=SIGNED_IN),
    page("/account/birth-date", post={"born_on": "1984-05-17"}, allowed=SIGNED_IN),
    page("/account/deletion", allowed=SIGNED_IN),
    page("/account/deletion", post={"current_password": "wrong"}, allowed=SIGNED_IN, status=422),
    page("/account/deleted", allowed=EVERYBODY),
    page("/pictures/<str:key>/<str:size>.webp", allowed=EVERYBODY, fill=file),
    api("GET", "/2/profile/picture", allowed=SIGNED_IN),
    api("PUT", "/2/profile/picture", data={"content": "R0lG"}, allowed=SIGNED_IN, status=422),
    api("DELETE", "/2/profile/picture", allowed=SIGNED_IN),
    api("GET", "/2/profile/birth-date", allowed=SIGNED_IN),
    api("PUT", "/2/profile/birth-date", data={"born_on": "1984-05-17"}, allowed=SIGNED_IN),
    api("GET", "/2/profile/deletion", allowed=SIGNED_IN),
    api("POST", "/2/profile/deletion", data={"current_password": "wrong"}, allowed=SIGNED_IN, status=409),
    act(
        "accounts.ask_for_export",
        lambda actor, cast: ask_for_export(actor, own(cast), current_password=PASSWORD),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.finish_export",
        lambda actor, cast: finish_export(actor, export(cast), file="x.zip", size_bytes=1),
        allowed=NOBODY,
    ),
    act(
        "accounts.fetch_export",
        lambda actor, cast: fetch_export(actor, export(cast), current_password=PASSWORD),
        allowed=OWNER_ONLY,
        fails=NotFound,
    ),
    page("/account/data", allowed=SIGNED_IN),
    page("/account/data", post={"current_password": PASSWORD}, allowed=SIGNED_IN),
    page(
        "/account/data/<int:number>/download",
        post={"current_password": PASSWORD},
        fill=lambda cast: {"number": export(cast).pk},
        allowed=NOBODY,
        but={**dict.fromkeys(SIGNED_IN, 404)},
    ),
    page("/account/mails", allowed=SIGNED_IN),
    page("/account/protect", allowed=SIGNED_IN),
    page("/cookies", allowed=EVERYBODY),
    page("/cookies", post={}, allowed=EVERYBODY),
    page("/browser-settings", allowed=EVERYBODY),
    api("GET", "/2/profile/exports", allowed=SIGNED_IN),
    api("POST", "/2/profile/exports", data={"current_password": PASSWORD}, allowed=SIGNED_IN, status=201),
    api("GET", "/2/profile/mails", allowed=SIGNED_IN),
]
