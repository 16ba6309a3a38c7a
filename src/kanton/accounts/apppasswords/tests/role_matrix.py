"""Everybody minds their own app passwords."""

from __future__ import annotations

from kanton.accounts.apppasswords.actions import (
    create_app_password,
    expire_app_passwords,
    revoke_all_app_passwords,
    revoke_app_password,
)
from kanton.accounts.apppasswords.models import AppPassword
from kanton.accounts.models import Person
from kanton.testing import PASSWORD
from kanton.testing_matrix import NOBODY, OWNER_ONLY, SIGNED_IN, Cast, Line, Who, act, api, page


def own(cast: Cast) -> Person:
    """The owner's account: everybody else is a stranger to it."""
    return cast.people[Who.OWNER]


def one(cast: Cast) -> AppPassword:
    """An app password of the owner."""
    return AppPassword.objects.create(
        person=own(cast), name="Phone", digest="0" * 64, hint="abcd", scopes=["mail"]
    )


NEW = {"name": "Phone", "scopes": ["mail"], "current_password": PASSWORD}
ELSE = dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404)
LINES: list[Line] = [
    act(
        "accounts.create_app_password",
        lambda actor, cast: create_app_password(
            actor, own(cast), name="Phone", scopes=["mail"], current_password=PASSWORD
        ),
        allowed=OWNER_ONLY,
    ),
    act("accounts.revoke_app_password", lambda actor, cast: revoke_app_password(actor, one(cast)), allowed=OWNER_ONLY),
    act(
        "accounts.revoke_all_app_passwords",
        lambda actor, cast: revoke_all_app_passwords(actor, own(cast)),
        allowed=OWNER_ONLY,
    ),
    act("accounts.expire_app_passwords", lambda actor, cast: expire_app_passwords(actor), allowed=NOBODY),
    page("/account/app-passwords", allowed=SIGNED_IN),
    page("/account/app-passwords/new", allowed=SIGNED_IN),
    page("/account/app-passwords/new", post={**NEW, "days": "0"}, allowed=SIGNED_IN, status=200),
    page(
        "/account/app-passwords/<int:number>/revoke",
        fill=lambda cast: {"number": one(cast).pk}, allowed=OWNER_ONLY, but=ELSE,
    ),
    page(
        "/account/app-passwords/<int:number>/revoke", post={},
        fill=lambda cast: {"number": one(cast).pk}, allowed=OWNER_ONLY, but=ELSE,
    ),
    api("GET", "/2/profile/app-passwords", allowed=SIGNED_IN),
    api("POST", "/2/profile/app-passwords", data=NEW, allowed=SIGNED_IN, status=201),
    api(
        "DELETE", "/2/profile/app-passwords/{number}",
        fill=lambda cast: {"number": one(cast).pk}, allowed=OWNER_ONLY, but=ELSE,
    ),
]  # fmt: skip
