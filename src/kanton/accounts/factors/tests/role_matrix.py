"""Everybody minds their own second factors, and only their own."""

from __future__ import annotations

from typing import Any

from kanton.accounts.factors.actions import (
    add_key,
    add_text_number,
    add_totp,
    make_backup_codes,
    pass_by_backup_code,
    pass_by_key,
    pass_by_text_code,
    pass_by_totp,
    remove_factor,
    rename_key,
    send_step_code,
    send_text_code,
    turn_off_after_identity_check,
    turn_off_second_factor,
)
from kanton.accounts.factors.errors import (
    BadSecret,
    NotProven,
    SecondStepNeeded,
    SmsNotOffered,
    WrongCode,
)
from kanton.accounts.factors.queries import factors_of_person
from kanton.accounts.factors.testing import give_totp
from kanton.accounts.models import Person
from kanton.accounts.passwords import proving
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.testing import PASSWORD
from kanton.testing_matrix import EVERYBODY, NOBODY, OWNER_ONLY, SIGNED_IN, Cast, Line, Who, act, api, page


def own(cast: Cast) -> Person:
    """The owner's account: everybody else is a stranger to it."""
    return cast.people[Who.OWNER]


def protected(cast: Cast) -> Person:
    """The owner with a one-time password app."""
    give_totp(own(cast))
    return own(cast)


def take_totp(actor: Actor, cast: Cast) -> None:
    """Remove the owner's only factor."""
    person = protected(cast)
    remove_factor(actor, person, factors_of_person(person)[0], current_password=PASSWORD)


def keep_key(actor: Actor, cast: Cast) -> Any:
    """A key whose page was never opened."""
    with proving(lambda person: True):
        return add_key(actor, own(cast), name="Key", sealed="none", credential="{}")


AGAIN = {"current_password": PASSWORD}
NOT_MINE = dict.fromkeys(SIGNED_IN, 404)
LINES: list[Line] = [
    act(
        "accounts.turn_off_after_identity_check",
        lambda actor, cast: turn_off_after_identity_check(actor, protected(cast)),
        allowed=NOBODY,
    ),
    act(
        "accounts.add_totp",
        lambda actor, cast: add_totp(actor, own(cast), secret="A", code="000000", **AGAIN),
        allowed=OWNER_ONLY,
        fails=BadSecret,
    ),
    act("accounts.add_key", keep_key, allowed=OWNER_ONLY, fails=NotProven),
    act(
        "accounts.rename_key",
        lambda actor, cast: rename_key(actor, own(cast), code="key-0", name="Key"),
        allowed=OWNER_ONLY,
        fails=NotFound,
    ),
    act(
        "accounts.send_text_code",
        lambda actor, cast: send_text_code(actor, own(cast), phone="+41791234567", **AGAIN),
        allowed=OWNER_ONLY,
        fails=SmsNotOffered,
    ),
    act(
        "accounts.add_text_number",
        lambda actor, cast: add_text_number(actor, own(cast), code="000000", **AGAIN),
        allowed=OWNER_ONLY,
        fails=SmsNotOffered,
    ),
    act("accounts.remove_factor", take_totp, allowed=OWNER_ONLY, fails=SecondStepNeeded),
    act(
        "accounts.turn_off_second_factor",
        lambda actor, cast: turn_off_second_factor(actor, protected(cast), **AGAIN, is_proven=True),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.make_backup_codes",
        lambda actor, cast: make_backup_codes(actor, protected(cast), **AGAIN),
        allowed=OWNER_ONLY,
    ),
    act(
        "accounts.pass_by_totp",
        lambda actor, cast: pass_by_totp(actor, own(cast), code="000000"),
        allowed=EVERYBODY,
        fails=WrongCode,
    ),
    act(
        "accounts.pass_by_key",
        lambda actor, cast: pass_by_key(actor, own(cast), sealed="none", credential="{}"),
        allowed=EVERYBODY,
        fails=NotProven,
    ),
    act(
        "accounts.pass_by_backup_code",
        lambda actor, cast: pass_by_backup_code(actor, own(cast), code="none"),
        allowed=EVERYBODY,
        fails=WrongCode,
    ),
    act(
        "accounts.send_step_code",
        lambda actor, cast: send_step_code(actor, own(cast)),
        allowed=EVERYBODY,
        fails=WrongCode,
    ),
    act(
        "accounts.pass_by_text_code",
        lambda actor, cast: pass_by_text_code(actor, own(cast), code="000000"),
        allowed=EVERYBODY,
        fails=WrongCode,
    ),
    page("/2fa", allowed=EVERYBODY, status=302),
    page("/account/two-factor", allowed=SIGNED_IN),
    page("/account/two-factor/app", allowed=SIGNED_IN, status=302),
    page("/account/two-factor/key", allowed=SIGNED_IN, status=302),
    page("/account/two-factor/sms", allowed=SIGNED_IN, status=302),
    page("/account/two-factor/backup-codes", allowed=SIGNED_IN, status=302),
    page("/account/two-factor/backup-codes/download", post={}, allowed=SIGNED_IN, status=200),
    page("/account/two-factor/off", allowed=SIGNED_IN, status=302),
    page(
        "/account/two-factor/<slug:code>/name",
        fill=lambda cast: {"code": "totp"} if protected(cast) else {},
        allowed=OWNER_ONLY,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
    page(
        "/account/two-factor/<slug:code>/remove",
        fill=lambda cast: {"code": "totp"},
        allowed=SIGNED_IN,
        status=302,
    ),
    page("/account/again/key", allowed=SIGNED_IN, status=422),
    page("/login/passkey", post={}, allowed=EVERYBODY, status=422),
    page("/login/code", allowed=NOBODY, but=dict.fromkeys(SIGNED_IN, "→ /login")),
    page("/login/key", allowed=NOBODY, but=dict.fromkeys(SIGNED_IN, "→ /login")),
    page("/login/sms", allowed=NOBODY, but=dict.fromkeys(SIGNED_IN, "→ /login")),
    page("/login/backup-code", allowed=NOBODY, but=dict.fromkeys(SIGNED_IN, "→ /login")),
    api("GET", "/2/profile/second-factors", allowed=SIGNED_IN),
    api(
        "POST",
        "/2/profile/second-factors/totp",
        data={"secret": "AAAA", "code": "000000", **AGAIN},
        allowed=SIGNED_IN,
        status=422,
    ),
    api(
        "POST",
        "/2/profile/second-factors/sms",
        data={"code": "000000", **AGAIN},
        allowed=SIGNED_IN,
        status=409,
    ),
    api(
        "POST",
        "/2/profile/second-factors/sms/code",
        data={"phone": "+41791234567", **AGAIN},
        allowed=SIGNED_IN,
        status=409,
    ),
    api(
        "PATCH",
        "/2/profile/second-factors/{factor_id}",
        data={"name": "Key"},
        fill=lambda cast: {"factor_id": "key-0"},
        allowed=SIGNED_IN,
        but=NOT_MINE,
    ),
    api(
        "POST",
        "/2/profile/second-factors/{factor_id}/remove",
        data=AGAIN,
        fill=lambda cast: {"factor_id": "totp"} if protected(cast) else {},
        allowed=OWNER_ONLY,
        status=403,
        but=dict.fromkeys(SIGNED_IN - OWNER_ONLY, 404),
    ),
    api("GET", "/2/profile/backup-codes", allowed=SIGNED_IN),
    api("POST", "/2/profile/backup-codes", data=AGAIN, allowed=SIGNED_IN, status=409),
]
